package resolve

import (
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// decideSnapshot decides a record of the working entity as read.
func decideSnapshot(w *draft, s record.Snapshot) Decision {
	if w.entity.State == EntityQuarantined {
		return rejudge(w, s)
	}
	if outdated(w.subject) {
		return tooOld(w)
	}
	link := w.links[s.Place]
	if link == nil || link.ID != s.ID {
		return another(w, s, link)
	}
	if decision, put := putOff(w, link, s.ReadBegan, s.ModifiedAt); put {
		return decision
	}
	if link.State == LinkUnlinked {
		return w.settle(Noop, record.ReasonUnlinked)
	}
	if s.Archived {
		return removed(w, link, record.EvidenceArchived)
	}
	if link.State == LinkTombstone {
		if counts := link.TouchedAt.Add(missingLag); s.ReadBegan.Before(counts) {
			// A lagging replica may still have what is gone: a read counts as a restore once it would show the deletion.
			return Decision{Outcome: Postponed, Reason: record.ReasonStaleRead, Entity: w.entity.ID, RetryAt: counts}
		}
		restored(w, s.Place)
	}
	absorb(w, s)
	takeFreed(w)
	resettle(w)
	return settleAbsorbed(w)
}

// another decides a live record that is known as the entity's, while its link holds another one or none: it came back
// after a merge, or after another took its place.
func another(w *draft, s record.Snapshot, link *Link) Decision {
	if s.Archived || s.Lagging || slices.Contains(w.entity.Leftovers, s.Ref) {
		return w.settle(Noop, record.ReasonNotLinked)
	}
	if link == nil || link.State == LinkNone && len(link.Attempts) == 0 || link.State == LinkTombstone {
		return tie(w, s, verdict{entity: w.entity.ID, why: record.ReasonRestored})
	}
	e := w.editEntity()
	e.Leftovers = append(e.Leftovers, s.Ref)
	w.note(FieldChange{Reason: record.ReasonSlotTaken, Taken: true})
	return w.settle(ParkedWork, record.ReasonSlotTaken)
}

// putOff says whether an observation of a link cannot be taken now: a write is in progress, or the read is too old.
func putOff(w *draft, link *Link, readBegan, modifiedAt time.Time) (Decision, bool) {
	if link.Lease.Until.After(w.view.Now) {
		return Decision{Outcome: Postponed, Reason: record.ReasonLeased, Entity: w.entity.ID, RetryAt: link.Lease.Until.Add(leaseGrace)}, true
	}
	if w.observation.Carried && !link.TouchedAt.Before(readBegan.Add(-carriedMargin)) {
		return Decision{Outcome: ReadAgain, Reason: record.ReasonStaleRead, Entity: w.entity.ID}, true
	}
	if !modifiedAt.IsZero() && modifiedAt.Before(link.ModifiedAt) && w.observation.Change.Deferrals < staleReadsMax {
		return Decision{Outcome: Postponed, Reason: record.ReasonStaleRead, Entity: w.entity.ID, RetryAt: w.view.Now.Add(rereadAfter)}, true
	}
	if !link.Lease.Until.IsZero() {
		// An expired lease: its holder may still come back, and is refused by the fence.
		link = w.editLink(link.Place)
		link.Lease = Lease{Fence: link.Lease.Fence + 1}
	}
	return Decision{}, false
}

// settleAbsorbed ends a snapshot's decision with the outcome that its changes speak of.
func settleAbsorbed(w *draft) Decision {
	if len(w.unseen) > 0 && w.observation.Change.Deferrals < parentDeferralsMax {
		return Decision{Outcome: Postponed, Reason: record.ReasonUnknownParent, Entity: w.entity.ID,
			RetryAt: w.view.Now.Add(rereadAfter), Hints: w.allHints()}
	}
	if w.parked {
		return w.settle(ParkedWork, firstReason(w))
	}
	if w.entityChanged || len(w.linkChanged) > 0 {
		return w.settle(Applied, firstReason(w))
	}
	if w.echo {
		return w.settle(Noop, record.ReasonEcho)
	}
	return w.settle(Noop, record.ReasonUnchanged)
}

func firstReason(w *draft) record.Reason {
	for _, c := range w.changes {
		if c.Taken {
			return c.Reason
		}
	}
	if len(w.changes) > 0 {
		return w.changes[0].Reason
	}
	return record.ReasonEcho
}

func tooOld(w *draft) Decision {
	return Decision{Outcome: Postponed, Reason: record.ReasonOldRules, Entity: w.entity.ID, RetryAt: w.view.Now.Add(rereadAfter)}
}

// decideWake says what is due of an entity, and changes nothing but holds, and the keys of match rules that have changed: so one
// sweep renews every key. It asks for a record whose value waited for a key that is free by now.
func decideWake(w *draft) Decision {
	if outdated(w.subject) {
		return Decision{Outcome: Noop, Reason: record.ReasonOldRules, Entity: w.entity.ID, Type: w.entity.Type}
	}
	if keysOutdated(w.subject) {
		moveKeys(w)
	}
	hintFreed(w)
	if w.entity.State != EntityLive {
		held := Decision{Outcome: Noop, Reason: record.ReasonQuarantined, Entity: w.entity.ID, Type: w.entity.Type}
		if w.entityChanged {
			held.Patch = Patch{Owner: EntityKey{w.group.Name, w.entity.ID}, Entity: w.entity, Keys: w.keys}
		}
		return held
	}
	return w.settle(Noop, record.ReasonUnchanged)
}

// Chosen settles the fields of a record that have several values: the one that the link knows counts for as long as it is among
// them. Otherwise it cannot be told which one counts, and the field is as one that the platform has no longer.
func Chosen(link *Link, s record.Snapshot) record.Snapshot {
	if len(s.Several) == 0 {
		return s
	}
	s.Fields, s.Gone = maps.Clone(s.Fields), slices.Clone(s.Gone)
	for _, name := range slices.Sorted(maps.Keys(s.Several)) {
		known := ""
		if link != nil && link.ID == s.ID {
			known = link.Base[name]
		}
		if known != "" && slices.Contains(s.Several[name], known) {
			s.Fields[name] = known
		} else {
			delete(s.Fields, name)
			s.Gone = append(s.Gone, name)
		}
	}
	return s
}
