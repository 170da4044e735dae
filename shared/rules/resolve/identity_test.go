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
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonMatched)
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
		reason resolve.Reason
	}{
		"another email":  {"bob@x.example", resolve.ReasonKeysDiffer},
		"no email":       {"", resolve.ReasonMatched},
		"the same email": {"ann@x.example", resolve.ReasonMatched},
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
