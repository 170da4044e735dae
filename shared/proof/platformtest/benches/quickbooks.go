package benches

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/quickbooks"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// QuickBooks is one company.
func QuickBooks() *platformtest.Bench {
	b := vendor("quickbooks")
	b.Without = map[string]string{
		"custom.go":       "a record lists its custom fields by name",
		"associations.go": "references are fields of the record",
		"owners.go":       "webhooks name the record itself",
		"element.go":      "a field holds one value",
		"doubt.go":        "a create repeats its requestid",
		"prepare.go":      "custom fields are made by hand",
		"subscribe.go":    "webhooks are set in the app's pages",
	}
	b.Simulate = func(o platformsim.Options) platformsim.Simulator { return quickbooks.New(o) }
	b.Resign = overBody("intuit-signature")
	address := func(of record.PlatformField) []record.PlatformField {
		var group []record.PlatformField
		for _, part := range []record.PlatformField{"Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode", "Country"} {
			group = append(group, of+"."+part)
		}
		return group
	}
	b.Objects = []platformtest.Object{
		{Name: "customers", Text: "Notes",
			Restore: func(s platformsim.Simulator, id record.ExternalID) error {
				return s.Edit("customers", id, record.Fields{"Active": "true"})
			},
			Values:   map[record.PlatformField][]string{"CurrencyRef": {"USD", "CAD"}},
			Apart:    map[record.PlatformField]string{"Active": "it is the archive, and renames the customer"},
			Refused:  platformtest.Refusal{Field: "PrimaryEmailAddr.Address", Value: "no address"},
			Siblings: [][]record.PlatformField{address("BillAddr"), address("ShipAddr")}},
		{Name: "invoices", Text: "PrivateNote",
			Values: map[record.PlatformField][]string{"Line[0].ItemRef": {"2", "3"}, "Line[0].TaxCodeRef": {"TAX", "NON"},
				"SalesTermRef": {"3", "2"},
				"CurrencyRef":  {"USD", "CAD"}},
			Apart: map[record.PlatformField]string{"Line[0].Qty": "the platform wants it to agree with the amount",
				"Line[0].UnitPrice": "the platform wants it to agree with the amount"},
			Kept: map[record.PlatformField]string{"Line[0].ItemRef": "the platform's own item takes its place",
				"Line[0].TaxCodeRef": "the platform's own code takes its place",
				"TxnDate":            "a day it has", "DueDate": "follows the terms", "DocNumber": "the platform numbers it",
				"EmailStatus": "NotSet is its blank"},
			Refused:  platformtest.Refusal{Field: "Line[0].ItemRef", Value: "999"},
			Siblings: [][]record.PlatformField{{"Line[0].Amount", "Line[0].Description", "Line[0].ItemRef", "Line[0].TaxCodeRef"}},
		},
	}
	return b
}
