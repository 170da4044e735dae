package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// event is one webhook event, as JSON.
type event map[string]any

// tellLocked queues one event as a request of its own; the vendor puts up to 100 into one, in no promised order.
func (s *Simulator) tellLocked(e event, by source) {
	s.state.EventID++
	e["eventId"], e["subscriptionId"], e["portalId"], e["appId"] = s.state.EventID, 12345, s.state.Portal, s.state.AppID
	e["occurredAt"], e["attemptNumber"], e["changeSource"] = s.NowLocked().UnixMilli(), 0, string(by)
	if by == byApp {
		e["sourceId"] = strconv.FormatInt(s.state.AppID, 10)
	}
	body, err := json.Marshal([]event{e})
	if err != nil {
		panic("an event does not marshal: " + err.Error())
	}
	s.QueueLocked(body, 0)
}

// Deliveries takes the webhook requests that are due, signed as versions 1 and 3 of the vendor's scheme at this moment.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	secret := s.Access().ClientSecret
	return s.Take(func(d *platformsim.Delivery, now time.Time) {
		stamp := strconv.FormatInt(now.UnixMilli(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(d.Method + d.URL + string(d.Body) + stamp))
		d.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		d.Header.Set("X-HubSpot-Request-Timestamp", stamp)
		first := sha256.Sum256([]byte(secret + string(d.Body)))
		d.Header.Set("X-HubSpot-Signature", hex.EncodeToString(first[:]))
		d.Header.Set("X-HubSpot-Signature-Version", "v1")
	})
}
