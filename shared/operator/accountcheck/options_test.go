package accountcheck_test

import (
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/accountcheck"
)

// TestValuesThatNoOptionHasAreErrors: of a filter, a value map, a constant. The value of one that is written by its label is
// offered, for a person sees labels alone.
func TestValuesThatNoOptionHasAreErrors(t *testing.T) {
	tests := []struct{ name, old, new, field, what, do string }{
		{"a filter by a label", "in: [contractsent, closedwon]", "in: [contractsent, Closed Won]",
			"hubspot/deals dealstage", `"Closed Won"`, `write "closedwon"`},
		{"a filter by nothing", "becomes: closedwon", "becomes: wonclosed",
			"hubspot/deals dealstage", `the filter asks for "wonclosed"`, "closedwon (Closed Won"},
		{"a value map's target", "requires_invoicing: closedwon", "requires_invoicing: won",
			"hubspot/deals dealstage", `the value map gives "won"`, "closedwon"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report := newWorld(t, tt.old, tt.new).run(t)
			for _, f := range report.Findings {
				if f.Where == tt.field && f.Severity == accountcheck.Error && strings.Contains(f.What, tt.what) && strings.Contains(f.Do, tt.do) {
					return
				}
			}
			t.Errorf("no error at %s with %q and %q in\n%+v", tt.field, tt.what, tt.do, report.Findings)
		})
	}
}
