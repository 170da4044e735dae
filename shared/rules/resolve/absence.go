package resolve

import (
	"errors"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func asFault(err error, target **fault.Error) bool { return errors.As(err, target) }

// decideAbsence decides a record that is gone.
func decideAbsence(w *draft, a record.Absence) Decision {
	link := w.links[a.Place]
	if link == nil || link.ID != a.ID || link.State == LinkTombstone {
		if decision, was := leftoverGone(w, a.Ref); was {
			return decision
		}
		return w.settle(Noop, record.ReasonNotLinked)
	}
	if outdated(w.subject) {
		return tooOld(w)
	}
	if link.State == LinkUnlinked {
		return w.settle(Noop, record.ReasonUnlinked)
	}
	if decision, put := putOff(w, link, a.ReadBegan, a.ReadBegan); put {
		return decision
	}
	if a.Evidence == record.EvidenceNotFound && w.observation.Change.MissingSince.IsZero() {
		// One read that finds nothing may be a lagging replica: a second one, a lag bound later, counts.
		return Decision{Outcome: Postponed, Reason: record.ReasonMissingOnce, Entity: w.entity.ID, Type: w.entity.Type,
			MissingSince: w.view.Now, RetryAt: w.view.Now.Add(missingLag)}
	}
	if a.Evidence == record.EvidenceMerged && a.Into != "" && w.entity.State == EntityLive {
		return mergedAway(w, link, a)
	}
	return removed(w, link, a.Evidence)
}

// absentStranger decides the absence of a record that no entity has.
func absentStranger(w *draft, a record.Absence) Decision {
	if c := w.observation.Change; a.Evidence == record.EvidenceNotFound && c.Kind == record.KindChanged && c.MissingSince.IsZero() {
		// Somebody told of it, so a replica that lags may not have it yet: it is looked for once more.
		return Decision{Outcome: Postponed, Reason: record.ReasonMissingOnce, MissingSince: w.view.Now, RetryAt: w.view.Now.Add(missingLag)}
	}
	return Decision{Outcome: Noop, Reason: record.ReasonNotLinked}
}

// missingLag is how long after a first read that found nothing a second one counts. It covers the slowest platform's
// stated lag (HubSpot's index, "a few moments").
const missingLag = 30 * time.Second

// gone makes a link a tombstone. What that asks of the other places is in dueRemoval.
func gone(w *draft, link *Link, evidence record.Evidence) Decision {
	if link.State == LinkTombstone {
		return w.settle(Noop, record.ReasonTombstone)
	}
	link = w.editLink(link.Place)
	ours := tries(link, record.OperationArchive) || tries(link, record.OperationDelete)
	link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, evidence, ours
	link.Attempts, link.Restored = nil, false
	if ours {
		markLent(w, link)
	}
	why := record.ReasonDeleted
	if evidence == record.EvidenceMerged {
		why = record.ReasonMergedAway
	}
	w.note(FieldChange{Reason: why, Taken: true})
	w.editEntity()
	if !ours || link.Place.Connection == w.group.Hub { // from a spoke, the deletion that ours follows has spread already
		spreadDeletion(w, link.Place)
	}
	hintHeld(w, link.Place)
	return w.settle(Applied, why)
}

// tries reports whether a link has an attempt of an operation whose outcome is unknown: what is seen of it may be our doing.
func tries(link *Link, op record.Operation) bool {
	return slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return a.Operation == op })
}
