package ruleset_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestAMappingsRunsHaveItsOwnPeriodAndHours: a sweep of a shared connection is a run of a mapping only when its period is over.
func TestAMappingsRunsHaveItsOwnPeriodAndHours(t *testing.T) {
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) // a Monday
	office := ruleset.Active{From: 8 * time.Hour, To: 17 * time.Hour, Days: 1<<7 - 1, Zone: "UTC"}
	daily := ruleset.Mapping{ToSpoke: ruleset.Schedule{Every: 24 * time.Hour}}
	inOffice := ruleset.Mapping{ToSpoke: ruleset.Schedule{Every: time.Hour, Active: office}}
	borrowed := ruleset.Mapping{ToHub: ruleset.Schedule{Every: time.Hour}}
	for _, c := range []struct {
		name    string
		mapping ruleset.Mapping
		began   time.Time
		now     time.Time
		runs    bool
		next    time.Time
	}{
		{"it never ran", daily, time.Time{}, nine, true, nine},
		{"a quarter of an hour later", daily, nine, nine.Add(15 * time.Minute), false, nine.Add(24 * time.Hour)},
		{"a day later", daily, nine, nine.Add(24 * time.Hour), true, nine.Add(24 * time.Hour)},
		{"a day later, a minute early", daily, nine, nine.Add(24*time.Hour - time.Minute), true, nine.Add(24 * time.Hour)},
		{"the other direction's period, where it has none", borrowed, nine, nine.Add(30 * time.Minute), false, nine.Add(time.Hour)},
		{"after hours", inOffice, nine, nine.Add(10 * time.Hour), false, nine.Add(23 * time.Hour)},
		{"within hours", inOffice, nine, nine.Add(time.Hour), true, nine.Add(time.Hour)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.mapping.Runs(c.began, c.now); got != c.runs {
				t.Errorf("runs: got %v, want %v", got, c.runs)
			}
			if got := c.mapping.NextRun(c.began, c.now); !got.Equal(c.next) {
				t.Errorf("next: got %s, want %s", got, c.next)
			}
		})
	}
}
