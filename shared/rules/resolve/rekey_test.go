package resolve_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// rematch changes the match rules of contacts, as an activation does.
func (tb *table) rematch(matching string, rules ...ruleset.MatchRule) {
	e := &tb.rules.Groups[0].Entities[0]
	e.Match, e.Matching = rules, matching
}

var byPhone = ruleset.MatchRule{Name: "phone", Parts: []ruleset.MatchPart{{Field: "phone"}}}

// TestAWakeRenewsTheKeysOfChangedMatchRules: an entity that nothing happens to is recognised by the new rules, once.
func TestAWakeRenewsTheKeysOfChangedMatchRules(t *testing.T) {
	tb := newTable(t)
	id := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"}).Entity
	byEmail := tb.rules.Groups[0].Entities[0].Match[0]
	tb.rematch("by phone", byPhone)
	woken := tb.commit(tb.decide(resolve.Observation{Wake: id}))
	if woken.Patch.Entity == nil {
		t.Fatal("a wake under changed match rules changes nothing")
	}
	if again := tb.decide(resolve.Observation{Wake: id}); !again.Patch.Empty() {
		t.Errorf("a second wake writes again: %+v", again.Patch)
	}
	d := tb.see(payer, "b1", start, record.Fields{"mail": "another@x.example", "tel": "1"})
	tb.wantOutcome(d, resolve.Applied, record.ReasonMatched)
	if d.Entity != id {
		t.Errorf("matched %s, want %s", d.Entity, id)
	}
	// The earlier rules may still run for a moment: a record that only the left key would tell is held, not doubled.
	tb.rematch("", byEmail)
	d = tb.see(client, "f9", start, record.Fields{"mail": "ann@x.example", "tel": "9", "road": "", "memo": "", "siteid": ""})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonFormerKey)
}

// TestEntitiesThatShareANewKeyAreAmbiguousToWhoComes: neither is preferred, whichever was renewed first.
func TestEntitiesThatShareANewKeyAreAmbiguousToWhoComes(t *testing.T) {
	tb := newTable(t)
	a := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""}).Entity
	b := tb.see(contact, "h2", start, record.Fields{"email": "bob@x.example", "phone": "1", "street": "", "note": ""}).Entity
	tb.rematch("by phone", byPhone)
	tb.commit(tb.decide(resolve.Observation{Wake: a}))
	tb.commit(tb.decide(resolve.Observation{Wake: b}))
	d := tb.see(payer, "b1", start, record.Fields{"mail": "new@x.example", "tel": "1"})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonAmbiguous)
}

// TestEarlierRulesThatStillRunMakeTheKeysOutdatedAgain: whose rules the keys are of is always known.
func TestEarlierRulesThatStillRunMakeTheKeysOutdatedAgain(t *testing.T) {
	tb := newTable(t)
	byEmail := tb.rules.Groups[0].Entities[0].Match[0]
	id := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""}).Entity
	tb.rematch("by phone", byPhone)
	tb.commit(tb.decide(resolve.Observation{Wake: id}))
	tb.rematch("", byEmail)
	tb.see(contact, "h1", start.Add(1), record.Fields{"email": "ann@x.example", "phone": "2", "street": "", "note": ""})
	tb.rematch("by phone", byPhone)
	tb.commit(tb.decide(resolve.Observation{Wake: id}))
	d := tb.see(payer, "b1", start, record.Fields{"mail": "x@x.example", "tel": "2"})
	tb.wantOutcome(d, resolve.Applied, record.ReasonMatched)
}
