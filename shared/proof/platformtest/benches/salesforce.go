package benches

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/salesforce"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Salesforce is one org, whose change events come relayed.
func Salesforce() *platformtest.Bench {
	b := vendor("salesforce")
	b.Without = map[string]string{
		"choices.go":      "no document about money is made there",
		"custom.go":       "custom fields have names of their own",
		"associations.go": "references are fields of the record",
		"owners.go":       "webhooks name the record itself",
		"element.go":      "a field holds one value",
		"subscribe.go":    "a relay in the customer's AWS account sends the events",
	}
	b.BaseURL = "https://bench.my.salesforce.com"
	b.Simulate = func(o platformsim.Options) platformsim.Simulator { return salesforce.New(o) }
	b.Resign = func(secret string, d *platformsim.Delivery, _ time.Time) {
		set(d, "X-FluxCascade-Relay-Secret", secret)
	}
	restore := func(object record.Object) func(platformsim.Simulator, record.ExternalID) error {
		return func(s platformsim.Simulator, id record.ExternalID) error {
			return s.(*salesforce.Simulator).Undelete(object, id)
		}
	}
	owners := []string{"0055f000005mc66AAA", "0055f000005mc67AAA"}
	kept := map[record.PlatformField]string{"OwnerId": "a record has an owner"}
	b.Objects = []platformtest.Object{
		{Name: "Contact", Text: "Title", Restore: restore("Contact"), Kept: kept,
			Values:  map[record.PlatformField][]string{"OwnerId": owners, "Salutation": {"Ms.", "Dr."}, "LeadSource": {"Web", "Partner"}},
			Refused: platformtest.Refusal{Field: "Email", Value: "no address"}},
		{Name: "Account", Text: "AccountNumber", Restore: restore("Account"), Kept: kept,
			Values: map[record.PlatformField][]string{"OwnerId": owners, "Type": {"Other", "Prospect"}, "Industry": {"Energy", "Retail"},
				"AnnualRevenue": {"1000", "25000"}},
			Cents:   map[record.PlatformField]int32{"AnnualRevenue": 0},
			Refused: platformtest.Refusal{Field: "No_Such_Field__c", Value: "x"}},
		{Name: "Opportunity", Text: "NextStep", Restore: restore("Opportunity"), Kept: map[record.PlatformField]string{"OwnerId": kept["OwnerId"],
			"Probability": "follows the stage"},
			Values: map[record.PlatformField][]string{"OwnerId": owners, "StageName": {"Prospecting", "Qualification"},
				"Type":       {"New Customer", "Existing Customer"},
				"LeadSource": {"Web", "Partner"}, "Probability": {"35", "45"}},
			Refused: platformtest.Refusal{Field: "StageName", Value: "no such stage"}},
	}
	return b
}
