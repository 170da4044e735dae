package jobber

import (
	"encoding/json"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	signatureHeader = "X-Jobber-Hmac-SHA256"
	// bodyBytesMax bounds a webhook's body: it holds one event of ids only, some 300 bytes.
	bodyBytesMax = 64 << 10
	// propertiesObject is the object of hints of properties, which the catalog does not have: their event names the
	// property, not its client. Connector.ResolveHints tells whose it is.
	propertiesObject record.Object = "properties"
)

// Receive verifies a webhook and parses its one event. X-Jobber-Hmac-SHA256 is the base64 of an HMAC-SHA256 over the
// raw body, keyed with the app's client secret (developer.getjobber.com setting_up_webhooks). Nothing in it tells its
// age, so a replay is accepted; it is only a hint.
//
// Topics of clients and jobs give a hint, those of properties one on object "properties", others none. The client of a
// destroyed property cannot be told any more: unless a CLIENT_UPDATE comes too, only a poll or a sweep finds out.
// Errors: fault.Unauthorized (signature), fault.Rejected (malformed).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if err := platform.Verify(op, secret, signatureHeader, r, bodyBytesMax); err != nil {
		return nil, err
	}
	var notice webhookBody
	if err := json.Unmarshal(r.Body, &notice); err != nil {
		return nil, fault.Newf(fault.Rejected, op, "body is not the JSON expected (%T)", err)
	}
	e := notice.Data.Event
	if e.Topic == "" || e.AccountID == "" {
		return nil, fault.Newf(fault.Rejected, op, "event without a topic or an account")
	}
	return e.hints(), nil
}

var _ platform.Receive = Receive

type webhookBody struct {
	Data struct {
		Event webhookEvent `json:"webHookEvent"`
	} `json:"data"`
}

// webhookEvent is one event. The 2022-03-10 schema spells the time occuredAt, later documents occurredAt.
type webhookEvent struct {
	Topic      string `json:"topic"`
	AccountID  string `json:"accountId"`
	ItemID     string `json:"itemId"`
	OccurredAt string `json:"occurredAt"`
	OccuredAt  string `json:"occuredAt"`
}

// hints gives the event's one hint, none for other topics. Ids are opaque: those here compare equal to the API's
// (unverified; a hint of an unknown form finds nothing).
func (e webhookEvent) hints() []platform.Hint {
	noun, verb, _ := strings.Cut(e.Topic, "_")
	object := map[string]record.Object{"CLIENT": "clients", "JOB": "jobs", "PROPERTY": propertiesObject}[noun]
	if object == "" || e.ItemID == "" {
		return nil
	}
	hint := platform.Hint{Account: e.AccountID, Object: object, ID: record.ExternalID(e.ItemID), OccurredAt: parseTime(e.OccurredAt)}
	if hint.OccurredAt.IsZero() {
		hint.OccurredAt = parseTime(e.OccuredAt)
	}
	switch verb {
	case "CREATE", "UPDATE", "CLOSED":
		hint.Kind = record.KindChanged
	case "DESTROY":
		// A merge shows as the destruction of its loser, without a pointer to the winner (unverified).
		hint.Kind = record.KindDeleted
	default:
		return nil
	}
	return []platform.Hint{hint}
}
