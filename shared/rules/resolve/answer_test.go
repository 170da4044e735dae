package resolve_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func (tb *table) answer(a resolve.Answer) resolve.Decision {
	tb.t.Helper()
	a.At = tb.view.Now
	return tb.commit(tb.decide(resolve.Observation{Answer: &a}))
}

// parked is a contact whose email and phone wait for a person; h2 holds bob@x.example.
func parked(t *testing.T) (*table, record.EntityID, record.EntityID) {
	tb := newTable(t)
	fields := tb.rules.Groups[0].Entities[0].Fields
	fields[1].Form = []ruleset.Transform{{Name: "phone_e164", Args: map[string]string{"on_invalid": "keep"}}}
	fields[1].Conflict = ruleset.ConflictManual
	id := linked(tb)
	other := tb.see(contact, "h2", start, record.Fields{"email": "bob@x.example"}).Entity
	e := *tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity
	e.Parked = map[record.HubField]resolve.Parked{"email": {Reason: record.ReasonManual, Since: start}, "phone": {Reason: record.ReasonManual, Since: start}}
	tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity = &e
	return tb, id, other
}

func TestAnAnswerPassesTheDoorOfAPlatformsValue(t *testing.T) {
	for _, c := range []struct {
		name, want string
		answer     resolve.Answer
		why        record.Reason
	}{
		{"no phone", "1", resolve.Answer{Field: "phone", Value: "banana"}, record.ReasonInvalidValue},
		{"a phone in another spelling", "+13125550123", resolve.Answer{Field: "phone", Value: "(312) 555-0123"}, record.ReasonAnswered},
		{"an email in no canonical form", "ann@new.example", resolve.Answer{Field: "email", Value: " ANN@New.Example "}, record.ReasonAnswered},
		{"an email that another entity holds", "ann@x.example", resolve.Answer{Field: "email", Value: "Bob@x.example"}, record.ReasonKeyHeld},
		{"its own email", "ann@x.example", resolve.Answer{Field: "email", Value: "ANN@x.example"}, record.ReasonAnswered},
		{"a field that waits for nobody", "Elm", resolve.Answer{Field: "street", Value: "Oak"}, record.ReasonNotParked},
		{"such a field, with a reason", "Oak", resolve.Answer{Field: "street", Value: "Oak", Force: "moved"}, record.ReasonAnswered},
		{"an invalid value, with a reason", "1", resolve.Answer{Field: "phone", Value: "banana", Force: "I say so"}, record.ReasonInvalidValue},
		{"a blank where blanks are no values", "n", resolve.Answer{Field: "note", Force: "tidy"}, record.ReasonBlankKept},
		{"a field that is not declared", "", resolve.Answer{Field: "nonsense", Value: "x", Force: "y"}, record.ReasonNotMapped},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb, id, other := parked(t)
			c.answer.Entity = id
			d := tb.answer(c.answer)
			tb.wantValue(id, c.answer.Field, c.want)
			if c.why == record.ReasonAnswered {
				tb.wantOutcome(d, resolve.Applied, c.why)
				return
			}
			tb.wantOutcome(d, resolve.Unsupported, c.why)
			if !d.Patch.Empty() {
				t.Errorf("a refused answer changes %+v", d.Patch)
			}
			if c.why == record.ReasonKeyHeld {
				if diff := cmp.Diff([]record.EntityID{other}, d.Holders); diff != "" {
					t.Errorf("who holds it:\n%s", diff)
				}
			}
		})
	}
}

// TestAnAnswerIsNobodysEdit: the platform shows what we wrote, in its canonical form, and nobody has edited anything.
func TestAnAnswerIsNobodysEdit(t *testing.T) {
	tb, id, _ := parked(t)
	d := tb.answer(resolve.Answer{Entity: id, Field: "email", Value: " ANN@New.Example "})
	if x := due(d, contact); x == nil || x.Fields["email"] != "ann@new.example" {
		t.Fatalf("due at the hub: %+v", x)
	}
	tb.write(d, contact, "h1", nil)
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@new.example", "phone": "1", "street": "Elm", "note": "n"})
	tb.wantOutcome(d, resolve.Noop, record.ReasonUnchanged)
}

// TestAnEntityWhoseTypeHasLeftTheConfiguration is looked at in every way.
func TestAnEntityWhoseTypeHasLeftTheConfiguration(t *testing.T) {
	see := func(place record.Place, id record.ExternalID) *record.Snapshot {
		return &record.Snapshot{Ref: record.Ref{Place: place, ID: id}, Fields: record.Fields{"mail": "ann@x.example"}, ReadBegan: start.Add(time.Hour)}
	}
	for name, o := range map[string]func(record.EntityID) resolve.Observation{
		"an answer": func(id record.EntityID) resolve.Observation {
			return resolve.Observation{Answer: &resolve.Answer{Entity: id, Field: "phone", Value: "1"}}
		},
		"a wake-up":  func(id record.EntityID) resolve.Observation { return resolve.Observation{Wake: id} },
		"a snapshot": func(record.EntityID) resolve.Observation { return resolve.Observation{Snapshot: see(client, "f1")} },
		"an absence": func(record.EntityID) resolve.Observation {
			return resolve.Observation{Absence: &record.Absence{Ref: see(client, "f1").Ref, Evidence: record.EvidenceDeleted, ReadBegan: start.Add(time.Hour)}}
		},
		"a create":    receiptOf(record.OperationCreate),
		"an update":   receiptOf(record.OperationUpdate),
		"an archive":  receiptOf(record.OperationArchive),
		"a deletion":  receiptOf(record.OperationDelete),
		"a restoring": receiptOf(record.OperationRestore),
	} {
		t.Run(name, func(t *testing.T) {
			tb := newTable(t)
			id := linked(tb)
			g := &tb.rules.Groups[0]
			g.Entities, g.Mappings = g.Entities[1:], g.Mappings[2:]
			tb.rules.Index()
			d := tb.decide(o(id))
			tb.wantOutcome(d, resolve.Unsupported, record.ReasonNotMapped)
			if !d.Patch.Empty() || len(d.Due) > 0 {
				t.Errorf("it changes something: %+v", d)
			}
		})
	}
}

func receiptOf(op record.Operation) func(record.EntityID) resolve.Observation {
	return func(id record.EntityID) resolve.Observation {
		return resolve.Observation{Receipt: &resolve.Receipt{Entity: id, Place: client, Receipt: record.Receipt{ID: "f1"},
			Intent: record.Intent{Operation: op, Ref: record.Ref{Place: client, ID: "f1"}, Fields: record.Fields{"tel": "2"}}}}
	}
}
