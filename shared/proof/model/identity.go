package model

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// ordersMax bounds the orders of the beginning that are gone through.
const ordersMax = 2000

// orders gives the orders in which the records that were there from the start may come to be known, as far as it can matter:
// parents before children, and otherwise it matters only where one key has two records at one place.
func orders(g *ruleset.Group, records []Action) [][]Action {
	var ordered []Action
	for i := range g.Entities {
		for _, place := range g.Places(g.Entities[i].Type) {
			for _, a := range records {
				if a.Ref.Place == place {
					ordered = append(ordered, a)
				}
			}
		}
	}
	out := [][]Action{ordered}
	for _, twins := range twins(g, ordered) {
		var next [][]Action
		for _, order := range out {
			for _, permuted := range permutations(twins) {
				mixed := slices.Clone(order)
				for i, at := range twins {
					mixed[at] = order[permuted[i]]
				}
				if next = append(next, mixed); len(next) == ordersMax {
					return next
				}
			}
		}
		out = next
	}
	return out
}

// twins lists the records that share a key of which some place has two, as their indices, one list a key.
func twins(g *ruleset.Group, records []Action) [][]int {
	bare := &world{group: g}
	byKey := map[named][]int{}
	for i, a := range records {
		kind, _ := g.TypeAt(a.Ref.Place)
		values := bare.recognised(kind, &copied{ref: a.Ref, shows: a.Fields})
		for _, rule := range bare.declared(kind).Match {
			if key, ok := mapping.Key(rule, values); ok {
				byKey[named{string(kind) + rule.Name, key}] = append(byKey[named{string(kind) + rule.Name, key}], i)
			}
		}
	}
	var out [][]int
	for _, key := range slices.SortedFunc(maps.Keys(byKey), func(a, b named) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule),
			cmp.Compare(a.key, b.key))
	}) {
		places := map[record.Place]bool{}
		for _, i := range byKey[key] {
			places[records[i].Ref.Place] = true
		}
		if len(places) < len(byKey[key]) {
			out = append(out, byKey[key])
		}
	}
	return out
}

// permutations gives every order of a list.
func permutations(list []int) [][]int {
	if len(list) <= 1 {
		return [][]int{slices.Clone(list)}
	}
	var out [][]int
	for i, first := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		for _, p := range permutations(rest) {
			out = append(out, append([]int{first}, p...))
		}
	}
	return out
}

// begin takes the records that were there before anything, in the order in which they come to be known. What they show is
// judged only when all are known.
func (m *world) begin(records []Action) {
	for _, a := range records {
		if _, mapped := m.group.TypeAt(a.Ref.Place); mapped {
			m.meet(m.spelled(a), &met{begin: true})
		}
	}
	for _, t := range m.things {
		m.firstSights(t)
	}
}

// met says how a record is met.
type met struct {
	begin bool // it was there before anything
}

// meet takes a record that is nobody's: it belongs to the thing that it shares a key with, or is held for a person where
// that cannot be told, or is something new.
func (m *world) meet(c *copied, how *met) {
	kind, _ := m.group.TypeAt(c.ref.Place)
	t, held := m.match(kind, c, nil)
	switch {
	case held:
		t = m.found(kind, c)
		t.held = true
		m.look(t, c)
	case t == nil && !m.founds(kind, c.ref.Place):
		m.alone[c.ref] = c
		return
	default:
		if t == nil {
			t = m.found(kind, c)
		} else {
			m.tie(t, c)
			m.rejoin(t)
		}
		if how != nil && how.begin {
			m.look(t, c) // the values are judged once all that was there has been looked at
		} else {
			m.firstSight(t, c)
		}
	}
	m.rekey(t)
	m.filter(t, how == nil)
}

// founds reports whether a record that nobody knows is worth remembering: one of the hub always; a spoke's if the hub may get
// one of it, or a key may tell one day whose it is.
func (m *world) founds(kind record.Object, place record.Place) bool {
	mapped, spoke := m.group.MappingAt(place)
	return !spoke || mapped.Create.CreatesOn(ruleset.ToHub) || len(m.declared(kind).Match) > 0
}

