package xero

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestWritesFailTogetherOrAlone(t *testing.T) {
	b := newBooks(t)
	good, bad := object{"Name": "Good"}, object{"Name": "Bad", "EmailAddress": "nonsense"}
	status, out := b.ask("PUT", "Contacts", contactsOf(good, bad))
	if status != http.StatusBadRequest || out["ErrorNumber"] != 10.0 || len(out["Elements"].([]any)) != 1 || len(b.IDs("contacts")) != 0 ||
		b.PendingDeliveries() != 0 {
		t.Errorf("status %d, %v, %d contacts", status, out, len(b.IDs("contacts")))
	}
	status, out = b.ask("PUT", "Contacts?summarizeErrors=false", contactsOf(good, bad))
	list := out["Contacts"].([]any)
	if status != http.StatusOK || len(list) != 2 || list[0].(object)["StatusAttributeString"] != "OK" ||
		list[1].(object)["StatusAttributeString"] != "ERROR" || list[1].(object)["HasValidationErrors"] != true {
		t.Errorf("status %d, %v", status, out)
	}
	if status, _ := b.ask("POST", "Contacts", contactsOf(object{"Name": "Good", "FirstName": "x"}, bad)); status != http.StatusBadRequest ||
		b.first()["FirstName"] != "" {
		t.Errorf("a refused update stayed: %v", b.first())
	}
	for _, body := range []any{contactsOf(), []any{1}} {
		if status, _ := b.ask("PUT", "Contacts", body); status != http.StatusBadRequest {
			t.Errorf("%v: status %d", body, status)
		}
	}
}

// first gives the first contact's fields.
func (b *books) first() record.Fields {
	fields, _, _ := b.Record("contacts", b.IDs("contacts")[0])
	return fields
}

func TestAPostWithoutAnIDMeansTheRecordOfItsNumberOrName(t *testing.T) {
	b := newBooks(t)
	ada, bob := b.made("contacts", record.Fields{"Name": "Ada"}), b.made("contacts", record.Fields{"Name": "Bob"})
	if err := b.Number(ada, "H-1"); err != nil {
		t.Fatal(err)
	}
	for _, in := range []object{{"ContactNumber": "H-1", "FirstName": "by number"}, {"Name": "bob", "FirstName": "by name"},
		{"ContactID": string(bob), "LastName": "by id"}} {
		if status, out := b.ask("POST", "Contacts", contactsOf(in)); status != http.StatusOK {
			t.Fatal(out)
		}
	}
	if n := len(b.IDs("contacts")); n != 2 {
		t.Errorf("%d contacts, want 2", n)
	}
	for id, want := range map[record.ExternalID]string{ada: "by number ", bob: "by name by id"} {
		fields, _, _ := b.Record("contacts", id)
		if got := fields["FirstName"] + " " + fields["LastName"]; got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	if status, _ := b.ask("POST", "Contacts/"+string(ada), object{"Name": "Ada Two"}); status != http.StatusOK ||
		b.first()["Name"] != "Ada Two" {
		t.Errorf("by its address: status %d, %v", status, b.first()["Name"])
	}
	if status, _ := b.ask("PUT", "Contacts", contactsOf(object{"Name": "Ada two"})); status != http.StatusBadRequest {
		t.Errorf("a PUT of a taken name: status %d", status)
	}
}

func TestPartsOfAContact(t *testing.T) {
	b := newBooks(t)
	id := b.made("contacts", record.Fields{"Name": "Ada", "FirstName": "Ada", "Phones[DEFAULT].PhoneNumber": "1",
		"Phones[DEFAULT].PhoneAreaCode": "2", "Phones[FAX].PhoneNumber": "9", "ContactPersons[0].FirstName": "Eve"})
	in := object{"ContactID": string(id), "FirstName": "", "LastName": nil,
		"Phones":         []any{object{"PhoneType": "DEFAULT", "PhoneNumber": "3"}},
		"ContactPersons": []any{object{"FirstName": "Mallory"}}}
	if status, out := b.ask("POST", "Contacts", contactsOf(in)); status != http.StatusOK {
		t.Fatal(out)
	}
	for field, want := range (record.Fields{"FirstName": "", "Phones[DEFAULT].PhoneNumber": "3", "Phones[DEFAULT].PhoneAreaCode": "",
		"Phones[FAX]": "9", "ContactPersons[0].FirstName": "Mallory"}) {
		if got := b.first()[field]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	for name, in := range map[string]object{"a name taken": {"Name": "ADA"}, "no name": {"FirstName": "x"},
		"a long name": {"Name": strings.Repeat("x", 256)}, "an unknown phone": {"Name": "x", "Phones": []any{object{"PhoneType": "HOME"}}},
		"six people":          {"Name": "x", "ContactPersons": []any{object{}, object{}, object{}, object{}, object{}, object{}}},
		"a number for a text": {"Name": 7}, "an unknown currency": {"Name": "x", "DefaultCurrency": "XXX"}} {
		if status, _ := b.ask("PUT", "Contacts", contactsOf(in)); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, status)
		}
	}
	for _, edit := range []record.Fields{{"ContactNumber": "1"}, {"IsCustomer": "true"}, {"Unicorn": "1"}} {
		if err := b.Edit("contacts", id, edit); err == nil {
			t.Errorf("a person could type %v", edit)
		}
	}
	if err := b.Delete("contacts", id); err != nil {
		t.Fatal(err)
	}
	if status, _ := b.ask("POST", "Contacts", contactsOf(object{"ContactID": string(id),
		"ContactStatus": "ACTIVE"})); status != http.StatusBadRequest {
		t.Errorf("made active again by the API: status %d", status)
	}
	b.made("contacts", record.Fields{"Name": "Ada"}) // the name is free again
	if err := b.Unarchive(id); err == nil {
		t.Error("made active again under a name that is taken")
	}
}

