package resolve

import (
	"errors"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func asFault(err error, target **fault.Error) bool { return errors.As(err, target) }

// absence decides a record that is gone.
func (d *decider) absence(a record.Absence) Decision {
	d.place = a.Place
	if _, ok := d.group.TypeAt(a.Place); !ok {
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped}
	}
	id, loaded := d.ref(a.Ref)
	if !loaded {
		return Decision{}
	}
	if id == "" {
		if c := d.observation.Change; a.Evidence == record.EvidenceNotFound && c.Kind == record.KindChanged && c.MissingSince.IsZero() {
			// Somebody told of it, so a replica that lags may not have it yet: it is looked for once more.
			return Decision{Outcome: Postponed, Reason: ReasonMissingOnce, MissingSince: d.view.Now, RetryAt: d.view.Now.Add(missingLag)}
		}
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	rows := d.rows(id)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	if !d.open(rows) {
		return undeclared(rows.Entity)
	}
	link := rows.Links[a.Place]
	if link == nil || link.ID != a.ID || link.State == LinkTombstone {
		if decision, was := d.leftoverGone(a.Ref); was {
			return decision
		}
		return d.settle(Noop, ReasonNotLinked)
	}
	if d.outdated() {
		return d.tooOld()
	}
	if link.State == LinkUnlinked {
		return d.settle(Noop, ReasonUnlinked)
	}
	if decision, put := d.putOff(link, a.ReadBegan, a.ReadBegan); put {
		return decision
	}
	if a.Evidence == record.EvidenceNotFound && d.observation.Change.MissingSince.IsZero() {
		// One read that finds nothing may be a lagging replica: a second one, a lag bound later, counts.
		return Decision{Outcome: Postponed, Reason: ReasonMissingOnce, Entity: id, Type: d.entity.Type, MissingSince: d.view.Now, RetryAt: d.view.Now.Add(missingLag)}
	}
	if a.Evidence == record.EvidenceMerged && a.Into != "" && rows.Entity.State == EntityLive {
		return d.mergedAway(link, a)
	}
	return d.gone(link, a.Evidence)
}

// missingLag is how long after a first read that found nothing a second one counts. It covers the slowest platform's
// stated lag (HubSpot's index, "a few moments").
const missingLag = 30 * time.Second

// gone makes a link a tombstone. What that asks of the other places is in dueRemoval.
func (d *decider) gone(link *Link, evidence record.Evidence) Decision {
	if link.State == LinkTombstone {
		return d.settle(Noop, ReasonTombstone)
	}
	link = d.editLink(link.Place)
	ours := tries(link, record.OperationArchive) || tries(link, record.OperationDelete)
	link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, evidence, ours
	link.Attempts, link.Restored = nil, false
	if ours {
		d.lent(link)
	}
	why := ReasonDeleted
	if evidence == record.EvidenceMerged {
		why = ReasonMergedAway
	}
	d.note(FieldChange{Reason: why, Taken: true})
	d.editEntity()
	if !ours || link.Place.Connection == d.group.Hub { // from a spoke, the deletion that ours follows has spread already
		d.spread(link.Place)
	}
	d.hintHeld(link.Place)
	return d.settle(Applied, why)
}

// tries reports whether a link has an attempt of an operation whose outcome is unknown: what is seen of it may be our doing.
func tries(link *Link, op record.Operation) bool {
	return slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return a.Operation == op })
}

// hintHeld asks for the records of a place to be read again that are held beside the entity's own: the place is free now.
func (d *decider) hintHeld(place record.Place) {
	for _, rows := range d.sharers() {
		if link := rows.Links[place]; link != nil && link.State == LinkQuarantined {
			d.hint(d.changeOf(record.Ref{Place: place, ID: link.ID}))
		}
	}
}

// spread lets a new deletion reach the places that it can reach: what was restored there is older than it, and where
// the mapping says so the record there leaves the entity.
func (d *decider) spread(from record.Place) {
	for _, place := range d.group.Places(d.entity.Type) {
		other := d.links[place]
		if place == from || other == nil || other.State != LinkLive {
			continue
		}
		policy, applies := d.removalPolicy(place)
		switch {
		case !applies:
		case policy == ruleset.DeleteUnlink && place.Connection != d.group.Hub:
			d.editLink(place).State = LinkUnlinked
		case other.Restored:
			d.editLink(place).Restored = false
		}
	}
}

// outlives reports whether every deletion that asks for a removal at a place was taken in before a time: what was made
// since, because the entity lives on elsewhere, is not what was deleted.
func (d *decider) outlives(place record.Place, began time.Time) bool {
	if _, applies := d.removalPolicy(place); !applies {
		return false
	}
	hub := d.links[d.group.HubPlace(d.entity.Type)]
	if _, spoke := d.group.MappingAt(place); spoke {
		return hub.TouchedAt.Before(began)
	}
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		if link := d.links[m.Spoke]; m.Hub == d.entity.Type && deleted(link) && m.Direction != ruleset.ToSpoke && !link.TouchedAt.Before(began) {
			return false
		}
	}
	return true
}

// unlink lets records leave the entity whose deletion on the hub asks for that by their mapping, and which were being made as
// it was taken in: the deletion could not know of them.
func (d *decider) unlink() {
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		link := d.links[m.Spoke]
		if m.Hub != d.entity.Type || m.Delete != ruleset.DeleteUnlink || link == nil || link.State != LinkLive || link.Restored {
			continue
		}
		if _, applies := d.removalPolicy(m.Spoke); applies && !d.outdated() {
			d.editLink(m.Spoke).State = LinkUnlinked
		}
	}
}

// restored makes a tombstone a live link again, because a person made the record live again, or a restore of ours did whose
// outcome nobody told us.
func (d *decider) restored(place record.Place) {
	link := d.editLink(place)
	link.State, link.Evidence, link.ArchivedByUs, link.Restored = LinkLive, "", false, !tries(link, record.OperationRestore)
	if link.Restored {
		clear(link.Overtaken) // whoever brought it back chose what it shows
	} else {
		d.broughtBack(link)
	}
	d.note(FieldChange{Reason: ReasonRestored, Taken: true})
	d.editEntity()
	d.rejoin(place)
}

// rejoin brings back what had left the entity because of a deletion that is over.
func (d *decider) rejoin(place record.Place) {
	for _, other := range d.group.Places(d.entity.Type) {
		if l := d.links[other]; other != place && l != nil && l.State == LinkUnlinked {
			if _, still := d.removalPolicy(other); !still {
				d.editLink(other).State = LinkLive
				d.hint(d.changeOf(record.Ref{Place: other, ID: l.ID}))
			}
		}
	}
}
