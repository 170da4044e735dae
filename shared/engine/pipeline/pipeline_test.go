package pipeline_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestFirstLoadLinksByEmailAndCreatesTheRest(t *testing.T) {
	w := newWorld(t)
	ann := w.hub.Create("contacts", record.Fields{"email": "Ann@Example.com", "phone": "1", "note": "hub"})
	w.hub.Create("contacts", record.Fields{"email": "bob@example.com", "phone": "2"})
	annField := w.field.Create("clients", record.Fields{"mail": "ann@example.com", "tel": "9", "road": "Elm 1"})
	w.field.Create("clients", record.Fields{"mail": "cid@example.com", "tel": "3", "road": "Oak 3"})
	w.book.Create("customers", record.Fields{"mail": "ANN@example.com"})
	w.book.Create("customers", record.Fields{"mail": "dee@example.com"})
	w.sync()
	if got := len(w.hub.IDs("contacts")); got != 3 {
		t.Errorf("hub holds %d contacts, want 3 (ann, bob, cid; dee may not be created there)\n%s", got, w.story())
	}
	if got := len(w.field.IDs("clients")); got != 3 {
		t.Errorf("field holds %d clients, want 3\n%s", got, w.story())
	}
	if got := len(w.book.IDs("customers")); got != 4 {
		t.Errorf("book holds %d customers, want 4\n%s", got, w.story())
	}
	w.want(w.field, "clients", annField, "tel", "1")           // the hub's
	w.want(w.hub, "contacts", ann, "street", "Elm 1")          // the field platform's
	w.want(w.field, "clients", annField, "memo", "hub")        // a blank filled
	w.want(w.hub, "contacts", ann, "email", "Ann@Example.com") // equal in canonical form: left as it is
	before := w.writes()
	w.sync()
	if s := w.sweep(); w.writes() != before || s.Notices != 0 {
		t.Errorf("at rest a sweep sends %d notices and %d writes follow, want none\n%s", s.Notices, w.writes()-before, w.story())
	}
}

func TestEditsTravelOnceAndEchoesEnd(t *testing.T) {
	w := newWorld(t)
	ann := w.hub.Create("contacts", record.Fields{"email": "ann@example.com", "phone": "1"})
	w.sync()
	field, book := w.field.IDs("clients")[0], w.book.IDs("customers")[0]

	before := w.writes()
	w.hub.Edit("contacts", ann, record.Fields{"phone": "2"})
	w.sync()
	w.want(w.field, "clients", field, "tel", "2")
	w.want(w.book, "customers", book, "tel", "2")
	if got := w.writes() - before; got != 2 {
		t.Errorf("an edit on the hub led to %d writes, want 2\n%s", got, w.story())
	}

	before = w.writes()
	w.field.Edit("clients", field, record.Fields{"road": "Elm 5"})
	w.sync()
	w.want(w.hub, "contacts", ann, "street", "Elm 5")
	w.want(w.book, "customers", book, "road", "Elm 5")
	if got := w.writes() - before; got != 2 {
		t.Errorf("an owner's edit on a spoke led to %d writes, want 2\n%s", got, w.story())
	}

	before = w.writes()
	w.book.Edit("customers", book, record.Fields{"tel": "7"})
	w.sync()
	w.want(w.book, "customers", book, "tel", "2")
	w.want(w.hub, "contacts", ann, "phone", "2")
	if got := w.writes() - before; got != 1 {
		t.Errorf("reverting a non-owner took %d writes, want 1\n%s", got, w.story())
	}

	before = w.writes()
	w.hub.Edit("contacts", ann, record.Fields{"email": "ann@new.example"})
	w.sync()
	w.want(w.field, "clients", field, "mail", "ann@new.example")
	if got := w.writes() - before; got != 2 || len(w.field.IDs("clients")) != 1 {
		t.Errorf("a changed email led to %d writes and %d clients, want 2 and 1\n%s", got, len(w.field.IDs("clients")), w.story())
	}
}
