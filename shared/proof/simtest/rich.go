package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rich is what the configuration of a calm history has beside plain two-way fields. Its values come from small pools, so that
// they meet; package model alone judges them.
type Rich struct {
	// Map: a status that a value map translates both ways, and that has words without an entry on either side.
	Map bool
	// MapOwner owns the status: 0 the hub, 1 the first spoke, 2 everybody.
	MapOwner int
	// Derived: a title that flows to the spokes alone, in capitals. Loose: a person's own title on a spoke may stay.
	Derived, Loose bool
	// Score: the first spoke owns it and alone tells it; it flows on to the others.
	Score bool
	// Name: the spokes show one name, made of the hub's two.
	Name bool
	// Key: two more fields recognise a person who has no email.
	Key bool
	// Constant: records that we make on a spoke say so. Once: where a person came from is written at creation alone.
	Constant, Once bool
	// Required: a record is made on a spoke only with a title, or a status.
	Required bool
	// Filter: only who is won is made on the first spoke. Enter: those who were won from the start too.
	Filter, Enter bool
}

func drawRich(r *rand.Rand) Rich {
	one := func(in int) bool { return r.IntN(in) == 0 }
	rich := Rich{Map: one(3), MapOwner: r.IntN(3), Derived: one(3), Loose: one(3), Score: one(4), Name: one(4), Key: one(4), Constant: one(4), Once: one(4), Required: one(4)}
	rich.Filter, rich.Enter = rich.Map && one(2), one(3)
	return rich
}

// richField is one further field of a person, as the hub and a spoke call it, with what people set it to. A side without values
// does not have it, or shows only what we write there.
type richField struct {
	hub                    record.HubField
	spoke                  record.PlatformField
	hubValues, spokeValues []string
	// later: people on a spoke set it only once the record is there.
	later bool
	// gaps: the last value of either side says nothing to the other.
	gaps bool
}

func (r Rich) fields() []richField {
	var out []richField
	add := func(has bool, fields ...richField) {
		if has {
			out = append(out, fields...)
		}
	}
	add(r.Map, richField{hub: "status", spoke: "s_status", hubValues: []string{"new", "open", "won", "odd"}, spokeValues: []string{"N", "O", "W", "strange"}, gaps: true})
	add(r.Derived, richField{hub: "title", spoke: "s_title", hubValues: []string{"Boss", "clerk", "of all"}, spokeValues: []string{"BOSS", "mine"}, later: true})
	add(r.Score, richField{hub: "score", spoke: "s_score", hubValues: []string{"1", "7"}, spokeValues: []string{"1", "2", "3"}})
	add(r.Name, richField{hub: "first", hubValues: []string{"Ada", "Bo"}}, richField{hub: "last", hubValues: []string{"Lee", "van Dyk", "Wu"}},
		richField{spoke: "s_full", spokeValues: []string{"Ada Lee", "Cy"}, later: true})
	add(r.Once, richField{hub: "origin", spoke: "s_origin", hubValues: []string{"fair", "web"}, spokeValues: []string{"phone"}, later: true})
	return out
}

var (
	statusTo   = []ruleset.Transform{{Name: "value_map", Map: map[string]string{"new": "N", "open": "O", "won": "W"}}}
	statusFrom = []ruleset.Transform{{Name: "value_map", Map: map[string]string{"N": "new", "O": "open", "W": "won"}}}
)

// declare adds the fields to the hub's object, and pair to a spoke's mapping.
func (r Rich) declare(e *ruleset.Entity) {
	add := func(name record.HubField, owner ruleset.Owner, non ruleset.NonOwner, conflict ruleset.Conflict) {
		e.Fields = append(e.Fields, ruleset.Field{Name: name, Owner: owner, Reason: "r", NonOwner: non, Conflict: conflict, Blank: ruleset.BlankClear})
	}
	hub, all := ruleset.Owner{Connection: hubName}, ruleset.Owner{LastWriteWins: true}
	non := ruleset.NonOwnerRevert
	if r.Loose {
		non = ruleset.NonOwnerFlag
	}
	if r.Map {
		owner := []ruleset.Owner{hub, {Connection: spokeName(1)}, all}[r.MapOwner]
		add("status", owner, ruleset.NonOwnerRevert, ruleset.ConflictNewest)
	}
	if r.Derived {
		add("title", hub, non, ruleset.ConflictOwner)
	}
	if r.Score {
		add("score", ruleset.Owner{Connection: spokeName(1)}, non, ruleset.ConflictOwner)
	}
	if r.Name {
		add("first", hub, non, ruleset.ConflictOwner)
		add("last", hub, non, ruleset.ConflictOwner)
	}
	if r.Key {
		add("nick", all, ruleset.NonOwnerRevert, ruleset.ConflictNewest)
		add("born", all, ruleset.NonOwnerRevert, ruleset.ConflictNewest)
		e.Match = append(slices.Clone(e.Match), ruleset.MatchRule{Name: "nick", Parts: []ruleset.MatchPart{{Field: "nick"}, {Field: "born"}}})
	}
	if r.Once {
		add("origin", hub, non, ruleset.ConflictOwner)
	}
}

