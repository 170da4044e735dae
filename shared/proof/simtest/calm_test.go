package simtest

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// How many calm histories the suite runs, each time and with all effort.
const (
	calmHistories = 1000
	calmLong      = 50_000
)

// TestTheEndIsWhatTheConfigurationMeans holds the system against package model, the second interpreter of a configuration,
// where nothing fails.
func TestTheEndIsWhatTheConfigurationMeans(t *testing.T) {
	r := Simulate(0, histories(effort.Of(calmHistories, calmLong)), Options{Calm: true}, nil, nil)
	for i, seeds := range r.First {
		e := Explain(seeds[0], i, Options{Calm: true})
		t.Errorf("%s is violated in %d of %d histories; seed %d, with %d actions of people:", i, r.Violations[i], r.Histories, e.Seed, e.UserActions)
		for _, line := range e.Lines {
			t.Log("  " + line)
		}
	}
	t.Logf("%d histories with %d changes by people", r.Histories, r.UserChanges)
}
