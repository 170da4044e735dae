package resolve

import (
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
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

// removed decides a record that is gone by what its platform says. Not every platform tells that a record was merged: before
// its removal reaches another place, what has its keys there is looked for. Such a record may be what it was merged into, so
// nothing is removed anywhere, and it is read: if it is nobody's, it takes the place, as any record that is matched.
func removed(w *draft, link *Link, evidence record.Evidence) Decision {
	ours := tries(link, record.OperationArchive) || tries(link, record.OperationDelete)
	if evidence == record.EvidenceMerged || ours || link.State == LinkTombstone || w.entity.State != EntityLive || !spreads(w.subject, link.Place) {
		return gone(w, link, evidence)
	}
	if !w.observation.LookedUp {
		return Decision{Outcome: LookUp, Reason: record.ReasonDeleted, Entity: w.entity.ID, Type: w.entity.Type,
			Lookups: keysAt(w.subject, link), Siblings: siblings(w.subject, link)}
	}
	for _, id := range w.observation.Survivors {
		evidence = record.EvidenceMerged
		w.hint(changeOf(record.Ref{Place: link.Place, ID: id}))
	}
	return gone(w, link, evidence)
}

// spreads reports whether a removal at a place would reach a live record at another.
func spreads(x *subject, place record.Place) bool {
	for i := range x.group.Mappings {
		m := &x.group.Mappings[i]
		if m.Hub != x.entity.Type || m.Delete == ruleset.DeleteIgnore {
			continue
		}
		hub := x.group.HubPlace(x.entity.Type)
		from, to := hub, m.Spoke
		if place == m.Spoke && m.Direction != ruleset.ToSpoke {
			from, to = m.Spoke, hub
		}
		if link := x.links[to]; place == from && link != nil && link.State == LinkLive {
			return true
		}
	}
	return false
}

// keysAt gives what a record held last in the fields of the match rules that are one field each.
func keysAt(x *subject, link *Link) record.Fields {
	out := record.Fields{}
	pairs := x.group.PairsAt(link.Place)
	for _, rule := range x.declared.Match {
		for i := range pairs {
			if p := &pairs[i]; len(rule.Parts) == 1 && len(p.Hub) == 1 && p.Hub[0] == rule.Parts[0].Field && link.Base[p.Spoke[0]] != "" {
				out[p.Spoke[0]] = link.Base[p.Spoke[0]]
			}
		}
	}
	return out
}

// siblings gives the other records at a place that are known to have a key of the entity's.
func siblings(x *subject, link *Link) []record.ExternalID {
	var out []record.ExternalID
	for _, rows := range sharers(x) {
		if l := rows.Links[link.Place]; l != nil && l.ID != link.ID && (l.State == LinkLive || l.State == LinkQuarantined) {
			out = append(out, l.ID)
		}
	}
	return out
}

// dueMerge holds what a merge left behind while it is not known to be one: on a spoke, the hub still has what the record was of; on
// the hub, spokes still have theirs. Whether two are one is for a person to say, on the hub.
func dueMerge(x *subject, due *Due, link *Link) bool {
	left := func(place record.Place) bool { return x.links[place] != nil && x.links[place].State == LinkLive }
	hub := x.group.HubPlace(x.entity.Type)
	switch {
	case link.Evidence != record.EvidenceMerged:
		return false
	case due.Place != hub && !left(hub), due.Place == hub && !slices.ContainsFunc(x.group.Places(x.entity.Type), left):
		return false
	}
	due.Blocked = record.ReasonMergedThere
	return true
}

func changeOf(ref record.Ref) record.Change {
	return record.Change{Ref: ref, Source: record.SourceWriter, Kind: record.KindChanged}
}

// repoint ties the link to the record that survived. Base stays, so that what the survivor shows otherwise counts as
// what it is: the choice of the person who merged them.
func repoint(w *draft, link *Link, into record.Ref) Decision {
	link = w.editLink(link.Place)
	link.ID, link.State, link.Version, link.ModifiedAt = into.ID, LinkLive, "", time.Time{}
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
