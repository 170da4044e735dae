package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// mergedAway decides a record that a person merged into another. The survivor may be nobody's yet: then the link moves
// on to it. It may be another entity's: on the hub, which says who is who, the two entities become one, also where the
// survivor was held; on a spoke they stay two, for the hub still holds both, unless the hub holds none of ours.
func (d *decider) mergedAway(link *Link, a record.Absence) Decision {
	into := record.Ref{Place: a.Place, ID: a.Into}
	id, loaded := d.ref(into)
	if !loaded {
		return Decision{}
	}
	if id == "" {
		return d.repoint(link, into)
	}
	survivor := d.rows(id)
	hub := d.links[d.group.HubPlace(d.entity.Type)]
	switch {
	case survivor == nil:
		return Decision{}
	case survivor.Entity == nil || survivor.Entity.ID == d.entity.ID:
		return d.repoint(link, into)
	case survivor.Entity.State == EntityQuarantined && a.Place.Connection == d.group.Hub:
		return d.join(survivor, into) // which entity it is has been said now
	case survivor.Entity.State != EntityLive, a.Place.Connection != d.group.Hub && hub != nil && hub.State == LinkLive:
		d.hint(d.changeOf(into))
		return d.gone(link, record.EvidenceMerged)
	}
	return d.join(survivor, into)
}

func (d *decider) changeOf(ref record.Ref) record.Change {
	return record.Change{Ref: ref, Source: record.SourceWriter, Kind: record.KindChanged}
}

// repoint ties the link to the record that survived. Base stays, so that what the survivor shows otherwise counts as
// what it is: the choice of whoever merged them.
func (d *decider) repoint(link *Link, into record.Ref) Decision {
	link = d.editLink(link.Place)
	link.ID, link.State, link.Version = into.ID, LinkLive, ""
	if !d.pointRef(into) {
		return Decision{}
	}
	d.hint(d.changeOf(into))
	d.note(FieldChange{Reason: ReasonMergedAway, Taken: true})
	d.editEntity()
	return d.settle(Applied, ReasonMergedAway)
}

// join makes the working entity an alias of the survivor. Its other records move to the survivor where that has none;
// where it has one, two records are left of one thing, which only a person can merge: they are kept as leftovers.
func (d *decider) join(survivor *Rows, into record.Ref) Decision {
	loser, links := d.entity, d.links
	for _, side := range []map[record.Place]*Link{links, survivor.Links} {
		for _, place := range d.group.Places(loser.Type) {
			if l := side[place]; l != nil && l.Lease.Until.After(d.view.Now) {
				return Decision{Outcome: Postponed, Reason: ReasonLeased, Entity: loser.ID, RetryAt: l.Lease.Until.Add(leaseGrace)}
			}
		}
	}
	if !d.open(survivor) {
		return undeclared(survivor.Entity)
	}
	if d.outdated() {
		return d.tooOld()
	}
	if e := d.editEntity(); e.State == EntityQuarantined {
		e.State, e.Why = EntityLive, ""
		link := d.editLink(into.Place)
		link.State, link.Base, link.Sent = LinkLive, record.Fields{}, record.Fields{}
	}
	alias := loser.clone()
	alias.State, alias.Into, alias.Parked, alias.Holds = EntityMerged, d.entity.ID, nil, nil
	var aliasLinks []*Link
	for _, place := range d.group.Places(loser.Type) {
		l := links[place]
		if l == nil {
			continue
		}
		emptied := l.clone()
		emptied.State, emptied.ID, emptied.Attempts, emptied.Lease = LinkNone, "", nil, Lease{Fence: l.Lease.Fence + 1}
		aliasLinks = append(aliasLinks, emptied)
		if l.State == LinkLive && place != into.Place {
			d.takeRecord(record.Ref{Place: place, ID: l.ID})
		}
	}
	d.entity.Leftovers = append(d.entity.Leftovers, loser.Leftovers...)
	if !d.takeKeys(loser) || !d.need.Empty() {
		return Decision{}
	}
	alias.Keys = map[string]string{}
	for name, state := range loser.Filters {
		if state.Entered && !d.entity.Filters[name].Entered {
			d.entity.Filters[name] = state
		}
	}
	d.hint(d.changeOf(into))
	d.note(FieldChange{Reason: ReasonMergedAway, Taken: true})
	decision := d.settle(Applied, ReasonMergedAway)
	alias.Journal = &Entry{Rev: alias.Rev + 1, At: d.view.Now, Change: d.observation.Change.ID, Record: d.observation.Change.Ref, Outcome: Applied, Reason: ReasonMergedAway, Config: d.rules.Digest}
	decision.Patch.Alias, decision.Patch.AliasLinks = alias, aliasLinks
	return decision
}

// takeRecord gives the working entity a record of the entity that joins it. The record's values count as seen for the first
// time: blanks fill, and what its place owns stands.
func (d *decider) takeRecord(ref record.Ref) {
	if mine := d.links[ref.Place]; mine != nil && (mine.State != LinkNone || len(mine.Attempts) > 0) {
		d.entity.Leftovers = append(d.entity.Leftovers, ref)
		return
	}
	link := d.editLink(ref.Place)
	link.ID, link.State, link.Evidence, link.ArchivedByUs, link.Version = ref.ID, LinkLive, "", false, ""
	link.Base, link.Sent, link.Waived = record.Fields{}, record.Fields{}, record.Fields{}
	link.Rejected = map[record.PlatformField]Rejection{}
	d.pointRef(ref)
	d.hint(d.changeOf(ref))
}

// takeKeys lets the working entity hold the keys of the entity that joins it: who comes with one of them is it.
// False if a key must be loaded first.
func (d *decider) takeKeys(loser *Entity) bool {
	for _, rule := range slices.Sorted(maps.Keys(loser.Keys)) {
		row := d.editKey(MatchKey{d.group.Name, loser.Type, rule, loser.Keys[rule]})
		if row == nil {
			continue // the other keys are asked for in the same round
		}
		row.Holders = slices.DeleteFunc(row.Holders, func(id record.EntityID) bool { return id == loser.ID || id == d.entity.ID })
		row.Holders = append(row.Holders, d.entity.ID)
	}
	return d.need.Empty()
}

// leftoverGone strikes a leftover off: somebody has merged or removed it.
func (d *decider) leftoverGone(ref record.Ref) (Decision, bool) {
	if !slices.Contains(d.entity.Leftovers, ref) {
		return Decision{}, false
	}
	e := d.editEntity()
	e.Leftovers = slices.DeleteFunc(e.Leftovers, func(r record.Ref) bool { return r == ref })
	d.note(FieldChange{Reason: ReasonLeftoverGone, Taken: true})
	return d.settle(Applied, ReasonLeftoverGone), true
}
