package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 2: a first sight is an observation, not an edit.

// standsAsFound reports whether a value that a record holds at its first sight, and that the pair cannot bring to the hub, is
// left there: it was there before us, and nobody has said that the hub's replaces it.
func standsAsFound(x *subject, place record.Place, p *ruleset.Pair) bool {
	m, spoke := x.group.MappingAt(place)
	return spoke && m.OnLink != ruleset.OnLinkOverwrite && !constant(p) && !via(p)
}

// keptAsFound reports whether a pair still holds what it held before the link: nobody has edited what it comes from since.
func keptAsFound(x *subject, p *ruleset.Pair, link *Link) bool {
	seen, kept := link.Kept[p.Spoke[0]]
	return kept && !slices.ContainsFunc(p.Hub, func(name record.HubField) bool { return x.entity.Fields[name].Edited > seen })
}

// judgeFirst rules on a value seen for the first time on a link: the owner's value stands, blanks fill, and otherwise the
// better rank stands. It is kept without a reason where nothing comes of it. While the field waits for a person, what its owner
// or anybody who may set it shows is one more candidate: the answer will replace it.
func judgeFirst(x *subject, f *ruleset.Field, e edit) (ruling, record.Reason) {
	now, known := x.entity.Fields[f.Name]
	owned := !f.Owner.LastWriteWins && f.Owner.Connection == e.place.Connection
	parked, waits := x.entity.Parked[f.Name]
	owner := ownerOf(x, f)
	switch {
	case waits && (parked.Reason == record.ReasonKeyHeld || e.text == "" || sameValue(x, f.Name, now.Text, e.text)):
		return keep, ""
	case waits && owner != "" && owner != e.place.Connection:
		return keep, ""
	case waits:
		return park, parked.Reason
	case !known:
		return takeFirst, record.ReasonFirstSight
	case sameValue(x, f.Name, now.Text, e.text):
		return keep, ""
	case owned && e.text != "":
		return takeFirst, record.ReasonFirstSight
	case owned || e.text == "" || !now.First:
		return keep, ""
	case now.Text == "":
		return takeFirst, record.ReasonFilledBlank
	case owner == "" && rank(x, e.place.Connection) < rank(x, now.From):
		return takeFirst, record.ReasonFirstRank
	}
	return keep, ""
}
