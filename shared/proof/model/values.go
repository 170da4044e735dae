package model

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func constant(p *ruleset.Pair) bool { return len(p.Hub) == 0 }

// tells reports whether what a record shows of a pair can set hub fields.
func tells(p *ruleset.Pair) bool {
	return p.Direction != ruleset.ToSpoke && !constant(p) && (p.Reference == nil || p.Reference.Via == "")
}

// comparable reports whether a record can be recognised by a pair, although it may not set hub fields.
func comparable(p *ruleset.Pair) bool {
	return tells(p) || len(p.ToSpokeTransforms) == 0 && !constant(p) && p.Reference == nil
}

// whole gives a pair's spoke fields, blank where a record has none.
func whole(p *ruleset.Pair, fields record.Fields) record.Fields {
	out := record.Fields{}
	for _, name := range p.Spoke {
		out[name] = fields[name]
	}
	return out
}

// read gives what a record's fields say of a pair's hub fields; ok is false if they say nothing, and why.
func (m *world) read(
	kind record.Object, place record.Place, p *ruleset.Pair, fields record.Fields,
) (texts []string, why mapping.Why, ok bool) {
	if p.Reference == nil {
		texts, nothing, ok := mapping.Texts(mapping.ToHub(m.declared(kind), p, whole(p, fields)))
		return texts, nothing.Why, ok
	}
	id := fields[p.Spoke[0]]
	if id == "" {
		return []string{""}, "", true
	}
	if parent := m.of[record.Ref{Place: record.Place{Connection: place.Connection, Object: p.Reference.Object},
		ID: record.ExternalID(id)}]; parent != nil {
		return []string{parent.name()}, "", true
	}
	return nil, mapping.NotRead, false
}

// sight is what a record shows of a hub field when it is first looked at.
type sight struct {
	from record.Connection
	text string
}

// firstSights judges what the records of a thing showed when everything began, all of them at once. The owner's value stands;
// where the owner left a blank, any other's may fill it; where nobody owns the field, the best rank's value stands.
func (m *world) firstSights(t *thing) {
	if t.held {
		return
	}
	seen := map[record.HubField][]sight{}
	for _, place := range m.group.Places(t.kind) {
		c := t.live(place)
		if c == nil {
			continue
		}
		pairs := m.group.PairsAt(place)
		for i := range pairs {
			p := &pairs[i]
			if !tells(p) {
				m.looks(c, p, !constant(p))
				m.keeps(c, p)
				continue
			}
			texts, _, ok := m.read(t.kind, place, p, c.shows)
			m.looks(c, p, ok)
			c.hears(p, ok)
			for j, name := range p.Hub {
				if ok {
					seen[name] = append(seen[name], sight{place.Connection, texts[j]})
				}
			}
		}
	}
	t.values = map[record.HubField]*value{}
	for name, sights := range seen {
		f, ok := m.declared(t.kind).Field(name)
		if ok {
			t.values[name] = m.firstOf(t, f, sights)
		}
	}
	m.rekey(t)
	m.filter(t, false)
}

// firstOf gives what a field is by what was there when everything began, best rank first.
func (m *world) firstOf(t *thing, f *ruleset.Field, sights []sight) *value {
	owner := m.owner(t, f)
	var texts []string
	v := &value{first: true, from: sights[0].from}
	for _, s := range sights {
		if s.text == "" {
			continue
		}
		if owner == s.from {
			return &value{text: s.text, first: true, from: s.from}
		}
		if len(texts) == 0 {
			v.text, v.from = s.text, s.from
		}
		if !slices.Contains(texts, s.text) {
			texts = append(texts, s.text)
		}
	}
	if owner != "" && len(texts) > 1 {
		v.may = texts
	}
	return v
}

// firstSight judges what a record shows that has just come to belong to a thing. It is no edit: the owner's value stands, a
// blank that nobody chose is filled, and where nobody owns the field the better rank stands.
func (m *world) firstSight(t *thing, c *copied) {
	pairs := m.group.PairsAt(c.ref.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) {
			continue
		}
		if !tells(p) {
			m.looks(c, p, true)
			m.keeps(c, p)
			continue
		}
		texts, why, ok := m.read(t.kind, c.ref.Place, p, c.shows)
		m.looks(c, p, ok || why == mapping.ForPerson)
		c.hears(p, ok || why == mapping.ForPerson)
		for j, name := range p.Hub {
			switch {
			case ok:
				m.firstValue(t, c.ref.Place, name, texts[j])
			case why == mapping.ForPerson:
				m.park(t, name)
			}
		}
	}
}

