package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// subject is what rules look at and never change: one entity with its links, what the configuration declares of it, and a
// reader of the rows around it.
type subject struct {
	*reader
	rules    *ruleset.Rules
	group    *ruleset.Group
	declared *ruleset.Entity        // never nil once an entity is open
	entity   *Entity                // as it has become so far
	links    map[record.Place]*Link // likewise; places without a row are left out
}

// outdated reports whether the entity was last decided under a newer configuration than ours: an older one, still
// running somewhere, must not undo that.
func outdated(x *subject) bool { return x.entity.ConfigVersion > x.rules.Version }

// rank orders connections at ties: the hub, then spokes in the file's order, then all others.
func rank(x *subject, c record.Connection) int {
	places := x.group.Places(x.declared.Type)
	i := slices.IndexFunc(places, func(p record.Place) bool { return p.Connection == c })
	if i < 0 {
		return len(places)
	}
	return i
}
