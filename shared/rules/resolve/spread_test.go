package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestALimitHoldsUntilItIsRaised reserves deletions one by one.
func TestALimitHoldsUntilItIsRaised(t *testing.T) {
	kinds, budget := []string{resolve.SpreadDeletes}, &resolve.Spread{}
	reserve := func(limit int, after time.Duration) bool {
		var granted bool
		budget, granted = resolve.Reserve(budget, ruleset.Limits{Deletes: limit}, kinds, start.Add(after))
		return granted
	}
	steps := []struct {
		what  string
		limit int
		after time.Duration
		want  bool
	}{
		{"the first", 2, 0, true},
		{"the second", 2, time.Minute, true},
		{"a third in the same hour", 2, 2 * time.Minute, false},
		{"another, the hour over: it stays held", 2, 3 * time.Hour, false},
		{"another, the limit lowered", 1, 3 * time.Hour, false},
		{"another, the limit raised", 3, 3 * time.Hour, true},
		{"another, without a limit", 0, 3 * time.Hour, true},
	}
	for _, s := range steps {
		if got := reserve(s.limit, s.after); got != s.want {
			t.Errorf("%s: granted %t, want %t", s.what, got, s.want)
		}
	}
}
