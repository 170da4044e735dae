package resolve_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// oneWay lets the pairs of the customers in the books flow to them alone.
func (tb *table) oneWay(transforms ...ruleset.Transform) {
	pairs := tb.rules.Groups[0].Mappings[1].Pairs
	for i := range pairs {
		pairs[i].Direction = ruleset.ToSpoke
	}
	pairs[1].ToSpokeTransforms = transforms
}

var asE164 = ruleset.Transform{Name: "phone_e164", Args: map[string]string{"country": "US"}}

// TestARecordThatOnlyReceivesIsRecognisedByWhoComesLater: a customer whose pairs all flow to it founds an entity that has no
// value, and the contact that comes later with its email is it. A second customer would be a double.
func TestARecordThatOnlyReceivesIsRecognisedByWhoComesLater(t *testing.T) {
	tb := newTable(t)
	tb.oneWay()
	b := tb.see(payer, "b1", start, record.Fields{"mail": "Ann@x.example", "tel": "1"})
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""})
	tb.wantOutcome(d, resolve.Applied, record.ReasonMatched)
	if d.Entity != b.Entity {
		t.Errorf("the contact is %s, the customer %s", d.Entity, b.Entity)
	}
	if x := due(d, payer); x != nil && x.Operation == record.OperationCreate {
		t.Errorf("a second customer is due: %v", x.Fields)
	}
}

// TestWhatARecordThatOnlyReceivesShowsNowIsItsKey: its email was corrected before the contact came.
func TestWhatARecordThatOnlyReceivesShowsNowIsItsKey(t *testing.T) {
	tb := newTable(t)
	tb.oneWay()
	b := tb.see(payer, "b1", start, record.Fields{"mail": "an@x.example", "tel": "1"})
	tb.see(payer, "b1", start.Add(1), record.Fields{"mail": "ann@x.example", "tel": "1"})
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""})
	if d.Entity != b.Entity {
		t.Errorf("the contact is %s, the customer %s", d.Entity, b.Entity)
	}
}

// TestAWriteInAnotherFormIsComparedInTheFieldsForm: a telephone that is written as (312) 555-0123 is the hub's +13125550123.
func TestAWriteInAnotherFormIsComparedInTheFieldsForm(t *testing.T) {
	for name, c := range map[string]struct {
		transform ruleset.Transform
		form      []ruleset.Transform
		hub, book string
		same      bool
	}{
		"a telephone":           {ruleset.Transform{Name: "phone_national", Args: asE164.Args}, []ruleset.Transform{asE164}, "+13125550123", "(312) 555-0123", true},
		"capitals":              {ruleset.Transform{Name: "uppercase"}, nil, "north", "NORTH", true},
		"a table":               {ruleset.Transform{Name: "value_map", Map: map[string]string{"1": "one", "2": "two"}}, nil, "2", "two", true},
		"a table with a double": {ruleset.Transform{Name: "value_map", Map: map[string]string{"1": "some", "2": "some"}}, nil, "2", "some", false},
		"what is cut":           {ruleset.Transform{Name: "truncate", Args: map[string]string{"length": "2"}}, nil, "northwest", "no", false},
	} {
		t.Run(name, func(t *testing.T) {
			tb := newTable(t)
			tb.oneWay(c.transform)
			tb.rules.Groups[0].Entities[0].Fields[1].Form = c.form
			tb.rematch("by phone", byPhone)
			b := tb.see(payer, "b1", start, record.Fields{"mail": "", "tel": c.book})
			d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": c.hub, "street": "", "note": ""})
			if (d.Entity == b.Entity) != c.same {
				t.Errorf("the contact is %s, the customer %s; want the same: %t", d.Entity, b.Entity, c.same)
			}
		})
	}
}

// TestALowerRuleJoinsNobodyWhomAHigherOneTellsApart: two people of one household share a telephone and have an email each.
func TestALowerRuleJoinsNobodyWhomAHigherOneTellsApart(t *testing.T) {
	byEmail := ruleset.MatchRule{Name: "email", Parts: []ruleset.MatchPart{{Field: "email"}}}
	for name, c := range map[string]struct {
		mail   string
		reason record.Reason
	}{
		"another email":  {"bob@x.example", record.ReasonKeysDiffer},
		"no email":       {"", record.ReasonMatched},
		"the same email": {"ann@x.example", record.ReasonMatched},
	} {
		t.Run(name, func(t *testing.T) {
			tb := newTable(t)
			tb.rematch("both", byEmail, byPhone)
			tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""})
			d := tb.see(client, "f1", start, record.Fields{"mail": c.mail, "tel": "1", "road": "", "memo": "", "siteid": ""})
			if d.Reason != c.reason {
				t.Errorf("%s because %s, want %s", d.Outcome, d.Reason, c.reason)
			}
		})
	}
}

