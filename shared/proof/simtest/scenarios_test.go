package simtest

import "testing"

// TestEveryFaultAtEveryPoint is the enumeration: nothing is sampled.
func TestEveryFaultAtEveryPoint(t *testing.T) {
	scenarios := Scenarios()
	if len(scenarios) < 40 {
		t.Fatalf("%d scenarios, want at least 40", len(scenarios))
	}
	points, runs := 0, 0
	for _, s := range scenarios {
		e := Enumerate(s, Options{})
		points, runs = points+e.Points, runs+e.Runs
		for _, v := range e.Violations {
			t.Errorf("%s: %s", s.Name, v)
		}
	}
	t.Logf("%d scenarios, %d I/O points, %d runs", len(scenarios), points, runs)
}
