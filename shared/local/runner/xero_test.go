package runner_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/xero"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// xeroHub has Xero own people, and HubSpot and QuickBooks follow.
const xeroHub = `
version: 1
connections:
  xero: {platform: xero}
  hubspot: {platform: hubspot}
  quickbooks: {platform: quickbooks}
groups:
  customer:
    hub: xero
    objects:
      contacts:
        hub_id: ContactNumber
        match: [{rule: email, fields: [EmailAddress]}]
        fields:
          Name: {owner: hub, reason: The books name their customers}
          EmailAddress: {owner: hub, form: [trim, lowercase], reason: Invoices go there}
          FirstName: {owner: last_write_wins, conflict: newest, reason: Both know people}
          LastName: {owner: last_write_wins, conflict: newest, reason: Both know people}
          "Phones[DEFAULT]": {owner: last_write_wins, conflict: newest, form: [{phone_e164: {country: US, on_invalid: keep}}], reason: Whoever called last knows}
          "Addresses[POBOX].City": {owner: hub, reason: Invoices go there}
    mappings:
      - hub: contacts
        spoke: hubspot.contacts
        create: both
        delete: archive
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: Name, spoke: company}
          - {hub: EmailAddress, spoke: email}
          - {hub: FirstName, spoke: firstname}
          - {hub: LastName, spoke: lastname}
          - {hub: "Phones[DEFAULT]", spoke: phone}
          - {hub: "Addresses[POBOX].City", spoke: city, direction: to_spoke}
      - hub: contacts
        spoke: quickbooks.customers
        create: to_spoke
        delete: archive
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: Name, spoke: DisplayName, direction: to_spoke}
          - {hub: EmailAddress, spoke: PrimaryEmailAddr.Address, direction: to_spoke}
          - {hub: "Phones[DEFAULT]", spoke: PrimaryPhone.FreeFormNumber}
          - {hub: "Addresses[POBOX].City", spoke: BillAddr.City, direction: to_spoke}
`

// xeroSpoke has HubSpot own people and deals; Xero follows, and a deal won is an invoice there.
const xeroSpoke = `
version: 1
connections:
  hubspot: {platform: hubspot}
  xero: {platform: xero}
groups:
  customer:
    hub: hubspot
    objects:
      contacts:
        hub_id: fluxcascade_id
        match: [{rule: email, fields: [email]}]
        fields:
          email: {owner: hub, form: [trim, lowercase], reason: Sales keeps addresses}
          company: {owner: hub, reason: Sales knows firms}
          firstname: {owner: hub, reason: Sales knows people}
          lastname: {owner: hub, reason: Sales knows people}
          phone: {owner: last_write_wins, conflict: newest, form: [{phone_e164: {country: US, on_invalid: keep}}], reason: Whoever called last knows}
          address: {owner: xero, reason: Accounting answers for what is on an invoice}
          city: {owner: xero, reason: Accounting answers for what is on an invoice}
      deals:
        fields:
          dealname: {owner: hub, reason: Sales names deals}
          amount: {owner: hub, reason: Sales agrees the price}
          dealstage: {owner: hub, reason: Sales moves deals}
          associations.contacts: {owner: hub, reason: Sales says whose deal it is}
    mappings:
      - hub: contacts
        spoke: xero.contacts
        create: both
        delete: archive
        hub_id: ContactNumber
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: company, spoke: Name}
          - {hub: email, spoke: EmailAddress}
          - {hub: firstname, spoke: FirstName}
          - {hub: lastname, spoke: LastName}
          - {hub: phone, spoke: "Phones[DEFAULT]"}
          - {hub: address, spoke: "Addresses[POBOX].AddressLine1"}
          - {hub: city, spoke: "Addresses[POBOX].City"}
      - hub: deals
        spoke: xero.invoices
        direction: to_spoke
        create: to_spoke
        hub_id: Reference
        filter: {field: dealstage, becomes: closedwon}
        existing: skip
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: associations.contacts, spoke: Contact.ContactID, reference: contacts, required: true}
          - {hub: dealname, spoke: "LineItems[0].Description", required: true}
          - {hub: amount, spoke: "LineItems[0].UnitAmount", required: true}
          - {spoke: "LineItems[0].AccountCode", value: "200"}
          - {spoke: "LineItems[0].TaxType", value: NONE}
`

func TestXeroAsHubConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		all := days()
		silent := platformsim.Usual()
		silent.Lost = 1 // no event arrives: polls tell everything, of Xero archived and merged contacts too
		all["silent"] = silent
		for name, faults := range all {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, xeroHub, seed, faults)
				books := w.Sims["xero"].(*xero.Simulator)
				ada := made(t, w, "xero", "contacts", record.Fields{"Name": "Lovelace Ltd", "FirstName": "Ada", "EmailAddress": "Ada@Example.com", "Phones[DEFAULT].PhoneCountryCode": "1", "Phones[DEFAULT].PhoneAreaCode": "(415)",
					"Phones[DEFAULT].PhoneNumber": "555-1234", "Addresses[POBOX].City": "London", "Addresses[STREET].City": "Leeds", "ContactPersons[0].FirstName": "Charles"})
				twin := made(t, w, "xero", "contacts", record.Fields{"Name": "Lovelace Limited", "EmailAddress": "ada.l@example.com"})
				for i := range 30 {
					made(t, w, "xero", "contacts", record.Fields{"Name": fmt.Sprint("Firm ", i), "EmailAddress": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "hubspot", "contacts", record.Fields{"company": "Babbage", "lastname": "Babbage", "email": "charles@example.com"})
				act(t, w, "first load")
				if n := len(w.Sims["quickbooks"].IDs("customers")); n != 33 {
					t.Fatalf("%d customers, want 33", n)
				}
				person, fields := with(t, w, "hubspot", "contacts", "email", "ada@example.com")
				if fields["phone"] != "+14155551234" || fields["city"] != "London" {
					t.Errorf("spoke %v", fields)
				}
				if held, _, _ := books.Record("contacts", ada); held["Phones[DEFAULT].PhoneAreaCode"] != "(415)" {
					t.Errorf("a number that means the same was written again: %v", held)
				}
				act(t, w, "edits on both sides", books.Edit("contacts", ada, record.Fields{"Addresses[POBOX].City": "Paris"}), w.Sims["hubspot"].Edit("contacts", person, record.Fields{"lastname": "King", "phone": "415 555 9999"}))
				held, _, _ := books.Record("contacts", ada)
				for field, want := range (record.Fields{"LastName": "King", "Phones[DEFAULT]": "+14155559999", "Addresses[POBOX].City": "Paris", "Addresses[STREET].City": "Leeds", "ContactPersons[0].FirstName": "Charles"}) {
					if held[field] != want {
						t.Errorf("hub %s is %q, want %q", field, held[field], want)
					}
				}
				act(t, w, "an edit of what the hub owns", w.Sims["hubspot"].Edit("contacts", person, record.Fields{"company": "Eve"}))
				act(t, w, "a merge", books.Merge("contacts", ada, twin))
				act(t, w, "an archived contact", books.Delete("contacts", ada))
				if _, archived, _ := w.Sims["hubspot"].Record("contacts", person); !archived {
					t.Error("the archiving did not reach HubSpot")
				}
				before := writes(w)
				act(t, w, "rest")
				if n := writes(w) - before; n > 0 {
					t.Errorf("%d writes at rest", n)
				}
			})
		}
	}
}

func TestXeroAsSpokeConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		all := days()
		all["silent"] = platformsim.Faults{Lost: 1}
		for name, faults := range all {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, xeroSpoke, seed, faults)
				books, hub := w.Sims["xero"].(*xero.Simulator), w.Sims["hubspot"]
				ada := made(t, w, "hubspot", "contacts", record.Fields{"company": "Lovelace Ltd", "firstname": "Ada", "email": "ada@example.com"})
				for i := range 30 {
					made(t, w, "hubspot", "contacts", record.Fields{"company": fmt.Sprint("Firm ", i), "email": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "hubspot", "deals", record.Fields{"dealname": "Old", "dealstage": "closedwon", "amount": "1", "associations.contacts": string(ada)})
				made(t, w, "xero", "contacts", record.Fields{"Name": "lovelace", "EmailAddress": "ADA@example.com", "Addresses[POBOX].AddressLine1": "1 Main"})
				theirs := made(t, w, "xero", "contacts", record.Fields{"Name": "Numbered", "EmailAddress": "numbered@example.com"})
				if err := books.Number(theirs, "OTHER-APP-7"); err != nil {
					t.Fatal(err)
				}
				supplier := made(t, w, "xero", "contacts", record.Fields{"Name": "Supplier", "EmailAddress": "supplier@example.com"})
				if _, err := books.CreateBill(supplier, "B-1"); err != nil {
					t.Fatal(err)
				}
				act(t, w, "first load")
				if len(books.IDs("contacts")) != 33 || len(hub.IDs("contacts")) != 33 || len(books.IDs("invoices")) != 0 {
					t.Fatalf("%d and %d contacts, %d invoices, want 33 of each and none", len(books.IDs("contacts")), len(hub.IDs("contacts")), len(books.IDs("invoices")))
				}
				mirror, fields := with(t, w, "xero", "contacts", "Name", "Lovelace Ltd")
				if fields["EmailAddress"] != "ADA@example.com" { // the same address in other letters is left as it is
					t.Errorf("spoke %v", fields)
				}
				if held, _, _ := books.Record("contacts", theirs); held["ContactNumber"] != "OTHER-APP-7" {
					t.Errorf("another app's number became %q", held["ContactNumber"])
				}
				deal := made(t, w, "hubspot", "deals", record.Fields{"dealname": "Engine", "dealstage": "contractsent", "amount": "12500000.55", "associations.contacts": string(ada)})
				act(t, w, "a deal")
				if n := len(books.IDs("invoices")); n != 0 {
					t.Fatalf("%d invoices for a deal that is not won", n)
				}
				act(t, w, "a deal won", hub.Edit("deals", deal, record.Fields{"dealstage": "closedwon"}))
				invoice, bill := with(t, w, "xero", "invoices", "LineItems[0].Description", "Engine")
				if bill["Total"] != "12500000.55" || bill["Contact.ContactID"] != string(mirror) || bill["Reference"] != string(deal) || bill["Status"] != "DRAFT" {
					t.Errorf("invoice %v", bill)
				}
				act(t, w, "a cheaper deal, and an address", hub.Edit("deals", deal, record.Fields{"amount": "99.9"}), books.Edit("contacts", mirror, record.Fields{"Addresses[POBOX].AddressLine1": "2 Main", "Addresses[POBOX].City": "London"}))
				if bill, _, _ := books.Record("invoices", invoice); bill["Total"] != "99.9" {
					t.Errorf("invoice %v", bill)
				}
				if held, _, _ := hub.Record("contacts", ada); held["address"] != "2 Main" || held["city"] != "London" {
					t.Errorf("hub %v", held)
				}
				act(t, w, "an edit of what the hub owns", books.Edit("contacts", mirror, record.Fields{"FirstName": "Eve"}))
				if held, _, _ := books.Record("contacts", mirror); held["FirstName"] != "Ada" || held["Addresses[POBOX].AddressLine1"] != "2 Main" {
					t.Errorf("spoke %v", held)
				}
				if name != "silent" { // HubSpot's list of changes tells no deletions
					act(t, w, "a deletion in the hub", hub.Delete("contacts", ada))
					if _, archived, _ := books.Record("contacts", mirror); !archived {
						t.Error("the deletion did not reach Xero")
					}
				}
				before := writes(w)
				act(t, w, "rest")
				if n := writes(w) - before; n > 0 {
					t.Errorf("%d writes at rest", n)
				}
			})
		}
	}
}

// TestAnIntentToReceiveIsAnsweredRight: Xero tries the route with requests signed rightly and wrongly before it sends
// events, and disables a webhook that takes nothing for a day.
func TestAnIntentToReceiveIsAnsweredRight(t *testing.T) {
	w := openWorld(t, xeroSpoke, 1, platformsim.Faults{})
	books := w.Sims["xero"].(*xero.Simulator)
	books.SaveWebhook()
	if books.WebhookEnabled() {
		t.Fatal("events are sent before the intent was answered")
	}
	act(t, w, "the intent")
	if !books.WebhookEnabled() {
		t.Error("the intent was not answered as it should be")
	}
	made(t, w, "xero", "contacts", record.Fields{"Name": "Ada", "EmailAddress": "ada@example.com"})
	for range 200 { // nobody answers for more than a day
		w.Clock.Skip(30 * time.Minute)
		for _, d := range books.Deliveries() {
			books.Delivered(d, 500)
		}
	}
	if books.WebhookEnabled() {
		t.Error("a webhook that takes nothing for a day is still enabled")
	}
}
