package ruleset

import (
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// references resolves which fields name a record of another declared object, and orders the objects so that parents
// come before children, otherwise as in the file.
func (l *loader) references(g *groupSource) {
	for _, s := range g.entities {
		for i, src := range s.fields {
			if to := src.entry.Refers; g.entity(to) != nil {
				s.Fields[i].Refers = to
			}
		}
	}
	ordered, cycle := parentsFirst(g.entities)
	if len(cycle) == 0 {
		g.entities = ordered
		return
	}
	var names []string
	for _, s := range cycle {
		names = append(names, string(s.Type))
	}
	l.at(cycle[0].node, "objects refer to each other in a circle: %s; take the reference out of one, so that one can be created first",
		strings.Join(append(names, names[0]), " -> "))
}

// parents lists the other types that an entity's fields name.
func (e *Entity) parents() []record.Object {
	var out []record.Object
	for _, f := range e.Fields {
		if f.Refers != "" && f.Refers != e.Type && !slices.Contains(out, f.Refers) {
			out = append(out, f.Refers)
		}
	}
	return out
}

// parentsFirst orders types, or finds a circle of them. Each round takes the first type whose parents are all taken,
// so that nothing moves without need.
func parentsFirst(entities []*entitySource) (ordered, cycle []*entitySource) {
	left := slices.Clone(entities)
	waits := func(s *entitySource) *entitySource {
		for _, parent := range s.parents() {
			if i := slices.IndexFunc(left, func(t *entitySource) bool { return t.Type == parent }); i >= 0 {
				return left[i]
			}
		}
		return nil
	}
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(s *entitySource) bool { return waits(s) == nil })
		if i < 0 {
			return nil, circle(left[0], waits)
		}
		ordered = append(ordered, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return ordered, nil
}

// circle follows what each type waits for until one comes again.
func circle(from *entitySource, waits func(*entitySource) *entitySource) []*entitySource {
	var path []*entitySource
	for s := from; ; s = waits(s) {
		if i := slices.Index(path, s); i >= 0 {
			return path[i:]
		}
		path = append(path, s)
	}
}
