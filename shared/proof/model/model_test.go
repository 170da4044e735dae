package model

import (
	"slices"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// sure is a platform that shows what it is given, takes everything but "!", and brings nothing back.
var sure = Platforms{
	Spells:   func(_ record.Place, _ record.PlatformField, text string) string { return text },
	Refuses:  func(_ record.Place, _ record.PlatformField, text string) bool { return text == "!" },
	Restores: func(record.Place) bool { return false },
}

var (
	onHub = record.Place{Connection: "hub", Object: "people"}
	onA   = record.Place{Connection: "a", Object: "people"}
)

func ref(p record.Place, id string) record.Ref {
	return record.Ref{Place: p, ID: record.ExternalID(id)}
}

// group is a hub and a spoke with an email that the hub owns, a note that is everybody's, and a stage that only flows to the
// spoke, by a map that has no word for "maybe".
func group() *ruleset.Group {
	lower := []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}
	r := ruleset.Rules{Groups: []ruleset.Group{{Name: "g", Hub: "hub",
		Entities: []ruleset.Entity{{Type: "people", Match: []ruleset.MatchRule{{Name: "email", Parts: []ruleset.MatchPart{{Field: "email"}}}},
			Fields: []ruleset.Field{
				{Name: "email", Form: lower, Owner: ruleset.Owner{Connection: "hub"}, NonOwner: ruleset.NonOwnerRevert,
					Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankKeep},
				{Name: "note", Owner: ruleset.Owner{LastWriteWins: true}, Conflict: ruleset.ConflictNewest, Blank: ruleset.BlankClear},
				{Name: "stage", Owner: ruleset.Owner{Connection: "hub"}, NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner,
					Blank: ruleset.BlankClear}}}},
		Mappings: []ruleset.Mapping{{Name: "people-a", Hub: "people", Spoke: onA, Direction: ruleset.Both, Create: ruleset.CreateBoth,
			Delete: ruleset.DeleteArchive, Pairs: []ruleset.Pair{
				{Hub: []record.HubField{"email"}, Spoke: []record.PlatformField{"mail"}, Direction: ruleset.Both},
				{Hub: []record.HubField{"note"}, Spoke: []record.PlatformField{"text"}, Direction: ruleset.Both},
				{Hub: []record.HubField{"stage"}, Spoke: []record.PlatformField{"status"}, Direction: ruleset.ToSpoke,
					ToSpokeTransforms: []ruleset.Transform{{Name: "value_map", Map: map[string]string{"won": "ok", "lost": "no"}}}}}}},
	}}}
	r.Index()
	return &r.Groups[0]
}

