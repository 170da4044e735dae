package ruleset

import (
	"slices"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// decimalText is a number as values spell it.
var decimalText = lazyregexp.New(`^-?[0-9]+(\.[0-9]+)?$`)

// pair compiles one field pair into its mapping. It is false if anything in it was reported.
func (l *loader) pair(g *groupSource, m *mappingSource, n *node) bool {
	before := len(l.problems)
	p := &Pair{Line: n.line, Direction: m.Direction}
	if w, ok := n.get("direction").word(); ok {
		p.Direction = Direction(w)
	}
	required, _ := n.get("required").word()
	p.Required = required == "true"
	l.spokeFields(m, p, n)
	if n.has("value") {
		l.constant(m, p, n)
	} else {
		l.hubFields(m, p, n)
		l.reference(g, m, p, n)
		l.translation(p, n)
		l.zoned(p.ToHubTransforms, m.Spoke.Connection)
		l.zoned(p.ToSpokeTransforms, g.Hub)
		l.travel(g, m, p, n)
		l.mapped(m, p, n)
	}
	p.Required = p.Required && p.Direction != ToHub
	if !n.get("spoke").given() || (!n.get("hub").given() && !n.get("value").given()) || len(l.problems) > before {
		return false
	}
	if m.decides(p) {
		m.choices = append(m.choices, &pairSource{Pair: p, node: n})
		return true
	}
	m.pairs = append(m.pairs, &pairSource{Pair: p, node: n})
	return true
}

func (l *loader) spokeFields(m *mappingSource, p *Pair, n *node) {
	for _, item := range n.get("spoke").list() {
		name, ok := item.word()
		if !ok {
			continue
		}
		field := record.PlatformField(name)
		if slices.Contains(p.Spoke, field) {
			l.at(item, "%s is named twice in one pair; name it once", name)
		}
		if field == m.Marker && m.Marker != "" {
			l.at(item, "%s is the mapping's hub_id, which is ours alone; take the pair out", name)
		}
		p.Spoke, p.Kinds = append(p.Spoke, field), append(p.Kinds, catalog.Text)
		if m.object == nil {
			continue
		}
		f, known := m.object.Field(field)
		if !known {
			l.at(item, "a %s of %s has no field %s; %s", m.object.Label, m.Spoke.Connection, quote(name), instead(name, fieldNames(m.object, anyField)))
			continue
		}
		l.slip(item, m.object, f.Name)
		p.Kinds[len(p.Kinds)-1], p.Default = f.Kind, f.Default
		p.OnCreateOnly = p.OnCreateOnly || f.CreateOnly
		p.Required = p.Required || f.Required
	}
}

// constant compiles a pair that writes one value at creation.
func (l *loader) constant(m *mappingSource, p *Pair, n *node) {
	p.Direction, p.Required = ToSpoke, false
	for _, name := range []string{"direction", "to_spoke", "to_hub", "reference", "required"} {
		if v := n.get(name); v.given() {
			l.at(v, "%s says nothing of a constant, which is written once, at creation; take it out", name)
		}
	}
	if len(p.Spoke) > 1 {
		l.at(n.get("spoke"), "a constant is for one field; write a pair for each")
	}
	p.Constant, _ = n.get("value").word()
	if p.Constant == "" && n.get("value").given() {
		l.at(n.get("value"), "an empty constant writes nothing; give a value, or take the pair out")
		return
	}
	if m.Create == CreateNone || m.Create == CreateToHub {
		l.at(n, "the constant would never be written: create is %s; write create: to_spoke or both, or take the pair out", m.Create)
	}
	if m.object == nil || len(p.Spoke) != 1 {
		return
	}
	if f, ok := m.object.Field(p.Spoke[0]); ok {
		if f.ReadOnly {
			l.at(n.get("spoke"), "%s is read-only on %s; take the pair out", f.Name, m.Spoke.Connection)
			return
		}
		if !m.decides(p) {
			l.value(n.get("value"), f)
		}
	}
}

func (l *loader) hubFields(m *mappingSource, p *Pair, n *node) {
	for _, item := range n.get("hub").list() {
		name, ok := item.word()
		if !ok || m.entity == nil {
			continue
		}
		field := record.HubField(name)
		if slices.Contains(p.Hub, field) {
			l.at(item, "%s is named twice in one pair; name it once", name)
		}
		if m.entity.Marker == record.PlatformField(name) {
			l.at(item, "%s is the object's hub_id, which is ours alone; take the pair out", name)
			continue
		}
		p.Hub = append(p.Hub, field)
		l.declared(m.entity, item, field)
	}
	if len(p.Hub) > 1 && len(p.Spoke) > 1 {
		l.at(n, "%d hub fields with %d spoke fields; one side has one field: write several pairs", len(p.Hub), len(p.Spoke))
	}
}

// reference compiles how a parent is named on the spoke.
func (l *loader) reference(g *groupSource, m *mappingSource, p *Pair, n *node) {
	if m.entity == nil || len(p.Hub) != 1 {
		if r := n.get("reference"); r.given() && len(p.Hub) > 1 {
			l.at(r, "a reference is one hub field; write a pair for it alone")
		}
		return
	}
	field, ok := m.entity.Field(p.Hub[0])
	if !ok {
		return
	}
	r := n.get("reference")
	if r == nil {
		l.referenceMissing(g, m, field, n)
		return
	}
	to := r
	if r.kind == nodeTable {
		to = r.get("to")
		via, _ := r.get("field").word()
		p.Reference = &Reference{Via: record.PlatformField(via)}
	} else {
		p.Reference = &Reference{}
	}
	name, ok := to.word()
	if !ok {
		return
	}
	p.Reference.To = record.Object(name)
	if l.referenceTarget(g, m, p, field, to) && p.Reference.Via != "" {
		l.via(m, p, r.get("field"), n)
	}
	for _, side := range []string{"to_spoke", "to_hub"} {
		if v := n.get(side); v.given() {
			l.at(v, "a reference is translated by its record's identity; take %s out", side)
		}
	}
}

// referenceMissing reports a pair that would carry one platform's id to another.
func (l *loader) referenceMissing(g *groupSource, m *mappingSource, f *Field, n *node) {
	to := m.entity.field(f.Name).entry.Refers
	if to == "" {
		return
	}
	if g.entity(to) == nil {
		l.at(n, "%s names a record of %s, whose id means nothing on %s; declare %s under objects and map it, then add reference: %s", f.Name, to, m.Spoke.Connection, to, to)
		return
	}
	l.at(n, "%s names a record of %s, whose id means nothing on %s; add reference: %s", f.Name, to, m.Spoke.Connection, to)
}

// referenceTarget finds the spoke's object for the parent.
func (l *loader) referenceTarget(g *groupSource, m *mappingSource, p *Pair, f *Field, to *node) bool {
	name := string(p.Reference.To)
	if g.entity(p.Reference.To) == nil {
		l.undeclared(g, to, p.Reference.To)
		return false
	}
	if m.entity.object == nil || m.Spoke == (record.Place{}) {
		return false // unknown, and so is what its fields name
	}
	if f.Refers != p.Reference.To {
		if f.Refers == "" {
			l.at(to, "%s names no record: it is of kind %s; take reference out", f.Name, f.Kind)
		} else {
			l.at(to, "%s names a record of %s, not of %s; write %s", f.Name, f.Refers, name, f.Refers)
		}
		return false
	}
	var wanted record.Object
	if m.object != nil && len(p.Spoke) == 1 && p.Reference.Via == "" {
		spoke, _ := m.object.Field(p.Spoke[0])
		wanted = spoke.Refers
	}
	for _, other := range g.mappings {
		if other.entity == nil || other.Spoke == (record.Place{}) {
			return false // reported, and perhaps the one meant
		}
		if other.Hub != p.Reference.To || other.Spoke.Connection != m.Spoke.Connection {
			continue
		}
		if wanted == "" || wanted == other.Spoke.Object {
			p.Reference.Object = other.Spoke.Object
			return true
		}
	}
	if wanted == "" {
		l.at(to, "no mapping takes %s to %s, so there is nothing to name; map %s to an object of %s", name, m.Spoke.Connection, name, m.Spoke.Connection)
	} else {
		l.at(to, "%s names one of the %s of %s, to which no mapping takes %s; map %s to %s.%s", p.Spoke[0], wanted, m.Spoke.Connection, name, name, m.Spoke.Connection, wanted)
	}
	return false
}

// via checks a reference through a field of the parent's record.
func (l *loader) via(m *mappingSource, p *Pair, field, n *node) {
	if d := n.get("direction"); d.given() && p.Direction != ToSpoke {
		l.at(d, "a reference through a field travels to the spoke alone; write to_spoke, or leave direction out")
	}
	p.Direction = ToSpoke
	platform := l.platformOf(m.Spoke.Connection)
	if platform == nil {
		return
	}
	o, ok := platform.Object(p.Reference.Object)
	if !ok {
		return
	}
	if _, ok := o.Field(p.Reference.Via); !ok {
		name := string(p.Reference.Via)
		l.at(field, "a %s of %s has no field %s; %s", o.Label, m.Spoke.Connection, quote(name), instead(name, fieldNames(o, anyField)))
	}
}

// translation compiles a pair's transforms and reports what would not come back.
func (l *loader) translation(p *Pair, n *node) {
	if p.Reference != nil || len(p.Hub) == 0 || len(p.Spoke) == 0 || (len(p.Hub) > 1 && len(p.Spoke) > 1) {
		return
	}
	toSpoke, toHub := n.get("to_spoke"), n.get("to_hub")
	p.ToSpokeTransforms = l.steps(toSpoke, len(p.Hub), len(p.Spoke))
	p.ToHubTransforms = l.steps(toHub, len(p.Spoke), len(p.Hub))
	l.oneWay(p, n, ToSpoke, p.ToSpokeTransforms)
	l.oneWay(p, n, ToHub, p.ToHubTransforms)
	if p.Direction == Both && toSpoke.given() != toHub.given() && p.single() {
		l.oneSided(p, n)
	}
	if p.Direction == Both {
		l.inverse(p, n)
	}
}

// single reports whether a pair has one field on each side.
func (p *Pair) single() bool { return len(p.Hub) == 1 && len(p.Spoke) == 1 }

// opposite names the other direction.
func opposite(d Direction) Direction {
	if d == ToSpoke {
		return ToHub
	}
	return ToSpoke
}

// oneWay checks one way's transforms against the pair's direction.
func (l *loader) oneWay(p *Pair, n *node, way Direction, transforms []Transform) {
	given, back := n.get(string(way)), opposite(way)
	switch {
	case given.given() && p.Direction == back:
		l.at(given, "%s says nothing: the pair travels %s alone; take it out, or write direction: both", way, p.Direction)
	case given == nil && !p.single() && p.Direction != back:
		l.at(n, "%s of the hub and %s of the spoke; add %s: […] with a transform that joins or splits them, or write direction: %s",
			fields(len(p.Hub)), fields(len(p.Spoke)), way, back)
	case given.given() && p.Direction == Both && (p.single() || n.has(string(back))):
		if name, ok := returns(transforms); !ok {
			l.at(given, "%s loses something, so what it makes cannot come back; write direction: %s", name, way)
		}
	}
}

func fields(n int) string {
	if n == 1 {
		return "1 field"
	}
	return strconv.Itoa(n) + " fields"
}

// oneSided reports a two-way pair whose values are mapped one way and copied the other.
func (l *loader) oneSided(p *Pair, n *node) {
	given, way := n.get("to_spoke"), ToSpoke
	transforms := p.ToSpokeTransforms
	if !given.given() {
		given, way, transforms = n.get("to_hub"), ToHub, p.ToHubTransforms
	}
	if slices.ContainsFunc(transforms, func(t Transform) bool { return t.Name == mapName }) {
		l.at(given, "%s maps values and nothing maps them back; add %s: [{%s: {…}}] with the pairs turned round, or write direction: %s", way, opposite(way), mapName, way)
	}
}

// inverse reports two value maps that do not undo each other.
func (l *loader) inverse(p *Pair, n *node) {
	there, back := valueMap(p.ToSpokeTransforms), valueMap(p.ToHubTransforms)
	if there == nil || back == nil {
		return
	}
	for _, e := range mapEntries(n.get("to_spoke")) {
		value := e.value.text
		if again, ok := back[value]; !slices.Contains(mapArgs, e.key.text) && (!ok || again != e.key.text) {
			l.at(e.key, "%s becomes %s, which to_hub does not turn back; add %s: %s there, or write direction: %s", quote(e.key.text), quote(value), value, e.key.text, ToSpoke)
		}
	}
}

// valueMap gives the table of a chain that is one value map; nil if it is anything else.
func valueMap(transforms []Transform) map[string]string {
	if len(transforms) != 1 {
		return nil
	}
	return transforms[0].Map
}

// mapEntries gives the table of a chain's first value map, as the file has it.
func mapEntries(n *node) []entry {
	for _, item := range n.list() {
		if v := item.get(mapName); v.given() {
			return v.entries
		}
	}
	return nil
}

// travel checks a pair's direction against what both sides accept.
func (l *loader) travel(g *groupSource, m *mappingSource, p *Pair, n *node) {
	for _, item := range n.get("spoke").list() {
		if m.object == nil || p.Direction == ToHub {
			break
		}
		if f, ok := m.object.Field(record.PlatformField(item.text)); ok && f.ReadOnly {
			l.at(item, "%s is read-only on %s, so nothing can be written to it; write direction: %s", f.Name, m.Spoke.Connection, ToHub)
		}
	}
	for _, item := range n.get("hub").list() {
		if m.entity == nil || p.Direction == ToSpoke {
			break
		}
		if f, ok := m.entity.Field(record.HubField(item.text)); ok && f.ReadOnly {
			l.at(item, "%s is read-only on %s, so nothing can be written to it; write direction: %s", f.Name, g.Hub, ToSpoke)
		}
	}
}

// mapped checks the texts of value maps against the values that both fields can have.
func (l *loader) mapped(m *mappingSource, p *Pair, n *node) {
	if len(p.Hub) != 1 || len(p.Spoke) != 1 || m.object == nil || m.entity == nil {
		return
	}
	hub := catalog.Field{}
	if f := m.entity.field(p.Hub[0]); f != nil {
		hub = f.entry
	}
	spoke, _ := m.object.Field(p.Spoke[0])
	l.mapTexts(n.get("to_hub"), p.ToHubTransforms, spoke, hub)
	l.mapTexts(n.get("to_spoke"), p.ToSpokeTransforms, hub, spoke)
}

func (l *loader) mapTexts(n *node, transforms []Transform, from, to catalog.Field) {
	if valueMap(transforms) == nil {
		return
	}
	for _, e := range mapEntries(n) {
		switch {
		case e.key.text == mapEach || e.key.text == mapJoin:
			continue
		case e.key.text != mapDefault:
			l.value(e.key, catalog.Field{Name: from.Name, Values: from.Values})
		}
		l.value(e.value, to)
	}
}
