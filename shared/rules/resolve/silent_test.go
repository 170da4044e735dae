package resolve_test

import (
	"maps"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
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
	tb.wantSeen(id, client, "memo", record.ReasonUnmappedValue, "no entry for Qualification in the value map of note")
	if again := tb.see(client, "f1", tb.view.Now, clientWith("Qualification")); !again.Patch.Empty() {
		t.Errorf("seen again it changes something: %+v", again.Patch)
	}
	// A newer edit by anyone who may write the field ends it.
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "won"})
	if x := due(d, client); x == nil || x.Fields["memo"] != "Closed Won" {
		t.Fatalf("the hub's edit is not due over it: %+v", d.Due)
	}
	tb.write(d, client, "f1", nil)
	tb.wantNoneSeen(id, client)
	// A hub value without an entry is not written, and what the spoke has is not emptied.
	tb = staged(t)
	id = tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "open"}).Entity
	tb.see(client, "f1", start, clientWith("Prospecting"))
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "lost"})
	if x := due(d, client); x != nil {
		t.Errorf("a value without an entry is due: %+v", x)
	}
	tb.wantSeen(id, client, "memo", record.ReasonUnmappedValue, "no entry for lost in the value map of memo")
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "won"})
	tb.wantNoneSeen(id, client)
	if x := due(d, client); x == nil || x.Fields["memo"] != "Closed Won" {
		t.Errorf("a value with an entry is not due after it: %+v", d.Due)
	}
}

func (tb *table) seen(id record.EntityID, place record.Place) map[record.PlatformField]resolve.Seen {
	return tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[place].Seen
}

func (tb *table) wantSeen(id record.EntityID, place record.Place, field record.PlatformField, why record.Reason, words string) {
	tb.t.Helper()
	if seen := tb.seen(id, place)[field]; seen.Why != why || seen.Words != words {
		tb.t.Errorf("%s of %s is seen as %q, %q; want %q, %q", field, place, seen.Why, seen.Words, why, words)
	}
}

func (tb *table) wantNoneSeen(id record.EntityID, place record.Place) {
	tb.t.Helper()
	if seen := tb.seen(id, place); len(seen) > 0 {
		tb.t.Errorf("still seen on %s: %+v", place, seen)
	}
}

func TestAnOptionWithoutAnEntryAtFirstSightIsOverruledByALaterEditAlone(t *testing.T) {
	tb := staged(t)
	id := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "open"}).Entity
	d := tb.see(client, "f1", start, clientWith("Qualification"))
	if x := due(d, client); x != nil {
		t.Errorf("what stood there is overwritten: %+v", x)
	}
	tb.wantSeen(id, client, "memo", record.ReasonUnmappedValue, "no entry for Qualification in the value map of note")
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "won"})
	if x := due(d, client); x == nil || x.Fields["memo"] != "Closed Won" {
		t.Errorf("a later edit is not due: %+v", d.Due)
	}
}

// TestAWriteWithoutEffectIsNotRepeated: the platform answers that all is well, and shows the old value.
func TestAWriteWithoutEffectIsNotRepeated(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.shows = record.Fields{"tel": "1"}
	crm := record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"}
	d := tb.see(contact, "h1", tb.view.Now, crm)
	d = tb.write(d, client, "f1", nil)
	if x := due(d, client); x != nil {
		t.Errorf("a write that was ignored is due again: %+v", x)
	}
	tb.wantSeen(id, client, "tel", record.ReasonOldValueKept, "field took our value of tel and kept its old one")
	for range 3 { // neither reads nor wake-ups make it due, and the old value is nobody's edit
		tb.pass(time.Hour)
		d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n"})
		tb.wantValue(id, "phone", "2")
		if x := due(d, client); x != nil || !d.Patch.Empty() {
			t.Errorf("later it is due again, or changes something: %+v, %+v", x, d.Patch)
		}
	}
	// Another configuration may write it otherwise: it is tried once.
	tb.rules.Digest = "another"
	d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n"})
	if x := due(d, client); x == nil || x.Fields["tel"] != "2" {
		t.Fatalf("under another configuration it is not tried again: %+v", d.Due)
	}
	if d = tb.write(d, client, "f1", nil); due(d, client) != nil {
		t.Errorf("tried more than once under a configuration: %+v", d.Due)
	}
	// The platform's value changes: an edit like any other, here by another than the owner.
	tb.pass(time.Minute)
	d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "7", "road": "Elm", "memo": "n"})
	if x := due(d, client); x == nil || x.Fields["tel"] != "2" {
		t.Errorf("an edit by another than the owner is not undone: %+v", d.Due)
	}
	// And so does the wanted value.
	tb.shows = nil
	crm["phone"] = "3"
	d = tb.see(contact, "h1", tb.view.Now, crm)
	tb.write(d, client, "f1", nil)
	tb.wantNoneSeen(id, client)
}

