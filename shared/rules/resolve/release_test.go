package resolve_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 13: what a person let pass whole passes beside the limit, and no more than that.
func TestLeaveIsSpentBesideTheLimit(t *testing.T) {
	limits := ruleset.Limits{Deletes: 2}
	s := &resolve.Spread{Leave: map[string]int{resolve.SpreadDeletes: 3}}
	passed := 0
	for range 10 {
		next, granted := resolve.Reserve(s, limits, []string{resolve.SpreadDeletes}, start)
		if s = next; granted {
			passed++
		}
	}
	if passed != 5 {
		t.Errorf("%d of 10 passed, want the 3 that were released and the hour's 2", passed)
	}
	if _, tripped := s.Tripped[resolve.SpreadDeletes]; !tripped {
		t.Error("the limit did not trip after that")
	}
}

// Stands tells of what differs and is left so.
func TestStandsTellsWhatIsKeptAsFound(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	id := linked(tb)
	tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[payer].Sent["tel"] = "555"
	tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[payer].Base["tel"] = "555"
	stands := resolve.Stands(tb.view, "g", id, tb.rules)
	if len(stands) != 1 || stands[0].Place != payer || stands[0].Why != record.ReasonKeptAsFound || len(stands[0].Fields) != 1 {
		t.Errorf("got %+v, want the customer's phone, kept as found", stands)
	}
}
