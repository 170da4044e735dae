package jobber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const signatureHeader = "X-Jobber-Hmac-SHA256"

// tellLocked queues one event: ids only, one a request, also for what our own writes changed.
func (s *Simulator) tellLocked(topic, id string) {
	body, err := json.Marshal(map[string]any{"data": map[string]any{"webHookEvent": map[string]any{"topic": topic, "appId": appID,
		"accountId": s.state.Account, "itemId": id, "occurredAt": s.NowLocked().In(local).Format("2006-01-02T15:04:05-07:00")}}})
	if err == nil {
		s.QueueLocked(body, 0)
	}
}

// Deliveries takes the webhooks that are due now, signed with the app's client secret.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	return s.Take(func(d *platformsim.Delivery, _ time.Time) {
		mac := hmac.New(sha256.New, []byte(s.state.Tokens.ClientSecret))
		mac.Write(d.Body)
		d.Header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	})
}
