package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// mergedAway decides a record that a person merged into another. The survivor may be nobody's yet: then the link moves
// on to it. It may be another entity's: on the hub, which says who is who, the two entities become one, also where the
// survivor was held; on a spoke they stay two, for the hub still holds both, unless the hub holds none of ours.
func mergedAway(w *draft, link *Link, a record.Absence) Decision {
	into := record.Ref{Place: a.Place, ID: a.Into}
	survivor := w.home(into)
	if w.missing() {
		return loadFirst
	}
	hub := w.links[w.group.HubPlace(w.entity.Type)]
	switch {
	case survivor.Entity == nil || survivor.Entity.ID == w.entity.ID:
		return repoint(w, link, into)
	case survivor.Entity.State == EntityQuarantined && a.Place.Connection == w.group.Hub:
		return join(w, survivor, into) // which entity it is has been said now
	case survivor.Entity.State != EntityLive, a.Place.Connection != w.group.Hub && hub != nil && hub.State == LinkLive:
		w.hint(changeOf(into))
		return gone(w, link, record.EvidenceMerged)
	}
	return join(w, survivor, into)
}

func changeOf(ref record.Ref) record.Change {
	return record.Change{Ref: ref, Source: record.SourceWriter, Kind: record.KindChanged}
}

// repoint ties the link to the record that survived. Base stays, so that what the survivor shows otherwise counts as
// what it is: the choice of whoever merged them.
func repoint(w *draft, link *Link, into record.Ref) Decision {
	link = w.editLink(link.Place)
	link.ID, link.State, link.Version = into.ID, LinkLive, ""
	w.pointRef(into)
	w.hint(changeOf(into))
	w.note(FieldChange{Reason: record.ReasonMergedAway, Taken: true})
	w.editEntity()
	return w.settle(Applied, record.ReasonMergedAway)
}

// join makes the working entity an alias of the survivor. Its other records move to the survivor where that has none;
// where it has one, two records are left of one thing, which only a person can merge: they are kept as leftovers.
func join(w *draft, survivor *Rows, into record.Ref) Decision {
	loser, links := w.entity, w.links
	for _, side := range []map[record.Place]*Link{links, survivor.Links} {
		for _, place := range w.group.Places(loser.Type) {
			if l := side[place]; l != nil && l.Lease.Until.After(w.view.Now) {
				return Decision{Outcome: Postponed, Reason: record.ReasonLeased, Entity: loser.ID, RetryAt: l.Lease.Until.Add(leaseGrace)}
			}
		}
	}
	if !w.open(survivor) {
		return undeclared(survivor.Entity)
	}
	if outdated(w.subject) {
		return tooOld(w)
	}
	if e := w.editEntity(); e.State == EntityQuarantined {
		e.State, e.Why = EntityLive, ""
		link := w.editLink(into.Place)
		link.State, link.Base, link.Sent = LinkLive, record.Fields{}, record.Fields{}
	}
	alias := loser.clone()
	alias.State, alias.Into, alias.Parked, alias.Holds = EntityMerged, w.entity.ID, nil, nil
	var aliasLinks []*Link
	for _, place := range w.group.Places(loser.Type) {
		l := links[place]
		if l == nil {
			continue
		}
		emptied := l.clone()
		emptied.State, emptied.ID, emptied.Attempts, emptied.Lease = LinkNone, "", nil, Lease{Fence: l.Lease.Fence + 1}
		aliasLinks = append(aliasLinks, emptied)
		if l.State == LinkLive && place != into.Place {
			takeRecord(w, record.Ref{Place: place, ID: l.ID})
		}
	}
	w.entity.Leftovers = append(w.entity.Leftovers, loser.Leftovers...)
	takeKeys(w, loser)
	alias.Keys = map[string]string{}
	for name, state := range loser.Filters {
		if state.Entered && !w.entity.Filters[name].Entered {
			w.entity.Filters[name] = state
		}
	}
	w.hint(changeOf(into))
	w.note(FieldChange{Reason: record.ReasonMergedAway, Taken: true})
	decision := w.settle(Applied, record.ReasonMergedAway)
	alias.Journal = &Entry{Rev: alias.Rev + 1, At: w.view.Now, Change: w.observation.Change.ID, Record: w.observation.Change.Ref,
		Outcome: Applied, Reason: record.ReasonMergedAway, Config: w.rules.Digest}
	decision.Patch.Alias, decision.Patch.AliasLinks = alias, aliasLinks
	return decision
}

// takeRecord gives the working entity a record of the entity that joins it. The record's values count as seen for the first
// time: blanks fill, and what its place owns stands.
func takeRecord(w *draft, ref record.Ref) {
	if mine := w.links[ref.Place]; mine != nil && (mine.State != LinkNone || len(mine.Attempts) > 0) {
		w.entity.Leftovers = append(w.entity.Leftovers, ref)
		return
	}
	link := w.editLink(ref.Place)
	link.ID, link.State, link.Evidence, link.ArchivedByUs, link.Version = ref.ID, LinkLive, "", false, ""
	link.Base, link.Sent, link.Waived = record.Fields{}, record.Fields{}, record.Fields{}
	link.Rejected, link.Seen = map[record.PlatformField]Rejection{}, map[record.PlatformField]Seen{}
	link.Ours = true
	w.pointRef(ref)
	w.hint(changeOf(ref))
}

// takeKeys lets the working entity hold the keys of the entity that joins it: who comes with one of them is it.
func takeKeys(w *draft, loser *Entity) {
	for _, rule := range slices.Sorted(maps.Keys(loser.Keys)) {
		row := w.editKey(MatchKey{w.group.Name, loser.Type, rule, loser.Keys[rule]})
		row.Holders = slices.DeleteFunc(row.Holders, func(id record.EntityID) bool { return id == loser.ID || id == w.entity.ID })
		row.Holders = append(row.Holders, w.entity.ID)
	}
}

// leftoverGone strikes a leftover off: somebody has merged or removed it.
func leftoverGone(w *draft, ref record.Ref) (Decision, bool) {
	if !slices.Contains(w.entity.Leftovers, ref) {
		return Decision{}, false
	}
	e := w.editEntity()
	e.Leftovers = slices.DeleteFunc(e.Leftovers, func(r record.Ref) bool { return r == ref })
	w.note(FieldChange{Reason: record.ReasonLeftoverGone, Taken: true})
	return w.settle(Applied, record.ReasonLeftoverGone), true
}
