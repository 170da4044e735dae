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
		l.checkAgreement(g, m)
	}
}

// checkOwner reports an owner that can never set its field.
func (l *loader) checkOwner(g *groupSource, s *entitySource, f *Field, src *fieldSource) {
	owner := f.Owner.Connection
	n := src.node.get("owner")
	if owner == "" || owner == g.Hub || !n.given() {
		return
	}
	part := false
	for _, m := range g.mappings {
		if m.entity == nil || m.Spoke == (record.Place{}) {
			return // reported, and perhaps the one that supplies it
		}
		if m.Spoke.Connection != owner {
			continue
		}
		part = true
		if m.Hub == s.Type && (!m.whole || slices.ContainsFunc(m.pairs, func(p *pairSource) bool {
			return p.Direction != ToSpoke && slices.Contains(p.Hub, f.Name)
		})) {
			return
		}
	}
	if !part {
		l.at(n, "owner %s takes no part in group %s; map %s to it, or name hub, %s or one of the group's spokes", owner, g.Name, s.Type, ownerLatest)
		return
	}
	l.at(n, "owner %s cannot supply %s: no pair of %s brings it to the hub; add {hub: %s, spoke: …, direction: to_hub} to its mapping, or change the owner", owner, f.Name, owner, f.Name)
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

// checkTwice reports a field that two pairs of one mapping would write.
func (l *loader) checkTwice(m *mappingSource) {
	spoke, hub := map[record.PlatformField]int{}, map[record.HubField]int{}
	for _, p := range m.pairs {
		for _, name := range p.Spoke {
			if p.Direction == ToHub {
				break
			}
			if line, ok := spoke[name]; ok {
				l.at(p.node, "%s is written by two pairs; the first is on line %d: keep one", name, line)
			}
			spoke[name] = p.Line
		}
		for _, name := range p.Hub {
			if p.Direction == ToSpoke {
				break
			}
			if line, ok := hub[name]; ok {
				l.at(p.node, "hub field %s is set by two pairs of this mapping; the first is on line %d: keep one, or make one direction: to_spoke", name, line)
			}
			hub[name] = p.Line
		}
	}
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

// checkAgreement reports pairs that bring the hub what it would never take: values of a spoke that does not own them.
func (l *loader) checkAgreement(g *groupSource, m *mappingSource) {
	if m.entity == nil {
		return
	}
	for _, p := range m.pairs {
		if p.Direction != ToHub {
			continue
		}
		for _, name := range p.Hub {
			f, ok := m.entity.Field(name)
			src := m.entity.field(name)
			if !ok || !src.node.get("owner").given() || f.Owner.LastWriteWins || f.Owner.Connection == m.Spoke.Connection || f.Owner.Connection == "" || f.NonOwner != NonOwnerRevert {
				continue
			}
			l.at(p.node, "%s is owned by %s, so what %s sends to the hub would never count; make %s its owner, or write direction: %s", name, f.Owner.Connection, m.Spoke.Connection, m.Spoke.Connection, ToSpoke)
		}
	}
}

// checkAcross reports what groups would do to each other through a place they share.
func (l *loader) checkAcross() {
	before := len(l.problems)
	l.checkWriters()
	l.checkCreators()
	if len(l.problems) == before { // two writers of a field make circles of their own
		l.checkCircles()
	}
}

// written is a field of a place that a group writes.
type written struct {
	place record.Place
	field record.PlatformField
}

// writes lists the fields a group writes, with where that is said, in the file's order.
func (g *groupSource) writes() (fields []written, at []*node) {
	note := func(place record.Place, field record.PlatformField, n *node) {
		if w := (written{place, field}); !slices.Contains(fields, w) {
			fields, at = append(fields, w), append(at, n)
		}
	}
	for _, s := range g.entities {
		if s.Marker != "" {
			note(g.HubPlace(s.Type), s.Marker, s.node)
		}
	}
	for _, m := range g.mappings {
		if m.Marker != "" {
			note(m.Spoke, m.Marker, m.node)
		}
		for _, p := range m.pairs {
			if p.Direction != ToHub {
				for _, f := range p.Spoke {
					note(m.Spoke, f, p.node)
				}
			}
			if p.Direction != ToSpoke {
				for _, f := range p.Hub {
					note(g.HubPlace(m.Hub), record.PlatformField(f), p.node)
				}
			}
		}
	}
	return fields, at
}

func (l *loader) checkWriters() {
	type first struct {
		group record.Group
		line  int
	}
	seen := map[written]first{}
	for _, g := range l.groups {
		fields, at := g.writes()
		for i, w := range fields {
			if f, ok := seen[w]; ok {
				l.at(at[i], "groups %s and %s both write %s of %s; the first does on line %d: let one of them only read it", f.group, g.Name, w.field, w.place, f.line)
				continue
			}
			seen[w] = first{g.Name, at[i].line}
		}
	}
}

// checkCreators reports two groups that create at one place: each would make its own record of the same thing.
func (l *loader) checkCreators() {
	creators := map[record.Place]record.Group{}
	create := func(g *groupSource, place record.Place, n *node) {
		if other, ok := creators[place]; ok && other != g.Name {
			l.at(n, "groups %s and %s both create at %s, and each would make a record of its own; let one of them create", other, g.Name, place)
			return
		}
		creators[place] = g.Name
	}
	for _, g := range l.groups {
		for _, m := range g.mappings {
			if m.Create.CreatesOn(ToSpoke) {
				create(g, m.Spoke, m.node.get("create"))
			}
			if m.Create.CreatesOn(ToHub) {
				create(g, g.HubPlace(m.Hub), m.node.get("create"))
			}
		}
	}
}

// flow is a value's way from one field to another, in one group.
type flow struct {
	from, to written
	group    *groupSource
	node     *node
}

// checkCircles reports a value that could go round through several groups for ever. Inside a group the decider ends
// every chain; across groups nobody would.
func (l *loader) checkCircles() {
	flows := l.flows()
	from := map[written][]flow{}
	for _, f := range flows {
		from[f.from] = append(from[f.from], f)
	}
	for _, f := range flows {
		other := returning(from, f)
		if other == nil {
			continue
		}
		l.at(f.node, "%s of %s goes round in a circle through groups %s and %s; make one of the pairs travel the other way, or put them in one group",
			f.from.field, f.from.place, other.Name, f.group.Name)
		return
	}
}

func (l *loader) flows() []flow {
	var out []flow
	for _, g := range l.groups {
		for _, m := range g.mappings {
			for _, p := range m.pairs {
				for _, h := range p.Hub {
					hub := written{g.HubPlace(m.Hub), record.PlatformField(h)}
					for _, f := range p.Spoke {
						spoke := written{m.Spoke, f}
						if p.Direction != ToHub {
							out = append(out, flow{hub, spoke, g, p.node})
						}
						if p.Direction != ToSpoke {
							out = append(out, flow{spoke, hub, g, p.node})
						}
					}
				}
			}
		}
	}
	return out
}

// returning finds another group through which what a flow brings comes back to where it began; nil if there is none.
// from gives the flows that begin at a field.
func returning(from map[written][]flow, start flow) *groupSource {
	type state struct {
		at    written
		other *groupSource
	}
	seen := map[state]bool{}
	queue := []state{{at: start.to}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s.at == start.from && s.other != nil {
			return s.other
		}
		for _, f := range from[s.at] {
			next := state{f.to, s.other}
			if next.other == nil && f.group != start.group {
				next.other = f.group
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return nil
}
