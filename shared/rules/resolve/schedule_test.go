package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 15: what came after a mapping's last run waits for its next.
func TestAnEditAfterTheRunWaitsForTheNext(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[1].ToSpoke = ruleset.Schedule{Every: 24 * time.Hour}
	id := linked(tb)
	run := resolve.RunKey{Group: "g", Place: payer}
	began := tb.view.Now
	tb.view.Runs[run] = began
	tb.pass(10 * time.Minute)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"})
	if x := due(d, payer); x == nil || x.Blocked != record.ReasonWaitsForRun || !x.NotBefore.Equal(began.Add(24*time.Hour)) {
		t.Errorf("got %+v, want it to wait for the next day's run", x)
	}
	if x := due(d, client); x == nil || x.Blocked != "" {
		t.Errorf("got %+v at the place that writes in real time, want the phone", x)
	}
	tb.pass(24 * time.Hour)
	tb.view.Runs[run] = tb.view.Now
	d = tb.decide(resolve.Observation{Wake: id})
	if x := due(d, payer); x == nil || x.Blocked != "" || x.Fields["tel"] != "2" {
		t.Errorf("in the run got %+v, want the phone", x)
	}
}

func TestARevertWaitsForTheRunToo(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[1].ToSpoke = ruleset.Schedule{Every: time.Hour}
	linked(tb)
	tb.view.Runs[resolve.RunKey{Group: "g", Place: payer}] = tb.view.Now
	tb.pass(10 * time.Minute)
	d := tb.see(payer, "b1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "9"})
	if x := due(d, payer); x == nil || x.Blocked != record.ReasonWaitsForRun {
		t.Errorf("got %+v, want the revert to wait", x)
	}
}
