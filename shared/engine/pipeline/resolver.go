package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
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
	messages []int // indexes into the batch
	snapshot *record.Snapshot
	absence  *record.Absence
	carried  bool
	outcome  resolve.Outcome // "" until decided
	reason   resolve.Reason  // why
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
			items = collect(items, byRef, change, i)
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
	r.finishPages(ctx, pages, bad)
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
func collect(items []*work, byRef map[record.Ref]*work, change record.Change, message int) []*work {
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
// for a fresh read; of two snapshots the one read later counts. The joint change is as late as the later of the two, and
// of no known time where one of them is, or where they are of two kinds: what is known of the one may be news of the other.
func (w *work) join(change record.Change) {
	s := usable(change.Snapshot)
	switch {
	case s == nil || w.snapshot == nil:
		w.snapshot, w.carried = nil, false
	case s.ReadBegan.After(w.snapshot.ReadBegan):
		w.snapshot = s
	}
	at := &w.change.OccurredAt
	switch {
	case change.OccurredAt.IsZero() || w.change.Kind != change.Kind:
		*at, w.change.Kind = time.Time{}, record.KindChanged
	case !at.IsZero() && change.OccurredAt.After(*at):
		*at = change.OccurredAt
	}
	w.change.Deferrals, w.change.Outages = max(w.change.Deferrals, change.Deferrals), max(w.change.Outages, change.Outages)
	if w.change.MissingSince.IsZero() {
		w.change.MissingSince = change.MissingSince
	}
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
			r.end(w, resolve.Superseded, resolve.ReasonEcho)
		}
	}
}

func (r *Resolver) end(w *work, outcome resolve.Outcome, why resolve.Reason) {
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

// postpone sends a change again later and acknowledges the present message.
func (r *Resolver) postpone(w *work, at time.Time, why resolve.Reason, cause error, out *outgoing) {
	if w.change.Deferrals >= deferralsMax || w.change.Outages >= outagesMax {
		w.err = fault.Newf(fault.Unclassified, "resolve "+w.change.Ref.String(), "put off %d times, the last for %s", w.change.Deferrals+w.change.Outages, why)
		return
	}
	again := w.change
	if why == resolve.ReasonTransient {
		again.Outages++
	} else {
		again.Deferrals++
	}
	r.sendAgain(out, again, delayUntil(at, r.Now()))
	w.outcome, w.reason = resolve.Postponed, why
	r.tell(Event{Kind: EventPostponed, Ref: w.change.Ref, Source: w.change.Source, Change: w.change.ID, Outcome: resolve.Postponed, Reason: why, Err: cause})
}

// hold sends a change again after the longest delay, for a connection that is paused: a person ends that, in an hour or in
// a week, so it counts as no deferral and never becomes a dead letter. Each time it is a new message, so no retention
// ends it.
func (r *Resolver) hold(w *work, why resolve.Reason, cause error, out *outgoing) {
	r.sendAgain(out, w.change, queue.DelayMax)
	w.outcome = resolve.Postponed
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
	outcome, reason := resolve.Unsupported, resolve.ReasonNotMapped
	for _, o := range r.observations(w) {
		decision, err := r.decide(ctx, view, o)
		if err != nil {
			w.err = err
			return
		}
		switch decision.Outcome {
		case resolve.Postponed:
			if !decision.MissingSince.IsZero() {
				w.change.MissingSince = decision.MissingSince
			}
			r.sendHints(out, decision.Hints)
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
		if err := r.publish(ctx, view, o.Group, decision, w.change, record.Place{}, out); err != nil {
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

// sendOut sends what the batch collected; if that fails, every message comes again and publishes anew.
func (r *Resolver) sendOut(ctx context.Context, out *outgoing, items []*work) {
	if err := out.send(ctx, r.Queue); err != nil {
		failAll(items, err)
	}
}

// finishPages notes the backfill pages that are absorbed whole; the first load is over when none is left.
func (r *Resolver) finishPages(ctx context.Context, pages []record.Page, bad map[int]bool) {
	for i, page := range pages {
		if page.Run == "" || bad[i] {
			continue
		}
		err := r.Store.Commit(ctx, []store.Write{{Key: controltable.PageKey(page.Run, page.Number), Expect: store.Any, Delete: true}})
		if err != nil {
			bad[i] = true
		}
	}
}

// sendChange queues a new change on its connection's live queue: it is accepted like one that came from outside.
func (s *Shell) sendChange(out *outgoing, c record.Change) {
	s.sendAgain(out, c, 0)
	s.tell(Event{Kind: EventAccepted, Ref: c.Ref, Source: c.Source, Change: c.ID, Count: 1})
}

// sendAgain queues a change that was accepted before.
func (s *Shell) sendAgain(out *outgoing, c record.Change, delay time.Duration) {
	body, err := record.Page{Changes: []record.Change{c}}.Encode()
	if err != nil {
		panic("a change record does not marshal: " + err.Error()) // it holds texts and times alone
	}
	out.add(record.QueueOf(record.QueueChanges, c.Connection), queue.Message{Body: body, Delay: delay})
}

func (s *Shell) sendHints(out *outgoing, hints []record.Change) {
	for _, h := range hints {
		s.sendChange(out, h)
	}
}
