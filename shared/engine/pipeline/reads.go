package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// read fetches the records that came as hints, in bulk, place by place.
func (r *Resolver) read(ctx context.Context, items []*work, out *outgoing) {
	byPlace := map[record.Place][]*work{}
	var places []record.Place
	for _, w := range items {
		if w.snapshot != nil && w.carried {
			continue
		}
		place := w.change.Ref.Place
		if _, ok := byPlace[place]; !ok {
			places = append(places, place)
		}
		byPlace[place] = append(byPlace[place], w)
	}
	for _, place := range places {
		r.readPlace(ctx, place, byPlace[place], out)
	}
}

func (r *Resolver) readPlace(ctx context.Context, place record.Place, items []*work, out *outgoing) {
	if !r.takesPart(place.Connection) { // deployed, and not in the active configuration: its first load will read it
		for _, w := range items {
			r.end(w, resolve.Unsupported, record.ReasonNotMapped)
		}
		return
	}
	pause, paused, err := controltable.Paused(ctx, r.Store, place.Connection)
	if err != nil {
		failAll(items, err)
		return
	}
	if paused && pause.Reason == controltable.PausedByOperator {
		for _, w := range items {
			r.hold(w, record.ReasonPaused, nil, out)
		}
		return
	}
	if len(r.Rules.GroupsAt(place)) == 0 {
		r.readOwners(ctx, place, items, out)
		return
	}
	connector, err := r.Connectors(place.Connection)
	if err != nil {
		failAll(items, err)
		return
	}
	load := func(w *work) bool { return w.change.Lane == record.LaneBackfill }
	r.fetch(ctx, connector, place, slices.DeleteFunc(slices.Clone(items), load), out)
	r.fetch(platform.For(ctx, budget.Load), connector, place, slices.DeleteFunc(items, func(w *work) bool { return !load(w) }), out)
}

// fetch reads the records of one place in bulk, as many as the platform takes in a call.
func (r *Resolver) fetch(ctx context.Context, connector platform.Connector, place record.Place, items []*work, out *outgoing) {
	fields := r.Rules.FieldsAt(place)
	size := max(r.Ability(place).ReadMax, 1)
	var wait time.Duration // set once the platform does not take a call; the rest is put off, one wait apart
	for begin := 0; begin < len(items); begin += size {
		part := items[begin:min(begin+size, len(items))]
		if wait > 0 {
			for _, w := range part {
				r.postpone(w, r.Now().Add(wait*time.Duration(begin/size+1)), record.ReasonPlatformWaits, nil, out)
			}
			continue
		}
		ids := make([]record.ExternalID, len(part))
		for i, w := range part {
			ids[i] = w.change.Ref.ID
		}
		reads, err := connector.Fetch(ctx, place.Object, fields, ids)
		if err == nil && len(reads) != len(ids) {
			err = fault.Newf(fault.Unclassified, "fetch "+place.String(), "%d answers to %d ids", len(reads), len(ids))
		}
		if passes(err) {
			wait = fault.After(err, unavailableFirst)
		}
		for i, w := range part {
			if err != nil {
				r.unavailable(ctx, w, err, out)
			} else if reads[i].Err != nil {
				r.unavailable(ctx, w, reads[i].Err, out)
			} else {
				w.snapshot, w.absence, w.carried = reads[i].Snapshot, reads[i].Absence, false
				if s := reads[i].Snapshot; s != nil && s.ID != w.change.Ref.ID {
					// Another record answers in its name: it was merged into that one.
					w.snapshot, w.absence = nil, &record.Absence{Ref: w.change.Ref, Evidence: record.EvidenceMerged, Into: s.ID, ReadBegan: s.ReadBegan}
				}
			}
		}
	}
}

// lookForSurvivors completes the observation of a record that is gone: by the record that an event says it was merged into, if
// that is there; else by those that have its keys now, as far as they are known or the platform can look them up.
func (r *Resolver) lookForSurvivors(ctx context.Context, w *work, asked resolve.Decision, o *resolve.Observation) error {
	place := w.change.Ref.Place
	connector, err := r.Connectors(place.Connection)
	if err != nil {
		return err
	}
	o.LookedUp = true
	if w.change.Into != "" {
		live, err := r.alive(ctx, connector, w.change.Ref, []record.ExternalID{w.change.Into})
		if err != nil {
			return err
		}
		if len(live) == 1 {
			o.Snapshot, o.Absence = nil, &record.Absence{Ref: w.change.Ref, Evidence: record.EvidenceMerged, Into: live[0], ReadBegan: readBegan(o)}
			return nil
		}
	}
	if o.Survivors, err = r.alive(ctx, connector, w.change.Ref, asked.Siblings); err != nil {
		return err
	}
	var lookups []platform.Lookup
	for _, name := range slices.Sorted(maps.Keys(asked.Lookups)) {
		if slices.Contains(r.Ability(place).Find, name) {
			lookups = append(lookups, platform.Lookup{Field: name, Value: asked.Lookups[name]})
		}
	}
	for chunk := range slices.Chunk(lookups, max(r.Ability(place).FindMax, 1)) {
		found, err := connector.Find(ctx, place.Object, r.Rules.FieldsAt(place), chunk)
		if fault.Is(err, fault.Rejected) {
			continue // a value that cannot be a key there finds nothing
		}
		if err != nil {
			return err
		}
		for _, s := range slices.Concat(found...) {
			if !s.Archived && s.ID != w.change.Ref.ID && !slices.Contains(o.Survivors, s.ID) {
				o.Survivors = append(o.Survivors, s.ID)
			}
		}
	}
	return nil
}