func TestTheModelSaysWhatMustBeSo(t *testing.T) {
	ada := Action{Ref: ref(onHub, "1"), Fields: record.Fields{"email": "ada@x", "note": "n", "stage": "won"}}
	adaOnA := Action{Ref: ref(onA, "1"), Fields: record.Fields{"mail": "ADA@x", "text": "m", "status": ""}}
	at := func(f ...any) Seen {
		s := Seen{}
		for i := 0; i < len(f); i += 2 {
			s[f[i].(record.Ref)] = f[i+1].(record.Fields)
		}
		return s
	}
	hub := func(email, note, stage string) record.Fields {
		return record.Fields{"email": email, "note": note, "stage": stage}
	}
	a := func(mail, text, status string) record.Fields {
		return record.Fields{"mail": mail, "text": text, "status": status}
	}
	set := func(r record.Ref, name record.PlatformField, text string) Action {
		return Action{Kind: Edit, Ref: r, Fields: record.Fields{name: text}}
	}
	for _, c := range []struct {
		name  string
		begin []Action
		does  []Action
		seen  Seen
	}{
		{"a record of the hub is made on the spoke", []Action{ada}, nil,
			at(ref(onHub, "1"), hub("ada@x", "n", "won"), ref(onA, "7"), a("ada@x", "n", "ok"))},
		{"records of one key are one thing, and the better rank stands", []Action{ada, adaOnA}, nil,
			at(ref(onHub, "1"), hub("ada@x", "n", "won"), ref(onA, "1"), a("ADA@x", "n", "ok"))},
		{"an edit of what is everybody's goes everywhere", []Action{ada, adaOnA}, []Action{set(ref(onA, "1"), "text", "new")},
			at(ref(onHub, "1"), hub("ada@x", "new", "won"), ref(onA, "1"), a("ADA@x", "new", "ok"))},
		{"an edit of what is the hub's is undone", []Action{ada, adaOnA}, []Action{set(ref(onA, "1"), "mail", "b@x")},
			at(ref(onHub, "1"), hub("ada@x", "n", "won"), ref(onA, "1"), a("ada@x", "n", "ok"))},
		{"a blank that is kept full is filled again", []Action{ada, adaOnA}, []Action{set(ref(onHub, "1"), "email", "")},
			at(ref(onHub, "1"), hub("ada@x", "n", "won"), ref(onA, "1"), a("ADA@x", "n", "ok"))},
		{"a value without an entry says nothing", []Action{ada, adaOnA}, []Action{set(ref(onHub, "1"), "stage", "maybe")},
			at(ref(onHub, "1"), hub("ada@x", "n", "maybe"), ref(onA, "1"), a("ADA@x", "n", "ok"))},
		{"a value that is refused stays where it was given", []Action{ada, adaOnA}, []Action{set(ref(onHub, "1"), "note", "!")},
			at(ref(onHub, "1"), hub("ada@x", "!", "won"), ref(onA, "1"), a("ADA@x", "n", "ok"))},
		{"a deletion is carried on", []Action{ada, adaOnA}, []Action{{Kind: Delete, Ref: ref(onA, "1")}}, at()},
		{"a second record of a person waits and is left alone", []Action{ada, adaOnA},
			[]Action{{Ref: ref(onHub, "2"), Fields: hub("ada@x", "z", "")}},
			at(ref(onHub, "1"), hub("ada@x", "n", "won"), ref(onA, "1"), a("ADA@x", "n", "ok"), ref(onHub, "2"), hub("ada@x", "z", ""))},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := New(group(), sure, c.begin)
			for _, x := range c.does {
				m.Act(x)
			}
			if got := m.Judge(c.seen); len(got) > 0 {
				t.Errorf("the model objects: %q", got)
			}
		})
	}
}

func TestTheModelTellsEveryDifference(t *testing.T) {
	ada := Action{Ref: ref(onHub, "1"), Fields: record.Fields{"email": "ada@x", "note": "n", "stage": "won"}}
	for _, c := range []struct {
		name string
		seen Seen
		want string
	}{
		{"a record that was not made", Seen{ref(onHub, "1"): ada.Fields},
			`a/people of hub/people/1 should have been made with map[mail:ada@x status:ok text:n], and was not`},
		{"a record that is gone", Seen{}, `hub/people/1 should be there, and is not`},
		{"a value of the hub that was changed", Seen{ref(onHub, "1"): {"email": "ada@x", "note": "m", "stage": "won"}},
			`hub/people/1 shows "m" in note, and it should be "n"`},
		{"a record that nobody asked for", Seen{ref(onHub, "2"): {"email": "bo@x"}},
			`hub/people/2 is there with map[email:bo@x], and nothing asks for it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := New(group(), sure, []Action{ada}).Judge(c.seen); !slices.Contains(got, c.want) {
				t.Errorf("got %q, want among them %q", got, c.want)
			}
		})
	}
}

func TestTheModelPermitsEveryOrderOfTwins(t *testing.T) {
	first := Action{Ref: ref(onHub, "1"), Fields: record.Fields{"email": "ada@x", "note": "first"}}
	second := Action{Ref: ref(onHub, "2"), Fields: record.Fields{"email": "ada@x", "note": "second"}}
	for _, made := range []string{"first", "second"} {
		seen := Seen{first.Ref: first.Fields, second.Ref: second.Fields, ref(onA, "9"): {"mail": "ada@x", "text": made}}
		if got := New(group(), sure, []Action{first, second}).Judge(seen); len(got) > 0 {
			t.Errorf("the %s made: the model objects: %q", made, got)
		}
	}
	seen := Seen{first.Ref: first.Fields, second.Ref: second.Fields, ref(onA, "8"): {"mail": "ada@x", "text": "first"},
		ref(onA, "9"): {"mail": "ada@x", "text": "second"}}
	if got := New(group(), sure, []Action{first, second}).Judge(seen); len(got) == 0 {
		t.Error("both were made, and the model does not object")
	}
}
