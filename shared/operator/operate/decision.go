package operate

import (
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Decision says what is still to be decided about money, where, and how.
func Decision(o ruleset.Open) string {
	what, do := Undecided(o.Undecided)
	return fmt.Sprintf("line %d: %s of %s: %s; %s", o.Line, o.Field, o.Place, what, do)
}

// Undecided says what is to be decided, and how it is.
func Undecided(u ruleset.Undecided) (what, do string) {
	switch {
	case u.Zone:
		return u.What + ", is a day taken from a moment, and nothing says in which time zone",
			"write {date_iso: {zone: America/Chicago}} with your own, or give the hub's connection a zone"
	case u.Placeholder:
		return u.What + ", is not chosen yet", "write one of what `fluxcascade check` lists of the account, or value: " + catalog.LeaveOut
	}
	return u.What + ", is not in the mapping", fmt.Sprintf("map it, or add {spoke: %q, value: %s}, or value: %s if the account is to decide",
		u.Field, catalog.Choose, catalog.LeaveOut)
}
