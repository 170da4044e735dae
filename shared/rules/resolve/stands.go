package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Stand is a place whose record holds something else than its entity, and is not asked to change it.
type Stand struct {
	Place  record.Place
	Fields []record.PlatformField
	// Why says why it may: a waiver, a value that stood there before the link, one that says nothing, one that was refused.
	Why record.Reason
}

// Stands lists what of an entity's live records differs from it and is not due, by rule 6. Its rows must be in the view; what is
// not counts as absent. It changes nothing and decides nothing: it tells why a decision leaves something out.
func Stands(view *View, group record.Group, id record.EntityID, rules *ruleset.Rules) []Stand {
	g, ok := rules.Group(group)
	if !ok {
		return nil
	}
	w := newDraft(view, g, rules, Observation{Group: group, Wake: id})
	rows := w.rows(id)
	if rows.Entity == nil || rows.Entity.State != EntityLive || !w.open(rows) {
		return nil
	}
	var out []Stand
	for _, place := range g.Places(w.entity.Type) {
		link := w.links[place]
		if link == nil || link.State != LinkLive {
			continue
		}
		pairs := g.PairsAt(place)
		for i := range pairs {
			d := dutyOf(w.subject, link, &pairs[i])
			if d.kind != dutyWait {
				continue
			}
			j := slices.IndexFunc(out, func(s Stand) bool { return s.Place == place && s.Why == d.why })
			if j < 0 {
				out = append(out, Stand{Place: place, Why: d.why})
				j = len(out) - 1
			}
			out[j].Fields = append(out[j].Fields, pairs[i].Spoke...)
		}
	}
	return out
}
