package resolve

import (
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 2: a first sight is an observation, not an edit.

// judgeFirst rules on a value seen for the first time on a link: the owner's value stands, blanks fill, and otherwise the
// better rank stands. It is kept without a reason where nothing comes of it.
func judgeFirst(x *subject, f *ruleset.Field, e edit) (ruling, Reason) {
	if _, parked := x.entity.Parked[f.Name]; parked {
		return keep, ""
	}
	now, known := x.entity.Fields[f.Name]
	owned := !f.Owner.LastWriteWins && f.Owner.Connection == e.place.Connection
	switch {
	case !known:
		return takeFirst, ReasonFirstSight
	case sameValue(x, f.Name, now.Text, e.text):
		return keep, ""
	case owned && e.text != "":
		return takeFirst, ReasonFirstSight
	case owned || e.text == "" || !now.First:
		return keep, ""
	case now.Text == "":
		return takeFirst, ReasonFilledBlank
	case ownerOf(x, f) == "" && rank(x, e.place.Connection) < rank(x, now.From):
		return takeFirst, ReasonFirstRank
	}
	return keep, ""
}
