package quickbooks

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	signatureHeader = "intuit-signature"
	// bodyBytesMax bounds a webhook's body and eventsMax its events; both far above what aggregation sends.
	bodyBytesMax = 1 << 20
	eventsMax    = 5000
)

// Receive verifies a webhook and parses it: intuit-signature is the base64 of an HMAC-SHA256 over the raw body, keyed
// with the app's verifier token, which is not its client secret (developer.intuit.com managing webhooks). Nothing in
// it tells its age, so a replay is accepted; it is only a hint. Both formats are: CloudEvents, an array that may mix
// companies (Intuit blog 2025-11-12, mandatory from 2026-07-31), and the older object.
//
// An event without the ids it needs gives no hint and no error: the platform holds back all later events until one is
// accepted (developer.intuit.com webhooks best practices), and polling tells what was lost.
// Errors: fault.Unauthorized (signature), fault.Rejected (not of either format, or beyond the limits).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if err := platform.Verify(op, secret, signatureHeader, r, bodyBytesMax); err != nil {
		return nil, err
	}
	parse := legacyHints
	if body := bytes.TrimSpace(r.Body); len(body) > 0 && body[0] == '[' {
		parse = cloudHints
	}
	hints, err := parse(r.Body)
	if err != nil {
		return nil, fault.Newf(fault.Rejected, op, "body is not the JSON expected (%T)", err)
	}
	if len(hints) > eventsMax {
		return nil, fault.Newf(fault.Rejected, op, "more than %d events", eventsMax)
	}
	return hints, nil
}

var _ platform.Receive = Receive

// cloudEvent is one CloudEvents 1.0 event.
type cloudEvent struct {
	Type      string `json:"type"` // "qbo.customer.updated.v1"
	Time      string `json:"time"`
	EntityID  string `json:"intuitentityid"`
	AccountID string `json:"intuitaccountid"`
	// Data is {} or holds other ids; that a merge tells its loser here is unverified.
	Data json.RawMessage `json:"data"`
}

func cloudHints(body []byte) ([]platform.Hint, error) {
	var events []cloudEvent
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, err
	}
	var hints []platform.Hint
	for _, e := range events {
		parts := strings.Split(strings.ToLower(e.Type), ".")
		if len(parts) < 3 || parts[0] != "qbo" {
			continue
		}
		var data struct {
			DeletedID string `json:"deletedId"`
		}
		// Data of another form names no loser.
		_ = json.Unmarshal(e.Data, &data)
		hints = append(hints, hintsOf(told{account: e.AccountID, entity: parts[1], id: e.EntityID, operation: parts[2],
			deletedID: data.DeletedID, at: e.Time})...)
	}
	return hints, nil
}

// legacyBody is the older format.
type legacyBody struct {
	EventNotifications []struct {
		RealmID         string `json:"realmId"`
		DataChangeEvent struct {
			Entities []struct {
				Name        string `json:"name"`
				ID          string `json:"id"`
				Operation   string `json:"operation"`
				LastUpdated string `json:"lastUpdated"`
				DeletedID   string `json:"deletedId"`
			} `json:"entities"`
		} `json:"dataChangeEvent"`
	} `json:"eventNotifications"`
}

func legacyHints(body []byte) ([]platform.Hint, error) {
	var notice legacyBody
	if err := json.Unmarshal(body, &notice); err != nil {
		return nil, err
	}
	var hints []platform.Hint
	for _, n := range notice.EventNotifications {
		for _, e := range n.DataChangeEvent.Entities {
			hints = append(hints, hintsOf(told{account: n.RealmID, entity: strings.ToLower(e.Name), id: e.ID,
				operation: strings.ToLower(e.Operation), deletedID: e.DeletedID, at: e.LastUpdated})...)
		}
	}
	return hints, nil
}

// told is one event of either format, in lower case.
type told struct{ account, entity, id, operation, deletedID, at string }

// hintsOf gives the hints of one event: none for other objects, two for a merge that names its loser. An inactive
// customer is told as deleted; the read shows which (unverified).
func hintsOf(e told) []platform.Hint {
	object := map[string]record.Object{"customer": "customers", "invoice": "invoices"}[e.entity]
	if object == "" || e.id == "" || e.account == "" {
		return nil
	}
	hint := platform.Hint{Account: e.account, Object: object, ID: record.ExternalID(e.id), Kind: record.KindChanged, OccurredAt: parseTime(e.at)}
	switch {
	case strings.HasPrefix(e.operation, "delete"):
		hint.Kind = record.KindDeleted
	case strings.HasPrefix(e.operation, "merge") && e.deletedID != "" && e.deletedID != e.id:
		loser := hint
		loser.ID, loser.Into, loser.Kind = record.ExternalID(e.deletedID), hint.ID, record.KindMerged
		return []platform.Hint{loser, hint}
	}
	return []platform.Hint{hint}
}
