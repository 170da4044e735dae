package hubspot

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	signatureHeader = "X-HubSpot-Signature-v3"
	timestampHeader = "X-HubSpot-Request-Timestamp"
	// replayWindow is how old a request may be (developers.hubspot.com validating requests), and how far ahead.
	replayWindow = 5 * time.Minute
	// bodyBytesMax bounds a webhook's body, eventsMax its events, of which the vendor sends up to 100, and hintsMax what
	// they come to: a merge may name 250 records.
	bodyBytesMax = 1 << 20
	eventsMax    = 1000
	hintsMax     = 5000
)

// decoded are the escapes that the vendor decodes in the URL before signing (developers.hubspot.com validating requests).
var decoded = strings.NewReplacer("%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
	"%3a", ":", "%2f", "/", "%3f", "?", "%2a", "*", "%2c", ",", "%3b", ";")

// Receive verifies a webhook and parses it. Only version 3 of the signature counts: the older ones carry no time, and
// version 1 is no HMAC. Within its window a replay is accepted: it is only a hint. Event ids are not unique and nothing
// is told twice for certain or in order, so nothing is dropped here.
//
// An event that cannot be read gives no hint: refusing it would have the vendor send all of its batch again, for a day.
// Errors: fault.Unauthorized (signature or time), fault.Rejected (no list of events, or beyond the limits).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if len(r.Body) > bodyBytesMax {
		return nil, fault.Newf(fault.Rejected, op, "body over %d bytes", bodyBytesMax)
	}
	if err := verify(secret, r); err != nil {
		return nil, fault.New(fault.Unauthorized, op, err)
	}
	var events []json.RawMessage
	if err := json.Unmarshal(r.Body, &events); err != nil || events == nil {
		return nil, fault.Newf(fault.Rejected, op, "body is not the JSON expected (%T)", err)
	}
	if len(events) > eventsMax {
		return nil, fault.Newf(fault.Rejected, op, "more than %d events", eventsMax)
	}
	var hints []platform.Hint
	for _, raw := range events {
		var e webhookEvent
		if json.Unmarshal(raw, &e) == nil {
			hints = append(hints, e.hints()...)
		}
	}
	if len(hints) > hintsMax {
		return nil, fault.Newf(fault.Rejected, op, "more than %d hints", hintsMax)
	}
	return hints, nil
}

// verify checks the base64 of an HMAC-SHA256, keyed with the app's client secret, over method, URL, body and time
// (developers.hubspot.com validating requests).
func verify(secret string, r platform.Request) error {
	stamp := r.Header.Get(timestampHeader)
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("no time of signing")
	}
	if age := r.Now.Sub(time.UnixMilli(ms)); age > replayWindow || age < -replayWindow {
		return errors.New("signed too long ago, or ahead of our clock")
	}
	if !platform.Signed(secret, r.Header.Get(signatureHeader), []byte(r.Method+decoded.Replace(r.URL)), r.Body, []byte(stamp)) {
		return errors.New("signature missing or wrong")
	}
	return nil
}

var _ platform.Receive = Receive

// webhookEvent is one event (developers.hubspot.com webhooks guide, 2025-01). The guide's table says eventType, its
// examples subscriptionType; both are read.
type webhookEvent struct {
	Type      string `json:"subscriptionType"`
	OtherType string `json:"eventType"`
	Portal    text   `json:"portalId"`
	ID        text   `json:"objectId"`
	At        text   `json:"occurredAt"` // epoch milliseconds
	Primary   text   `json:"primaryObjectId"`
	Merged    []text `json:"mergedObjectIds"`
	NewID     text   `json:"newObjectId"`
	From      text   `json:"fromObjectId"`
	To        text   `json:"toObjectId"`
	Tie       string `json:"associationType"` // DEAL_TO_CONTACT
}

// objectsByName are the objects that events speak of, as they spell them.
var objectsByName = map[string]record.Object{"contact": "contacts", "company": "companies", "deal": "deals"}

func (e webhookEvent) hints() []platform.Hint {
	kind := e.Type
	if kind == "" {
		kind = e.OtherType
	}
	what, happened, _ := strings.Cut(kind, ".")
	object, known := objectsByName[strings.ToLower(what)]
	if !known || e.Portal == "" {
		return nil
	}
	hint := platform.Hint{Account: string(e.Portal), Object: object, ID: record.ExternalID(e.ID), Kind: record.KindChanged}
	if ms, err := strconv.ParseInt(string(e.At), 10, 64); err == nil && ms > 0 {
		hint.OccurredAt = time.UnixMilli(ms).UTC()
	}
	switch happened {
	case "associationChange":
		return e.tied(hint)
	case "merge":
		return e.merged(hint)
	case "deletion", "privacyDeletion":
		hint.Kind = record.KindDeleted
	}
	if hint.ID == "" {
		return nil
	}
	return []platform.Hint{hint}
}

// tied hints at both ends of an association. Their stamps do not move with it, so the hints carry no time: a read decides.
func (e webhookEvent) tied(hint platform.Hint) []platform.Hint {
	var hints []platform.Hint
	from, to, _ := strings.Cut(strings.ToLower(e.Tie), "_to_")
	for _, end := range []struct {
		name string
		id   text
	}{{from, e.From}, {to, e.To}} {
		object, known := objectsByName[end.name]
		if !known || end.id == "" {
			continue
		}
		h := hint
		h.Object, h.ID, h.OccurredAt = object, record.ExternalID(end.id), time.Time{}
		hints = append(hints, h)
	}
	return hints
}

// merged hints at the losers, and at the winner, which may be a third record (webhooks guide).
func (e webhookEvent) merged(hint platform.Hint) []platform.Hint {
	winner := e.NewID
	if winner == "" {
		winner = e.Primary
	}
	if winner == "" {
		winner = e.ID
	}
	if winner == "" {
		return nil
	}
	hint.ID = record.ExternalID(winner)
	hints := []platform.Hint{hint}
	for _, loser := range append(slices.Clone(e.Merged), e.Primary) {
		if loser != "" && loser != winner {
			h := hint
			h.ID, h.Kind, h.Into = record.ExternalID(loser), record.KindMerged, record.ExternalID(winner)
			hints = append(hints, h)
		}
	}
	return hints
}