func (r Rich) pair(m *ruleset.Mapping, spoke int) {
	add := func(p ruleset.Pair) { m.Pairs = append(m.Pairs, p) }
	oneWay := func(h record.HubField, p record.PlatformField, way ruleset.Direction) ruleset.Pair {
		out := pair(h, p)
		out.Direction = way
		return out
	}
	if r.Map {
		p := pair("status", "s_status")
		p.ToSpokeTransforms, p.ToHubTransforms, p.Required = statusTo, statusFrom, r.Required && !r.Derived
		add(p)
	}
	if r.Derived {
		p := oneWay("title", "s_title", ruleset.ToSpoke)
		p.ToSpokeTransforms, p.Required = []ruleset.Transform{{Name: "uppercase"}}, r.Required
		add(p)
	}
	if r.Score && spoke == 1 {
		add(oneWay("score", "s_score", ruleset.ToHub))
	}
	if r.Score && spoke > 1 {
		add(oneWay("score", "s_score", ruleset.ToSpoke))
	}
	if r.Name {
		add(ruleset.Pair{Hub: []record.HubField{"first", "last"}, Spoke: []record.PlatformField{"s_full"}, Direction: ruleset.ToSpoke, ToSpokeTransforms: []ruleset.Transform{{Name: "combine_name"}}})
	}
	if r.Key {
		add(pair("nick", "s_nick"))
		add(pair("born", "s_born"))
	}
	if r.Once {
		p := oneWay("origin", "s_origin", ruleset.ToSpoke)
		p.OnCreateOnly = true
		add(p)
	}
	if r.Constant {
		add(ruleset.Pair{Spoke: []record.PlatformField{"s_source"}, Constant: "sync", Direction: ruleset.ToSpoke})
	}
	if r.Filter && spoke == 1 {
		m.Filter = &ruleset.Filter{Digest: "won", Conditions: []ruleset.Condition{{Field: "status", Op: ruleset.OpIn, Values: []string{"won"}}}}
		if r.Enter {
			m.Existing = ruleset.ExistingEnter
		}
	}
}

// at gives the field as a place calls it with one of its values; ok is false where the place does not have it.
func (f richField) at(c record.Connection, pick uint32) (name record.PlatformField, value string, ok bool) {
	name, values := record.PlatformField(f.hub), f.hubValues
	if c != hubName {
		name, values = f.spoke, f.spokeValues
	}
	if name == "" || len(values) == 0 {
		return "", "", false
	}
	return name, values[int(pick)%len(values)], true
}

// richly gives a new record values in two of three of its further fields. Where a person can be recognised by two of them, some
// have no email.
func (w *world) richly(ref record.Ref, pick uint32, fields record.Fields) {
	if mail := w.fieldName(ref, emailField); w.history.Setup.Rich.Key {
		nick, born := record.PlatformField("nick"), record.PlatformField("born")
		if ref.Connection != hubName {
			nick, born = "s_nick", "s_born"
		}
		fields[nick], fields[born] = fmt.Sprintf("k%d", numberOf(fields[mail])), "2000"
		if pick%5 == 0 {
			fields[mail] = ""
			w.truth.cells[ref][mail] = cell{person: true, at: w.now}
		}
	}
	for i, f := range w.history.Setup.Rich.fields() {
		pick = pick*2654435761 + uint32(i)
		name, value, ok := f.at(ref.Connection, pick>>8)
		if ok && f.gaps && !w.draws["silent-first"] && (value == f.hubValues[3] || value == f.spokeValues[3]) {
			continue
		}
		if ok && (ref.Connection == hubName || !f.later) && pick>>16%3 > 0 {
			fields[name] = value
			w.truth.cells[ref][name] = cell{person: true, at: w.now}
		}
	}
}

// editRich sets one of the further fields of a person, or empties it.
func (w *world) editRich(a Action) {
	ref, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok {
		return
	}
	var names []record.PlatformField
	var values []string
	for _, f := range w.history.Setup.Rich.fields() {
		if name, value, ok := f.at(ref.Connection, a.Pick[2]); ok {
			names, values = append(names, name), append(values, value)
		}
	}
	if len(names) == 0 {
		return
	}
	name, value := names[int(a.Pick[1])%len(names)], values[int(a.Pick[1])%len(names)]
	if a.Pick[3]%7 == 0 {
		value = ""
	}
	w.set(ref, name, value)
}
