package pipedrive

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// hookUser is the user name that our webhooks are registered with; the secret is their password.
	hookUser = "fluxcascade"
	// ageMax is how old an event may be: the last retry comes three minutes after the first try (guide-for-webhooks-v2), and
	// the rest is for a platform that is behind. aheadMax is how far it may be ahead of our clock.
	ageMax   = 24 * time.Hour
	aheadMax = 10 * time.Minute
	// bodyBytesMax bounds a webhook's body: one record with its custom fields, twice.
	bodyBytesMax = 1 << 20
)

// Receive verifies a webhook of version 2 and parses its one event. The platform signs nothing: it sends, as HTTP Basic, the
// user name and the password that the webhook was registered with (guide-for-webhooks-v2). They prove the sender and not the
// body, which TLS carries; events are hints and never data, so one that was forged by a holder of the password costs a read.
//
// An event that tells its time, as text or as seconds since 1970, and is too old or ahead of our clock is refused as
// replayed; within that, or where it tells none that can be read, a replay is accepted. A merge is told by two events: the
// loser's deletion names the winner, and the winner's change names the loser, which is hinted at too.
// Errors: fault.Unauthorized (credentials or time), fault.Rejected (no event of version 2).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if len(r.Body) > bodyBytesMax {
		return nil, fault.Newf(fault.Rejected, op, "body over %d bytes", bodyBytesMax)
	}
	if !sameCredentials(secret, r.Header) {
		return nil, fault.Newf(fault.Unauthorized, op, "user name or password missing or wrong")
	}
	var e webhookEvent
	if err := json.Unmarshal(r.Body, &e); err != nil {
		return nil, fault.Newf(fault.Rejected, op, "body is not the JSON expected (%T)", err)
	}
	if e.Meta.Action == "" || e.Meta.Entity == "" || e.Meta.Company == "" {
		return nil, fault.Newf(fault.Rejected, op, "no event of version 2")
	}
	at := e.Meta.occurred()
	if age := r.Now.Sub(at); !at.IsZero() && (age > ageMax || age < -aheadMax) {
		return nil, fault.Newf(fault.Unauthorized, op, "happened too long ago, or ahead of our clock")
	}
	return e.Meta.hints(at), nil
}

var _ platform.Receive = Receive

// sameCredentials compares in constant time, whatever the lengths. One header is wanted, and no secret of ours is no secret
// of anybody's.
func sameCredentials(secret string, h http.Header) bool {
	given := http.Request{Header: h}
	user, password, basic := given.BasicAuth()
	want, got := sha256.Sum256([]byte(hookUser+"\x00"+secret)), sha256.Sum256([]byte(user+"\x00"+password))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && basic && secret != "" && len(h.Values("Authorization")) == 1
}

type webhookEvent struct {
	Meta webhookMeta `json:"meta"`
}

// webhookMeta is what an event tells besides the record. Ids are texts in its printed examples, and may be numbers.
type webhookMeta struct {
	Action     string          `json:"action"`
	Entity     string          `json:"entity"`
	EntityID   flexible        `json:"entity_id"`
	Company    flexible        `json:"company_id"`
	MergedTo   flexible        `json:"merged_to_id"`
	MergedFrom flexible        `json:"merged_from_id"`
	Timestamp  json.RawMessage `json:"timestamp"`
}

// flexible is a text, or a number as text; "" where it is neither.
type flexible string

// UnmarshalJSON implements json.Unmarshaler.
func (f *flexible) UnmarshalJSON(raw []byte) error {
	var text string
	var number json.Number
	switch {
	case json.Unmarshal(raw, &text) == nil:
		*f = flexible(text)
	case json.Unmarshal(raw, &number) == nil:
		*f = flexible(number)
	}
	return nil
}

// occurred is when it happened, zero where it does not say: its printed example is ISO 8601, its table speaks of ten
// characters, which are seconds.
func (m webhookMeta) occurred() time.Time {
	var text flexible
	_ = text.UnmarshalJSON(m.Timestamp)
	if at := parseTime(string(text)); !at.IsZero() {
		return at
	}
	seconds, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || seconds <= 0 || seconds > math.MaxInt32*100 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// hints gives the event's hints, none for other objects and actions.
func (m webhookMeta) hints(at time.Time) []platform.Hint {
	object := record.Object(m.Entity + "s")
	kinds := map[string]record.Kind{"create": record.KindChanged, "change": record.KindChanged, "delete": record.KindDeleted}
	hint := platform.Hint{Account: string(m.Company), Object: object, ID: record.ExternalID(m.EntityID), Kind: kinds[m.Action], OccurredAt: at}
	if !strings.Contains(" persons organizations deals ", " "+string(object)+" ") || hint.Kind == "" || !wellFormed(hint.ID) {
		return nil
	}
	if into := record.ExternalID(m.MergedTo); hint.Kind == record.KindDeleted && wellFormed(into) && into != hint.ID {
		hint.Kind, hint.Into = record.KindMerged, into
	}
	hints := []platform.Hint{hint}
	if from := record.ExternalID(m.MergedFrom); hint.Kind == record.KindChanged && wellFormed(from) && from != hint.ID {
		hints = append(hints, platform.Hint{Account: hint.Account, Object: object, ID: from, Kind: record.KindMerged, Into: hint.ID, OccurredAt: at})
	}
	return hints
}
