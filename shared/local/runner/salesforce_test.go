package runner_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// salesforceHub has Salesforce own people, firms and deals, and HubSpot follow.
const salesforceHub = `
version: 1
connections:
  salesforce: {platform: salesforce}
  hubspot: {platform: hubspot}
groups:
  customer:
    hub: salesforce
    objects:
      Account:
        hub_id: FluxCascade_Id__c
        match: [{rule: name, fields: [Name]}]
        fields:
          Name: {owner: hub, reason: Sales names firms}
          Website: {owner: hub, reason: Sales knows it}
      Contact:
        hub_id: FluxCascade_Id__c
        match: [{rule: email, fields: [Email]}]
        fields:
          Email: {owner: hub, form: [trim, lowercase], reason: Sales keeps addresses}
          LastName: {owner: last_write_wins, conflict: newest, reason: Both know people}
          FirstName: {owner: hub, reason: Sales knows people}
          Phone: {owner: hub, form: [{phone_e164: {country: US, on_invalid: keep}}], reason: Sales keeps numbers}
          AccountId: {owner: hub, reason: Sales says who works where}
      Opportunity:
        hub_id: FluxCascade_Id__c
        fields:
          Name: {owner: hub, reason: Sales names deals}
          Amount: {owner: hub, reason: Sales agrees the price}
          AccountId: {owner: hub, reason: Sales says whose deal it is}
    mappings:
      - hub: Account
        spoke: hubspot.companies
        create: to_spoke
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: Name, spoke: name}
          - {hub: Website, spoke: website, direction: to_spoke}
      - hub: Contact
        spoke: hubspot.contacts
        create: both
        delete: archive
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: Email, spoke: email}
          - {hub: LastName, spoke: lastname}
          - {hub: FirstName, spoke: firstname}
          - {hub: Phone, spoke: phone}
          - {hub: AccountId, spoke: associations.companies, reference: Account, direction: to_spoke}
      - hub: Opportunity
        spoke: hubspot.deals
        create: to_spoke
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: Name, spoke: dealname}
          - {hub: Amount, spoke: amount, direction: to_spoke}
          - {hub: AccountId, spoke: associations.companies, reference: Account, direction: to_spoke}
          - {spoke: dealstage, value: appointmentscheduled}
`

// salesforceSpoke has HubSpot own people, and Salesforce follow.
const salesforceSpoke = `
version: 1
connections:
  hubspot: {platform: hubspot}
  salesforce: {platform: salesforce}
groups:
  customer:
    hub: hubspot
    objects:
      contacts:
        hub_id: fluxcascade_id
        match: [{rule: email, fields: [email]}]
        fields:
          email: {owner: hub, form: [trim, lowercase], reason: Marketing keeps addresses}
          lastname: {owner: hub, reason: Marketing knows people}
          firstname: {owner: hub, reason: Marketing knows people}
          address: {owner: salesforce, reason: Sales visits people}
          jobtitle: {owner: last_write_wins, conflict: newest, reason: Both hear of promotions}
    mappings:
      - hub: contacts
        spoke: salesforce.Contact
        create: both
        delete: archive
        hub_id: FluxCascade_Id__c
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: email, spoke: Email}
          - {hub: lastname, spoke: LastName}
          - {hub: firstname, spoke: FirstName}
          - {hub: address, spoke: MailingStreet}
          - {hub: jobtitle, spoke: Title}
`

