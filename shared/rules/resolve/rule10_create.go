package resolve

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 10: when a record is made at a place, and with what.

// dueCreate decides whether a record should be made at a place, and with what.
func dueCreate(x *subject, due *Due, link *Link) bool {
	m, spoke := x.group.MappingAt(due.Place)
	if spoke && !m.Create.CreatesOn(ruleset.ToSpoke) || !spoke && !createsOnHub(x) {
		return false
	}
	if spoke && m.Filter != nil && !inScope(x, m) {
		return false
	}
	due.Operation, due.Fields, due.Marker = record.OperationCreate, record.Fields{}, markerAt(x, due.Place)
	if link != nil && len(link.Attempts) > 0 {
		due.Repeats = link.Attempts[0].At
	}
	hub := x.links[x.group.HubPlace(x.entity.Type)]
	switch {
	case !x.view.Loaded[due.Place] || !x.view.Loaded[x.group.HubPlace(x.entity.Type)]:
		due.Blocked = record.ReasonFirstLoad
	case spoke && (hub == nil || hub.State != LinkLive):
		if hub != nil && hub.State == LinkTombstone || !createsOnHub(x) {
			return false // nobody makes it there: there is nothing to wait for
		}
		due.Blocked = record.ReasonWaitsForHub
	}
	createFields(x, due)
	if due.Marker != "" {
		if spoke && hub != nil {
			due.Fields[due.Marker] = string(hub.ID)
		} else if !spoke {
			due.Fields[due.Marker] = string(x.entity.ID)
		}
	}
	switch {
	case due.Blocked != "":
	case len(due.Waits) > 0:
		due.Blocked = record.ReasonWaitsForParent
	case len(due.Missing) > 0:
		due.Blocked = record.ReasonMissingRequired
	case link != nil && refusedCreate(x, link, due.Fields):
		due.Blocked = record.ReasonRejected
	case contested(x, due.Place):
		due.Blocked = record.ReasonContested
	}
	return true
}

// lookAgainAfter is how long a create is held because somebody's record has its key: then it is looked up again.
const lookAgainAfter = 24 * time.Hour

// refusedCreate reports whether exactly this create was refused.
func refusedCreate(x *subject, link *Link, fields record.Fields) bool {
	r := link.Rejected[CreateField]
	if r.Code == string(record.ReasonExists) && x.view.Now.Sub(r.At) >= lookAgainAfter {
		return false
	}
	return r.Value != "" && r.Value == createDigest(fields)
}

// contested reports whether a record at a place has one of the entity's keys, held for a person or another entity's: it
// may be the very record that a create would double.
func contested(x *subject, place record.Place) bool {
	for name := range x.entity.Parked {
		if waitsForKey(x.entity, name) { // which key it will have is not known yet
			return true
		}
	}
	at := func(states ...LinkState) func(*Rows) bool {
		return func(rows *Rows) bool {
			return rows.Links[place] != nil && slices.Contains(states, rows.Links[place].State)
		}
	}
	return slices.ContainsFunc(sharers(x), at(LinkQuarantined, LinkLive)) || slices.ContainsFunc(heldFor(x), at(LinkQuarantined))
}

// heldFor gives the records that are held because they show a key which the entity held recently: they may be its own, from
// before it got another.
func heldFor(x *subject) []*Rows {
	var out []*Rows
	for _, left := range x.entity.Left {
		if left.Until.After(x.view.Now) {
			out = append(out, alsoHold(x, MatchKey{x.group.Name, x.entity.Type, left.Rule, left.Hash})...)
		}
	}
	return slices.DeleteFunc(out, func(rows *Rows) bool { return rows.Entity.Why != record.ReasonFormerKey })
}

// sharers gives the other entities that hold a key of the entity's, as far as they are loaded.
func sharers(x *subject) []*Rows {
	var out []*Rows
	for _, rule := range x.declared.Match {
		hash := x.entity.Keys[rule.Name]
		if hash != "" {
			out = append(out, alsoHold(x, MatchKey{x.group.Name, x.entity.Type, rule.Name, hash})...)
		}
	}
	return out
}

// alsoHold gives the other entities that hold a key, as far as they are loaded.
func alsoHold(x *subject, key MatchKey) []*Rows {
	var out []*Rows
	for _, id := range x.keyRow(key).Holders {
		if rows := x.rows(id); id != x.entity.ID && rows.Entity != nil {
			out = append(out, rows)
		}
	}
	return out
}

// createDigest identifies the fields of a create, so that a refused one is tried again only when they change.
func createDigest(fields record.Fields) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		b.WriteString(string(name) + "\x00" + fields[name] + "\x00")
	}
	return shortHash(b.String())
}

// createsOnHub reports whether a live spoke record of the entity may be created on the hub.
func createsOnHub(x *subject) bool {
	for i := range x.group.Mappings {
		m := &x.group.Mappings[i]
		link := x.links[m.Spoke]
		if m.Hub == x.entity.Type && link != nil && link.State == LinkLive && m.Create.CreatesOn(ruleset.ToHub) {
			return true
		}
	}
	return false
}

// inScope reports whether a record may be made across a mapping's filter: the entity entered it, and is inside it now. A
// condition is judged again whenever it is acted upon.
func inScope(x *subject, m *ruleset.Mapping) bool {
	return mapping.Holds(x.declared, m.Filter, hubValues(x.entity)) && (x.entity.Filters[m.Name].Entered || m.Existing == ruleset.ExistingEnter)
}

// follows reports whether a live record is still updated: outside its mapping's filter it is left as it is, unless the mapping
// says that it follows.
func follows(x *subject, place record.Place) bool {
	m, spoke := x.group.MappingAt(place)
	return !spoke || m.Filter == nil || m.AfterExit == ruleset.AfterExitFollow || mapping.Holds(x.declared, m.Filter, hubValues(x.entity))
}

// createFields collects what a new record holds: every mapped value that is not blank, constants, references.
func createFields(x *subject, due *Due) {
	pairs := x.group.PairsAt(due.Place)
	for i := range pairs {
		p := &pairs[i]
		if p.Direction == ruleset.ToHub {
			continue
		}
		if constant(p) {
			due.Fields[p.Spoke[0]] = p.Constant
			continue
		}
		if slices.ContainsFunc(p.Hub, func(name record.HubField) bool { _, parked := x.entity.Parked[name]; return parked }) {
			missing(due, p)
			continue
		}
		texts, problem, known, waits := toSpoke(x, due.Place, p)
		if waits != "" {
			due.Waits = append(due.Waits, waits)
			continue
		}
		if !known || problem != "" {
			missing(due, p)
			continue
		}
		for j, name := range p.Spoke {
			if texts[j] != "" {
				due.Fields[name] = texts[j]
			} else {
				missing(due, p)
			}
		}
	}
}

func missing(due *Due, p *ruleset.Pair) {
	if !p.Required {
		return
	}
	for _, name := range p.Spoke {
		if !slices.Contains(due.Missing, name) {
			due.Missing = append(due.Missing, name)
		}
	}
}
