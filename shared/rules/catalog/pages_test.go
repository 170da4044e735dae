package catalog_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

func TestRecordPage(t *testing.T) {
	for name, c := range map[string]struct {
		platform record.Platform
		account  string
		object   record.Object
		id       record.ExternalID
		want     string
	}{
		"a contact":                           {"hubspot", "77", "contacts", "501", "https://app.hubspot.com/contacts/77/record/0-1/501"},
		"an account that is not known":        {"hubspot", "", "contacts", "501", ""},
		"a client by the number in its id":    {"jobber", "", "clients", "Z2lkOi8vSm9iYmVyL0NsaWVudC80Mg==", "https://secure.getjobber.com/clients/42"},
		"a client whose id has another form":  {"jobber", "", "clients", "c42", ""},
		"an id with signs of its own":         {"quickbooks", "", "customers", "1&x=2", "https://qbo.intuit.com/app/customerdetail?nameId=1%26x%3D2"},
		"a record that is not made yet":       {"hubspot", "77", "contacts", "", ""},
		"an object that we know no page of":   {"salesforce", "77", "Contact", "003", ""},
		"a platform that we know no pages of": {"nobody", "77", "Contact", "003", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := catalog.RecordPage(c.platform, c.account, c.object, c.id); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestPagesAreOfObjectsThatWeKnow holds the forms and the catalog together.
func TestPagesAreOfObjectsThatWeKnow(t *testing.T) {
	known := 0
	for _, p := range catalog.All() {
		for _, o := range p.Objects {
			if catalog.RecordPage(p.Name, "1", o.Name, "Z2lkOi8vSm9iYmVyL0NsaWVudC80Mg==") != "" {
				known++
			}
		}
	}
	if known < 7 {
		t.Errorf("only %d objects of the catalog have a page", known)
	}
}
