package simtest

import "testing"

func TestBugRates(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	for _, b := range Bugs() {
		r := Simulate(0, 1000, Options{Bug: &b}, nil, nil)
		t.Logf("%-28s %5d  %v", b.Name, r.Failed, top(r))
	}
	r := Simulate(0, 1000, Options{Naive: true}, nil, nil)
	t.Logf("naive %d %v", r.Failed, top(r))
}

func top(r Report) map[Invariant]int {
	out := map[Invariant]int{}
	for i, n := range r.Violations {
		if n > 0 {
			out[i] = n
		}
	}
	return out
}
