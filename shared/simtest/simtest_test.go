package simtest

import (
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	begin := time.Now()
	faults, points := 0, 0
	bad := map[Invariant][]uint64{}
	const n = 1500
	for seed := range uint64(n) {
		r := Run(Draw(seed), Options{})
		faults += r.Faults
		points += r.Points
		for _, v := range r.Violations {
			bad[v.Invariant] = append(bad[v.Invariant], seed)
		}
	}
	for i, seeds := range bad {
		t.Logf("%s: %d, %v", i, len(seeds), seeds[:min(len(seeds), 8)])
	}
	t.Logf("%.1f faults, %d points a history, %.0f a second", float64(faults)/n, points/n, n/time.Since(begin).Seconds())
}
