package xero

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	// aggregation is how long events are collected into one request. The platform's own time is not told.
	aggregation = 500 * time.Millisecond
	// hookLife is for how long a webhook may go unanswered before it is disabled (developer.xero.com, configuring your
	// server).
	hookLife = 24 * time.Hour
	// eventsMax bounds the events of one request (not documented).
	eventsMax       = 100
	signatureHeader = "x-xero-signature"
	eventURL        = "https://api.xero.com/api.xro/2.0/"
)

// intents are the requests of an intent to receive: whether each is signed rightly.
var intents = []bool{true, false, true, false}

// hook is the app's webhook.
type hook struct {
	Key      string    `json:"key"` // signs
	Enabled  bool      `json:"enabled"`
	Failing  time.Time `json:"failing,omitzero"` // since when no request was taken
	Sequence int       `json:"sequence"`         // of the last event, of all organisations
	// Intents holds the entropy of the intent in progress, and whether each request was to be taken.
	Intents map[string]bool `json:"intents,omitempty"`
	Failed  bool            `json:"failed,omitempty"` // one was answered wrongly
}

// event is one change to tell. Own writes of a client are told like any other, by the same two words.
type event struct {
	Kind   kind
	ID     string
	Tenant string
	Change string // CREATE, UPDATE
	At     time.Time
}

// noteLocked collects an event. A repeat of one still waiting only moves its time.
func (s *Simulator) noteLocked(e event) {
	e.At = s.NowLocked()
	if i := slices.IndexFunc(s.collected, func(o event) bool { return o.ID == e.ID && o.Change == e.Change }); i >= 0 {
		s.collected[i].At = e.At
		return
	}
	if len(s.collected) == 0 {
		s.collecting = e.At
	}
	s.collected = append(s.collected, e)
}

// Deliveries takes the webhook requests that are due now. A disabled webhook is told nothing.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	s.Lock()
	if len(s.collected) > 0 && !s.NowLocked().Before(s.collecting.Add(aggregation)) {
		for len(s.collected) > 0 {
			n := min(len(s.collected), eventsMax)
			if s.state.Hook.Enabled {
				s.QueueLocked(s.eventsLocked(s.collected[:n]), 0)
			}
			s.collected = s.collected[n:]
		}
		s.collected = nil
	}
	key := s.state.Hook.Key
	var wrong []string
	for entropy, right := range s.state.Hook.Intents {
		if !right {
			wrong = append(wrong, entropy)
		}
	}
	s.Unlock()
	return s.Take(func(d *platformsim.Delivery, _ time.Time) {
		signed := d.Body
		if slices.ContainsFunc(wrong, func(entropy string) bool { return bytes.Contains(d.Body, []byte(entropy)) }) {
			signed = append(slices.Clone(d.Body), '!')
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(signed)
		d.Header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	})
}

// PendingDeliveries counts what is queued, and what is still collected as one.
func (s *Simulator) PendingDeliveries() int {
	count := s.Machine.PendingDeliveries()
	s.Lock()
	defer s.Unlock()
	if len(s.collected) > 0 && s.state.Hook.Enabled {
		count++
	}
	return count
}

// again is when a request that was not taken is sent once more: with falling frequency, for 24 hours in all.
func again(try int) (time.Duration, bool) {
	after := 10 * time.Second << min(try, 12)
	total := time.Duration(0)
	for i := range try + 1 {
		total += min(10*time.Second<<min(i, 12), 2*time.Hour)
	}
	return min(after, 2*time.Hour), total <= hookLife
}

// Delivered tells how a request was answered. Any status but 200 is a failure; a webhook that takes nothing for 24 hours
// is disabled. A request of an intent to receive is judged by its own signature, and is not sent again.
func (s *Simulator) Delivered(d platformsim.Delivery, status int) {
	s.Lock()
	h, now := &s.state.Hook, s.NowLocked()
	for entropy, right := range h.Intents {
		if !bytes.Contains(d.Body, []byte(entropy)) {
			continue
		}
		want := http.StatusOK
		if !right {
			want = http.StatusUnauthorized
		}
		h.Failed = h.Failed || status != want
		delete(h.Intents, entropy)
		if len(h.Intents) == 0 {
			h.Enabled, h.Failing = !h.Failed, time.Time{}
		}
		s.TouchLocked()
		s.Unlock()
		return
	}
	switch {
	case status == http.StatusOK:
		h.Failing = time.Time{}
	case h.Failing.IsZero():
		h.Failing = now
	case now.Sub(h.Failing) >= hookLife:
		h.Enabled = false
	}
	enabled := h.Enabled
	s.TouchLocked()
	s.Unlock()
	if enabled && status != http.StatusOK {
		status = 0
	}
	if enabled {
		s.Machine.Delivered(d, status)
	}
}

// SaveWebhook is what a person does in the developer pages to make a webhook, or to enable it again: an intent to receive
// is sent, some requests of it signed wrongly on purpose, and events follow once each was answered as it should be.
func (s *Simulator) SaveWebhook() {
	s.Lock()
	defer s.Unlock()
	s.state.Hook.Enabled, s.state.Hook.Failed, s.state.Hook.Intents = false, false, map[string]bool{}
	for _, right := range intents {
		entropy := strings.ToUpper(s.SecretLocked("", 10))
		s.state.Hook.Intents[entropy] = right
		s.QueueLocked(marshal(map[string]any{"events": []any{}, "firstEventSequence": 0, "lastEventSequence": 0, "entropy": entropy}), 0)
	}
}

// WebhookEnabled says that events are sent.
func (s *Simulator) WebhookEnabled() bool {
	s.Lock()
	defer s.Unlock()
	return s.state.Hook.Enabled
}

// eventsLocked writes one request. Its times have no zone.
func (s *Simulator) eventsLocked(events []event) []byte {
	list := []any{}
	first := s.state.Hook.Sequence + 1
	for _, e := range events {
		s.state.Hook.Sequence++
		list = append(list, map[string]any{"resourceUrl": eventURL + e.Kind.list() + "/" + e.ID, "resourceId": e.ID,
			"eventDateUtc": e.At.Format("2006-01-02T15:04:05.000"),
			"eventType":    e.Change, "eventCategory": strings.ToUpper(string(e.Kind)), "tenantId": e.Tenant, "tenantType": "ORGANISATION"})
	}
	return marshal(map[string]any{"events": list, "firstEventSequence": first, "lastEventSequence": s.state.Hook.Sequence,
		"entropy": strings.ToUpper(s.SecretLocked("", 10))})
}

func marshal(body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("xero simulator: its own webhook does not marshal: " + err.Error())
	}
	return raw
}
