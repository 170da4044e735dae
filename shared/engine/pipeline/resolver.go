package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Resolver turns change records into committed state and due notices.
type Resolver struct{ Shell }

// work is one record that a batch of messages speaks of. Several messages may name one record: it is read once.
type work struct {
	change   record.Change
	messages []int         // indexes into the batch
	marks    []record.Mark // of the first loads' pages that list it
	snapshot *record.Snapshot
	absence  *record.Absence
	carried  bool
	outcome  resolve.Outcome // "" until decided
	reason   record.Reason   // why
	err      error           // the messages fail
	told     bool            // of err, already
}

// Handle takes a batch of change records and gives the ids of the messages that must come again; a bad one fails
// alone. A message is acknowledged once everything it led to is committed and published, or put off by a message of
// its own. Safe to repeat at any point.
func (r *Resolver) Handle(ctx context.Context, messages []queue.Delivery) (failed []string) {
	bad := map[int]bool{}
	pages := make([]record.Page, len(messages))
	var items []*work
	byRef := map[record.Ref]*work{}
	for i, m := range messages {
		if err := json.Unmarshal(m.Body, &pages[i]); err != nil {
			r.tell(Event{Kind: EventMalformed, Err: fault.Newf(fault.Rejected, "read message "+m.ID, "not a page of change records")})
			bad[i] = true
			continue
		}
		for _, change := range pages[i].Changes {
			items = collect(items, byRef, change, pages[i].Marks, i)
		}
	}
	var out outgoing
	for try := 0; try < staleTriesMax && len(pending(items)) > 0; try++ {
		r.round(ctx, pending(items), &out)
	}
	for _, w := range items {
		if w.err == nil && w.outcome == "" {
			w.err = fault.Newf(fault.Stale, "resolve "+w.change.Ref.String(), "lost %d times", staleTriesMax)
		}
	}
	r.sendOut(ctx, &out, items)
	for _, w := range items {
		for _, i := range w.messages {
			if w.err != nil {
				bad[i] = true
			}
		}
	}
	r.finishPages(ctx, pages, bad, &out)
	for _, w := range items {
		r.tellEnd(w, bad)
	}
	for i, m := range messages {
		if bad[i] {
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// tellEnd tells how a record's change records ended: the balance of what was accepted is made of these. One whose message
// comes again, be it for another record in it, has not ended.
func (r *Resolver) tellEnd(w *work, bad map[int]bool) {
	e := Event{Kind: EventEnded, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID, Outcome: w.outcome, Reason: w.reason}
	for _, i := range w.messages {
		if !bad[i] {
			e.Count++
		}
	}
	switch {
	case w.err != nil:
		e.Kind, e.Outcome, e.Count = EventFailed, "", len(w.messages)
		if !w.told {
			e.Err = w.err
		}
	case e.Count == 0:
		return
	}
	r.tell(e)
}

// collect adds a change to the work, joining it to one that names the same record.
func collect(items []*work, byRef map[record.Ref]*work, change record.Change, marks []record.Mark, message int) []*work {
	w, ok := byRef[change.Ref]
	if !ok {
		w = &work{change: change, snapshot: usable(change.Snapshot)}
		w.carried = w.snapshot != nil
		w.change.Snapshot = nil
		byRef[change.Ref] = w
		items = append(items, w)
	} else {
		w.join(change)
	}
	w.messages = append(w.messages, message)
	for _, m := range marks {
		if own := m.Of(change.Ref.ID); !slices.Contains(w.marks, own) {
			w.marks = append(w.marks, own)
		}
	}
	return items
}

// usable gives a carried snapshot that may count, nil for one that is no more than a hint.
func usable(s *record.Snapshot) *record.Snapshot {
	if s == nil || s.Lagging {
		return nil
	}
	return s
}

// join lets one look at a record answer for another change of it too. A hint outweighs a carried snapshot, for it asks
// for a fresh read; of two snapshots the one read later counts.
func (w *work) join(change record.Change) {
	s := usable(change.Snapshot)
	switch {
	case s == nil || w.snapshot == nil:
		w.snapshot, w.carried = nil, false
	case s.ReadBegan.After(w.snapshot.ReadBegan):
		w.snapshot = s
	}
	w.change = record.Join(w.change, change)
}

func pending(items []*work) []*work {
	var out []*work
	for _, w := range items {
		if w.outcome == "" && w.err == nil {
			out = append(out, w)
		}
	}
	return out
}

// round loads the state, reads the records, decides and commits, once for every item. What lost a race stays pending.
func (r *Resolver) round(ctx context.Context, items []*work, out *outgoing) {
	view := resolve.NewView(r.Now())
	if err := r.circumstances(ctx, view); err != nil {
		failAll(items, err)
		return
	}
	// The revisions first, then the read: a commit in between makes ours lose.
	if err := r.locate(ctx, view, r.places(items)); err != nil {
		failAll(items, err)
		return
	}
	r.skipKnown(view, items)
	r.read(ctx, pending(items), out)
	items = pending(items)
	var observations []resolve.Observation
	for _, w := range items {
		observations = append(observations, r.observations(w)...)
	}
	if len(observations) > 1 { // one alone loads what it needs as it is decided
		if err := r.prime(ctx, view, observations); err != nil {
			failAll(items, err)
			return
		}
	}
	for _, w := range items {
		r.resolve(ctx, view, w, out)
	}
}

func failAll(items []*work, err error) {
	for _, w := range items {
		w.err = err
	}
}

// places lists each record once for every group it takes part in.
func (r *Resolver) places(items []*work) []located {
	var out []located
	for _, w := range items {
		for _, g := range r.Rules.GroupsAt(w.change.Ref.Place) {
			out = append(out, located{g.Name, w.change.Ref})
		}
	}
	return out
}

// skipKnown ends hints that are older than what a committed read of the record has seen, by the platform's own clock:
// most echoes end here, without a call.
func (r *Resolver) skipKnown(view *resolve.View, items []*work) {
	for _, w := range items {
		if w.snapshot != nil || w.change.OccurredAt.IsZero() || w.change.Kind != record.KindChanged || !r.Ability(w.change.Ref.Place).StampCovers {
			continue
		}
		groups := r.Rules.GroupsAt(w.change.Ref.Place)
		known := len(groups) > 0
		for _, g := range groups {
			known = known && resolve.Knows(view, g.Name, w.change.Ref, w.change.OccurredAt)
		}
		if known {
			r.end(w, resolve.Superseded, record.ReasonEcho)
		}
	}
}

func (r *Resolver) end(w *work, outcome resolve.Outcome, why record.Reason) {
	w.outcome, w.reason = outcome, why
	r.tell(Event{Kind: EventDecision, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID, Outcome: outcome, Reason: why})
}

func waitAfter(deferrals int) time.Duration {
	after := unavailableFirst
	for range min(deferrals, 10) {
		after = min(after*2, unavailableLast)
	}
	return after
}

// postpone puts a change off until a time and acknowledges the present message. One that was put off for OutageMax, or by
// decisions deferralsMax times, fails: it becomes a dead letter, and people are told.
func (r *Resolver) postpone(w *work, at time.Time, why record.Reason, cause error, out *outgoing) {
	since := w.change.PutOffSince
	if since.IsZero() {
		since = r.Now()
	}
	if w.change.Deferrals >= deferralsMax || r.Now().Sub(since) >= OutageMax {
		w.err = fault.Newf(fault.Unclassified, "resolve "+w.change.Ref.String(), "put off %d times since %s, the last for %s",
			w.change.Deferrals+w.change.Outages, since.Format(time.RFC3339), why)
		return
	}
	next := w.change
	next.PutOffSince = since
	if why == record.ReasonTransient || why == record.ReasonPlatformWaits {
		next.Outages++
	} else {
		next.Deferrals++
	}
	r.again(out, next, w.marks, at)
	r.putOff(w, why, cause)
}

// hold keeps a change for a connection that is paused: a person ends that, in an hour or in a month, so it counts as no
// deferral and never becomes a dead letter.
func (r *Resolver) hold(w *work, why record.Reason, cause error, out *outgoing) {
	next := w.change
	next.PutOffSince = time.Time{}
	for _, m := range w.marks {
		out.marks = append(out.marks, controltable.OpenMark{Mark: m, Until: r.Now()})
	}
	r.keep(out, next, w.marks, time.Time{})
	r.putOff(w, why, cause)
}

func (r *Resolver) putOff(w *work, why record.Reason, cause error) {
	w.outcome, w.reason = resolve.Postponed, why
	r.tell(Event{Kind: EventPostponed, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID, Outcome: resolve.Postponed, Reason: why, Err: cause})
}

func (r *Resolver) observations(w *work) []resolve.Observation {
	var out []resolve.Observation
	for _, g := range r.Rules.GroupsAt(w.change.Ref.Place) {
		out = append(out, resolve.Observation{Group: g.Name, Change: w.change, Snapshot: w.snapshot, Absence: w.absence, Carried: w.carried})
	}
	return out
}

// resolve decides one record in every group it takes part in, commits and publishes.
func (r *Resolver) resolve(ctx context.Context, view *resolve.View, w *work, out *outgoing) {
	outcome, reason := resolve.Unsupported, record.ReasonNotMapped
	for _, o := range r.observations(w) {
		decision, err := r.decide(ctx, view, o)
		if err == nil && decision.Outcome == resolve.LookUp {
			if err = r.lookForSurvivors(ctx, w, decision, &o); err != nil {
				r.unavailable(ctx, w, err, out)
				return
			}
			decision, err = r.decide(ctx, view, o)
		}
		if err != nil {
			w.err = err
			return
		}
		switch decision.Outcome {
		case resolve.Postponed:
			if !decision.MissingSince.IsZero() {
				w.change.MissingSince = decision.MissingSince
			}
			r.hints(out, trailOf(w.change), decision.Hints)
			r.postpone(w, decision.RetryAt, decision.Reason, nil, out)
			return
		case resolve.ReadAgain:
			w.snapshot, w.carried = nil, false // pending still: the next round reads it
			return
		}
		if err := r.commit(ctx, view, decision.Patch); err != nil {
			forget(view, decision.Patch)
			if fault.Is(err, fault.Stale) {
				w.snapshot, w.absence, w.carried = nil, nil, false
			} else {
				w.err = err
			}
			return
		}
		r.tellDecision(w, o.Group, decision)
		if err := r.publish(ctx, view, o.Group, decision, trailOf(w.change), record.Place{}, out); err != nil {
			w.err = err
			return
		}
		if rank(decision.Outcome) >= rank(outcome) {
			outcome, reason = decision.Outcome, decision.Reason
		}
	}
	w.outcome, w.reason = outcome, reason
}

// rank orders the outcomes of one record in several groups: it counts as the one that a person most wants to know.
func rank(o resolve.Outcome) int {
	switch o {
	case resolve.ParkedWork:
		return 3
	case resolve.Applied:
		return 2
	case resolve.Unsupported:
		return 0
	}
	return 1
}

func (r *Resolver) tellDecision(w *work, group record.Group, d resolve.Decision) {
	r.tell(Event{Kind: EventDecision, Group: group, Entity: d.Entity, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID,
		Outcome: d.Outcome, Reason: d.Reason, Changes: d.Changes, Lag: r.Now().Sub(w.change.SeenAt)})
}

// sendOut sends what the batch collected; if that fails, every message comes again and publishes again.
func (r *Resolver) sendOut(ctx context.Context, out *outgoing, items []*work) {
	if err := out.send(ctx, &r.Shell); err != nil {
		failAll(items, err)
	}
}

// finishPages takes away the marks of first loads whose messages are done; the load is over when none is left. What was put
// off has a mark of its own by now, or its message's once more.
func (r *Resolver) finishPages(ctx context.Context, pages []record.Page, bad map[int]bool, out *outgoing) {
	for i, page := range pages {
		if bad[i] {
			continue
		}
		for _, m := range page.Marks {
			if out.renewed(m) {
				continue
			}
			if err := controltable.ClearMark(ctx, r.Store, m); err != nil {
				bad[i] = true
			}
		}
	}
}