func TestInvoicesGoThroughTheirStates(t *testing.T) {
	b := newBooks(t)
	owner := string(b.made("contacts", record.Fields{"Name": "Ada"}))
	base := func(more object) object {
		in := object{"Type": "ACCREC", "Contact": object{"ContactID": owner}, "LineItems": []any{object{"Description": "x", "UnitAmount": "10",
			"AccountCode": "200"}}, "DueDate": "2026-04-01"}
		for key, value := range more {
			in[key] = value
		}
		return in
	}
	write := func(method string, in object) (int, object) {
		status, out := b.ask(method, "Invoices?unitdp=4", object{"Invoices": []any{in}})
		if status != http.StatusOK {
			return status, out
		}
		return status, out["Invoices"].([]any)[0].(object)
	}
	_, made := write("PUT", base(nil))
	id := made["InvoiceID"]
	if made["Status"] != "DRAFT" || made["InvoiceNumber"] != "INV-0001" || made["Total"] != 10.0 ||
		made["DateString"] != "2026-03-02T00:00:00" || made["Date"] != "/Date(1772409600000+0000)/" {
		t.Errorf("made %v", made)
	}
	for _, in := range []object{base(object{"Type": ""}), base(object{"Contact": object{"ContactID": nobody}}), base(object{"Contact": nil}),
		base(object{"LineItems": []any{}}), base(object{"LineItems": []any{object{"UnitAmount": "1"}}}),
		base(object{"LineItems": []any{object{"Description": "x", "UnitAmount": "2", "Quantity": "2", "LineAmount": "5"}}}),
		base(object{"LineItems": []any{object{"Description": "x", "AccountCode": "999"}}}),
		base(object{"Status": "PAID"}), base(object{"Status": "AUTHORISED", "DueDate": ""}),
		base(object{"Status": "AUTHORISED", "LineItems": []any{object{"Description": "x"}}}), base(object{"InvoiceNumber": "inv-0001"}),
		base(object{"CurrencyCode": "XXX"}), base(object{"Url": "nonsense"}), base(object{"Date": "soon"}), base(object{"SentToContact": true}),
		base(object{"LineAmountTypes": "Odd"})} {
		if status, _ := write("PUT", in); status != http.StatusBadRequest {
			t.Errorf("%v: status %d", in, status)
		}
	}
	for _, step := range []struct{ status, want string }{{"SUBMITTED", "SUBMITTED"}, {"AUTHORISED", "AUTHORISED"}, {"DRAFT", ""},
		{"DELETED", ""}, {"VOIDED", "VOIDED"}, {"AUTHORISED", ""}} {
		status, out := write("POST", object{"InvoiceID": id, "Status": step.status})
		if (status == http.StatusOK) != (step.want != "") || step.want != "" && out["Status"] != step.want {
			t.Errorf("to %s: status %d, %v", step.status, status, out["Status"])
		}
	}
	_, out := b.ask("GET", "Invoices?page=1", nil)
	if first := out["Invoices"].([]any)[0].(object); first["Status"] != "VOIDED" || first["AmountDue"] != 0.0 {
		t.Errorf("a voided invoice is not in the list as such: %v", first)
	}
	if b.first()["IsCustomer"] != "true" {
		t.Error("whoever has an invoice is a customer")
	}
	_, made = write("PUT", base(object{"Contact": object{"Name": "Made By Name"}, "Status": "AUTHORISED"}))
	if got := made["Contact"].(object)["Name"]; got != "Made By Name" {
		t.Errorf("contact %v", got)
	}
	paid := record.ExternalID(made["InvoiceID"].(string))
	for _, sum := range []string{"4", "7", "6"} {
		if err := b.Pay(paid, sum); (err == nil) != (sum != "7") {
			t.Errorf("a payment of %s: %v", sum, err)
		}
	}
	if fields, _, _ := b.Record("invoices", paid); fields["Status"] != "PAID" || fields["AmountDue"] != "0" ||
		fields["FullyPaidOnDate"] != "2026-03-02" {
		t.Errorf("paid %v", fields)
	}
}

func TestKeysRepeatTheirAnswerForSixMinutes(t *testing.T) {
	b := newBooks(t)
	body := contactsOf(object{"Name": "Ada"})
	_, first := b.ask("PUT", "Contacts", body, "Idempotency-Key", "k1")
	b.at = b.at.Add(5 * time.Minute)
	_, again := b.ask("PUT", "Contacts", body, "Idempotency-Key", "k1")
	if diff := cmp.Diff(first, again); diff != "" || len(b.IDs("contacts")) != 1 {
		t.Errorf("%d contacts, %s", len(b.IDs("contacts")), diff)
	}
	if status, _ := b.ask("PUT", "Contacts", contactsOf(object{"Name": "Bob"}), "Idempotency-Key", "k1"); status != http.StatusBadRequest {
		t.Errorf("another request under the key: status %d", status)
	}
	b.at = b.at.Add(2 * time.Minute)
	if status, _ := b.ask("PUT", "Contacts", body, "Idempotency-Key", "k1"); status != http.StatusBadRequest {
		t.Errorf("after six minutes the key is new, and the name taken: status %d", status)
	}
	if status, _ := b.ask("PUT", "Contacts", contactsOf(object{"Name": "x"}), "Idempotency-Key",
		strings.Repeat("k", 129)); status != http.StatusBadRequest {
		t.Errorf("a key of 129: status %d", status)
	}
}