// match finds the thing that a record belongs to: by the match rules in order. held: a person must tell. A record that is
// held already, self, is no candidate.
func (m *world) match(kind record.Object, c *copied, self *thing) (t *thing, held bool) {
	values := m.recognised(kind, c)
	for i, rule := range m.declared(kind).Match {
		key, ok := mapping.Key(rule, values)
		if !ok {
			continue
		}
		switch holders := m.holders(kind, named{rule.Name, key}, self); {
		case len(holders) > 1:
			return nil, true
		case len(holders) == 1 && (holders[0].held || !free(holders[0], c.ref)):
			return nil, true
		case len(holders) == 1 && m.contradict(holders[0], m.declared(kind).Match[:i], values):
			return nil, true
		case len(holders) == 1:
			return holders[0], false
		}
		for _, other := range m.things {
			// It was somebody's key a while ago, and that one has no record here: it may be the very one.
			if other != self && other.kind == kind && !other.held && other.former[named{rule.Name, key}] && free(other, c.ref) {
				return nil, true
			}
		}
	}
	return nil, false
}

// contradict reports whether a thing goes by another key than values do under one of some rules.
func (m *world) contradict(t *thing, rules []ruleset.MatchRule, values record.HubValues) bool {
	return slices.ContainsFunc(rules, func(rule ruleset.MatchRule) bool {
		mine, ok := mapping.Key(rule, values)
		theirs, goes := mapping.Key(rule, m.goesBy(t))
		return ok && goes && mine != theirs
	})
}

// free reports whether a thing could take a record at its place.
func free(t *thing, ref record.Ref) bool {
	c := t.at[ref.Place]
	return c == nil || c.ref == ref || c.state == deleted || c.state == removed
}

// holders lists the things that go by a key, but for self.
func (m *world) holders(kind record.Object, key named, self *thing) []*thing {
	var out []*thing
	for _, t := range m.things {
		if t != self && t.kind == kind && t.keys[key.rule] == key.key {
			out = append(out, t)
		}
	}
	return out
}

// recognised gives what a record shows of the fields by which it can be recognised.
func (m *world) recognised(kind record.Object, c *copied) record.HubValues {
	values := record.HubValues{}
	pairs := m.group.PairsAt(c.ref.Place)
	for _, sets := range []bool{true, false} { // what sets the field says more of it than what only follows it
		for i := range pairs {
			p := &pairs[i]
			if tells(p) != sets || p.Reference != nil || constant(p) {
				continue
			}
			var texts []string
			ok := false
			switch {
			case comparable(p):
				texts, _, ok = m.read(kind, c.ref.Place, p, c.shows)
			case mapping.Recognises(m.declared(kind), p):
				texts, _, ok = mapping.Texts(mapping.Recognised(m.declared(kind), p, whole(p, c.shows)))
			}
			for j, name := range p.Hub {
				if _, has := values[name]; ok && !has {
					values[name] = texts[j]
				}
			}
		}
	}
	return values
}

// keyOf gives the key that a thing goes by under a rule. Whose new value waits for another's key goes by none: the one before
// is its no more.
func (m *world) keyOf(t *thing, rule ruleset.MatchRule) (string, bool) {
	for _, part := range rule.Parts {
		if v := t.values[part.Field]; v != nil && v.wants != nil && !t.held {
			return "", false
		}
	}
	return mapping.Key(rule, m.goesBy(t))
}

// waitsForKey reports whether a value of a thing waits for a key that is another's.
func (t *thing) waitsForKey() bool {
	for _, v := range t.values {
		if v.wants != nil {
			return true
		}
	}
	return false
}

// freed lets things take the values whose keys nobody else goes by any more. It reports whether any did.
func (m *world) freed() bool {
	moved := false
	for _, t := range m.things {
		if t.held || !t.waitsForKey() {
			continue
		}
		would := m.goesBy(t)
		for name, v := range t.values {
			if v.wants != nil {
				would[name] = v.wants.text
			}
		}
		blocked := map[record.HubField]bool{}
		for _, rule := range m.declared(t.kind).Match {
			if key, ok := mapping.Key(rule, would); ok && len(m.holders(t.kind, named{rule.Name, key}, t)) > 0 {
				for _, part := range rule.Parts {
					blocked[part.Field] = true
				}
			}
		}
		took := false
		for name, v := range t.values {
			if v.wants != nil && !blocked[name] {
				t.values[name], took = v.wants, true
			}
		}
		if took {
			m.rekey(t)
			m.filter(t, true)
			moved = true
		}
	}
	return moved
}

