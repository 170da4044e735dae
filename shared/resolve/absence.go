package resolve

import (
	"errors"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
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
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	rows := d.rows(id)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	d.open(rows)
	link := rows.Links[a.Place]
	if link == nil || link.ID != a.ID || link.State == LinkTombstone {
		return d.settle(Noop, ReasonNotLinked)
	}
	if decision, put := d.putOff(link, a.ReadBegan, a.ReadBegan); put {
		return decision
	}
	if a.Evidence == record.EvidenceNotFound && d.observation.Change.MissingSince.IsZero() {
		// One read that finds nothing may be a lagging replica: a second one, a lag bound later, counts.
		return Decision{Outcome: Postponed, Reason: ReasonMissingOnce, Entity: id, Type: d.entity.Type, MissingSince: d.view.Now, RetryAt: d.view.Now.Add(missingLag)}
	}
	return d.gone(link, a.Evidence, a.Into)
}

// missingLag is how long after a first read that found nothing a second one counts. It covers the slowest platform's
// stated lag (HubSpot's index, "a few moments").
const missingLag = 30 * time.Second

// gone makes a link a tombstone. What that asks of the other places is in dueRemoval.
func (d *decider) gone(link *Link, evidence record.Evidence, into record.ExternalID) Decision {
	if link.State == LinkTombstone {
		return d.settle(Noop, ReasonTombstone)
	}
	link = d.editLink(link.Place)
	link.State, link.Evidence = LinkTombstone, evidence
	link.Attempts = nil
	why := ReasonDeleted
	if evidence == record.EvidenceMerged {
		why = ReasonMergedAway
		if into != "" {
			d.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: into}, Source: record.SourceWriter, Kind: record.KindChanged})
		}
	}
	d.note(FieldChange{Reason: why, Taken: true})
	d.editEntity()
	return d.settle(Applied, why)
}
