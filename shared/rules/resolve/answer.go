package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// decideAnswer takes a person's decision about a parked field. What a person types passes the same door as what a platform
// says: the field's canonical form, and the check of its keys.
func decideAnswer(w *draft, a Answer) Decision {
	refused := func(why record.Reason, holders ...record.EntityID) Decision {
		return Decision{Outcome: Unsupported, Reason: why, Entity: w.entity.ID, Type: w.entity.Type, Holders: holders}
	}
	f, declared := w.declared.Field(a.Field)
	_, parked := w.entity.Parked[a.Field]
	switch {
	case outdated(w.subject):
		return refused(record.ReasonOldRules)
	case w.entity.State != EntityLive:
		return refused(record.ReasonQuarantined)
	case !declared:
		return refused(record.ReasonNotMapped)
	case !parked && a.Force == "":
		return refused(record.ReasonNotParked)
	}
	text, says := mapping.Entered(f, a.Value).Text()
	switch {
	case !says, f.Refers != "" && !names(w.subject, f, text):
		return refused(record.ReasonInvalidValue)
	case text == "" && f.Blank == ruleset.BlankKeep:
		return refused(record.ReasonBlankKept)
	}
	if holders := keyHolders(w.subject, f.Name, text); len(holders) > 0 {
		return refused(record.ReasonKeyHeld, holders...)
	}
	e := w.editEntity()
	delete(e.Parked, a.Field)
	w.note(FieldChange{Field: a.Field, Old: e.Fields[a.Field].Text, New: text, Reason: record.ReasonAnswered, Taken: true})
	e.Fields[f.Name] = Value{Text: text, From: OperatorConnection, At: a.At, Edited: e.Rev + 1}
	overrule(w, f)
	resettle(w)
	return w.settle(Applied, record.ReasonAnswered)
}

// names reports whether a text names an entity that a reference field may refer to; a blank refers to none.
func names(x *subject, f *ruleset.Field, text string) bool {
	if text == "" {
		return true
	}
	rows := x.rows(record.EntityID(text))
	return rows.Entity != nil && rows.Entity.Type == f.Refers && rows.Entity.State == EntityLive
}

// keyHolders lists the other entities that hold a key which the entity would have if a field held a text.
func keyHolders(x *subject, name record.HubField, text string) []record.EntityID {
	values := keyValues(x)
	values[name] = text
	var out []record.EntityID
	for _, rule := range x.declared.Match {
		key, ok := keyOf(x, rule, values)
		concerned := slices.ContainsFunc(rule.Parts, func(p ruleset.MatchPart) bool { return p.Field == name })
		if !ok || !concerned || key.Hash == x.entity.Keys[rule.Name] {
			continue
		}
		for _, id := range x.keyRow(key).Holders {
			if id != x.entity.ID && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// overrule lets an operator's answer be written to the field's owner too.
func overrule(w *draft, f *ruleset.Field) {
	for _, place := range w.group.Places(w.declared.Type) {
		link := w.links[place]
		if link == nil || link.State != LinkLive || place.Connection != f.Owner.Connection {
			continue
		}
		pairs := w.group.PairsAt(place)
		for i := range pairs {
			p := &pairs[i]
			if !slices.Contains(p.Hub, f.Name) || constant(p) || !has(p, link.Sent) || knewValue(w.subject, link, p) {
				continue
			}
			link = w.editLink(place)
			for _, name := range p.Spoke {
				link.Overtaken[name] = true
			}
		}
	}
}
