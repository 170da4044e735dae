package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// pipedriveHub has Pipedrive own people, firms and deals; HubSpot follows in all, Jobber in people.
const pipedriveHub = `
version: 1
connections:
  pipedrive: {platform: pipedrive}
  hubspot: {platform: hubspot}
  jobber: {platform: jobber}
groups:
  customer:
    hub: pipedrive
    objects:
      organizations:
        hub_id: "custom_fields[FluxCascade ID]"
        match: [{rule: name, fields: [name]}]
        fields:
          name: {owner: hub, reason: Sales names firms}
      persons:
        hub_id: "custom_fields[FluxCascade ID]"
        match: [{rule: email, fields: ["emails[primary].value"]}]
        fields:
          name: {owner: last_write_wins, conflict: newest, reason: Everybody knows people}
          "emails[primary].value": {owner: hub, form: [trim, lowercase], reason: Sales keeps addresses}
          "phones[mobile].value": {owner: last_write_wins, conflict: newest, form: [{phone_e164: {country: US, on_invalid: keep}}], reason: Everybody hears of numbers}
          org_id: {owner: hub, reason: Sales says who works where}
      deals:
        hub_id: "custom_fields[FluxCascade ID]"
        fields:
          title: {owner: hub, reason: Sales names deals}
          value: {owner: hub, reason: Sales agrees the price}
          person_id: {owner: hub, reason: Sales says whose deal it is}
    mappings:
      - hub: organizations
        spoke: hubspot.companies
        create: to_spoke
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: name, spoke: name}
      - hub: persons
        spoke: hubspot.contacts
        create: both
        delete: archive
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: name, spoke: [firstname, lastname], direction: to_spoke, to_spoke: [split_name]}
          - {hub: name, spoke: [firstname, lastname], direction: to_hub, to_hub: [combine_name]}
          - {hub: "emails[primary].value", spoke: email}
          - {hub: "phones[mobile].value", spoke: mobilephone}
          - {hub: org_id, spoke: associations.companies, reference: organizations, direction: to_spoke}
      - hub: persons
        spoke: jobber.clients
        create: to_spoke
        hub_id: "customFields[Hub ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: name, spoke: [firstName, lastName], direction: to_spoke, to_spoke: [split_name]}
          - {hub: name, spoke: [firstName, lastName], direction: to_hub, to_hub: [combine_name]}
          - {hub: "emails[primary].value", spoke: "emails[primary].address"}
          - {hub: "phones[mobile].value", spoke: "phones[MOBILE].number"}
      - hub: deals
        spoke: hubspot.deals
        create: to_spoke
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: title, spoke: dealname}
          - {hub: value, spoke: amount, direction: to_spoke}
          - {hub: person_id, spoke: associations.contacts, reference: persons, direction: to_spoke}
          - {spoke: dealstage, value: appointmentscheduled}
`

// pipedriveSpoke has HubSpot own people and deals, and Pipedrive follow.
const pipedriveSpoke = `
version: 1
connections:
  hubspot: {platform: hubspot}
  pipedrive: {platform: pipedrive}
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
          phone: {owner: pipedrive, reason: Sales calls people}
          jobtitle: {owner: last_write_wins, conflict: newest, reason: Both hear of promotions}
      deals:
        hub_id: fluxcascade_id
        fields:
          dealname: {owner: hub, reason: Marketing names deals}
          amount: {owner: pipedrive, reason: Sales agrees the price}
          associations.contacts: {owner: hub, reason: Marketing says whose deal it is}
    mappings:
      - hub: contacts
        spoke: pipedrive.persons
        create: both
        delete: archive
        hub_id: "custom_fields[FluxCascade ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: email, spoke: "emails[primary].value"}
          - {hub: lastname, spoke: name}
          - {hub: phone, spoke: "phones[primary].value"}
          - {hub: jobtitle, spoke: "custom_fields[Job title]"}
      - hub: deals
        spoke: pipedrive.deals
        create: to_spoke
        delete: archive
        hub_id: "custom_fields[FluxCascade ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: dealname, spoke: title}
          - {hub: amount, spoke: value}
          - {hub: associations.contacts, spoke: person_id, reference: contacts, direction: to_spoke}
`

func TestPipedriveAsHubConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		all := days()
		silent := platformsim.Usual()
		silent.Lost = 1 // no webhook arrives: polls tell everything, Pipedrive's deletions too
		all["silent"] = silent
		for name, faults := range all {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, pipedriveHub, seed, faults)
				crm := w.Sims["pipedrive"].(*pipedrive.Simulator)
				firm := made(t, w, "pipedrive", "organizations", record.Fields{"name": "Acme", "address.value": "1 Main, Springfield, USA"})
				other := made(t, w, "pipedrive", "organizations", record.Fields{"name": "Acme Two"})
				ada := made(t, w, "pipedrive", "persons", record.Fields{"name": "Ada Lovelace", "emails[primary].value": "Ada@Example.com", "emails[home].value": "ada@home.example",
					"phones[mobile].value": "4155551234", "phones[work].value": "4155550000", "org_id": string(other)})
				for i := range 30 {
					made(t, w, "pipedrive", "persons", record.Fields{"name": fmt.Sprint("No ", i), "emails[primary].value": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "hubspot", "contacts", record.Fields{"firstname": "Charles", "lastname": "Babbage", "email": "charles@example.com"})
				act(t, w, "first load")
				if _, fields := with(t, w, "pipedrive", "persons", "emails[primary].value", "charles@example.com"); fields["name"] != "Charles Babbage" {
					t.Errorf("hub %v", fields)
				}
				deal := made(t, w, "pipedrive", "deals", record.Fields{"title": "Engine", "value": "12500000.55", "person_id": string(ada)})
				act(t, w, "a deal")
				if _, fields := with(t, w, "hubspot", "deals", "dealname", "Engine"); fields["amount"] != "12500000.55" || fields["associations.contacts"] == "" {
					t.Errorf("deal %v", fields)
				}
				person, _ := with(t, w, "hubspot", "contacts", "email", "ada@example.com")
				client, _ := with(t, w, "jobber", "clients", "emails[primary].address", "ada@example.com")
				act(t, w, "edits on both sides", crm.Edit("persons", ada, record.Fields{"name": "Augusta King"}), w.Sims["jobber"].Edit("clients", client, record.Fields{"phones[MOBILE].number": "4155559999"}))
				if fields, _, _ := crm.Record("persons", ada); fields["phones[mobile].value"] != "+14155559999" || fields["name"] != "Augusta King" {
					t.Errorf("hub %v", fields)
				}
				if phones := strings.Join(crm.List(ada, "phones"), ", "); !strings.Contains(phones, "4155550000 work") {
					t.Errorf("the other phone was lost: %s", phones)
				}
				if fields, _, _ := w.Sims["hubspot"].Record("contacts", person); fields["lastname"] != "King" || fields["mobilephone"] != "+14155559999" {
					t.Errorf("spoke %v", fields)
				}
				act(t, w, "an edit of what the hub owns", w.Sims["hubspot"].Edit("contacts", person, record.Fields{"email": "eve@example.com"}))
				if emails := strings.Join(crm.List(ada, "emails"), ", "); emails != "ada@home.example home, Ada@Example.com work primary" {
					t.Errorf("emails %s", emails)
				}
				act(t, w, "a merge of firms", crm.Merge("organizations", firm, other))
				if name == "good" {
					mergePeople(t, w, ada, person)
				}
				act(t, w, "a cheaper deal", crm.Edit("deals", deal, record.Fields{"value": "99.9", "status": "won"}))
				act(t, w, "an archived deal", crm.Archive(deal, true))
				act(t, w, "a deletion", crm.Delete("persons", ada))
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

// mergePeople merges a person with a deal into another. Reads tell no more than that the loser is gone: its contact is
// archived, and its deal becomes the winner's.
func mergePeople(t *testing.T, w *runner.World, winner, contact record.ExternalID) {
	t.Helper()
	crm := w.Sims["pipedrive"]
	double := made(t, w, "pipedrive", "persons", record.Fields{"name": "Ada L.", "emails[primary].value": "al@example.com"})
	made(t, w, "pipedrive", "deals", record.Fields{"title": "Notes", "person_id": string(double)})
	act(t, w, "a double with a deal")
	act(t, w, "a merge of people", crm.Merge("persons", winner, double))
	if _, fields := with(t, w, "hubspot", "deals", "dealname", "Notes"); fields["associations.contacts"] != string(contact) {
		t.Errorf("the deal of the loser names %s, want %s", fields["associations.contacts"], contact)
	}
}

func TestPipedriveAsSpokeConverges(t *testing.T) {
	for seed := range uint64(effort.Of(1, 4)) {
		for name, faults := range days() {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				w := openWorld(t, pipedriveSpoke, seed, faults)
				crm, hub := w.Sims["pipedrive"].(*pipedrive.Simulator), w.Sims["hubspot"]
				ada := made(t, w, "hubspot", "contacts", record.Fields{"lastname": "Lovelace", "email": "ada@example.com"})
				for i := range 30 {
					made(t, w, "hubspot", "contacts", record.Fields{"lastname": fmt.Sprint("N", i), "email": fmt.Sprintf("n%d@example.com", i)})
				}
				made(t, w, "pipedrive", "persons", record.Fields{"name": "lovelace", "emails[primary].value": "ada@example.com", "phones[primary].value": "123", "phones[home].value": "456"})
				curie := made(t, w, "pipedrive", "persons", record.Fields{"name": "Curie", "emails[primary].value": "marie@example.com"})
				act(t, w, "first load")
				if len(crm.IDs("persons")) != 32 || len(hub.IDs("contacts")) != 32 {
					t.Fatalf("%d and %d people, want 32 of each", len(crm.IDs("persons")), len(hub.IDs("contacts")))
				}
				mirror, fields := with(t, w, "pipedrive", "persons", "emails[primary].value", "ada@example.com")
				if fields["name"] != "Lovelace" {
					t.Errorf("spoke %v", fields)
				}
				deal := made(t, w, "hubspot", "deals", record.Fields{"dealname": "Engine", "dealstage": "appointmentscheduled", "pipeline": "default", "associations.contacts": string(ada)})
				act(t, w, "a deal")
				sale, fields := with(t, w, "pipedrive", "deals", "title", "Engine")
				if fields["person_id"] != string(mirror) {
					t.Errorf("deal %v", fields)
				}
				act(t, w, "edits on both sides", hub.Edit("contacts", ada, record.Fields{"email": "Augusta@Example.com"}),
					crm.Edit("persons", mirror, record.Fields{"phones[primary].value": "789", "custom_fields[Job title]": "Countess"}), crm.Edit("deals", sale, record.Fields{"value": "1000.5"}))
				if held, _, _ := hub.Record("contacts", ada); held["phone"] != "789" || held["jobtitle"] != "Countess" {
					t.Errorf("hub %v", held)
				}
				if held, _, _ := hub.Record("deals", deal); held["amount"] != "1000.5" {
					t.Errorf("hub deal %v", held)
				}
				act(t, w, "an edit of what the hub owns", crm.Edit("persons", mirror, record.Fields{"name": "Eve"}))
				if held, _, _ := crm.Record("persons", mirror); held["name"] != "Lovelace" || held["emails[primary].value"] != "augusta@example.com" || held["phones[home].value"] != "456" {
					t.Errorf("spoke %v", held)
				}
				zero, _ := with(t, w, "pipedrive", "persons", "emails[primary].value", "n0@example.com")
				one, _ := with(t, w, "pipedrive", "persons", "emails[primary].value", "n1@example.com")
				act(t, w, "a merge in the spoke", crm.Merge("persons", zero, one))
				if n := len(crm.IDs("persons")); n != 31 {
					t.Errorf("%d people after a merge: the loser came back", n)
				}
				act(t, w, "deletions in the hub", hub.Delete("contacts", ada), hub.Delete("deals", deal))
				if _, _, there := crm.Record("persons", mirror); there {
					t.Error("the deletion did not reach Pipedrive")
				}
				if _, archived, there := crm.Record("deals", sale); !archived || !there {
					t.Errorf("the deal is archived %v, there %v", archived, there)
				}
				if _, _, there := crm.Record("persons", curie); !there {
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
