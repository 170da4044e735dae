package resolve

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 11: how deletions and restores reach the other places.

// dueRemoval decides whether a deletion elsewhere should reach a live link.
func dueRemoval(x *subject, due *Due, link *Link) bool {
	policy, applies := removalPolicy(x, link.Place)
	if !applies || link.Restored {
		return false
	}
	due.ID = link.ID
	switch policy {
	case ruleset.DeleteArchive:
		due.Operation = record.OperationArchive
	case ruleset.DeleteDelete:
		due.Operation = record.OperationDelete
	default:
		return false
	}
	if link.Rejected[CreateField].Value == string(due.Operation) {
		due.Blocked = record.ReasonRejected
	}
	return true
}

// dueRestore decides whether a record that we archived comes back, because the deletion that it followed was undone.
func dueRestore(x *subject, due *Due, link *Link) bool {
	if !link.ArchivedByUs {
		return false
	}
	if _, still := removalPolicy(x, link.Place); still {
		return false
	}
	due.Operation, due.ID = record.OperationRestore, link.ID
	can := x.declared.RestoresHub
	if m, spoke := x.group.MappingAt(link.Place); spoke {
		can = m.RestoresSpoke
	}
	switch {
	case !can || link.Evidence != record.EvidenceArchived:
		due.Blocked = record.ReasonCannotRestore
	case link.Rejected[CreateField].Value == string(due.Operation):
		due.Blocked = record.ReasonRejected
	}
	return true
}

// removalPolicy gives what a tombstone across a mapping asks of a live link. A merge removes nothing: its records
// live on in another.
func removalPolicy(x *subject, place record.Place) (ruleset.Delete, bool) {
	if m, spoke := x.group.MappingAt(place); spoke {
		hub := x.links[x.group.HubPlace(x.entity.Type)]
		if hub == nil || hub.State != LinkTombstone || hub.Evidence == record.EvidenceMerged {
			return m.Delete, false
		}
		// No matter who removed it from the hub, it is gone from there; but what we removed there, for a deletion that is over since,
		// is about to come back.
		still := true
		if hub.ArchivedByUs {
			_, still = removalPolicy(x, hub.Place)
		}
		return m.Delete, still
	}
	for i := range x.group.Mappings {
		m := &x.group.Mappings[i]
		if m.Hub == x.entity.Type && deleted(x.links[m.Spoke]) && m.Direction != ruleset.ToSpoke {
			return m.Delete, true
		}
	}
	return "", false
}

func deleted(link *Link) bool {
	return link != nil && link.State == LinkTombstone && link.Evidence != record.EvidenceMerged && !link.ArchivedByUs
}

// spreadDeletion lets a new deletion reach the places that it can reach: what was restored there is older than it, and where
// the mapping says so the record there leaves the entity.
func spreadDeletion(w *draft, from record.Place) {
	for _, place := range w.group.Places(w.entity.Type) {
		other := w.links[place]
		if place == from || other == nil || other.State != LinkLive {
			continue
		}
		policy, applies := removalPolicy(w.subject, place)
		switch {
		case !applies:
		case policy == ruleset.DeleteUnlink && place.Connection != w.group.Hub:
			w.editLink(place).State = LinkUnlinked
		case other.Restored:
			w.editLink(place).Restored = false
		}
	}
}

// outlives reports whether every deletion that asks for a removal at a place was taken in before a time: what was made
// since, because the entity lives on elsewhere, is not what was deleted.
func outlives(x *subject, place record.Place, began time.Time) bool {
	if _, applies := removalPolicy(x, place); !applies {
		return false
	}
	hub := x.links[x.group.HubPlace(x.entity.Type)]
	if _, spoke := x.group.MappingAt(place); spoke {
		return hub.TouchedAt.Before(began)
	}
	for i := range x.group.Mappings {
		m := &x.group.Mappings[i]
		if link := x.links[m.Spoke]; m.Hub == x.entity.Type && deleted(link) && m.Direction != ruleset.ToSpoke && !link.TouchedAt.Before(began) {
			return false
		}
	}
	return true
}

// unlinkDeleted lets records leave the entity whose deletion on the hub asks for that by their mapping, and which were being made as
// it was taken in: the deletion could not know of them.
func unlinkDeleted(w *draft) {
	for i := range w.group.Mappings {
		m := &w.group.Mappings[i]
		link := w.links[m.Spoke]
		if m.Hub != w.entity.Type || m.Delete != ruleset.DeleteUnlink || link == nil || link.State != LinkLive || link.Restored {
			continue
		}
		if _, applies := removalPolicy(w.subject, m.Spoke); applies && !outdated(w.subject) {
			w.editLink(m.Spoke).State = LinkUnlinked
		}
	}
}

// restored makes a tombstone a live link again, because a person made the record live again, or a restore of ours did whose
// outcome nobody told us.
func restored(w *draft, place record.Place) {
	link := w.editLink(place)
	link.State, link.Evidence, link.ArchivedByUs, link.Restored = LinkLive, "", false, !tries(link, record.OperationRestore)
	if link.Restored {
		clear(link.Overtaken) // the person who brought it back chose what it shows
	} else {
		broughtBack(w, link)
	}
	w.note(FieldChange{Reason: record.ReasonRestored, Taken: true})
	w.editEntity()
	rejoin(w, place)
}

// rejoin brings back what had left the entity because of a deletion that is over.
func rejoin(w *draft, place record.Place) {
	for _, other := range w.group.Places(w.entity.Type) {
		if l := w.links[other]; other != place && l != nil && l.State == LinkUnlinked {
			if _, still := removalPolicy(w.subject, other); !still {
				w.editLink(other).State = LinkLive
				w.hint(changeOf(record.Ref{Place: other, ID: l.ID}))
			}
		}
	}
}

// hintHeld asks for the records of a place to be read again that are held beside the entity's own: the place is free now.
func hintHeld(w *draft, place record.Place) {
	for _, rows := range sharers(w.subject) {
		if link := rows.Links[place]; link != nil && link.State == LinkQuarantined {
			w.hint(changeOf(record.Ref{Place: place, ID: link.ID}))
		}
	}
}