func hinted(d resolve.Decision) []record.Ref {
	var out []record.Ref
	for _, h := range d.Hints {
		out = append(out, h.Ref)
	}
	return out
}

// TestWhoWaitsForAKeyIsWoken: whatever order it is heard in, the record of the one who holds the key is read, and once that
// has let go of it, the record of the one who waits. A sweep finds those that were not woken.
func TestWhoWaitsForAKeyIsWoken(t *testing.T) {
	tb := newTable(t)
	ann, bob := record.Ref{Place: contact, ID: "h1"}, record.Ref{Place: contact, ID: "h2"}
	shows := func(email string) record.Fields {
		return record.Fields{"email": email, "phone": "1", "street": "", "note": ""}
	}
	a := tb.see(contact, "h1", start, shows("ann@x.example")).Entity
	tb.see(contact, "h2", start, shows("bob@x.example"))
	d := tb.see(contact, "h1", start.Add(1), shows("bob@x.example"))
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonKeyHeld)
	if got := hinted(d); len(got) != 1 || got[0] != bob {
		t.Errorf("who takes a held key hints %v, want %v", got, bob)
	}
	if again := tb.see(contact, "h1", start.Add(1), shows("bob@x.example")); len(again.Hints) > 0 || !again.Patch.Empty() {
		t.Errorf("a second read hints %v and writes %+v", hinted(again), again.Patch)
	}
	if woken := tb.decide(resolve.Observation{Wake: a}); len(woken.Hints) > 0 {
		t.Errorf("a sweep hints %v while the key is held", hinted(woken))
	}
	d = tb.see(contact, "h2", start.Add(1), shows("new@x.example"))
	if got := hinted(d); len(got) != 1 || got[0] != ann {
		t.Errorf("who leaves a key hints %v, want %v", got, ann)
	}
	woken := tb.decide(resolve.Observation{Wake: a})
	if got := hinted(woken); len(got) != 1 || got[0] != ann || !woken.Patch.Empty() {
		t.Errorf("a sweep hints %v and writes %+v, want a hint at %v alone", got, woken.Patch, ann)
	}
	d = tb.see(contact, "h1", start.Add(1), shows("bob@x.example"))
	tb.wantOutcome(d, resolve.Applied, record.ReasonKeyFree)
	tb.wantValue(a, "email", "bob@x.example")
	if c := tb.see(client, "f1", start, record.Fields{"mail": "bob@x.example", "tel": "1", "road": "", "memo": "", "siteid": ""}); c.Entity != a {
		t.Errorf("a client with the key is %s, want %s", c.Entity, a)
	}
}

// TestThreeRecordsThatExchangeTheirKeysSettle: in whatever order they are read.
func TestThreeRecordsThatExchangeTheirKeysSettle(t *testing.T) {
	for _, order := range [][]record.ExternalID{{"h1", "h2", "h3"}, {"h1", "h3", "h2"}, {"h2", "h1", "h3"}, {"h2", "h3", "h1"}, {"h3", "h1", "h2"}, {"h3", "h2", "h1"}} {
		tb := newTable(t)
		shows := func(email string) record.Fields {
			return record.Fields{"email": email, "phone": "1", "street": "", "note": ""}
		}
		before := map[record.ExternalID]string{"h1": "a@x.example", "h2": "b@x.example", "h3": "c@x.example"}
		after := map[record.ExternalID]string{"h1": "b@x.example", "h2": "c@x.example", "h3": "a@x.example"}
		entities := map[record.ExternalID]record.EntityID{}
		for _, id := range []record.ExternalID{"h1", "h2", "h3"} {
			entities[id] = tb.see(contact, id, start, shows(before[id])).Entity
		}
		reads := order
		for n := 0; len(reads) > 0; n++ {
			if n == 20 {
				t.Fatalf("read as %v, they never settle", order)
			}
			id := reads[0]
			d := tb.see(contact, id, start.Add(1), shows(after[id]))
			reads = reads[1:]
			for _, ref := range hinted(d) {
				reads = append(reads[:len(reads):len(reads)], ref.ID)
			}
		}
		for id, entity := range entities {
			if got := tb.value(entity, "email"); got != after[id] {
				t.Errorf("read as %v, %s is %s, want %s", order, id, got, after[id])
			}
		}
	}
}
