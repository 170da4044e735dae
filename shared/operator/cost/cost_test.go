package cost_test

import (
	"math"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/cost"
)

// TestKnownBills holds sums against figures worked out by hand from the lists.
func TestKnownBills(t *testing.T) {
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 0.005*want {
			t.Errorf("%s: got $%.4f, want $%.4f", name, got, want)
		}
	}
	near("an idle polled queue a month", cost.Sum(cost.Floor(cost.Stack{PolledQueues: 1}, cost.Requests{})), 0.26)
	near("a million write units and as many reads", cost.Sum(cost.Work(cost.Requests{DynamoWrites: 1e6, DynamoReads: 1e6})), 0.75)
	near("a million calls of 100 ms at 512 MB, traced", cost.Sum(cost.Work(cost.Requests{Lambda: 1e6, GBSeconds: 50_000})), 0.20+5+0.667)
	near("two keys, three secrets, ten alarms, a dashboard",
		cost.Sum(cost.Floor(cost.Stack{Keys: 2, Secrets: 3, AlarmMetrics: 10, Dashboards: 1}, cost.Requests{})), 2+1.2+1+3+0.03)
}

func TestEveryPriceHasAUnitAndASource(t *testing.T) {
	for name, p := range cost.Prices() {
		if p.Dollars <= 0 || p.Per <= 0 || p.Unit == "" || p.Source == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
