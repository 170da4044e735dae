package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// PairsAt gives the pairs that translate between an entity type and its records at a place. For the hub's own place
// they are derived: every declared field stands for itself.
func (g *Group) PairsAt(place record.Place) []Pair {
	if place.Connection == g.Hub {
		if e, ok := g.Entity(place.Object); ok {
			return e.HubPairs()
		}
	}
	if m, ok := g.MappingAt(place); ok {
		return m.Pairs
	}
	return nil
}

// HubPairs gives the identity pairs of an entity's fields with the hub's own record, in the file's order.
func (e *Entity) HubPairs() []Pair {
	if e.hubPairs != nil {
		return e.hubPairs
	}
	pairs := make([]Pair, len(e.Fields))
	for i, f := range e.Fields {
		pairs[i] = Pair{Hub: []record.HubField{f.Name}, Spoke: []record.PlatformField{record.PlatformField(f.Name)}, Direction: Both, Kinds: []catalog.Kind{f.Kind}, Default: f.Default}
		if f.ReadOnly {
			pairs[i].Direction = ToHub
		}
		if f.Refers != "" {
			pairs[i].Reference = &Reference{To: f.Refers, Object: f.Refers}
		}
	}
	return pairs
}

// SharedAt reports whether two pairs of a place name one field of the spoke: a full name that is made of the two names
// which travel by themselves too, or a name that is joined one way and split the other.
func (g *Group) SharedAt(place record.Place) bool { return g.shared[place] }

func (m *Mapping) shares() bool {
	seen := map[record.PlatformField]bool{}
	for i := range m.Pairs {
		for _, name := range m.Pairs[i].Spoke {
			if seen[name] {
				return true
			}
			seen[name] = true
		}
	}
	return false
}

// Index precomputes what HubPairs and SharedAt answer. Load calls it once, before the rules are shared.
func (r *Rules) Index() {
	for i := range r.Groups {
		r.Groups[i].places = map[record.Object][]record.Place{}
		for j := range r.Groups[i].Entities {
			r.Groups[i].places[r.Groups[i].Entities[j].Type] = slices.Clip(r.Groups[i].placesOf(r.Groups[i].Entities[j].Type))
			e := &r.Groups[i].Entities[j]
			e.hubPairs = nil
			e.hubPairs = e.HubPairs()
		}
		r.Groups[i].shared = map[record.Place]bool{}
		for j := range r.Groups[i].Mappings {
			if m := &r.Groups[i].Mappings[j]; m.shares() {
				r.Groups[i].shared[m.Spoke] = true
			}
		}
	}
}

// MarkerAt gives the field of a place that holds our identity in any group; "" for none.
func (r *Rules) MarkerAt(place record.Place) record.PlatformField {
	for _, g := range r.GroupsAt(place) {
		if e, ok := g.Entity(place.Object); ok && place.Connection == g.Hub && e.Marker != "" {
			return e.Marker
		}
		if m, ok := g.MappingAt(place); ok && m.Marker != "" {
			return m.Marker
		}
	}
	return ""
}
