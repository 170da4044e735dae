package model

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// settleMax bounds the rounds until nothing is due any more; a configuration that needs more goes in circles.
const settleMax = 50

// settle makes, writes and removes what the things' values ask for, until nothing is due.
func (m *world) settle() {
	for range settleMax {
		moved := m.freed()
		moved = m.rejudge() || moved
		for _, t := range m.things {
			if !t.held {
				moved = m.removals(t) || moved
				moved = m.creates(t) || moved
				moved = m.updates(t) || moved
			}
		}
		if !moved {
			return
		}
	}
	panic("model: it does not come to rest")
}

// filter notes which filters a thing has entered. later: it was met, or edited, after the beginning.
func (m *world) filter(t *thing, later bool) {
	if t == nil || t.held {
		return
	}
	for i := range m.group.Mappings {
		mapped := &m.group.Mappings[i]
		if mapped.Hub != t.kind || mapped.Filter == nil {
			continue
		}
		now := m.meets(mapped, m.texts(t))
		before, looked := t.inside[mapped.Name]
		switch {
		case !now || t.entered[mapped.Name]:
		case mapped.Existing == ruleset.ExistingEnter, later && !(looked && before) && !t.old[mapped.Name]:
			t.entered[mapped.Name] = true
		default:
			t.old[mapped.Name] = true // inside before anybody looked: that is no entry, nor is coming back later
		}
		t.inside[mapped.Name] = now
	}
}

// meets reports whether values meet all conditions of a filter. Comparisons by type are the mapping's own.
func (m *world) meets(mapped *ruleset.Mapping, values record.HubValues) bool {
	f := mapped.Filter
	for _, c := range f.Conditions {
		text, known := values[c.Field]
		ok := false
		switch c.Op {
		case ruleset.OpIn:
			ok = known && slices.Contains(c.Values, text)
		case ruleset.OpNotIn:
			ok = known && !slices.Contains(c.Values, text)
		case ruleset.OpPresent:
			ok = text != ""
		case ruleset.OpBlank:
			ok = known && text == ""
		default:
			e, declared := m.group.Entity(mapped.Hub)
			ok = declared && mapping.Holds(e, &ruleset.Filter{Conditions: []ruleset.Condition{c}}, values)
		}
		if !ok {
			return false
		}
	}
	return true
}

// creates makes the records of a thing that are due, and reports whether there were any.
func (m *world) creates(t *thing) bool {
	moved := false
	for _, place := range m.group.Places(t.kind) {
		if t.at[place] != nil || !m.asks(t, place) || m.contested(t, place) {
			continue
		}
		fields, ok := m.complete(t, place)
		if !ok {
			continue
		}
		c := m.spelled(Action{Ref: record.Ref{Place: place}, Fields: fields})
		m.tie(t, c)
		m.leftBlank(t, c, fields)
		moved = true
	}
	return moved
}

// leftBlank notes what we know of a record that we made: where we sent nothing, it is blank, and so is the thing if nothing
// else was ever known of it.
func (m *world) leftBlank(t *thing, c *copied, sent record.Fields) {
	pairs := m.group.PairsAt(c.ref.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) {
			continue
		}
		for _, name := range p.Spoke {
			c.asked[name] = sent[name]
		}
		for _, name := range p.Hub {
			if tells(p) && t.values[name] == nil {
				t.values[name] = &value{first: true, from: c.ref.Connection}
			}
		}
	}
}

// asks reports whether the configuration asks for a record of a thing at a place.
func (m *world) asks(t *thing, place record.Place) bool {
	hub := m.group.HubPlace(t.kind)
	if mapped, spoke := m.group.MappingAt(place); spoke {
		return mapped.Create.CreatesOn(ruleset.ToSpoke) && t.live(hub) != nil && (mapped.Filter == nil || t.entered[mapped.Name] &&
			m.meets(mapped, m.texts(t)))
	}
	return slices.ContainsFunc(m.group.Mappings, func(mapped ruleset.Mapping) bool {
		return mapped.Hub == t.kind && mapped.Create.CreatesOn(ruleset.ToHub) && t.live(mapped.Spoke) != nil
	})
}

