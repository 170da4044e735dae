package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 3: who may set a field.

// ownerOf gives the connection that alone may set a field of this entity: its declared owner, as long as that has a
// live record here, or one that is about to come back. "" lets every writer set it.
func ownerOf(x *subject, f *ruleset.Field) record.Connection {
	if f.Owner.LastWriteWins {
		return ""
	}
	for _, place := range x.group.Places(x.declared.Type) {
		if link := x.links[place]; place.Connection == f.Owner.Connection && link != nil && (link.State == LinkLive || comesBack(x, link)) {
			return f.Owner.Connection
		}
	}
	return ""
}

// comesBack reports whether a record that we archived is to be restored.
func comesBack(x *subject, link *Link) bool {
	var due Due
	return link.State == LinkTombstone && dueRestore(x, &due, link) && due.Blocked == ""
}

// refusal rules on an edit by another than the owner: it is undone there, or, by policy, the link may keep its own.
func refusal(f *ruleset.Field) (ruling, record.Reason) {
	if f.NonOwner == ruleset.NonOwnerFlag || f.NonOwner == ruleset.NonOwnerPropose {
		return waive, record.ReasonNonOwnerWaived
	}
	return refuse, record.ReasonNonOwnerReverted
}

// foreign gives the field that somebody edited where it flows only towards the spoke, if that is to be answered: not where it
// is written at creation alone, nor where another pair reads the same fields.
func foreign(x *subject, place record.Place, p *ruleset.Pair) (*ruleset.Field, bool) {
	if p.OnCreateOnly || readElsewhere(x, place, p) {
		return nil, false
	}
	return x.declared.Field(p.Hub[0])
}

// readElsewhere reports whether another pair of the place brings the same fields to the hub.
func readElsewhere(x *subject, place record.Place, p *ruleset.Pair) bool {
	if !x.group.SharedAt(place) {
		return false
	}
	pairs := x.group.PairsAt(place)
	return slices.ContainsFunc(pairs, func(q ruleset.Pair) bool {
		return readable(&q) && !slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return !slices.Contains(q.Spoke, name) })
	})
}
