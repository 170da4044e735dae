package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// staged is a table in which the spoke "field" knows the note by options of its own, both ways.
func staged(t *testing.T) *table {
	tb := newTable(t)
	p := both("note", "memo")
	p.ToHubTransforms = []ruleset.Transform{{Name: "value_map", Map: map[string]string{"Prospecting": "open", "Closed Won": "won"}}}
	p.ToSpokeTransforms = []ruleset.Transform{{Name: "value_map", Map: map[string]string{"open": "Prospecting", "won": "Closed Won"}}}
	m := &tb.rules.Groups[0].Mappings[0]
	m.Pairs[3] = p
	tb.rules.Index()
	return tb
}

func clientWith(memo string) record.Fields {
	return record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": memo, "siteid": ""}
}

func TestAnOptionWithoutAnEntryStaysAndTravelsNowhere(t *testing.T) {
	tb := staged(t)
	id := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "open"}).Entity
	tb.see(client, "f1", start, clientWith("Prospecting"))
	tb.pass(time.Minute)

	d := tb.see(client, "f1", tb.view.Now, clientWith("Qualification"))
	tb.wantValue(id, "note", "open")
	if due(d, client) != nil || due(d, contact) != nil {
		t.Errorf("an option that says nothing makes something due: %+v", d.Due)
	}
	// A newer edit by whoever may write the field ends it.
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "won"})
	if x := due(d, client); x == nil || x.Fields["memo"] != "Closed Won" {
		t.Errorf("the hub's edit is not due over it: %+v", d.Due)
	}
	// A hub value without an entry is not written, and what the spoke has is not emptied.
	tb = staged(t)
	tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "open"})
	tb.see(client, "f1", start, clientWith("Prospecting"))
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "lost"})
	if x := due(d, client); x != nil {
		t.Errorf("a value without an entry is due: %+v", x)
	}
}

func TestAnAddressThatCannotBeReadEmptiesNothing(t *testing.T) {
	tb := newTable(t)
	m := &tb.rules.Groups[0].Mappings[0]
	for _, part := range []string{"street", "city", "state", "zip"} {
		field := record.HubField(part)
		if part != "street" {
			tb.rules.Groups[0].Entities[0].Fields = append(tb.rules.Groups[0].Entities[0].Fields, owned(field, "field"))
		}
		m.Pairs = append(m.Pairs, ruleset.Pair{Hub: []record.HubField{field}, Spoke: []record.PlatformField{"line"}, Direction: ruleset.ToHub,
			ToHubTransforms: []ruleset.Transform{{Name: "address_parse_" + part}}})
	}
	m.Pairs = append(m.Pairs[:2], m.Pairs[3:]...) // the road is the line's
	tb.rules.Index()
	person := record.Fields{"mail": "ann@x.example", "tel": "1", "memo": "n", "line": "1 Main St, Reno, NV 89501"}
	id := tb.see(client, "f1", start, person).Entity
	for _, typed := range []string{"10 Downing Street, London SW1A 2AA, UK", "221 E 51st St Chicago IL 60615", "ask Bob"} {
		tb.pass(time.Minute)
		person["line"] = typed
		d := tb.see(client, "f1", tb.view.Now, person)
		for field, want := range map[record.HubField]string{"street": "1 Main St", "city": "Reno", "state": "NV", "zip": "89501"} {
			tb.wantValue(id, field, want)
		}
		if x := due(d, client); x != nil {
			t.Errorf("%q: due where it was typed: %+v", typed, x)
		}
		if d.Outcome == resolve.ParkedWork {
			t.Errorf("%q parks the field everywhere", typed)
		}
	}
	tb.pass(time.Minute)
	person["line"] = "2 Oak St, Peoria, IL 61602"
	tb.see(client, "f1", tb.view.Now, person)
	tb.wantValue(id, "city", "Peoria")
	tb.wantValue(id, "zip", "61602")
}
