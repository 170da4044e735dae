package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// checkGroup reports what only the whole group shows: who owns, who creates, who deletes.
func (l *loader) checkGroup(g *groupSource) {
	for _, s := range g.entities {
		for i, f := range s.fields {
			l.checkOwner(g, s, &s.Fields[i], f)
		}
		l.checkHubCreates(g, s)
		l.checkMapped(g, s)
	}
	for _, m := range g.mappings {
		l.checkTwice(m)
		l.checkAbilities(g, m)
		l.checkRequired(m)
		l.checkRecognised(m)
		l.checkAgreement(g, m)
	}
}

// checkMapped reports an object that goes nowhere: it would never be read, and everything waits for first loads.
func (l *loader) checkMapped(g *groupSource, s *entitySource) {
	if s.object == nil || slices.ContainsFunc(g.mappings, func(m *mappingSource) bool { return m.Hub == s.Type || m.entity == nil }) {
		return
	}
	l.at(s.node, "no mapping takes %s anywhere; add one, or take the object out", s.Type)
}

// checkHubCreates reports creates on a hub that could be repeated without anyone noticing.
func (l *loader) checkHubCreates(g *groupSource, s *entitySource) {
	creates := slices.ContainsFunc(g.mappings, func(m *mappingSource) bool { return m.Hub == s.Type && m.Create.CreatesOn(ToHub) })
	if !creates || s.object == nil {
		return
	}
	if s.object.Ability.UniqueKey && s.Marker == "" && !s.markerBroken {
		l.at(s.node, "%s are created on %s, and without hub_id a repeated create makes a duplicate; add hub_id: %s", s.Type, g.Hub, s.object.Ability.Marker)
	}
}

// checkRecognised reports records that both sides may create and nothing recognises: whatever stood on both sides before
// would be made a second time on each.
func (l *loader) checkRecognised(m *mappingSource) {
	if m.Create != CreateBoth || m.entity == nil || m.entity.object == nil || m.object == nil || m.entity.matched {
		return
	}
	l.at(m.node.get("create"), "%s are created on both sides, and no match rule recognises one that both have: each would get a second; under objects: %s: add match: [{rule: …, fields: […]}], or write create: %s",
		m.Hub, m.Hub, withoutCreate(CreateBoth, ToHub))
}

// checkAbilities reports what a connector cannot do.
func (l *loader) checkAbilities(g *groupSource, m *mappingSource) {
	if m.object == nil || m.entity == nil || m.entity.object == nil {
		return
	}
	sides := []struct {
		object     *catalog.Object
		connection record.Connection
		way        Direction
	}{{m.object, m.Spoke.Connection, ToSpoke}, {m.entity.object, g.Hub, ToHub}}
	for _, side := range sides {
		if m.Create.CreatesOn(side.way) && !side.object.Ability.Create {
			l.at(m.node.get("create"), "a %s cannot be created on %s; write create: %s", side.object.Label, side.connection, withoutCreate(m.Create, side.way))
		}
		if m.Direction == opposite(side.way) {
			continue
		}
		cannot := (m.Delete == DeleteArchive && !side.object.Ability.Archive) || (m.Delete == DeleteDelete && !side.object.Ability.Delete)
		if cannot {
			l.at(m.node.get("delete"), "%s cannot %s a %s; write delete: %s", side.connection, m.Delete, side.object.Label, instead(string(m.Delete), deletes(side.object.Ability)))
		}
	}
}

// withoutCreate gives a create policy less one side.
func withoutCreate(c Create, way Direction) Create {
	if c != CreateBoth {
		return CreateNone
	}
	return Create(opposite(way))
}

// deletes lists the delete policies that an object's side can carry out.
func deletes(a catalog.Ability) []string {
	out := []string{string(DeleteIgnore), string(DeleteUnlink)}
	if a.Archive {
		out = append(out, string(DeleteArchive))
	}
	if a.Delete {
		out = append(out, string(DeleteDelete))
	}
	return out
}

// checkRequired reports creates that a platform would refuse for want of a field.
func (l *loader) checkRequired(m *mappingSource) {
	if !m.whole {
		return
	}
	if m.object != nil && m.Create.CreatesOn(ToSpoke) {
		for _, f := range m.object.Required() {
			if !slices.ContainsFunc(m.pairs, func(p *pairSource) bool { return p.Direction != ToHub && slices.Contains(p.Spoke, f.Name) }) {
				l.at(m.node.get("create"), "a %s cannot be created on %s without %s; add a pair {hub: …, spoke: %q}, or create: %s", m.object.Label, m.Spoke.Connection, f.Name, f.Name, withoutCreate(m.Create, ToSpoke))
			}
		}
	}
	if m.entity == nil || m.entity.object == nil || !m.Create.CreatesOn(ToHub) {
		return
	}
	for _, f := range m.entity.object.Required() {
		if !slices.ContainsFunc(m.pairs, func(p *pairSource) bool {
			return p.Direction != ToSpoke && slices.Contains(p.Hub, record.HubField(f.Name))
		}) {
			l.at(m.node.get("create"), "a %s cannot be created on the hub without %s; add a pair {hub: %q, spoke: …}, or create: %s", m.entity.object.Label, f.Name, f.Name, withoutCreate(m.Create, ToHub))
		}
	}
}
