package ruleset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// mapping compiles one mapping but for its pairs.
func (l *loader) mapping(g *groupSource, n *node) {
	m := &mappingSource{node: n, Mapping: &Mapping{
		Line: n.line, Direction: Both, Create: CreateNone, Delete: DeleteIgnore, Existing: ExistingSkip,
		AfterExit: AfterExitStop, OnLink: OnLinkKeep}}
	l.mappedObject(g, m, n.get("hub"))
	l.spoke(g, m, n.get("spoke"))
	l.mappingName(g, m, n.get("name"))
	if w, ok := n.get("direction").word(); ok {
		m.Direction = Direction(w)
	}
	if w, ok := n.get("create").word(); ok {
		m.Create = Create(w)
	}
	if w, ok := n.get("delete").word(); ok {
		m.Delete = Delete(w)
	}
	if w, ok := n.get("existing").word(); ok {
		m.Existing = Existing(w)
	}
	if w, ok := n.get("after_exit").word(); ok {
		m.AfterExit = AfterExit(w)
	}
	if w, ok := n.get("on_link").word(); ok {
		m.OnLink = OnLink(w)
	}
	if name, ok := n.get("hub_id").word(); ok {
		m.Marker = record.PlatformField(name)
		l.markerField(n.get("hub_id"), m.object, m.Marker)
	}
	hours := l.active(n.get("schedule").get("active"), Active{})
	m.ToSpoke = l.schedule(n.get("schedule").get("to_spoke"), hours)
	m.ToHub = l.schedule(n.get("schedule").get("to_hub"), hours)
	l.filter(m, n.get("filter"))
	if e := n.get("existing"); e.given() && !n.has("filter") {
		l.at(e, "existing says which records enter a filter, and there is no filter; add one, or take existing out")
	}
	if e := n.get("after_exit"); e.given() && !n.has("filter") {
		l.at(e, "after_exit says what becomes of records that leave a filter, and there is no filter; add one, or take after_exit out")
	}
	g.mappings = append(g.mappings, m)
}

// pairs compiles a mapping's field pairs, once every mapping of its group is known.
func (l *loader) pairs(g *groupSource, m *mappingSource) {
	fields := m.node.get("fields")
	m.whole = fields.given()
	for _, n := range fields.list() {
		if !n.given() || !l.pair(g, m, n) {
			m.whole = false
		}
	}
}

func (l *loader) mappedObject(g *groupSource, m *mappingSource, n *node) {
	name, ok := n.word()
	if !ok {
		return
	}
	m.Hub = record.Object(name)
	if m.entity = g.entity(m.Hub); m.entity == nil {
		l.undeclared(g, n, m.Hub)
	}
}

// undeclared reports an object that the group does not declare, with the line to add; unless it was declared under a
// misspelt name, which was reported there.
func (l *loader) undeclared(g *groupSource, n *node, t record.Object) {
	near, ok := nearest(string(t), g.entityNames())
	if g.hub != nil && ok && g.entity(record.Object(near)).object != nil {
		_, real := g.hub.Object(t)
		ok = !real
	}
	switch {
	case !g.whole || (ok && g.entity(record.Object(near)).object == nil):
	case ok:
		l.at(n, "object %s is not declared; did you mean %s?", quote(string(t)), quote(near))
	default:
		l.at(n, "object %s is not declared; under groups: %s: objects: add %s: {fields: {…}}", quote(string(t)), g.Name, t)
	}
}

func (g *groupSource) entity(t record.Object) *entitySource {
	i := slices.IndexFunc(g.entities, func(s *entitySource) bool { return s.Type == t })
	if i < 0 {
		return nil
	}
	return g.entities[i]
}

func (g *groupSource) entityNames() []string {
	var names []string
	for _, s := range g.entities {
		names = append(names, string(s.Type))
	}
	return names
}

// spoke compiles "connection.object".
func (l *loader) spoke(g *groupSource, m *mappingSource, n *node) {
	text, ok := n.word()
	if !ok {
		return
	}
	connection, object, _ := strings.Cut(text, ".")
	place := record.Place{Connection: record.Connection(connection), Object: record.Object(object)}
	switch _, known := l.rules.Connection(place.Connection); {
	case !known:
		l.unknownConnection(n, connection)
		return
	case place.Connection == g.Hub:
		l.at(n, "%s is the group's hub; a spoke is another connection", quote(connection))
		return
	}
	for _, other := range g.mappings {
		if other.Spoke == place {
			l.at(n, "%s is mapped twice in group %s; the first is on line %d: keep one", text, g.Name, other.Line)
			return
		}
	}
	m.Spoke = place
	p := l.platformOf(place.Connection)
	if p == nil {
		return
	}
	if m.object, ok = p.Object(place.Object); !ok {
		m.object = nil
		l.at(n, "%s has no object %s; %s", p.Label, quote(object), instead(object, objectNames(p)))
		return
	}
	m.RestoresSpoke = m.object.Ability.Restore
}

func (l *loader) mappingName(g *groupSource, m *mappingSource, n *node) {
	m.Name = fmt.Sprintf("%s-%s-%s", m.Hub, m.Spoke.Connection, m.Spoke.Object)
	name, ok := n.word()
	if !ok {
		return
	}
	m.Name = name
	for _, other := range g.mappings {
		if other.Name == name {
			l.at(n, "two mappings of group %s are named %s; the first is on line %d: give each its own name", g.Name, quote(name), other.Line)
			return
		}
	}
}

// schedule compiles when changes travel one way. What is not given is real time and every 15 minutes, within the hours
// of the mapping.
func (l *loader) schedule(n *node, hours Active) Schedule {
	s := Schedule{RealTime: true, Every: periodDefault, Active: l.active(n.get("active"), hours)}
	if w, ok := n.get("realtime").word(); ok {
		s.RealTime = w == "true"
	}
	w, ok := n.get("every").word()
	if ok && w == periodNone {
		s.Every, s.Active = 0, Active{}
		if n.has("active") {
			l.at(n.get("active"), "active bounds polls and sweeps, and every is none; take one of them out")
		}
		if !s.RealTime {
			l.at(n.get("every"), "neither in real time nor by period: nothing would travel; give a period such as 1h")
		}
		return s
	}
	if ok {
		every, err := time.ParseDuration(w)
		if err != nil || every < periodMin || every > periodMax {
			l.at(n.get("every"), "every is %s; write 1m to 24h", quote(w))
			return s
		}
		s.Every = every
	}
	return s
}

// field gives a declared field with where it was said; nil if it is not declared.
func (s *entitySource) field(name record.HubField) *fieldSource {
	i := slices.IndexFunc(s.fields, func(f *fieldSource) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return s.fields[i]
}

// value reports a constant that a field cannot have.
func (l *loader) value(n *node, f catalog.Field) {
	text, ok := n.word()
	switch {
	case !ok:
	case len(f.Values) > 0 && !slices.Contains(f.Values, text):
		l.at(n, "%s has no value %s; %s", f.Name, quote(text), instead(text, f.Values))
	case f.Kind == catalog.Bool && text != "true" && text != "false":
		l.at(n, "%s is a yes or no, not %s; write \"true\" or \"false\"", f.Name, quote(text))
	case (f.Kind == catalog.Number || f.Kind == catalog.Money) && !decimalText.MatchString(text):
		l.at(n, "%s is a number, not %s; write digits with a point, such as \"12.50\"", f.Name, quote(text))
	}
}
