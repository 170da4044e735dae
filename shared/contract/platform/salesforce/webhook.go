package salesforce

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	// secretHeader carries the relay's secret, as the event bus's connection is set up to send it
	// (docs.aws.amazon.com/eventbridge, connections for API targets: a header of one's own name and value).
	secretHeader = catalog.RelayHeader
	// ageMax is how old a change may be: the platform keeps events for 72 hours, for a relay that stood still, and the
	// event bus tries for 24 more (developer.salesforce.com, event message durability; docs.aws.amazon.com/eventbridge,
	// retry policy). aheadMax is how far it may be ahead of our clock.
	ageMax   = 96 * time.Hour
	aheadMax = 10 * time.Minute
	// bodyBytesMax bounds a relayed event, of which the event bus takes 1 MB at most, and hintsMax its records.
	bodyBytesMax = 1 << 20
	hintsMax     = 5000
	// partnerSource begins the source of relayed events: aws.partner/salesforce.com/orgID/channelID (developer.salesforce.
	// com, EventRelayFeedback, RemoteResource).
	partnerSource = "aws.partner/salesforce.com/"
)

// Receive verifies a relayed change event and parses it. The platform signs nothing and calls no URL: its event bus is
// relayed to Amazon EventBridge, and a rule there calls us by an API destination, whose connection sends our secret in a
// header. A secret proves the sender and not the body, which TLS carries; events are hints and never data, so one that
// was forged by a holder of the secret costs a read.
//
// What was committed too long ago, or ahead of our clock, is refused as replayed; within that a replay is accepted. Both
// the relay's whole envelope and a bare payload (by an input transformer) are read; only the envelope names the org. A
// change without record ids (GAP_OVERFLOW), or for many at once by a wildcard, gives no hint: polling tells what changed.
// Errors: fault.Unauthorized (secret or time), fault.Rejected (no change event, or beyond the limits).
func Receive(secret string, r platform.Request) ([]platform.Hint, error) {
	const op = name + ": webhook"
	if len(r.Body) > bodyBytesMax {
		return nil, fault.Newf(fault.Rejected, op, "body over %d bytes", bodyBytesMax)
	}
	if !sameSecret(secret, r.Header.Values(secretHeader)) {
		return nil, fault.Newf(fault.Unauthorized, op, "secret missing or wrong")
	}
	account, header, err := readEvent(r.Body)
	if err != nil {
		return nil, fault.New(fault.Rejected, op, err)
	}
	at := header.committed()
	if age := r.Now.Sub(at); age > ageMax || age < -aheadMax {
		return nil, fault.Newf(fault.Unauthorized, op, "committed too long ago, or ahead of our clock")
	}
	if len(header.RecordIDs) > hintsMax {
		return nil, fault.Newf(fault.Rejected, op, "more than %d records", hintsMax)
	}
	return header.hints(account, at), nil
}

var _ platform.Receive = Receive

// sameSecret compares in constant time, whatever the lengths. One header of that name is wanted, and no secret of ours
// is no secret of anybody's.
func sameSecret(secret string, given []string) bool {
	if secret == "" || len(given) != 1 {
		return false
	}
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given[0]))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// changeHeader is the header of a change event (developer.salesforce.com, change event fields).
type changeHeader struct {
	EntityName string   `json:"entityName"`
	RecordIDs  []string `json:"recordIds"`
	ChangeType string   `json:"changeType"`
	// CommitTimestamp is in milliseconds since 1970.
	CommitTimestamp json.Number `json:"commitTimestamp"`
}

type changePayload struct {
	Header *changeHeader `json:"ChangeEventHeader"`
}

// relayedEvent is the event bus's envelope. That detail holds payload is in the rules of many who use the relay, and in no
// page of the vendor's that was found, so a detail that is the payload is read too.
type relayedEvent struct {
	Source string `json:"source"`
	Detail struct {
		Payload changePayload `json:"payload"`
		changePayload
	} `json:"detail"`
	changePayload
}

// readEvent finds the header of a change event, and the org, "" where it is not told.
func readEvent(body []byte) (account string, header *changeHeader, err error) {
	var e relayedEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return "", nil, errors.New("body is not the JSON expected")
	}
	for _, h := range []*changeHeader{e.Detail.Payload.Header, e.Detail.Header, e.Header} {
		if h != nil && header == nil {
			header = h
		}
	}
	if header == nil || header.EntityName == "" || header.ChangeType == "" {
		return "", nil, errors.New("no change event")
	}
	if rest, relayed := strings.CutPrefix(e.Source, partnerSource); relayed {
		org, _, _ := strings.Cut(rest, "/")
		if id := record.ExternalID(org); wellFormed(id) {
			account = string(long(id))
		}
	}
	return account, header, nil
}

// committed is when the change was committed, the beginning of time where it does not say.
func (h *changeHeader) committed() time.Time {
	ms, err := h.CommitTimestamp.Int64()
	if err != nil || ms < 0 || ms > math.MaxInt64/int64(time.Millisecond) {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// hints gives one hint for each record, none for other objects. A merge tells its losers as deleted; a read names the
// winner.
func (h *changeHeader) hints(account string, at time.Time) []platform.Hint {
	object := record.Object(h.EntityName)
	if object != "Contact" && object != "Account" && object != "Opportunity" {
		return nil
	}
	kind := record.KindChanged
	if h.ChangeType == "DELETE" || h.ChangeType == "GAP_DELETE" {
		kind = record.KindDeleted
	}
	var hints []platform.Hint
	for _, id := range h.RecordIDs {
		if id := record.ExternalID(id); wellFormed(id) {
			hints = append(hints, platform.Hint{Account: account, Object: object, ID: long(id), Kind: kind, OccurredAt: at})
		}
	}
	return hints
}
