package salesforce

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	// relayDelay is how long a change event is on its way through two event buses.
	relayDelay = 300 * time.Millisecond
	// secretHeader carries the secret of the event bus's connection: an API destination sends a header of one's choice
	// (docs.aws.amazon.com/eventbridge, connections for API targets).
	secretHeader = "X-FluxCascade-Relay-Secret"
	// partnerChannel stands for the relay's channel in the source of its events.
	partnerChannel = "0YL5f0000000001CAA"
)

// tellLocked publishes a change event, relayed by the event bus to an API destination. Values are of the fields changed.
func (s *Simulator) tellLocked(object, change string, ids []string, values map[string]any) {
	s.TouchLocked()
	s.state.Commits++
	now := s.NowLocked()
	header := map[string]any{"entityName": object, "recordIds": ids, "changeType": change,
		"changeOrigin":   "com/salesforce/api/rest/66.0;client=SfdcInternalAPI/",
		"transactionKey": s.SecretLocked("", 16), "sequenceNumber": 1, "commitTimestamp": now.UnixMilli(), "commitNumber": s.state.Commits,
		"commitUser": "0055f000005mc66AAA", "nulledFields": []string{}, "diffFields": []string{}, "changedFields": []string{}}
	payload := map[string]any{"ChangeEventHeader": header}
	if change == "UPDATE" {
		header["changedFields"] = append(slices.Sorted(maps.Keys(values)), "LastModifiedDate")
	}
	maps.Copy(payload, values)
	event := map[string]any{"version": "0", "id": s.SecretLocked("", 16), "detail-type": object + "ChangeEvent",
		"source": "aws.partner/salesforce.com/" + s.state.Org + "/" + partnerChannel, "account": "123456789012", "time": now.Format(time.RFC3339),
		"region": "us-east-1", "resources": []string{}, "detail": map[string]any{"payload": payload, "schemaId": "c2NoZW1h",
			"replayId": s.state.Commits}}
	raw, err := json.Marshal(event)
	if err != nil {
		panic("salesforce simulator: its own event does not marshal: " + err.Error())
	}
	s.QueueLocked(raw, relayDelay)
}

// Deliveries takes the requests of the relay that are due now.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	s.Lock()
	secret := s.state.Relay
	s.Unlock()
	return s.Take(func(d *platformsim.Delivery, _ time.Time) { d.Header.Set(secretHeader, secret) })
}
