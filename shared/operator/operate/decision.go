package operate

import (
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Decision says what is still to be decided about money, where, and how.
func Decision(o ruleset.Open) string {
	what, do := o.Undecided.Words()
	return fmt.Sprintf("line %d: %s of %s: %s; %s", o.Line, o.Field, o.Place, what, do)
}