// complete gives the fields of a new record, and whether all that it needs is there and is taken by the platform.
func (m *world) complete(t *thing, place record.Place) (record.Fields, bool) {
	fields := record.Fields{}
	pairs := m.group.PairsAt(place)
	for i := range pairs {
		p := &pairs[i]
		switch {
		case p.Direction == ruleset.ToHub:
			continue
		case constant(p):
			fields[p.Spoke[0]] = p.Constant
			continue
		}
		texts, said, waits := m.said(t, place, p)
		if waits {
			return nil, false // for a parent that is not there
		}
		for j, name := range p.Spoke {
			switch {
			case said && texts[j] != "":
				fields[name] = texts[j]
			case p.Required:
				return nil, false
			}
		}
	}
	for name, text := range fields {
		if m.platforms.Refuses(place, name, text) {
			return nil, false
		}
	}
	return fields, true
}

// said gives what a thing's values say of a pair's fields at a place: said is false if they say nothing. waits: the pair
// names a thing that has no record there.
func (m *world) said(t *thing, place record.Place, p *ruleset.Pair) (texts []string, said, waits bool) {
	values := record.HubValues{}
	for _, name := range p.Hub {
		v := t.values[name]
		if v == nil || v.open || v.may != nil {
			return nil, false, false
		}
		values[name] = v.text
	}
	if p.Reference == nil {
		texts, _, said := mapping.Texts(mapping.ToSpoke(p, values))
		return texts, said, false
	}
	name := values[p.Hub[0]]
	if name == "" {
		return []string{""}, true, false
	}
	parent := m.named(name)
	if parent == nil {
		return nil, false, true
	}
	c := parent.live(record.Place{Connection: place.Connection, Object: p.Reference.Object})
	switch {
	case c == nil:
		return nil, false, true
	case p.Reference.Via != "":
		return []string{c.shows[p.Reference.Via]}, c.shows[p.Reference.Via] != "", c.shows[p.Reference.Via] == ""
	case c.ref.ID == "":
		return nil, false, true // made, and nobody has shown it yet
	}
	return []string{string(c.ref.ID)}, true, false
}

// updates writes what differs from what was last asked of a thing's records, and reports whether anything was.
func (m *world) updates(t *thing) bool {
	moved := false
	for _, place := range m.group.Places(t.kind) {
		c := t.live(place)
		if c == nil {
			continue
		}
		follows := m.follows(t, place)
		pairs := m.group.PairsAt(place)
		for i := range pairs {
			p := &pairs[i]
			if constant(p) || p.Direction == ruleset.ToHub || p.OnCreateOnly || !m.looked(p, c) {
				continue
			}
			texts, said, _ := m.said(t, place, p)
			if !said {
				texts = nil
			}
			if !quiet(c, p, texts) && said && follows && m.due(t, c, p, texts) {
				moved = m.write(c, p, texts) || moved
			}
		}
	}
	return moved
}

// follows reports whether a record at a place is updated: outside its mapping's filter it is not, unless the mapping says so.
func (m *world) follows(t *thing, place record.Place) bool {
	mapped, spoke := m.group.MappingAt(place)
	return !spoke || mapped.Filter == nil || mapped.AfterExit == ruleset.AfterExitFollow || m.meets(mapped, m.texts(t))
}

// quiet reports whether a record shows a value that says nothing, and the thing has nothing new to say to it: texts, nil for
// nothing.
func quiet(c *copied, p *ruleset.Pair, texts []string) bool {
	quiet := false
	for j, name := range p.Spoke {
		had, silent := c.silent[name]
		now := nothing
		if texts != nil {
			now = texts[j]
		}
		if silent && had == nil {
			c.silent[name], had = &now, &now
		}
		quiet = quiet || silent && *had == now
	}
	return quiet
}

