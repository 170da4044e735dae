package ruleset

import (
	"slices"
	"strings"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// entity compiles one declared object of a hub.
func (l *loader) entity(g *groupSource, e entry) *entitySource {
	s := &entitySource{Entity: &Entity{Type: record.Object(e.key.text)}, node: e.key, whole: e.value.get("fields").given(), matched: e.value.has("match")}
	if g.hub != nil && e.key.given() {
		if o, ok := g.hub.Object(s.Type); ok {
			s.object, s.RestoresHub = o, o.Ability.Restore
		} else {
			l.at(e.key, "%s has no object %s; %s", g.hub.Label, quote(e.key.text), instead(e.key.text, objectNames(g.hub)))
		}
	}
	for _, f := range e.value.get("fields").table() {
		l.field(g, s, f)
	}
	l.marker(s, e.value.get("hub_id"))
	for _, n := range e.value.get("match").list() {
		if n.given() {
			l.matchRule(s, n)
		}
	}
	return s
}

func objectNames(p *catalog.Platform) []string {
	var names []string
	for _, o := range p.Objects {
		names = append(names, string(o.Name))
	}
	return names
}

// fieldNames lists an object's fields that keep holds of.
func fieldNames(o *catalog.Object, keep func(catalog.Field) bool) []string {
	var names []string
	for _, f := range o.Fields {
		if keep(f) {
			names = append(names, string(f.Name))
		}
	}
	return names
}

func anyField(catalog.Field) bool { return true }

func (l *loader) marker(s *entitySource, n *node) {
	name, ok := n.word()
	if s.markerBroken = n != nil && !ok; !ok {
		return
	}
	s.Marker = record.PlatformField(name)
	l.markerField(n, s.object, s.Marker)
	if _, ok := s.Field(record.HubField(name)); ok {
		l.at(n, "hub_id %s is also declared as a field; it is ours alone: take it out of fields", quote(name))
	}
}

// markerField reports a marker that its object cannot hold.
func (l *loader) markerField(n *node, o *catalog.Object, name record.PlatformField) {
	if o == nil {
		return
	}
	f, ok := o.Field(name)
	switch {
	case !ok && o.Ability.Marker != "":
		l.at(n, "a %s has no field %s; the usual one is %s", o.Label, quote(string(name)), o.Ability.Marker)
	case !ok:
		l.at(n, "a %s has no field %s; %s", o.Label, quote(string(name)), instead(string(name), fieldNames(o, writable)))
	case f.ReadOnly:
		l.at(n, "hub_id %s is read-only; name a field of text that nothing else uses", quote(string(name)))
	case f.Kind != catalog.Text:
		l.at(n, "hub_id %s is of kind %s; name a field of text that nothing else uses", quote(string(name)), f.Kind)
	}
}

// slip reports a field of an account's own that is all but spelt as one of the platform's: taken for what it says, it would
// be made, and stay blank. One that goes on where the platform's ends, or differs in digits alone, is meant.
func (l *loader) slip(n *node, o *catalog.Object, name record.PlatformField) {
	names := fieldNames(o, anyField)
	if slices.Contains(names, string(name)) {
		return
	}
	near, ok := nearest(string(name), names)
	letters := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, text)
	}
	if ok && !strings.HasPrefix(string(name), near) && !strings.HasPrefix(near, string(name)) && letters(string(name)) != letters(near) {
		l.at(n, "a %s has no field %s of the platform's; did you mean %s? A field of your own needs a name that is less like it", o.Label, quote(string(name)), quote(near))
	}
}

func writable(f catalog.Field) bool { return !f.ReadOnly }

// field compiles one hub field. One that was reported is still declared, so that its uses are not reported too.
func (l *loader) field(g *groupSource, s *entitySource, e entry) {
	f := Field{Name: record.HubField(e.key.text), Kind: catalog.Text, NonOwner: NonOwnerRevert, Blank: BlankClear, Conflict: ConflictOwner}
	src := &fieldSource{name: f.Name, node: e.value}
	if s.object != nil && e.key.given() {
		known, ok := s.object.Field(record.PlatformField(f.Name))
		if !ok {
			l.at(e.key, "a %s of %s has no field %s; %s", s.object.Label, g.hub.Label, quote(string(f.Name)), instead(string(f.Name), fieldNames(s.object, anyField)))
		} else {
			f.Kind, f.ReadOnly, f.Default = known.Kind, known.ReadOnly, known.Default
			l.slip(e.key, s.object, known.Name)
		}
		src.entry, src.unknown = known, !ok
	}
	f.Reason, _ = e.value.get("reason").word()
	l.owner(g, &f, e.value.get("owner"))
	l.policies(&f, e.value)
	f.Form = defaultForm(f.Kind)
	if form := e.value.get("form"); form.given() {
		f.Form = l.form(form)
	}
	l.zoned(f.Form, g.Hub)
	s.Fields = append(s.Fields, f)
	s.fields = append(s.fields, src)
}

