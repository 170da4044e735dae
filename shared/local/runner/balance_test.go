package runner_test

import (
	"context"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
)

// TestEveryAcceptedChangeEnds plays the example on a good and a bad day, lets everything come to rest, and draws the
// balance from what the meters left: what was accepted is what was applied, a no-op, superseded, parked or refused.
func TestEveryAcceptedChangeEnds(t *testing.T) {
	for name, faults := range map[string]platformsim.Faults{"on a good day": {}, "on a bad day": platformsim.Usual()} {
		t.Run(name, func(t *testing.T) {
			ctx, clock, s := context.Background(), &runner.Clock{}, memstore.New()
			w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: s, Queue: memqueue.New(clock.Now), Clock: clock, Seed: 3, Faults: faults})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := w.SeedExample(); err != nil {
				t.Fatal(err)
			}
			for _, scene := range append([]runner.Scene{{Title: "first load", Play: func() error { return nil }}}, w.Scenes()...) {
				if err := scene.Play(); err != nil {
					t.Fatal(err)
				}
				if !w.Settle(ctx, nil) {
					t.Fatalf("%s: no rest", scene.Title)
				}
			}
			clock.Skip(meter.QuietFor)
			if err := w.System.Meter.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			total := map[string]int64{}
			for _, c := range w.Rules.Connections {
				all, err := controltable.LoadHealth(ctx, s, c.Name)
				if err != nil {
					t.Fatal(err)
				}
				for _, hour := range controltable.Merge(all).Hours {
					for metric, n := range hour.Counts {
						total[metric] += n
					}
				}
			}
			ends := int64(0)
			for _, metric := range config.Ends() {
				ends += total[metric]
			}
			if total[config.MetricAccepted] == 0 || total[config.MetricAccepted] != ends {
				t.Errorf("accepted %d, ended %d: %v", total[config.MetricAccepted], ends, total)
			}
			if total[config.MetricWrites] == 0 || total[config.MetricRequests] == 0 || total[controltable.LagCount] == 0 {
				t.Errorf("nothing was counted: %v", total)
			}
		})
	}
}
