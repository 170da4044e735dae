package resolve

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 15: a mapping that does not write in real time writes in its own runs.

// RunKey names a mapping's scheduled runs towards its spoke.
type RunKey struct {
	Group record.Group
	Place record.Place
}

// awaitRun blocks what came after the mapping's last run began, or comes outside its hours, whatever else shares the connection
// and no matter who sent the notice.
func awaitRun(x *subject, due *Due, link *Link) {
	m, spoke := x.group.MappingAt(due.Place)
	if !spoke || m.ToSpoke.RealTime || due.Blocked != "" {
		return
	}
	began := x.view.Runs[RunKey{x.group.Name, due.Place}]
	if !changedAt(x, m, due, link).After(began) && m.ToSpoke.Active.Contains(x.view.Now) {
		return
	}
	due.Blocked, due.NotBefore = record.ReasonWaitsForRun, m.NextRun(began, x.view.Now)
}

// changedAt gives when what is due came to be so: the newest of the values that it is made of, of the filter's entry, and, where
// it undoes something at the place, of what was last seen there.
func changedAt(x *subject, m *ruleset.Mapping, due *Due, link *Link) time.Time {
	at := x.entity.Filters[m.Name].EnteredAt
	newer := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	if due.Operation != record.OperationCreate && due.Operation != record.OperationUpdate {
		if hub := x.links[x.group.HubPlace(x.entity.Type)]; hub != nil {
			newer(hub.TouchedAt)
		}
		return at
	}
	pairs := x.group.PairsAt(due.Place)
	for i := range pairs {
		p := &pairs[i]
		if !slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { _, asked := due.Fields[name]; return asked }) {
			continue
		}
		for _, name := range p.Hub {
			newer(x.entity.Fields[name].At)
		}
		if link != nil && slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return link.Reverts[name] }) {
			newer(link.TouchedAt)
		}
	}
	return at
}