// TestWhatAPlatformFillsInIsNobodysEdit: a record is made without an amount, and the platform answers 0.
func TestWhatAPlatformFillsInIsNobodysEdit(t *testing.T) {
	for _, told := range []string{"the answer tells it", "nobody knows what became of the create"} {
		t.Run(told, func(t *testing.T) {
			tb := newTable(t)
			memo := &tb.rules.Groups[0].Mappings[0].Pairs[3]
			memo.Default = "0"
			memo.Kinds = []catalog.Kind{catalog.Money}
			tb.rules.Index()
			crm := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": ""}
			d := tb.see(contact, "h1", start, crm)
			made := maps.Clone(due(d, client).Fields)
			made["memo"] = "0.00"
			if told == "the answer tells it" {
				tb.shows = record.Fields{"memo": "0.00"}
				tb.write(d, client, "f1", nil)
			} else {
				tb.write(d, client, "", fault.Newf(fault.InDoubt, "create", "no answer"))
			}
			tb.pass(10 * time.Minute)
			seen := tb.see(client, "f1", tb.view.Now, made)
			tb.wantValue(d.Entity, "note", "")
			if due(seen, contact) != nil || due(seen, client) != nil {
				t.Errorf("a default makes something due: %+v", seen.Due)
			}
			if s := tb.seen(d.Entity, client)["memo"]; s.Why != record.ReasonPlatformDefault || s.Troubles() {
				t.Errorf("seen as %+v, want the platform's default, which troubles nobody", s)
			}
			tb.pass(time.Minute)
			made["memo"] = "5"
			tb.see(client, "f1", tb.view.Now, made)
			tb.wantValue(d.Entity, "note", "5")
			tb.pass(time.Minute)
			made["memo"] = "0"
			tb.see(client, "f1", tb.view.Now, made) // 0 in place of 5 was typed by somebody
			tb.wantValue(d.Entity, "note", "0")
		})
	}
}

func TestADefaultThatWasThereBeforeIsFilledLikeABlank(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[0].Pairs[3].Default = "0"
	tb.rules.Index()
	id := tb.see(client, "f1", start, clientWith("0")).Entity
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "500"})
	tb.wantValue(id, "note", "500")
	if x := due(d, client); x == nil || x.Fields["memo"] != "500" {
		t.Errorf("the hub's value does not fill it: %+v", d.Due)
	}
}

// TestAFieldThatIsGoneIsHeldWhileOthersFlow: a custom field was deleted on the platform.
func TestAFieldThatIsGoneIsHeldWhileOthersFlow(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	without := func(mail string) resolve.Decision {
		tb.t.Helper()
		return tb.commit(tb.decide(resolve.Observation{Snapshot: &record.Snapshot{Ref: record.Ref{Place: client, ID: "f1"}, ModifiedAt: tb.view.Now, ReadBegan: tb.view.Now,
			Fields: record.Fields{"mail": mail, "tel": "1", "road": "Oak"}, Gone: []record.PlatformField{"memo"}}}))
	}
	d := without("ann@x.example")
	tb.wantValue(id, "note", "n")
	tb.wantValue(id, "street", "Oak")
	tb.wantSeen(id, client, "memo", record.ReasonFieldGone, "field has no field memo any more, so nothing is read from it or written to it")
	if due(d, contact) == nil {
		t.Error("the other field does not flow")
	}
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Oak", "note": "later"})
	if x := due(d, client); x == nil || x.Fields["tel"] != "2" || len(x.Fields) != 1 {
		t.Errorf("due there: %+v, want the phone alone", x)
	}
	tb.pass(time.Minute)
	d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Oak", "memo": "n"})
	if seen, still := tb.seen(id, client)["memo"]; still {
		t.Errorf("it is there again, and still %+v", seen)
	}
	if x := due(d, client); x == nil || x.Fields["memo"] != "later" {
		t.Errorf("what changed meanwhile is not due once it is there again: %+v", d.Due)
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

// Rule 9: a client shows no email because its platform has the field no longer. It is held, and not taken for somebody new; it is
// matched once the field is back.
func TestARecordWhoseKeyFieldIsGoneIsNobodyNew(t *testing.T) {
	tb := newTable(t)
	id := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""}).Entity
	s := record.Snapshot{Ref: record.Ref{Place: client, ID: "f1"}, ReadBegan: start, Gone: []record.PlatformField{"mail"},
		Fields: record.Fields{"tel": "1", "road": "", "memo": "", "siteid": ""}}
	d := tb.commit(tb.decide(resolve.Observation{Snapshot: &s}))
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonFieldGone)
	if due(d, contact) != nil {
		t.Errorf("a contact is made for it: %+v", due(d, contact))
	}
	tb.pass(time.Hour)
	d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "", "memo": "", "siteid": ""})
	if tb.wantOutcome(d, resolve.Applied, record.ReasonMatched); d.Entity != id {
		t.Errorf("with its email it became %s, want %s", d.Entity, id)
	}
}

// TestOfSeveralValuesTheKnownOneCounts: a second telephone is added beside the one that was; then the first is taken away.
func TestOfSeveralValuesTheKnownOneCounts(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	see := func(several ...string) resolve.Decision {
		tb.pass(time.Minute)
		return tb.commit(tb.decide(resolve.Observation{Snapshot: &record.Snapshot{Ref: record.Ref{Place: contact, ID: "h1"}, ModifiedAt: tb.view.Now, ReadBegan: tb.view.Now,
			Fields: record.Fields{"email": "ann@x.example", "street": "Elm", "note": "n"}, Several: map[record.PlatformField][]string{"phone": several}}}))
	}
	see("0", "1")
	tb.wantValue(id, "phone", "1")
	tb.wantNoneSeen(id, contact)
	d := see("0", "2")
	tb.wantValue(id, "phone", "1")
	if seen := tb.seen(id, contact)["phone"]; seen.Why != record.ReasonFieldGone {
		t.Errorf("the phone is seen as %+v", seen)
	}
	if x := due(d, contact); x != nil {
		t.Errorf("something is due over what cannot be told: %+v", x)
	}
}