// looks notes what a record shows of a pair. What says nothing stays where it is, until it or the thing's value changes.
func (m *world) looks(c *copied, p *ruleset.Pair, says bool) {
	maps.Copy(c.asked, whole(p, c.shows))
	for _, name := range p.Spoke {
		delete(c.silent, name)
		if !says {
			c.silent[name] = nil
		}
	}
}

// keeps notes what a record held before it came to belong to the thing, in a pair that cannot tell it: it is not ours to
// overwrite, unless the mapping says so, until somebody edits what the pair comes from.
func (m *world) keeps(c *copied, p *ruleset.Pair) {
	mapped, spoke := m.group.MappingAt(c.ref.Place)
	if !spoke || constant(p) || mapped.OnLink == ruleset.OnLinkOverwrite ||
		!slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return c.shows[name] != "" }) {
		return
	}
	m.tick++
	for _, name := range p.Spoke {
		c.kept[name] = m.tick
	}
}

// hears notes whether a record ever said anything of a pair.
func (c *copied) hears(p *ruleset.Pair, says bool) {
	for _, name := range p.Spoke {
		delete(c.unheard, name)
		if !says {
			c.unheard[name] = true
		}
	}
}

func (m *world) firstValue(t *thing, place record.Place, name record.HubField, text string) {
	f, ok := m.declared(t.kind).Field(name)
	if !ok {
		return
	}
	now := t.values[name]
	mine := &value{text: text, first: true, from: place.Connection, was: now}
	if now != nil {
		mine.edited = now.edited
	}
	owned := !f.Owner.LastWriteWins && f.Owner.Connection == place.Connection
	switch {
	case now == nil:
		t.values[name] = mine
	case now.open || now.text == text:
	case owned && text != "":
		t.values[name] = mine
	case owned || text == "" || !now.first:
	case now.text == "", m.owner(t, f) == "" && m.rank(t.kind, place.Connection) < m.rank(t.kind, now.from):
		t.values[name] = mine
	}
}

// park lets a field wait for a person.
func (m *world) park(t *thing, name record.HubField) {
	if t.values[name] == nil {
		t.values[name] = &value{}
	}
	t.values[name].open = true
}

// edited takes a person's edit of a record.
func (m *world) edited(a Action) {
	t, c := m.of[a.Ref], m.alone[a.Ref]
	if t != nil && t.at[a.Ref.Place].ref == a.Ref {
		c = t.at[a.Ref.Place]
	} else if c != nil && t != nil { // another record has taken its place: it is left as its people have it
		for name, text := range a.Fields {
			c.shows[name] = m.platforms.Spells(a.Ref.Place, name, text)
		}
		return
	}
	if c == nil || c.ref != a.Ref {
		return
	}
	for name, text := range a.Fields {
		c.shows[name] = m.platforms.Spells(a.Ref.Place, name, text)
	}
	if t == nil {
		delete(m.alone, a.Ref)
		m.meet(c, nil)
		return
	}
	if t.held {
		t.values = map[record.HubField]*value{}
		m.look(t, c)
		m.rekey(t)
		return
	}
	if c.state != live {
		return
	}
	m.differs(t, c)
}

// differs judges whatever a record shows otherwise than it last told us of itself, or we last asked of it.
func (m *world) differs(t *thing, c *copied) {
	pairs := m.group.PairsAt(c.ref.Place)
	for i := range pairs {
		p := &pairs[i]
		if changed := func(name record.PlatformField) bool {
			return c.shows[name] != m.platforms.Spells(c.ref.Place, name, c.asked[name])
		}; !constant(p) && m.looked(p, c) && slices.ContainsFunc(p.Spoke, changed) {
			m.editedPair(t, c, p)
		}
	}
	m.rekey(t)
	m.filter(t, true)
}

