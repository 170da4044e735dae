package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// answer takes a person's decision about a parked field.
func (d *decider) answer(a Answer) Decision {
	rows := d.rows(a.Entity)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	d.open(rows)
	f, ok := d.declared.Field(a.Field)
	if !ok {
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped, Entity: a.Entity}
	}
	if a.Value == "" && f.Blank == ruleset.BlankKeep {
		return Decision{Outcome: Unsupported, Reason: ReasonBlankKept, Entity: a.Entity}
	}
	e := d.editEntity()
	delete(e.Parked, a.Field)
	d.note(FieldChange{Field: a.Field, Old: e.Fields[a.Field].Text, New: a.Value, Reason: ReasonAnswered, Taken: true})
	e.Fields[f.Name] = Value{Text: a.Value, From: "operator", At: a.At}
	d.overrule(f)
	d.resettle()
	return d.settle(Applied, ReasonAnswered)
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
