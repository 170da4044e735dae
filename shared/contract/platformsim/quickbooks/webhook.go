package quickbooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// aggregation is how long events are collected into one request. The platform takes minutes; a demonstration cannot.
const aggregation = 500 * time.Millisecond

// event is one change to tell. Own writes of a client are told like any other.
type event struct {
	Kind      entityKind
	ID        string
	Operation string // as the older format spells it
	DeletedID string // the loser of a merge
	At        time.Time
}

// noteLocked collects an event. A repeat of one still waiting only moves its time.
func (s *Simulator) noteLocked(e event) {
	e.At = s.NowLocked()
	same := func(o event) bool {
		return o.Kind == e.Kind && o.ID == e.ID && o.Operation == e.Operation && o.DeletedID == e.DeletedID
	}
	if i := slices.IndexFunc(s.collected, same); i >= 0 {
		s.collected[i].At = e.At
		return
	}
	if len(s.collected) == 0 {
		s.collecting = e.At
	}
	s.collected = append(s.collected, e)
}

// Deliveries takes the webhook requests that are due now.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	s.Lock()
	if len(s.collected) > 0 && !s.NowLocked().Before(s.collecting.Add(aggregation)) {
		s.QueueLocked(s.bodyLocked(s.collected), 0)
		s.collected = nil
	}
	verifier := s.state.Verifier
	s.Unlock()
	return s.Take(func(d *platformsim.Delivery, _ time.Time) {
		mac := hmac.New(sha256.New, []byte(verifier))
		mac.Write(d.Body)
		d.Header.Set("intuit-signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	})
}

// PendingDeliveries counts what is queued, and what is still collected as one.
func (s *Simulator) PendingDeliveries() int {
	count := s.Machine.PendingDeliveries()
	s.Lock()
	defer s.Unlock()
	if len(s.collected) > 0 {
		count++
	}
	return count
}

func (s *Simulator) bodyLocked(events []event) []byte {
	var body any = s.cloudEventsLocked(events)
	if s.state.Legacy {
		body = s.legacyLocked(events)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic("quickbooks simulator: its own webhook does not marshal: " + err.Error())
	}
	return raw
}

// cloudEventsLocked is CloudEvents 1.0.
func (s *Simulator) cloudEventsLocked(events []event) []any {
	verbs := map[string]string{"Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Void": "voided"}
	out := []any{}
	for _, e := range events {
		data := map[string]any{}
		if e.DeletedID != "" {
			data["deletedId"] = e.DeletedID
		}
		out = append(out, map[string]any{"specversion": "1.0", "id": s.SecretLocked("", 16), "source": "intuit." + s.state.Realm,
			"type":            "qbo." + strings.ToLower(string(e.Kind)) + "." + verbs[e.Operation] + ".v1",
			"datacontenttype": "application/json", "time": e.At.Format(time.RFC3339Nano),
			"intuitentityid": e.ID, "intuitaccountid": s.state.Realm, "data": data})
	}
	return out
}

// legacyLocked is the format before.
func (s *Simulator) legacyLocked(events []event) map[string]any {
	entities := []any{}
	for _, e := range events {
		entity := map[string]any{"name": string(e.Kind), "id": e.ID, "operation": e.Operation,
			"lastUpdated": e.At.Format("2006-01-02T15:04:05.000Z")}
		if e.DeletedID != "" {
			entity["deletedId"] = e.DeletedID
		}
		entities = append(entities, entity)
	}
	return map[string]any{"eventNotifications": []any{map[string]any{"realmId": s.state.Realm,
		"dataChangeEvent": map[string]any{"entities": entities}}}}
}
