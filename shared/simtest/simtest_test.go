package simtest

import (
	"os"
	"strconv"
	"testing"
)

func TestMany(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	from, _ := strconv.Atoi(os.Getenv("FROM"))
	if n == 0 {
		n = 1000
	}
	r := Simulate(uint64(from), n, Options{}, nil, nil)
	for i, seeds := range r.First {
		t.Logf("%s: %d, %v", i, r.Violations[i], seeds)
	}
	t.Logf("%d histories, %.1f faults, %.1f changes, %.1f unknown, %.0f a second", r.Histories, float64(r.Faults)/float64(n), float64(r.UserChanges)/float64(n), float64(r.UnknownOutcomes)/float64(n), r.HistoriesPerSecond)
}