// nothing stands for what a thing has to say where it says nothing; no value is it.
const nothing = "\x00"

func (m *world) looked(p *ruleset.Pair, c *copied) bool {
	return !slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { _, ok := c.asked[name]; return !ok })
}

// due reports whether a pair is to be written at a record.
func (m *world) due(t *thing, c *copied, p *ruleset.Pair, texts []string) bool {
	want, blank := record.Fields{}, true
	for j, name := range p.Spoke {
		want[name] = texts[j]
		blank = blank && texts[j] == ""
	}
	if m.same(t.kind, c.ref.Place, p, want, c.asked) {
		return false
	}
	since, kept := c.kept[p.Spoke[0]]
	editedSince := func(name record.HubField) bool { return t.values[name].edited > since }
	if kept && !slices.ContainsFunc(p.Hub, editedSince) {
		return false
	}
	for _, name := range p.Hub {
		f, ok := m.declared(t.kind).Field(name)
		if !ok || blank && f.Blank == ruleset.BlankKeep {
			return false
		}
		owns := m.owner(t, f) == c.ref.Connection
		empty := !slices.ContainsFunc(p.Spoke, func(field record.PlatformField) bool { return c.asked[field] != "" })
		lent := slices.ContainsFunc(p.Spoke, func(field record.PlatformField) bool { return c.lent[field] })
		if owns && !lent && !(empty && t.values[name].text != "") {
			return false // nobody writes to an owner, but to fill a blank, or over what it did not choose
		}
		if !owns && slices.ContainsFunc(p.Spoke, func(field record.PlatformField) bool { return c.waived[field] }) {
			return false
		}
	}
	return true
}

// write asks a record to hold texts, and reports whether any is asked for that was not refused before.
func (m *world) write(c *copied, p *ruleset.Pair, texts []string) bool {
	moved := false
	for j, name := range p.Spoke {
		switch refused, was := c.refused[name]; {
		case was && refused == texts[j]:
		case m.platforms.Refuses(c.ref.Place, name, texts[j]):
			c.refused[name] = texts[j]
		default:
			c.asked[name], c.shows[name] = texts[j], m.platforms.Spells(c.ref.Place, name, texts[j])
			delete(c.refused, name)
			delete(c.waived, name)
			delete(c.silent, name)
			delete(c.lent, name)
			delete(c.kept, name)
			moved = true
		}
	}
	return moved
}

// gone takes a person's deletion of a record.
func (m *world) gone(ref record.Ref) {
	delete(m.alone, ref)
	t := m.of[ref]
	if t == nil || t.at[ref.Place].ref != ref {
		return
	}
	m.remove(t.at[ref.Place], deleted)
	if t.held {
		m.things = slices.DeleteFunc(m.things, func(x *thing) bool { return x == t })
		delete(m.of, ref)
	}
}

func (m *world) remove(c *copied, how state) {
	m.tick++
	c.state, c.gone = how, m.tick
}

// lend notes which fields of a record that we remove hold what its place did not choose.
func (m *world) lend(t *thing, c *copied) {
	c.lent = map[record.PlatformField]bool{}
	for _, p := range m.group.PairsAt(c.ref.Place) {
		for _, h := range p.Hub {
			for _, name := range p.Spoke {
				if v := t.values[h]; v != nil && v.from != c.ref.Connection {
					c.lent[name] = true
				}
			}
		}
	}
}

// returned takes what a record shows of the fields that its place owns, when it is live again: its place chose that.
func (m *world) returned(t *thing, c *copied) {
	pairs := m.group.PairsAt(c.ref.Place)
	for i := range pairs {
		p := &pairs[i]
		lentOrBlank := func(name record.PlatformField) bool { return c.lent[name] || c.shows[name] == "" }
		if !tells(p) || !m.same(t.kind, c.ref.Place, p, c.shows, c.asked) || slices.ContainsFunc(p.Spoke, lentOrBlank) {
			continue
		}
		texts, _, ok := m.read(t.kind, c.ref.Place, p, c.shows)
		for j, name := range p.Hub {
			f, declared := m.declared(t.kind).Field(name)
			if v := t.values[name]; ok && declared && m.owner(t, f) == c.ref.Connection && v != nil && !v.open && v.text != texts[j] {
				m.tick++
				t.values[name] = &value{text: texts[j], from: c.ref.Connection, was: v, edited: m.tick}
			}
		}
	}
	m.rekey(t)
	m.filter(t, true)
}