func openWorld(t *testing.T, text string, seed uint64, faults platformsim.Faults) *runner.World {
	t.Helper()
	rules, err := ruleset.Load("world.yaml", []byte(text), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	rules.MatchSecret = []byte("test")
	clock := &runner.Clock{}
	w, err := runner.Open(context.Background(), runner.Options{Rules: rules, Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: seed, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// act lets people act, and wants all to come to rest in agreement.
func act(t *testing.T, w *runner.World, title string, steps ...error) {
	t.Helper()
	for _, err := range steps {
		if err != nil {
			t.Fatalf("%s: %v", title, err)
		}
	}
	w.Moved()
	if !w.Settle(context.Background(), nil) {
		t.Fatalf("%s: it does not come to rest", title)
	}
	agree(t, w)
	if t.Failed() {
		t.Fatalf("%s: no agreement", title)
	}
}

// made makes a record and gives its id.
func made(t *testing.T, w *runner.World, c record.Connection, object record.Object, fields record.Fields) record.ExternalID {
	t.Helper()
	id, err := w.Sims[c].Create(object, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// with finds the one live record that holds a value.
func with(t *testing.T, w *runner.World, c record.Connection, object record.Object, field record.PlatformField, value string) (record.ExternalID, record.Fields) {
	t.Helper()
	var found record.ExternalID
	var fields record.Fields
	for _, id := range w.Sims[c].IDs(object) {
		if held, _, _ := w.Sims[c].Record(object, id); held[field] == value {
			if found != "" {
				t.Fatalf("%s has two %s with %s %s", c, object, field, value)
			}
			found, fields = id, held
		}
	}
	if found == "" {
		t.Fatalf("%s has no %s with %s %s", c, object, field, value)
	}
	return found, fields
}

func days() map[string]platformsim.Faults {
	bad := platformsim.Usual()
	bad.Lost = 0 // HubSpot's list of changes tells no deletions
	return map[string]platformsim.Faults{"good": {}, "bad": bad}
}

func TestSalesforceAsHubConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		all := days()
		silent := platformsim.Usual()
		silent.Lost = 1 // no event arrives: polls tell everything, Salesforce's deletions and merges too
		all["silent"] = silent
		for name, faults := range all {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, salesforceHub, seed, faults)
				crm := w.Sims["salesforce"]
				firm := made(t, w, "salesforce", "Account", record.Fields{"Name": "Acme", "Website": "acme.example"})
				other := made(t, w, "salesforce", "Account", record.Fields{"Name": "Acme Two"})
				ada := made(t, w, "salesforce", "Contact", record.Fields{"LastName": "Lovelace", "FirstName": "Ada", "Email": "Ada@Example.com", "Phone": "4155551234", "AccountId": string(other)})
				for i := range 30 {
					made(t, w, "salesforce", "Contact", record.Fields{"LastName": fmt.Sprint("N", i), "Email": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "hubspot", "contacts", record.Fields{"lastname": "Babbage", "email": "charles@example.com"})
				act(t, w, "first load")
				deal := made(t, w, "salesforce", "Opportunity", record.Fields{"Name": "Engine", "StageName": "Prospecting", "CloseDate": "2026-05-01", "Amount": "12500000.55", "AccountId": string(firm)})
				act(t, w, "a deal")
				if _, fields := with(t, w, "hubspot", "deals", "dealname", "Engine"); fields["amount"] != "12500000.55" || fields["associations.companies"] == "" {
					t.Errorf("deal %v", fields)
				}
				person, _ := with(t, w, "hubspot", "contacts", "email", "ada@example.com")
				act(t, w, "edits on both sides", crm.Edit("Contact", ada, record.Fields{"FirstName": "Augusta"}), w.Sims["hubspot"].Edit("contacts", person, record.Fields{"lastname": "King"}))
				if fields, _, _ := crm.Record("Contact", ada); fields["LastName"] != "King" {
					t.Errorf("hub %v", fields)
				}
				act(t, w, "an edit of what the hub owns", w.Sims["hubspot"].Edit("contacts", person, record.Fields{"phone": "999"}))
				act(t, w, "a merge of firms", crm.Merge("Account", firm, other))
				act(t, w, "a cheaper deal", crm.Edit("Opportunity", deal, record.Fields{"Amount": "99.9"}))
				act(t, w, "a deletion", crm.Delete("Contact", ada))
				if _, archived, _ := w.Sims["hubspot"].Record("contacts", person); !archived {
					t.Error("the deletion did not reach HubSpot")
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

func writes(w *runner.World) int {
	_, n, _, _, _, _ := w.Counts.Snapshot()
	return int(n)
}

func TestSalesforceAsSpokeConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		for name, faults := range days() {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, salesforceSpoke, seed, faults)
				crm, hub := w.Sims["salesforce"], w.Sims["hubspot"]
				ada := made(t, w, "hubspot", "contacts", record.Fields{"lastname": "Lovelace", "firstname": "Ada", "email": "ada@example.com"})
				for i := range 30 {
					made(t, w, "hubspot", "contacts", record.Fields{"lastname": fmt.Sprint("N", i), "email": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "salesforce", "Contact", record.Fields{"LastName": "lovelace", "Email": "ada@example.com", "MailingStreet": "1 Main\nSuite 2"})
				curie := made(t, w, "salesforce", "Contact", record.Fields{"LastName": "Curie", "Email": "marie@example.com"})
				act(t, w, "first load")
				if len(crm.IDs("Contact")) != 32 || len(hub.IDs("contacts")) != 32 {
					t.Fatalf("%d and %d contacts, want 32 of each", len(crm.IDs("Contact")), len(hub.IDs("contacts")))
				}
				mirror, fields := with(t, w, "salesforce", "Contact", "Email", "ada@example.com")
				if fields["LastName"] != "Lovelace" {
					t.Errorf("spoke %v", fields)
				}
				act(t, w, "edits on both sides", hub.Edit("contacts", ada, record.Fields{"email": "Augusta@Example.com"}), crm.Edit("Contact", mirror, record.Fields{"MailingStreet": "2 Main", "Title": "Countess"}))
				if held, _, _ := hub.Record("contacts", ada); held["address"] != "2 Main" || held["jobtitle"] != "Countess" {
					t.Errorf("hub %v", held)
				}
				act(t, w, "an edit of what the hub owns", crm.Edit("Contact", mirror, record.Fields{"FirstName": "Eve"}))
				if held, _, _ := crm.Record("Contact", mirror); held["FirstName"] != "Ada" || held["Email"] != "augusta@example.com" {
					t.Errorf("spoke %v", held)
				}
				act(t, w, "a deletion in the hub", hub.Delete("contacts", ada))
				if _, _, there := crm.Record("Contact", mirror); there {
					t.Error("the deletion did not reach Salesforce")
				}
				if _, _, there := crm.Record("Contact", curie); !there {
					t.Error("somebody else was deleted")
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
