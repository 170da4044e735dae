package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// What a configuration declares, by its name or its place. What is asked for often is looked up in the index (index.go).

// Connection finds a connection by name.
func (r *Rules) Connection(name record.Connection) (*Connection, bool) {
	i := slices.IndexFunc(r.Connections, func(c Connection) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return &r.Connections[i], true
}

// Group finds a group by name.
func (r *Rules) Group(name record.Group) (*Group, bool) {
	i := slices.IndexFunc(r.Groups, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return nil, false
	}
	return &r.Groups[i], true
}

// GroupsAt lists the groups in which a place takes part, in the file's order.
func (r *Rules) GroupsAt(place record.Place) []*Group {
	var out []*Group
	for i := range r.Groups {
		if _, ok := r.Groups[i].TypeAt(place); ok {
			out = append(out, &r.Groups[i])
		}
	}
	return out
}

// Places lists every place of every group, sorted, each once.
func (r *Rules) Places() []record.Place {
	var out []record.Place
	for i := range r.Groups {
		for _, e := range r.Groups[i].Entities {
			out = append(out, r.Groups[i].Places(e.Type)...)
		}
	}
	slices.SortFunc(out, record.Place.Compare)
	return slices.Compact(out)
}

// FieldsAt lists the fields to read at a place: those mapped in any group, markers, and those that references and
// filters need; sorted, each once.
func (r *Rules) FieldsAt(place record.Place) []record.PlatformField {
	var out []record.PlatformField
	for i := range r.Groups {
		out = append(out, r.Groups[i].fieldsAt(place)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (g *Group) fieldsAt(place record.Place) []record.PlatformField {
	var out []record.PlatformField
	if place.Connection == g.Hub {
		if e, ok := g.Entity(place.Object); ok {
			for _, f := range e.Fields {
				out = append(out, record.PlatformField(f.Name))
			}
			if e.Marker != "" {
				out = append(out, e.Marker)
			}
		}
	}
	for i := range g.Mappings {
		m := &g.Mappings[i]
		for _, p := range m.Pairs {
			if m.Spoke == place && !(p.OnCreateOnly && len(p.Hub) == 0) {
				out = append(out, p.Spoke...)
			}
			if p.Reference != nil && p.Reference.Via != "" && m.Spoke.Connection == place.Connection && p.Reference.Object == place.Object {
				out = append(out, p.Reference.Via)
			}
		}
		if m.Spoke == place && m.Marker != "" {
			out = append(out, m.Marker)
		}
	}
	return out
}

// ViaFieldsAt lists the fields at a place that children read through their references to it, sorted, each once.
func (g *Group) ViaFieldsAt(place record.Place) []record.PlatformField {
	var out []record.PlatformField
	for i := range g.Mappings {
		for _, p := range g.Mappings[i].Pairs {
			if r := p.Reference; r != nil && r.Via != "" && g.Mappings[i].Spoke.Connection == place.Connection && r.Object == place.Object {
				out = append(out, r.Via)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Entity finds an entity type's declaration.
func (g *Group) Entity(t record.Object) (*Entity, bool) {
	i := slices.IndexFunc(g.Entities, func(e Entity) bool { return e.Type == t })
	if i < 0 {
		return nil, false
	}
	return &g.Entities[i], true
}

// TypeAt gives the entity type whose records live at a place.
func (g *Group) TypeAt(place record.Place) (record.Object, bool) {
	if place.Connection == g.Hub {
		if _, ok := g.Entity(place.Object); ok {
			return place.Object, true
		}
	}
	if m, ok := g.MappingAt(place); ok {
		return m.Hub, true
	}
	return "", false
}

// MappingAt finds the mapping whose spoke side is a place. The hub's own places have none.
func (g *Group) MappingAt(place record.Place) (*Mapping, bool) {
	i := slices.IndexFunc(g.Mappings, func(m Mapping) bool { return m.Spoke == place })
	if i < 0 {
		return nil, false
	}
	return &g.Mappings[i], true
}

// HubPlace gives the hub's place of an entity type.
func (g *Group) HubPlace(t record.Object) record.Place {
	return record.Place{Connection: g.Hub, Object: t}
}

// Places lists where links of an entity type can be: the hub first, then spokes in the file's order. The order is
// also the rank by which ties break. The answer is shared: it is not to be changed.
func (g *Group) Places(t record.Object) []record.Place {
	if places, indexed := g.places[t]; indexed {
		return places
	}
	return g.placesOf(t)
}

func (g *Group) placesOf(t record.Object) []record.Place {
	out := []record.Place{g.HubPlace(t)}
	for i := range g.Mappings {
		if g.Mappings[i].Hub == t {
			out = append(out, g.Mappings[i].Spoke)
		}
	}
	return out
}

// Field finds a hub field.
func (e *Entity) Field(name record.HubField) (*Field, bool) {
	i := slices.IndexFunc(e.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return &e.Fields[i], true
}
