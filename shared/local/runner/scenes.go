package runner

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Scene is one edit of the demonstration, as a person would make it.
type Scene struct {
	Title string
	Play  func() error
}

// roles finds the example's three connections by their platforms; ok is false for another configuration.
func (w *World) roles() (hub, field, books record.Connection, ok bool) {
	for _, c := range w.Rules.Connections {
		switch c.Platform {
		case "hubspot":
			hub = c.Name
		case "jobber":
			field = c.Name
		case "quickbooks":
			books = c.Name
		}
	}
	return hub, field, books, hub == w.hub() && field != "" && books != "" && len(w.Rules.Connections) == 3
}

// SeedExample fills the platforms with the demonstration's people and deals.
func (w *World) SeedExample() error {
	if err := w.SeedDemo(); err != nil {
		return err
	}
	w.baseline()
	w.forgetNews()
	return nil
}

// forgetNews drops the webhooks of records that were there before anybody synchronised them.
func (w *World) forgetNews() {
	for _, sim := range w.Sims {
		for range newsMax {
			news := sim.Deliveries()
			for _, d := range news {
				sim.Delivered(d, http.StatusOK)
			}
			if sim.PendingDeliveries() == 0 {
				break
			}
			w.Clock.Skip(skipStep)
		}
	}
}

// newsMax bounds forgetNews: the longest a simulator holds a webhook back, in steps.
const newsMax = 120

// Scenes lists the demonstration's edits, in order: the example's own, or those that any configuration can play.
func (w *World) Scenes() []Scene {
	hub, field, books, ok := w.roles()
	if !ok {
		return w.anyScenes()
	}
	ana := func(c record.Connection, object record.Object, name record.PlatformField) (record.ExternalID, error) {
		return w.find(c, object, name, "ana.ruiz@example.com")
	}
	edit := func(c record.Connection, object record.Object, id record.ExternalID, err error, fields record.Fields) error {
		if err != nil {
			return err
		}
		w.Moved()
		return w.Sims[c].Edit(object, id, fields)
	}
	return []Scene{
		{"HubSpot: Sales corrects Ana's phone", func() error {
			id, err := ana(hub, "contacts", "email")
			return edit(hub, "contacts", id, err, record.Fields{"phone": "312 555 0171"})
		}},
		{"Jobber: a technician corrects Ana's service address", func() error {
			id, err := ana(field, "clients", "emails[primary].address")
			return edit(field, "clients", id, err, record.Fields{"properties[first].street1": "18 Elm Street, rear"})
		}},
		{"QuickBooks: the bookkeeper types another phone for Ana; Sales owns it", func() error {
			id, err := ana(books, "customers", "PrimaryEmailAddr.Address")
			return edit(books, "customers", id, err, record.Fields{"PrimaryPhone.FreeFormNumber": "(312) 555-0999"})
		}},
		{"HubSpot: Ana has a new email", func() error {
			id, err := ana(hub, "contacts", "email")
			return edit(hub, "contacts", id, err, record.Fields{"email": "ana@ruiz.example"})
		}},
		{"Jobber: a new customer calls", func() error {
			w.Moved()
			_, err := w.Sims[field].Create("clients", record.Fields{"firstName": "Sam", "lastName": "Torres", "emails[primary].address": "sam.torres@example.com",
				"phones[primary].number": "7735550120", "properties[first].street1": "44 Grand Ave", "properties[first].city": "Chicago", "properties[first].province": "IL",
				"properties[first].postalCode": "60654", "properties[first].country": "US"})
			return err
		}},
		{"HubSpot: the deal \"Surgery lighting\" is won", func() error {
			id, err := w.find(hub, "deals", "dealname", "Surgery lighting")
			return edit(hub, "deals", id, err, record.Fields{"dealstage": "closedwon"})
		}},
		{"Jobber: the job \"Kitchen refit\" is done and wants an invoice", func() error {
			id, err := w.find(field, "jobs", "title", "Kitchen refit")
			return edit(field, "jobs", id, err, record.Fields{"jobStatus": "requires_invoicing"})
		}},
	}
}

// find gives the one live record whose field has a value, compared without case.
func (w *World) find(c record.Connection, object record.Object, name record.PlatformField, value string) (record.ExternalID, error) {
	sim := w.Sims[c]
	for _, id := range sim.IDs(object) {
		if fields, _, ok := sim.Record(object, id); ok && strings.EqualFold(fields[name], value) {
			return id, nil
		}
	}
	return "", fmt.Errorf("no %s on %s has this %s", object, c, name)
}

// baseline remembers how many records share a key before anything was synchronised, so that Duplicates counts only
// what was added since.
func (w *World) baseline() {
	w.before = w.keyCounts()
}

// Duplicates counts live records beyond one for each first match key at each place, less those that people had made
// before the first load. It reads the simulators alone, not our state.
func (w *World) Duplicates() int {
	total := 0
	for key, n := range w.keyCounts() {
		if extra := n - max(w.before[key], 1); extra > 0 {
			total += extra
		}
	}
	return total
}

// keyCounts counts live records by place and what people know them by: an email, or a company's name.
func (w *World) keyCounts() map[string]int {
	counts := map[string]int{}
	for _, place := range w.Rules.Places() {
		key := w.keyField(place)
		if key == "" {
			continue
		}
		sim := w.Sims[place.Connection]
		for _, id := range sim.IDs(place.Object) {
			if fields, _, ok := sim.Record(place.Object, id); ok && strings.TrimSpace(fields[key]) != "" {
				counts[place.String()+"#"+strings.ToLower(strings.TrimSpace(fields[key]))]++
			}
		}
	}
	return counts
}

// keyField gives the field of a place by which people know its records, "" for none: two deals may share a name.
func (w *World) keyField(place record.Place) record.PlatformField {
	for concept, meaning := range map[catalog.Concept]catalog.Meaning{catalog.Person: catalog.MeansEmail, catalog.Company: catalog.MeansName} {
		if o := w.objectOf(place.Connection, concept); o != nil && o.Name == place.Object {
			return o.Means[meaning]
		}
	}
	return ""
}

// Stirred reports whether there is anything to move.
func (w *World) Stirred(ctx context.Context) bool {
	w.mu.Lock()
	moved := w.moved
	w.mu.Unlock()
	return moved || w.onTheWay(ctx) > 0
}

// AtRest reports whether nothing is on its way and nobody moved anything.
func (w *World) AtRest(ctx context.Context) bool { return !w.Stirred(ctx) }
