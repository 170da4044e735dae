package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

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
