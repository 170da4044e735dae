package resolve

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// judgeFilters notes which filters the entity entered by this change. What was inside before is no entry, also when it comes
// back after it left; nor is a record first seen by the first load, unless it is asked for.
func judgeFilters(w *draft) {
	after, rows := hubValues(w.entity), w.loaded(w.entity.ID)
	for i := range w.group.Mappings {
		m := &w.group.Mappings[i]
		if m.Hub != w.entity.Type || m.Filter == nil {
			continue
		}
		state := w.entity.Filters[m.Name]
		if state.Entered || state.Before && state.Digest == m.Filter.Digest {
			continue
		}
		wasInside := rows.Entity != nil && mapping.Holds(w.declared, m.Filter, hubValues(rows.Entity))
		switch isInside := mapping.Holds(w.declared, m.Filter, after); {
		case isInside && entered(w.subject, m, w.observation.Change.Source):
			w.editEntity().Filters[m.Name] = FilterState{Digest: m.Filter.Digest, Inside: true, Entered: true, EnteredAt: w.view.Now}
		case isInside || wasInside:
			w.editEntity().Filters[m.Name] = FilterState{Digest: m.Filter.Digest, Before: true}
		}
	}
}

// entered reports whether an entity that is inside a filter came to be so by this change.
func entered(x *subject, m *ruleset.Mapping, source record.Source) bool {
	rows := x.loaded(x.entity.ID)
	hub := x.group.HubPlace(x.entity.Type)
	if rows.Entity == nil || rows.Links[hub] == nil || rows.Links[hub].State == LinkNone {
		// First seen on the hub: new if the hub's first load is over, for then everything older was listed; but what the list
		// showed and was put off is not new.
		return x.view.Loaded[hub] && source != record.SourceBackfill
	}
	before := hubValues(rows.Entity)
	for _, c := range m.Filter.Tests() {
		if _, known := before[c.Field]; !known {
			return false
		}
	}
	return !mapping.Holds(x.declared, m.Filter, before)
}
