package benches

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/jobber"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Jobber is one account. Every edit of a property moves its client's stamp here: whether it does is not documented, and
// Ability.StampCovers says no.
func Jobber() *platformtest.Bench {
	b := vendor("jobber")
	b.Without = map[string]string{
		"choices.go":      "no document about money is made there",
		"associations.go": "references are fields of the record",
	}
	b.Simulate = func(o platformsim.Options) platformsim.Simulator {
		s := jobber.New(o)
		s.SetPropertyBumps(1)
		return s
	}
	b.Resign = overBody("X-Jobber-Hmac-SHA256")
	address := func(of record.PlatformField) []record.PlatformField {
		var group []record.PlatformField
		for _, part := range []record.PlatformField{"street1", "street2", "city", "province", "postalCode", "country"} {
			group = append(group, of+"."+part)
		}
		return group
	}
	b.Objects = []platformtest.Object{
		{Name: "clients", Text: "companyName", Minimal: []record.PlatformField{"lastName", "properties[first].street1"},
			Restore: func(s platformsim.Simulator, id record.ExternalID) error {
				return s.Edit("clients", id, record.Fields{"isArchived": "false"})
			},
			Kept: map[record.PlatformField]string{"isCompany": "a yes or no is never blank",
				"emails[primary].address": "another becomes the primary one",
				"phones[primary].number":  "another becomes the primary one", "emails[MAIN].address": "the primary one may be of that kind",
				"phones[MAIN].number": "the primary one may be of that kind"},
			Refused: platformtest.Refusal{Field: "emails[primary].address", Value: "no address"},
			Siblings: [][]record.PlatformField{
				{"emails[primary].address", "emails[MAIN].address", "emails[WORK].address", "emails[PERSONAL].address", "emails[OTHER].address"},
				{"phones[primary].number", "phones[MAIN].number", "phones[WORK].number", "phones[MOBILE].number", "phones[HOME].number",
					"phones[FAX].number", "phones[OTHER].number"},
				address("billingAddress"), address("properties[first]"),
			}},
		{Name: "jobs", Text: "title", Minimal: []record.PlatformField{"client"},
			Apart:    map[record.PlatformField]string{"property": "stands for the client's, whose first property it otherwise is"},
			Beside:   map[record.PlatformField][]record.PlatformField{"lineItems[0].unitPrice": {"lineItems[0].name"}},
			Refused:  platformtest.Refusal{Field: "customFields[No such field]", Value: "x"},
			Siblings: [][]record.PlatformField{{"title", "instructions"}}},
	}
	return b
}