// back takes a person's restore of a record.
func (m *world) back(a Action) {
	t := m.of[a.Ref]
	if t == nil || t.at[a.Ref.Place].ref != a.Ref {
		c := m.spelled(Action{Ref: a.Ref})
		c.shows = maps.Clone(a.Fields)
		if t != nil { // another record has taken its place
			m.alone[a.Ref] = c
			return
		}
		m.meet(c, nil)
		return
	}
	c := t.at[a.Ref.Place]
	m.tick++
	c.state, c.tied, c.lent = live, m.tick, nil
	m.rejoin(t)
	m.returned(t, c)
	m.differs(t, c)
}

// removals carries deletions on as the mappings say, and reports whether anything was removed or came back.
func (m *world) removals(t *thing) bool {
	moved := false
	for _, place := range m.group.Places(t.kind) {
		c := t.at[place]
		if c == nil || c.state == deleted {
			continue
		}
		switch policy, applies := m.removal(t, place); {
		case c.state == removed:
			if !applies && c.archived && m.platforms.Restores(place) {
				c.state, c.archived, moved = live, false, true
				m.returned(t, c)
			}
		case c.state == left:
			moved = m.rejoin(t) || moved
		case !applies:
		case policy == ruleset.DeleteUnlink && place.Connection != m.group.Hub:
			c.state, moved = left, true
		case policy != ruleset.DeleteArchive && policy != ruleset.DeleteDelete:
		default:
			m.lend(t, c)
			m.remove(c, removed)
			c.archived, moved = policy == ruleset.DeleteArchive, true
		}
	}
	return moved
}

// rejoin takes back the records that left a thing for a deletion that is over, with what people did to them meanwhile. It
// reports whether there were any.
func (m *world) rejoin(t *thing) bool {
	var back []*copied
	for _, place := range m.group.Places(t.kind) {
		if c := t.at[place]; c != nil && c.state == left {
			if _, still := m.removal(t, place); !still {
				c.state = live
				back = append(back, c)
			}
		}
	}
	for _, c := range back {
		m.differs(t, c)
	}
	return len(back) > 0
}

// removal gives what a deletion across a mapping asks of a thing's record at a place. A record that came to belong to the
// thing after the deletion is not what was deleted; and where we removed the hub's record ourselves, what counts is the
// deletion on a spoke that we followed, as long as it is not over.
func (m *world) removal(t *thing, place record.Place) (ruleset.Delete, bool) {
	at := m.group.HubPlace(t.kind)
	c, hub := t.at[place], t.at[at]
	mapped, spoke := m.group.MappingAt(place)
	switch {
	case !spoke:
		return m.spokeDeleted(t, c, c)
	case hub == nil || hub.state == live || hub.state == left:
		return "", false
	case hub.state == deleted:
		return mapped.Delete, hub.gone > c.tied
	}
	_, applies := m.spokeDeleted(t, hub, c)
	return mapped.Delete, applies
}

// spokeDeleted gives the policy of a mapping whose record a person deleted since two others came to belong to the thing.
func (m *world) spokeDeleted(t *thing, a, b *copied) (ruleset.Delete, bool) {
	for i := range m.group.Mappings {
		mapped := &m.group.Mappings[i]
		if spoke := t.at[mapped.Spoke]; mapped.Hub == t.kind && spoke != nil && spoke.state == deleted &&
			mapped.Direction != ruleset.ToSpoke && spoke.gone > max(a.tied, b.tied) {
			return mapped.Delete, true
		}
	}
	return "", false
}