func (l *loader) owner(g *groupSource, f *Field, n *node) {
	name, ok := n.word()
	switch {
	case !ok:
	case name == ownerLatest:
		f.Owner.LastWriteWins = true
	case name == ownerHub:
		f.Owner.Connection = g.Hub
	default:
		f.Owner.Connection = record.Connection(name)
		if _, known := l.rules.Connection(f.Owner.Connection); !known && len(l.rules.Connections) > 0 {
			right := append([]string{ownerHub, ownerLatest}, l.connectionNames()...)
			l.at(n, "unknown owner %s; %s", quote(name), instead(name, right))
			f.Owner.Connection = ""
		}
	}
}

func (l *loader) policies(f *Field, n *node) {
	if f.Owner.LastWriteWins {
		f.Conflict = ConflictNewest
	}
	if p, ok := n.get("conflict").word(); ok {
		f.Conflict = Conflict(p)
	}
	if p, ok := n.get("non_owner").word(); ok {
		f.NonOwner = NonOwner(p)
	}
	if p, ok := n.get("blank").word(); ok {
		f.Blank = Blank(p)
	}
	if !f.Owner.LastWriteWins {
		return
	}
	if f.Conflict == ConflictOwner {
		l.at(n.get("conflict"), "conflict owner has no owner to go by: the field's owner is %s; write newest, hub, spoke or manual", ownerLatest)
	}
	if policy := n.get("non_owner"); policy.given() {
		l.at(policy, "non_owner says nothing here: with %s every writer is an owner; take it out", ownerLatest)
	}
}

// defaultForm is the canonical form of a kind where the file gives none.
func defaultForm(k catalog.Kind) []Transform {
	switch k {
	case catalog.Email:
		return []Transform{{Name: "trim"}, {Name: "lowercase"}}
	case catalog.Money, catalog.Number:
		return []Transform{{Name: "decimal"}}
	case catalog.Bool:
		return []Transform{{Name: "bool"}}
	case catalog.Date:
		return []Transform{{Name: "date_iso"}}
	case catalog.Reference:
		return nil // an entity holds an identity there
	}
	return []Transform{{Name: "trim"}}
}

func (l *loader) matchRule(s *entitySource, n *node) {
	rule := MatchRule{}
	rule.Name, _ = n.get("rule").word()
	if slices.ContainsFunc(s.Match, func(m MatchRule) bool { return m.Name == rule.Name }) && rule.Name != "" {
		l.at(n.get("rule"), "two match rules are named %s; give each its own name", quote(rule.Name))
	}
	for _, p := range n.get("fields").list() {
		if !p.given() {
			continue
		}
		part, at := MatchPart{}, p
		if p.kind == nodeTable {
			at = p.get("field")
			part.Transforms = l.steps(p.get("through"), 1, 1)
		}
		name, ok := at.word()
		if !ok {
			continue
		}
		part.Field = record.HubField(name)
		if l.declared(s, at, part.Field); slices.ContainsFunc(rule.Parts, func(q MatchPart) bool {
			return q.Field == part.Field && len(q.Transforms) == 0 && len(part.Transforms) == 0
		}) {
			l.at(at, "rule %s names %s twice; name it once", quote(rule.Name), quote(name))
		}
		rule.Parts = append(rule.Parts, part)
	}
	s.Match = append(s.Match, rule)
}

// declared gives a hub field. One that the object does not declare is reported with the line to add; unless it was
// declared under a misspelt name, which was reported there.
func (l *loader) declared(s *entitySource, n *node, name record.HubField) *Field {
	if f, ok := s.Field(name); ok {
		return f
	}
	var names []string
	for _, f := range s.Fields {
		names = append(names, string(f.Name))
	}
	near, ok := nearest(string(name), names)
	if s.object != nil && ok && !s.field(record.HubField(near)).unknown {
		_, real := s.object.Field(record.PlatformField(name))
		ok = !real
	}
	switch {
	case !s.whole || (ok && s.field(record.HubField(near)).unknown):
	case ok:
		l.at(n, "hub field %s is not declared; did you mean %s?", quote(string(name)), quote(near))
	default:
		l.at(n, "hub field %s is not declared; under objects: %s: fields: add %s: {owner: hub, reason: \"why\"}", quote(string(name)), s.Type, name)
	}
	return nil
}
