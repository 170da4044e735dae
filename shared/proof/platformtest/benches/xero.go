package benches

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/xero"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Xero is one organisation.
func Xero() *platformtest.Bench {
	b := vendor("xero")
	b.Without = map[string]string{
		"custom.go":       "there are no custom fields",
		"associations.go": "references are fields of the record",
		"owners.go":       "webhooks name the record itself",
		"element.go":      "elements have fixed types, which body.go sets in place",
		"prepare.go":      "our identity goes into ContactNumber, which every contact has",
		"subscribe.go":    "webhooks are set in the app's pages",
	}
	b.Simulate = func(o platformsim.Options) platformsim.Simulator { return xero.New(o) }
	b.Resign = overBody("x-xero-signature")
	contacts := platformtest.Object{Name: "contacts", Text: "AccountNumber",
		Restore: func(s platformsim.Simulator, id record.ExternalID) error { return s.(*xero.Simulator).Unarchive(id) },
		Values:  map[record.PlatformField][]string{"DefaultCurrency": {"USD", "NZD"}},
		Apart:   map[record.PlatformField]string{"ContactNumber": "it is our identity, and never changed from one value to another"},
		Kept: map[record.PlatformField]string{"ContactPersons[0].IncludeInEmails": "a yes or no is never blank",
			"DefaultCurrency": "a contact has one"},
		Refused: platformtest.Refusal{Field: "EmailAddress", Value: "no address"}}
	for _, t := range []record.PlatformField{"DEFAULT", "DDI", "MOBILE", "FAX"} {
		for _, part := range []record.PlatformField{"PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"} {
			contacts.Apart["Phones["+t+"]."+part] = "a part of the number that is written whole"
		}
	}
	contacts.Siblings = append(contacts.Siblings, []record.PlatformField{"Phones[DEFAULT]", "Phones[DDI]", "Phones[MOBILE]", "Phones[FAX]"},
		[]record.PlatformField{"ContactPersons[0].FirstName", "ContactPersons[0].LastName", "ContactPersons[0].EmailAddress",
			"ContactPersons[0].IncludeInEmails"})
	var addresses []record.PlatformField
	object, _ := catalog.Xero().Object("contacts")
	for _, t := range []record.PlatformField{"POBOX", "STREET"} {
		for _, part := range []record.PlatformField{"AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region",
			"PostalCode",
			"Country", "AttentionTo"} {
			if f, known := object.Field("Addresses[" + t + "]." + part); known {
				addresses = append(addresses, f.Name)
			}
		}
		contacts.Values["Addresses["+t+"].Country"] = []string{"New Zealand", "Australia"}
	}
	contacts.Siblings = append(contacts.Siblings, addresses)
	lines := []record.PlatformField{"LineItems[0].Description", "LineItems[0].Quantity", "LineItems[0].UnitAmount", "LineItems[0].ItemCode",
		"LineItems[0].AccountCode", "LineItems[0].TaxType"}
	b.Objects = []platformtest.Object{contacts,
		{Name: "invoices", Text: "LineItems[0].Description",
			Minimal: []record.PlatformField{"LineItems[0].UnitAmount", "LineItems[0].AccountCode", "DueDate"},
			Values: map[record.PlatformField][]string{"Status": {"DRAFT", "SUBMITTED"}, "LineItems[0].ItemCode": {"SERVICE", "PARTS"},
				"LineItems[0].AccountCode": {"200", "260"},
				"LineItems[0].TaxType":     {"NONE", "OUTPUT"}, "CurrencyCode": {"USD", "NZD"}, "Url": {"https://example.com/zq/1",
					"https://example.com/zq/2"},
				"BrandingThemeID": {"7889a0ac-262a-40e3-8a63-9a769b1a18af", "7889a0ac-262a-40e3-8a63-9a769b1a18ae"}},
			Kept: map[record.PlatformField]string{"Status": "an invoice has one", "LineAmountTypes": "an invoice has one",
				"Date": "a day it has", "DueDate": "a day it has", "InvoiceNumber": "the platform numbers it",
				"LineItems[0].Quantity":   "1 is its blank",
				"LineItems[0].UnitAmount": "0 is its blank",
				"LineItems[0].TaxType":    "the account's own takes its place", "LineItems[0].AccountCode": "an invoice that is submitted has one"},
			Apart:    map[record.PlatformField]string{"SentToContact": "of an approved invoice alone"},
			Cents:    map[record.PlatformField]int32{"LineItems[0].UnitAmount": 4},
			Siblings: [][]record.PlatformField{lines},
			Refused:  platformtest.Refusal{Field: "LineItems[0].AccountCode", Value: "999"}}}
	return b
}
