package benches

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/hubspot"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// HubSpot is one portal.
func HubSpot() *platformtest.Bench {
	b := vendor("hubspot")
	b.Without = map[string]string{
		"choices.go": "no document about money is made there",
		"custom.go":  "properties have names of their own",
		"query.go":   "reads are lists and batches of ids",
		"owners.go":  "webhooks name the record itself",
		"element.go": "a field holds one value",
		"doubt.go":   "a create is an upsert on our identity, or its email is unique",
	}
	b.Simulate = func(o platformsim.Options) platformsim.Simulator { return hubspot.New(o) }
	b.Resign = func(secret string, d *platformsim.Delivery, at time.Time) {
		stamp := strconv.FormatInt(at.UnixMilli(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(d.Method + d.URL + string(d.Body) + stamp))
		set(d, "X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		set(d, "X-HubSpot-Request-Timestamp", stamp)
	}
	restore := func(object record.Object) func(platformsim.Simulator, record.ExternalID) error {
		return func(s platformsim.Simulator, id record.ExternalID) error {
			return s.(*hubspot.Simulator).Restore(object, id)
		}
	}
	stages := []string{"appointmentscheduled", "qualifiedtobuy", "contractsent"}
	b.Objects = []platformtest.Object{
		{Name: "contacts", Text: "lastname", Minimal: []record.PlatformField{"email"}, Restore: restore("contacts"),
			Values:  map[record.PlatformField][]string{"lifecyclestage": {"lead", "customer"}, "hubspot_owner_id": {"41629779", "41629780"}},
			Refused: platformtest.Refusal{Field: "email", Value: "no address"}},
		{Name: "companies", Text: "city", Minimal: []record.PlatformField{"name", "domain"}, Restore: restore("companies"),
			Values:  map[record.PlatformField][]string{"hubspot_owner_id": {"41629779", "41629780"}},
			Refused: platformtest.Refusal{Field: "no_such_property", Value: "x"}},
		{Name: "deals", Text: "description", Minimal: []record.PlatformField{"dealname"}, Restore: restore("deals"),
			Values: map[record.PlatformField][]string{"dealstage": stages, "pipeline": {"default", "default"}, "hubspot_owner_id": {"41629779",
				"41629780"},
				"dealtype": {"newbusiness", "existingbusiness"}, "deal_currency_code": {"USD", "CAD"}},
			Refused: platformtest.Refusal{Field: "dealstage", Value: "no such stage"}},
	}
	return b
}
