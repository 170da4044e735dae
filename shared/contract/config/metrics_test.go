package config_test

import (
	"slices"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

func TestMetricsAreNamedOnceAndWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range config.Metrics() {
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if m.Means == "" || m.Dimensions[0] != config.DimensionStack || len(m.Dimensions) < 2 {
			t.Errorf("%s: %+v", m.Name, m)
		}
		if !slices.Contains([]string{"Count", "Milliseconds", "None"}, m.Unit) || !slices.Contains([]string{"Sum", "Maximum", "p95"},
			m.Statistic) {
			t.Errorf("%s: unit %s, statistic %s", m.Name, m.Unit, m.Statistic)
		}
	}
	for _, end := range append(config.Ends(), config.MetricAccepted) {
		if !seen[end] {
			t.Errorf("%s takes part in the balance and is no metric", end)
		}
	}
}
