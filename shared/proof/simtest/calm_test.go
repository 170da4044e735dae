package simtest

import "testing"

// calmHistories is how many calm histories the suite runs.
const calmHistories = 5000

// TestTheEndIsWhatTheConfigurationMeans holds the system against package model, the second interpreter of a configuration,
// where nothing fails.
func TestTheEndIsWhatTheConfigurationMeans(t *testing.T) {
	r := Simulate(0, histories(calmHistories), Options{Calm: true}, nil, nil)
	for i, seeds := range r.First {
		e := Explain(seeds[0], i, Options{Calm: true})
		t.Errorf("%s is violated in %d of %d histories; seed %d, with %d actions of people:", i, r.Violations[i], r.Histories, e.Seed, e.UserActions)
		for _, line := range e.Lines {
			t.Log("  " + line)
		}
	}
	t.Logf("%d histories with %d changes by people", r.Histories, r.UserChanges)
}
