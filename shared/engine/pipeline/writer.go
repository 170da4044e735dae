package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Writer turns due notices into writes on one connection. It handles one batch at a time.
type Writer struct {
	Shell
	waits map[record.Place]time.Duration // of platforms that did not take a call of this batch
}

// job is one due place of one entity in a batch.
type job struct {
	notice   record.DueNotice
	messages []int
	key      resolve.EntityKey
	due      resolve.Due
	intent   record.Intent
	fence    int64
	done     bool
	err      error
	told     bool // of err, already
}

// Handle takes a batch of due notices and gives the ids of the messages that must come again. For each place that is
// due it reads the record, takes the lease, records the attempt, writes only the due fields, and records the receipt.
// An edit that it meets on the way is not overwritten: it goes to the resolver, which makes the rest due again.
func (w *Writer) Handle(ctx context.Context, messages []queue.Delivery) (failed []string) {
	var jobs []*job
	byNotice := map[string]*job{}
	for i, m := range messages {
		j := &job{messages: []int{i}}
		if err := json.Unmarshal(m.Body, &j.notice); err != nil {
			w.tell(Event{Kind: EventMalformed, Err: fault.Newf(fault.Rejected, "read message "+m.ID, "not a due notice")})
			failed = append(failed, m.ID)
			continue
		}
		name := string(j.notice.Group) + "#" + string(j.notice.Entity) + "#" + j.notice.Place.String()
		if old, ok := byNotice[name]; ok {
			old.messages = append(old.messages, i)
			old.notice = record.JoinNotices(old.notice, j.notice)
			continue
		}
		j.key = resolve.EntityKey{Group: j.notice.Group, ID: j.notice.Entity}
		byNotice[name] = j
		jobs = append(jobs, j)
	}
	var out outgoing
	w.write(ctx, jobs, &out)
	if err := out.send(ctx, &w.Shell); err != nil {
		for _, j := range jobs {
			j.err = err
		}
	}
	for _, j := range jobs {
		if j.err != nil {
			for _, i := range j.messages {
				failed = append(failed, messages[i].ID)
			}
			w.tellFailed(j)
		}
	}
	return failed
}

func (w *Writer) tellFailed(j *job) {
	e := Event{Kind: EventFailed, Group: j.notice.Group, Entity: j.notice.Entity, Ref: record.Ref{Place: j.notice.Place}, Source: record.SourceWriter, Change: j.notice.ChangeID, Count: len(j.messages)}
	if !j.told {
		e.Err = j.err
	}
	w.tell(e)
}

func failJobs(jobs []*job, err error) {
	for _, j := range jobs {
		j.err = err
	}
}

// open lists the jobs that still have something to do.
func openJobs(jobs []*job) []*job {
	return slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return j.done || j.err != nil })
}

// write takes jobs through due, pre-read, lease, call and receipt, each step for all of them.
func (w *Writer) write(ctx context.Context, jobs []*job, out *outgoing) {
	view := resolve.NewView(w.Now())
	w.waits = map[record.Place]time.Duration{}
	if err := w.circumstances(ctx, view); err != nil {
		failJobs(jobs, err)
		return
	}
	var wakes []resolve.Observation
	for _, j := range jobs {
		wakes = append(wakes, resolve.Observation{Group: j.notice.Group, Wake: j.notice.Entity})
	}
	if len(wakes) > 1 { // one alone loads what it needs as it is decided
		if err := w.prime(ctx, view, wakes); err != nil {
			failJobs(jobs, err)
			return
		}
	}
	for _, j := range jobs {
		w.plan(ctx, view, j, out)
	}
	for _, place := range placesOfJobs(openJobs(jobs)) {
		at := slices.DeleteFunc(openJobs(jobs), func(j *job) bool { return j.notice.Place != place })
		w.writePlace(ctx, view, place, at, out)
	}
}

func placesOfJobs(jobs []*job) []record.Place {
	var out []record.Place
	for _, j := range jobs {
		if !slices.Contains(out, j.notice.Place) {
			out = append(out, j.notice.Place)
		}
	}
	return out
}

// plan finds what the job's place is due, or puts the job off, or ends it.
func (w *Writer) plan(ctx context.Context, view *resolve.View, j *job, out *outgoing) {
	decision, err := w.decide(ctx, view, resolve.Observation{Group: j.notice.Group, Wake: j.notice.Entity})
	if err != nil {
		j.err = err
		return
	}
	i := slices.IndexFunc(decision.Due, func(d resolve.Due) bool { return d.Place == j.notice.Place })
	if i < 0 {
		j.done = true
		return
	}
	j.due = decision.Due[i]
	// An entity's id may be an alias: the rows are the survivor's.
	j.key.ID = decision.Entity
	switch j.due.Blocked {
	case "":
		link := view.Entities[j.key].Links[j.due.Place]
		if link != nil && link.Lease.Until.After(w.Now()) {
			w.again(out, j, link.Lease.Until.Add(time.Second))
			return
		}
		j.intent = j.due.Intent
		return
	case record.ReasonNotBefore:
		w.again(out, j, j.due.NotBefore)
	case record.ReasonWaitsForParent:
		j.err = w.wait(ctx, view, j.notice, j.due.Waits, out)
	}
	j.done = true
}

