package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// answer takes a person's decision about a parked field. What a person types passes the same door as what a platform
// says: the field's canonical form, and the check of its keys.
func (d *decider) answer(a Answer) Decision {
	rows := d.rows(a.Entity)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	refused := func(why Reason, holders ...record.EntityID) Decision {
		return Decision{Outcome: Unsupported, Reason: why, Entity: rows.Entity.ID, Type: rows.Entity.Type, Holders: holders}
	}
	if !d.open(rows) {
		return refused(ReasonNotMapped)
	}
	f, declared := d.declared.Field(a.Field)
	_, parked := d.entity.Parked[a.Field]
	switch {
	case d.outdated():
		return refused(ReasonOldRules)
	case d.entity.State != EntityLive:
		return refused(ReasonQuarantined)
	case !declared:
		return refused(ReasonNotMapped)
	case !parked && a.Force == "":
		return refused(ReasonNotParked)
	}
	text, says := mapping.Entered(f, a.Value).Text()
	switch {
	case !says, f.Refers != "" && !d.names(f, text):
		return refused(ReasonInvalidValue)
	case text == "" && f.Blank == ruleset.BlankKeep:
		return refused(ReasonBlankKept)
	}
	if holders := d.keyHolders(f.Name, text); len(holders) > 0 {
		return refused(ReasonKeyHeld, holders...)
	}
	e := d.editEntity()
	delete(e.Parked, a.Field)
	d.note(FieldChange{Field: a.Field, Old: e.Fields[a.Field].Text, New: text, Reason: ReasonAnswered, Taken: true})
	e.Fields[f.Name] = Value{Text: text, From: OperatorConnection, At: a.At}
	d.overrule(f)
	d.resettle()
	return d.settle(Applied, ReasonAnswered)
}

// names reports whether a text names an entity that a reference field may refer to; a blank refers to none.
func (d *decider) names(f *ruleset.Field, text string) bool {
	if text == "" {
		return true
	}
	rows := d.rows(record.EntityID(text))
	return rows == nil || rows.Entity != nil && rows.Entity.Type == f.Refers && rows.Entity.State == EntityLive
}

// keyHolders lists the other entities that hold a key which the entity would have if a field held a text.
func (d *decider) keyHolders(name record.HubField, text string) []record.EntityID {
	values := hubValues(d.entity)
	values[name] = text
	var out []record.EntityID
	for _, rule := range d.declared.Match {
		key, ok := d.keyOf(rule, values)
		if !ok || key.Hash == d.entity.Keys[rule.Name] || !slices.ContainsFunc(rule.Parts, func(p ruleset.MatchPart) bool { return p.Field == name }) {
			continue
		}
		row := d.keyRow(key)
		if row == nil {
			continue
		}
		for _, id := range row.Holders {
			if id != d.entity.ID && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// overrule lets an operator's answer be written to the field's owner too.
func (d *decider) overrule(f *ruleset.Field) {
	for _, place := range d.group.Places(d.declared.Type) {
		link := d.links[place]
		if link == nil || link.State != LinkLive || place.Connection != f.Owner.Connection {
			continue
		}
		pairs := d.group.PairsAt(place)
		for i := range pairs {
			p := &pairs[i]
			if !slices.Contains(p.Hub, f.Name) || constant(p) || !has(p, link.Sent) || d.current(link, p) {
				continue
			}
			link = d.editLink(place)
			for _, name := range p.Spoke {
				link.Overtaken[name] = true
			}
		}
	}
}
