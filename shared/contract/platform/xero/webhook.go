package xero

import (
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	signatureHeader = "x-xero-signature"
	// bodyBytesMax bounds a webhook's body and eventsMax its events; how many are sent at once is not documented.
	bodyBytesMax = 1 << 20
	eventsMax    = 5000
)

// Receive verifies a webhook and parses it: x-xero-signature is the base64 of an HMAC-SHA256 over the raw body, keyed with
// the webhook's signing key, which is not the client secret (developer.xero.com, configuring your server). Nothing in it
// tells its age, so a replay is accepted; it is only a hint. One request may mix organisations.
//
// An intent to receive is a request without events, signed rightly or, on purpose, wrongly; it must be answered 200 and
// 401, without a body, which is the caller's to see to. An event without what it needs gives no hint and no error: a
// refused request is sent for 24 hours, and then the webhook is disabled. Sequence numbers are not followed: polls tell
// what a lost request would have told. There are no events of deletion, since nothing is ever deleted.
// Errors: fault.Unauthorized (signature), fault.Rejected (malformed, or beyond the limits).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if err := platform.Verify(op, secret, signatureHeader, r, bodyBytesMax); err != nil {
		return nil, err
	}
	var notice struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := json.Unmarshal(r.Body, &notice); err != nil {
		return nil, fault.Newf(fault.Rejected, op, "body is not the JSON expected (%T)", err)
	}
	if len(notice.Events) > eventsMax {
		return nil, fault.Newf(fault.Rejected, op, "more than %d events", eventsMax)
	}
	var hints []platform.Hint
	for _, raw := range notice.Events {
		var e event
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		if hint, ok := e.hint(); ok {
			hints = append(hints, hint)
		}
	}
	return hints, nil
}

var _ platform.Receive = Receive

// event is one change (xero-webhooks.yaml, WebhookEvent).
type event struct {
	ResourceID string `json:"resourceId"`
	Category   string `json:"eventCategory"`
	TenantID   string `json:"tenantId"`
	// DateUTC has no zone: 2024-06-21T01:15:39.902.
	DateUTC string `json:"eventDateUtc"`
}

// hint gives the hint of one event; ok is false for other objects, and for one that lacks an id. An event of an invoice
// may be of a bill: the read tells.
func (e event) hint() (hint platform.Hint, ok bool) {
	object := map[string]record.Object{"CONTACT": "contacts", "INVOICE": "invoices"}[e.Category]
	id := record.ExternalID(e.ResourceID)
	if object == "" || e.TenantID == "" || !wellFormed(id) {
		return platform.Hint{}, false
	}
	return platform.Hint{Account: e.TenantID, Object: object, ID: canonical(id), Kind: record.KindChanged, OccurredAt: parseTime(e.DateUTC)}, true
}