// again sends the job's notice later and ends the job. A notice is put off for longer each time, and in the end left to
// the sweep: a queue delivers now and then a message twice, and each delivery would send one of its own.
func (w *Writer) again(out *outgoing, j *job, at time.Time) {
	j.done = true
	n := j.notice
	if n.Deferrals++; n.Deferrals <= noticeDeferralsMax {
		w.sendNotice(out, n, later(at, w.Now().Add(waitAfter(n.Deferrals-1)-unavailableFirst)))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (w *Writer) writePlace(ctx context.Context, view *resolve.View, place record.Place, jobs []*job, out *outgoing) {
	pause, paused, err := controltable.Paused(ctx, w.Store, place.Connection)
	if err != nil {
		failJobs(jobs, err)
		return
	}
	if paused {
		// Nothing is lost: it stays due in the state, and resuming sweeps.
		for _, j := range jobs {
			j.done = true
		}
		w.tell(Event{Kind: EventPaused, Ref: record.Ref{Place: place}, Reason: pause.Why()})
		return
	}
	connector, err := w.Connectors(place.Connection)
	if err != nil {
		failJobs(jobs, err)
		return
	}
	live, loads := split(jobs)
	w.writeJobs(ctx, view, connector, place, live, out)
	w.writeJobs(platform.For(ctx, budget.Load), view, connector, place, loads, out)
}

// split parts the jobs of live edits from those that are one of many.
func split(jobs []*job) (live, loads []*job) {
	for _, j := range jobs {
		if j.notice.Lane == record.LaneBackfill {
			loads = append(loads, j)
		} else {
			live = append(live, j)
		}
	}
	return live, loads
}

func (w *Writer) writeJobs(ctx context.Context, view *resolve.View, connector platform.Connector, place record.Place, jobs []*job, out *outgoing) {
	ability := w.Ability(place)
	w.preRead(ctx, view, connector, place, ability, jobs, out)
	w.lookUp(ctx, view, connector, place, ability, openJobs(jobs), out)
	open := openJobs(jobs)
	size := max(ability.WriteMax, 1)
	for begin := 0; begin < len(open); begin += size {
		part := open[begin:min(begin+size, len(open))]
		if !w.waited(place, part, begin/size, out) {
			w.call(ctx, view, connector, part, out)
		}
	}
}

// waited puts jobs off if the platform did not take an earlier call of this batch, for its rate or because it does not
// answer: asking again at once would only cost the same again. Later calls come later, one wait apart, so that they do
// not all come back together.
func (w *Writer) waited(place record.Place, jobs []*job, call int, out *outgoing) bool {
	wait, ok := w.waits[place]
	if !ok {
		return false
	}
	for _, j := range jobs {
		w.tell(Event{Kind: EventPostponed, Group: j.notice.Group, Entity: j.notice.Entity, Ref: j.intent.Ref, Outcome: resolve.Postponed, Reason: record.ReasonPlatformWaits})
		w.again(out, j, w.Now().Add(wait*time.Duration(call+1)))
	}
	return true
}

// noteUnavailable remembers that a platform did not take a call, for the rest of the batch.
func (w *Writer) noteUnavailable(place record.Place, err error) {
	if passes(err) {
		w.waits[place] = fault.After(err, unavailableFirst)
	}
}

// passes reports whether a failed call speaks of the platform rather than of what it was asked.
func passes(err error) bool {
	return fault.Is(err, fault.RateLimited) || fault.Is(err, fault.Transient) || fault.Is(err, fault.InDoubt)
}

// unavailable puts a job off whose platform did not answer.
func (w *Writer) unavailable(ctx context.Context, j *job, err error, out *outgoing) {
	if fault.Is(err, fault.Unauthorized) {
		if pauseErr := w.pause(ctx, j.notice.Place.Connection, err); pauseErr != nil {
			j.err = pauseErr
			return
		}
		j.done = true
		return
	}
	if fault.Is(err, fault.Rejected) {
		w.tell(Event{Kind: EventDeadLetter, Group: j.notice.Group, Entity: j.notice.Entity, Ref: j.intent.Ref, Source: record.SourceWriter, Change: j.notice.ChangeID, Outcome: resolve.DeadLetter, Reason: record.ReasonRejected, Err: err})
		j.err, j.told = err, true
		return
	}
	w.tell(Event{Kind: EventPostponed, Group: j.notice.Group, Entity: j.notice.Entity, Ref: j.intent.Ref, Source: record.SourceWriter, Outcome: resolve.Postponed, Reason: record.ReasonTransient, Err: err})
	w.again(out, j, w.Now().Add(fault.After(err, unavailableFirst)))
}

// call leases the links, asks the platform once for all of them, and records what it answers.
func (w *Writer) call(ctx context.Context, view *resolve.View, connector platform.Connector, jobs []*job, out *outgoing) {
	jobs = w.lease(ctx, view, w.reserve(ctx, jobs), out)
	if len(jobs) == 0 {
		return
	}
	intents := make([]record.Intent, len(jobs))
	for i, j := range jobs {
		intents[i] = j.intent
	}
	limited, done := context.WithTimeout(ctx, applyMax)
	receipts, err := connector.Apply(limited, intents)
	done()
	w.noteUnavailable(jobs[0].notice.Place, err)
	if err == nil && len(receipts) != len(intents) {
		err = fault.Newf(fault.InDoubt, "apply", "%d receipts to %d intents", len(receipts), len(intents))
	}
	for i, j := range jobs {
		receipt := record.Receipt{Key: j.intent.Key, Err: err}
		if err == nil {
			receipt = receipts[i]
		}
		w.record(ctx, j, receipt, out)
	}
}

// lease records the attempts. A link that moved since it was read is left to the one that moved it; the notice comes again.
func (w *Writer) lease(ctx context.Context, view *resolve.View, jobs []*job, out *outgoing) []*job {
	var leased []*job
	for _, j := range jobs {
		link := view.Entities[j.key].Links[j.due.Place]
		if link == nil {
			link = &resolve.Link{Place: j.due.Place, State: resolve.LinkNone}
		}
		j.fence = link.Lease.Fence + 1
		next := link.Leased(resolve.Lease{Until: w.Now().Add(leaseLife), Fence: j.fence}, resolve.Attempt{Key: j.intent.Key, Operation: j.intent.Operation, Fields: j.intent.Fields, At: w.Now()})
		patch := resolve.Patch{Owner: j.key, Links: []*resolve.Link{next}}
		if j.intent.Operation == record.OperationCreate {
			// Whether it may be made hangs on the entity (its filter, its values): they must be those that were judged.
			patch.Unmoved = view.Entities[j.key].Entity.Rev
		}
		err := w.commit(ctx, view, patch)
		switch {
		case err == nil:
			leased = append(leased, j)
		case fault.Is(err, fault.Stale):
			w.again(out, j, w.Now().Add(time.Second))
		default:
			j.err = err
		}
	}
	return leased
}

// record commits a receipt. If it cannot, the attempt stays unresolved, and the next reader learns what became of it.
func (w *Writer) record(ctx context.Context, j *job, receipt record.Receipt, out *outgoing) {
	j.done = true
	o := resolve.Observation{Group: j.notice.Group, Change: record.Change{ID: j.notice.ChangeID, Ref: j.intent.Ref, SeenAt: j.notice.SeenAt},
		Receipt: &resolve.Receipt{Entity: j.key.ID, Place: j.due.Place, Intent: j.intent, Fence: j.fence, Receipt: receipt}}
	for range staleTriesMax {
		view := resolve.NewView(w.Now())
		if err := w.circumstances(ctx, view); err != nil {
			j.err = err
			return
		}
		decision, err := w.decide(ctx, view, o)
		if err == nil {
			err = w.commit(ctx, view, decision.Patch)
		}
		if fault.Is(err, fault.Stale) {
			continue
		}
		if err != nil {
			j.err = err
			return
		}
		w.tellWrite(j, decision, receipt)
		if fault.Is(receipt.Err, fault.Unauthorized) {
			j.err = w.pause(ctx, j.notice.Place.Connection, receipt.Err)
		}
		if err := w.publish(ctx, view, j.notice.Group, decision, trailOfNotice(j.notice), j.due.Place, out); err != nil {
			j.err = err
		}
		return
	}
	j.err = fault.Newf(fault.Stale, "record receipt of "+j.intent.Ref.String(), "lost %d times", staleTriesMax)
}

func (w *Writer) tellWrite(j *job, d resolve.Decision, receipt record.Receipt) {
	e := Event{Kind: EventWrite, Group: j.notice.Group, Entity: j.key.ID, Ref: j.intent.Ref, Source: record.SourceWriter, Change: j.notice.ChangeID,
		Outcome: d.Outcome, Reason: d.Reason, Operation: j.intent.Operation, Err: receipt.Err}
	if receipt.ID != "" {
		e.Ref.ID = receipt.ID
	}
	for name := range j.intent.Fields {
		e.Fields = append(e.Fields, name)
	}
	slices.Sort(e.Fields)
	if !j.notice.SeenAt.IsZero() {
		e.Lag = w.Now().Sub(j.notice.SeenAt)
	}
	switch d.Outcome {
	case resolve.DeadLetter:
		e.Kind = EventDeadLetter
	case resolve.Postponed:
		e.Kind = EventPostponed
	}
	w.tell(e)
}