// alive reads records beside one that is gone, and gives those that are there.
func (r *Resolver) alive(ctx context.Context, connector platform.Connector, gone record.Ref, ids []record.ExternalID) ([]record.ExternalID, error) {
	var out []record.ExternalID
	for chunk := range slices.Chunk(ids, max(r.Ability(gone.Place).ReadMax, 1)) {
		reads, err := connector.Fetch(ctx, gone.Object, r.Rules.FieldsAt(gone.Place), chunk)
		if err != nil {
			return nil, err
		}
		for _, read := range reads {
			if s := read.Snapshot; s != nil && !s.Archived && s.ID != gone.ID && !slices.Contains(out, s.ID) {
				out = append(out, s.ID)
			}
		}
	}
	return out, nil
}

func readBegan(o *resolve.Observation) time.Time {
	if o.Snapshot != nil {
		return o.Snapshot.ReadBegan
	}
	return o.Absence.ReadBegan
}

// ownersMax is how many hints one question about owners takes.
const ownersMax = 100

// readOwners turns hints at records that no mapping names into hints at the records they belong to.
func (r *Resolver) readOwners(ctx context.Context, place record.Place, items []*work, out *outgoing) {
	connector, err := r.Connectors(place.Connection)
	if err != nil {
		failAll(items, err)
		return
	}
	owning, ok := connector.(platform.Owning)
	owner := record.Place{Connection: place.Connection}
	if ok {
		owner.Object, ok = owning.OwnerOf(place.Object)
	}
	if !ok || len(r.Rules.GroupsAt(owner)) == 0 {
		for _, w := range items {
			r.end(w, resolve.Unsupported, record.ReasonNotMapped)
		}
		return
	}
	for begin := 0; begin < len(items); begin += ownersMax {
		r.hintOwners(ctx, owning, owner, items[begin:min(begin+ownersMax, len(items))], out)
	}
}

func (r *Resolver) hintOwners(ctx context.Context, owning platform.Owning, owner record.Place, items []*work, out *outgoing) {
	ids := make([]record.ExternalID, len(items))
	for i, w := range items {
		ids[i] = w.change.Ref.ID
	}
	owners, err := owning.ResolveHints(ctx, items[0].change.Ref.Object, ids)
	if err == nil && len(owners) != len(ids) {
		err = fault.Newf(fault.Unclassified, "owners of "+items[0].change.Ref.Place.String(), "%d answers to %d ids", len(owners), len(ids))
	}
	sent := map[record.ExternalID]bool{"": true} // gone with its owner: a poll tells
	for i, w := range items {
		if err != nil {
			r.unavailable(ctx, w, err, out)
			continue
		}
		if !sent[owners[i]] {
			sent[owners[i]] = true
			change := w.change
			// The owner's stamp need not have moved with it, so the hint carries no time: a read decides.
			change.Ref, change.OccurredAt = record.Ref{Place: owner, ID: owners[i]}, time.Time{}
			change.Deferrals, change.Outages, change.PutOffSince, change.MissingSince = 0, 0, time.Time{}, time.Time{}
			r.hint(out, trailOf(w.change), change)
		}
		r.end(w, resolve.Superseded, record.ReasonOwnerHinted)
	}
}

// unavailable puts a change off whose record could not be read. It spends no receive count: an outage
// dead-letters nothing before OutageMax.
func (r *Resolver) unavailable(ctx context.Context, w *work, err error, out *outgoing) {
	switch fault.KindOf(err) {
	case fault.Gone:
		w.snapshot, w.absence = nil, &record.Absence{Ref: w.change.Ref, Evidence: record.EvidenceNotFound, ReadBegan: r.Now()}
		return
	case fault.Rejected:
		r.tell(Event{Kind: EventDeadLetter, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID, Outcome: resolve.DeadLetter, Reason: record.ReasonRejected, Err: err})
		w.err, w.told = err, true
		return
	case fault.Unauthorized:
		if pauseErr := r.pause(ctx, w.change.Ref.Connection, err); pauseErr != nil {
			w.err = errors.Join(err, pauseErr)
			return
		}
		r.hold(w, record.ReasonUnauthorized, err, out)
		return
	}
	wait := fault.After(err, waitAfter(w.change.Outages))
	if w.change.Outages >= promptMax {
		wait = max(wait, waitAfter(w.change.Outages))
	}
	r.postpone(w, r.Now().Add(wait), record.ReasonTransient, err, out)
}
