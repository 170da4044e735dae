package runner_test

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestSchedulesKeepTheirHours gives every schedule two hours of the day that begin far from now, and lets the example
// come to rest: time is skipped to them, and no poll and no sweep is made outside.
func TestSchedulesKeepTheirHours(t *testing.T) {
	ctx := context.Background()
	clock := &runner.Clock{}
	rules := example(t)
	opens := clock.Now().Add(9 * time.Hour).Truncate(time.Hour)
	active := ruleset.Active{From: time.Duration(opens.Hour()) * time.Hour, To: time.Duration(opens.Add(2*time.Hour).Hour()) * time.Hour, Days: 1<<7 - 1, Zone: "UTC"}
	for i := range rules.Groups[0].Mappings {
		m := &rules.Groups[0].Mappings[i]
		m.ToSpoke.Active, m.ToHub.Active = active, active
	}
	outside, inside := 0, 0
	w, err := runner.Open(ctx, runner.Options{Rules: rules, Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1, Tell: func(n runner.Note) {
		switch {
		case n.Poll == nil && n.Sweep == nil:
		case active.Contains(n.At):
			inside++
		default:
			outside++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	if !w.Settle(ctx, nil) {
		t.Fatal("it does not come to rest")
	}
	if outside > 0 || inside == 0 {
		t.Errorf("%d calls outside the hours and %d within; want none and some", outside, inside)
	}
	agree(t, w)
}
