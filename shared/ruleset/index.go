package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
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
		pairs[i] = Pair{Hub: []record.HubField{f.Name}, Spoke: []record.PlatformField{record.PlatformField(f.Name)}, Direction: Both}
		if f.ReadOnly {
			pairs[i].Direction = ToHub
		}
		if f.Refers != "" {
			pairs[i].Reference = &Reference{To: f.Refers, Object: f.Refers}
		}
	}
	return pairs
}

// Index precomputes what HubPairs answers. Load calls it once, before the rules are shared.
func (r *Rules) Index() {
	for i := range r.Groups {
		r.Groups[i].places = map[record.Object][]record.Place{}
		for j := range r.Groups[i].Entities {
			r.Groups[i].places[r.Groups[i].Entities[j].Type] = slices.Clip(r.Groups[i].placesOf(r.Groups[i].Entities[j].Type))
			e := &r.Groups[i].Entities[j]
			e.hubPairs = nil
			e.hubPairs = e.HubPairs()
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