// rekey lets a thing go by the keys of its present values. A new value that would take another's key waits until nobody goes
// by that, and the one before stays.
func (m *world) rekey(t *thing) {
	if t == nil {
		return
	}
	for _, rule := range m.declared(t.kind).Match {
		key, ok := m.keyOf(t, rule)
		old := t.keys[rule.Name]
		if ok && key != old && !t.held && len(m.holders(t.kind, named{rule.Name, key}, t)) > 0 {
			for _, part := range rule.Parts {
				if v := t.values[part.Field]; v != nil && v.was != nil {
					wants := &value{text: v.text, from: v.from}
					v.text, v.from, v.open, v.was, v.wants = v.was.text, v.was.from, true, nil, wants
				}
			}
			key, ok = m.keyOf(t, rule)
			ok = ok && key == old
		}
		if old != "" && (!ok || key != old) && !t.held {
			t.former[named{rule.Name, old}] = true
		}
		delete(t.keys, rule.Name)
		if ok {
			t.keys[rule.Name] = key
			delete(t.former, named{rule.Name, key})
		}
	}
	for _, v := range t.values {
		v.was = nil
	}
}

// goesBy gives the values that a thing is recognised by: its own, and where nobody gave it one, what its records show.
func (m *world) goesBy(t *thing) record.HubValues {
	out := m.texts(t)
	for _, place := range m.group.Places(t.kind) {
		c := t.live(place)
		if c == nil || t.held {
			continue
		}
		for name, text := range m.recognised(t.kind, c) {
			if _, has := out[name]; !has && t.values[name] == nil {
				out[name] = text
			}
		}
	}
	return out
}

// rejudge looks again at every record that is held: what made it wait may be over. It reports whether it was for any.
func (m *world) rejudge() bool {
	for _, t := range slices.Clone(m.things) {
		if !t.held {
			continue
		}
		c := m.only(t)
		if c.state != live {
			continue
		}
		to, held := m.match(t.kind, c, t)
		if held {
			continue
		}
		t.held, t.keys = false, map[string]string{}
		if to == nil {
			t.values, c.asked = map[record.HubField]*value{}, record.Fields{}
			m.firstSight(t, c)
			m.rekey(t)
			m.filter(t, true)
			return true
		}
		m.things = slices.DeleteFunc(m.things, func(x *thing) bool { return x == t })
		c.asked = record.Fields{}
		m.tie(to, c)
		m.rejoin(to)
		m.firstSight(to, c)
		m.rekey(to)
		m.filter(to, true)
		return true
	}
	return false
}

// only gives the one record of a thing that is held.
func (m *world) only(t *thing) *copied {
	for _, c := range t.at {
		return c
	}
	panic("model: a thing without a record")
}

// contested reports whether somebody's live record at a place goes by one of a thing's keys: a record made there for the
// thing might double it.
func (m *world) contested(t *thing, place record.Place) bool {
	if t.waitsForKey() {
		return true // whom it would double is not known yet
	}
	for rule, key := range t.keys {
		for _, other := range m.holders(t.kind, named{rule, key}, t) {
			if c := other.at[place]; c != nil && c.state == live {
				return true
			}
		}
	}
	return false
}

// texts gives a thing's values as texts.
func (m *world) texts(t *thing) record.HubValues {
	out := record.HubValues{}
	for name, v := range t.values {
		if v.may == nil {
			out[name] = v.text
		}
	}
	return out
}

// look gives a thing what a record shows, without judging it: values of somebody who is held, or of the beginning.
func (m *world) look(t *thing, c *copied) {
	for name, text := range m.recognised(t.kind, c) {
		if t.values[name] == nil {
			t.values[name] = &value{text: text, first: true, from: c.ref.Connection}
		}
	}
	if t.held {
		c.asked = maps.Clone(c.shows)
	}
}
