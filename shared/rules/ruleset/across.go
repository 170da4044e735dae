package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

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