// editedPair judges what a record shows of a pair, one of whose fields a person has set.
func (m *world) editedPair(t *thing, c *copied, p *ruleset.Pair) {
	place := c.ref.Place
	before, knowing := maps.Clone(c.asked), m.knowing(t, c, p)
	if m.same(t.kind, place, p, c.shows, before) {
		return
	}
	texts, why, ok := m.read(t.kind, place, p, c.shows)
	silent := tells(p) && !ok && why != mapping.ForPerson
	unheard := slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return c.unheard[name] })
	m.looks(c, p, !silent)
	if silent {
		return // it says nothing, and stays as it is
	}
	for _, name := range p.Spoke {
		delete(c.unheard, name)
		delete(c.lent, name)
		delete(c.waived, name)
		delete(c.refused, name)
	}
	if !tells(p) { // the pair only flows here: nobody but us may set it
		if f, ok := m.declared(t.kind).Field(p.Hub[0]); ok && p.Reference == nil && !p.OnCreateOnly {
			m.refuse(f, c, p)
		}
		return
	}
	old, _, knew := m.read(t.kind, place, p, before)
	for j, name := range p.Hub {
		switch {
		case !ok:
			m.park(t, name)
		case knew && old[j] == texts[j]:
		default:
			if f, ok := m.declared(t.kind).Field(name); ok && unheard && m.owner(t, f) != "" {
				m.firstValue(t, place, name, texts[j]) // it is the first that is heard of it
				continue
			}
			m.edit(t, c, edit{pair: p, name: name, text: texts[j], knowing: knowing})
		}
	}
}

// edit is one person's edit of one hub field.
type edit struct {
	pair *ruleset.Pair
	name record.HubField
	text string
	// knowing: the place showed what the thing has.
	knowing bool
}

// knowing reports whether a record was asked to hold what its thing has of a pair: a person who edits it then knew that.
func (m *world) knowing(t *thing, c *copied, p *ruleset.Pair) bool {
	if p.Direction == ruleset.ToHub && c.ref.Connection != m.group.Hub {
		return false
	}
	texts, said, _ := m.said(t, c.ref.Place, p)
	if !said {
		return true
	}
	want := record.Fields{}
	for j, name := range p.Spoke {
		want[name] = texts[j]
	}
	return m.same(t.kind, c.ref.Place, p, want, c.asked)
}

// edit judges an edit: by the owner, by the policy of blanks, by the policy of conflicts where it was made without knowing
// what the thing has.
func (m *world) edit(t *thing, c *copied, x edit) {
	f, ok := m.declared(t.kind).Field(x.name)
	if !ok {
		return
	}
	place, now := c.ref.Place, t.values[x.name]
	if now == nil {
		now = &value{first: true}
	}
	keeps := f.Blank == ruleset.BlankKeep
	m.tick++
	taken := &value{text: x.text, from: place.Connection, was: now, edited: m.tick}
	switch owner := m.owner(t, f); {
	case x.text == "" && keeps && now.text != "": // a blank is no value: it is filled again
	case now.wants != nil && m.owner(t, f) != "" && m.owner(t, f) != place.Connection:
		m.refuse(f, c, x.pair)
	case now.wants != nil:
		now.wants = taken
		taken.was = nil
	case now.open:
	case now.text == x.text:
		now.first = false
	case owner == place.Connection && !x.knowing && f.Conflict == ruleset.ConflictManual:
		m.park(t, x.name)
	case owner == place.Connection:
		t.values[x.name] = taken
	case owner != "" && keeps && now.text == "":
		taken.first, taken.edited = true, now.edited
		t.values[x.name] = taken
	case owner != "":
		m.refuse(f, c, x.pair)
	case x.knowing || now.first:
		t.values[x.name] = taken
	default:
		m.conflict(t, f, x.name, taken)
	}
}

// conflict judges an edit that was made without knowing what the thing has by now. In a calm history it is the newer one.
func (m *world) conflict(t *thing, f *ruleset.Field, name record.HubField, theirs *value) {
	hubs, hubHas := theirs.from == m.group.Hub, theirs.was.from == m.group.Hub
	switch {
	case f.Conflict == ruleset.ConflictManual:
		m.park(t, name)
	case f.Conflict == ruleset.ConflictHub && hubs != hubHas && !hubs:
	case f.Conflict == ruleset.ConflictSpoke && hubs != hubHas && hubs:
	default:
		t.values[name] = theirs
	}
}

// refuse answers an edit by somebody who may not set the field: it is undone, or let differ.
func (m *world) refuse(f *ruleset.Field, c *copied, p *ruleset.Pair) {
	if f.NonOwner == ruleset.NonOwnerPropose || f.NonOwner == ruleset.NonOwnerFlag {
		for _, name := range p.Spoke {
			c.waived[name] = true
		}
	}
}

// same reports whether two readings of a pair say the same, in canonical form.
func (m *world) same(kind record.Object, place record.Place, p *ruleset.Pair, a, b record.Fields) bool {
	if maps.Equal(whole(p, a), whole(p, b)) {
		return true
	}
	if !comparable(p) || p.Reference != nil {
		return false
	}
	left, _, okA := m.read(kind, place, p, a)
	right, _, okB := m.read(kind, place, p, b)
	return okA && okB && slices.Equal(left, right)
}
