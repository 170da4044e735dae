package runner

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// Limits of the runner.
const (
	batchMessages = 100
	visibility    = 2 * time.Minute
	// skipStep is how far time is skipped where something is on its way and it is not known until when.
	skipStep = time.Second
	// realStep is waited for where the queues' delays pass in real time.
	realStep = 100 * time.Millisecond
	// settleSteps bounds Settle: a system that does not come to rest is a bug to be shown, not waited for.
	settleSteps = 10_000
)

// Runner drives handlers from queues, schedules and simulated webhooks.
type Runner struct {
	Rules    *ruleset.Rules
	Queue    queue.Queue
	Clock    *Clock
	Handlers Handlers
	// Sims are the simulators by connection; empty with real accounts.
	Sims map[record.Connection]platformsim.Simulator
	// Deliver sends simulated webhooks to the front.
	Deliver *http.Client
	// RealQueues says that the queues run by the wall's clock, so that skipping time moves none of their delays.
	RealQueues bool
	// Wiring is a synthesised template's, by which queues are taken and schedules run; nil for what the rules ask.
	Wiring *wiring.Wiring
	// Tell is told of polls, failures of functions, and what else a person should see; nil for nobody.
	Tell func(Note)
	// Booked is told when each run comes next; nil for nobody.
	Booked *Booked
	// Paused reports whether a connection is paused: what it tells is then put off until it goes on, and nothing waits for
	// that. Nil for none.
	Paused func(context.Context, record.Connection) bool

	only record.Connection // its runs alone; "" for all

	mu      sync.Mutex
	next    map[ruleset.Run]time.Time
	phases  map[record.Place]controltable.Phase
	settled map[ruleset.Run]bool // ran since something last moved
	moved   bool
}

// Note is something the runner saw.
type Note struct {
	At      time.Time
	Poll    *intake.Poll
	Sweep   *pipeline.Sweep
	Place   record.Place
	Err     error
	Skipped time.Duration
}

func (r *Runner) tell(n Note) {
	if r.Tell != nil {
		n.At = r.Clock.Now()
		r.Tell(n)
	}
}

// Moved tells the runner that something changed: schedules run again before it counts as settled.
func (r *Runner) Moved() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = true
}

func (r *Runner) takeMoved() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	moved := r.moved
	r.moved = false
	return moved
}

// connections lists the connections that take part, in order.
func (r *Runner) connections() []record.Connection {
	var out []record.Connection
	for _, place := range r.Rules.Places() {
		if !slices.Contains(out, place.Connection) {
			out = append(out, place.Connection)
		}
	}
	return out
}

// Pump moves messages until none is visible: webhooks to the front, change records to the resolver, due notices to
// the writers. Connections work side by side, each alone on its queues. It reports how many messages it moved.
func (r *Runner) Pump(ctx context.Context) int {
	total := 0
	for range settleSteps {
		n := r.deliver(ctx) + r.consumeAll(ctx)
		total += n
		if n == 0 || ctx.Err() != nil {
			break
		}
	}
	return total
}

func (r *Runner) consumeAll(ctx context.Context) int {
	connections := r.connections()
	counts := make([]int, len(connections))
	var group sync.WaitGroup
	for i, c := range connections {
		group.Go(func() { counts[i] = r.consumeConnection(ctx, c) })
	}
	group.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// consumeConnection takes one batch of each of a connection's queues; live changes come before the first load.
func (r *Runner) consumeConnection(ctx context.Context, c record.Connection) int {
	total := 0
	for _, s := range r.sources(c) {
		n, err := consume(ctx, r.Queue, s)
		if err != nil {
			r.tell(Note{Place: record.Place{Connection: c}, Err: err})
		}
		total += n
	}
	return total
}

// source is one queue and how its function takes it.
type source struct {
	name       queue.Name
	handler    lambda.Handler
	batch      int
	visibility time.Duration
	// partial says that what failed comes again; without it an answer means that the whole batch is done.
	partial bool
}

// sources lists a connection's queues as the template wires them, or, without one, as it should.
func (r *Runner) sources(c record.Connection) []source {
	var out []source
	if r.Wiring != nil {
		for _, s := range r.Wiring.Consumed(c) {
			h := r.Handlers.Resolver[c]
			if s.Consumer.Function == config.Writer {
				h = r.Handlers.Writer[s.Consumer.Connection]
			}
			out = append(out, source{name: s.Queue, handler: h, batch: s.Batch, visibility: r.Wiring.Queues[s.Queue].Visibility, partial: s.Partial})
		}
		return out
	}
	for _, kind := range []record.QueueKind{record.QueueChanges, record.QueueDue, record.QueueBackfill} {
		h := r.Handlers.Resolver[c]
		if kind == record.QueueDue {
			h = r.Handlers.Writer[c]
		}
		out = append(out, source{name: record.QueueOf(kind, c), handler: h, batch: batchMessages, visibility: visibility, partial: true})
	}
	return out
}

// timetable lists the scheduled runs: those of the rules, and with a template only those that it calls.
func (r *Runner) timetable() []ruleset.Run {
	runs := r.Rules.Timetable()
	if r.Wiring == nil {
		return runs
	}
	called := map[lambdaio.Scheduled]config.Function{}
	for _, s := range r.Wiring.Schedules {
		called[s.Input] = s.Calls.Function
	}
	return slices.DeleteFunc(runs, func(run ruleset.Run) bool {
		want := config.Poller
		if run.Sweep() {
			want = config.Sweeper
		}
		return called[lambdaio.Scheduled{Connection: run.Place.Connection, Object: run.Place.Object, Reconcile: run.Reconcile, Active: run.Active}] != want
	})
}

// deliver sends the simulators' webhooks that are due.
func (r *Runner) deliver(ctx context.Context) int {
	total := 0
	for _, c := range r.connections() {
		sim, ok := r.Sims[c]
		if !ok {
			continue
		}
		for _, d := range sim.Deliveries() {
			total++
			sim.Delivered(d, r.post(ctx, d))
		}
	}
	return total
}

func (r *Runner) post(ctx context.Context, d platformsim.Delivery) int {
	request, err := http.NewRequestWithContext(ctx, d.Method, d.URL, strings.NewReader(string(d.Body)))
	if err != nil {
		return 0
	}
	request.Header = d.Header
	response, err := r.Deliver.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// onTheWay counts what will move by itself: messages delayed or in flight, and webhooks held back; not what a paused
// connection keeps.
func (r *Runner) onTheWay(ctx context.Context) int {
	total := 0
	for _, c := range r.connections() {
		kinds := []record.QueueKind{record.QueueDue, record.QueueBackfill, record.QueueChanges}
		if r.Paused != nil && r.Paused(ctx, c) {
			kinds = kinds[:1]
		}
		for _, kind := range kinds {
			if d, err := r.Queue.Depth(ctx, record.QueueOf(kind, c)); err == nil {
				total += d.Total()
			}
		}
		if sim, ok := r.Sims[c]; ok {
			total += sim.PendingDeliveries()
		}
	}
	return total
}

// Settle moves everything there is to move, skipping over time in which nothing happens, until every schedule has run
// since the last change and found nothing. It reports whether it came to rest. pace is called between steps, for a
// person to be able to watch; nil for none.
func (r *Runner) Settle(ctx context.Context, pace func()) bool {
	r.settledReset()
	for range settleSteps {
		if ctx.Err() != nil {
			return false
		}
		r.Pump(ctx)
		if r.takeMoved() {
			clear(r.settled)
		}
		if r.onTheWay(ctx) > 0 {
			r.Clock.Skip(skipStep)
			if r.RealQueues {
				_ = platform.Wait(ctx, realStep)
			}
			continue
		}
		run, at, ok := r.nextRun()
		if !ok || len(r.settled) == len(r.next) {
			return true
		}
		if daily, ok := r.lastResort(); ok {
			// All that is frequent has found nothing: read everything once, now rather than in a day.
			r.Clock.Skip(daily.Active.Next(r.Clock.Now()).Sub(r.Clock.Now()))
			r.Run(ctx, daily)
			if !r.settled[daily] {
				r.Clock.Skip(skipStep) // refused for now
			}
			continue
		}
		if pace != nil {
			pace()
		}
		if wait := at.Sub(r.Clock.Now()); wait > 0 {
			r.tell(Note{Skipped: wait})
			r.Clock.Skip(wait)
		}
		r.Run(ctx, run)
	}
	return false
}

// Pass runs every poll and sweep once, whenever it is due, and moves what they and the webhooks brought. It gives how much
// is still on its way: delayed, or in flight. In real time; nothing is skipped.
func (r *Runner) Pass(ctx context.Context) int {
	r.settledReset()
	if _, _, ok := r.nextRun(); !ok {
		return 0
	}
	for _, run := range r.timetable() {
		if ctx.Err() != nil {
			break
		}
		if !run.Reconcile {
			r.Run(ctx, run)
			r.Pump(ctx)
		}
	}
	return r.onTheWay(ctx)
}

// lastResort gives a reconcile that has not run since something moved, once every other run has.
func (r *Runner) lastResort() (ruleset.Run, bool) {
	var daily ruleset.Run
	found := false
	for _, run := range r.timetable() {
		switch {
		case r.settled[run]:
		case run.Reconcile:
			daily, found = run, true
		default:
			return ruleset.Run{}, false
		}
	}
	return daily, found
}

func (r *Runner) settledReset() { r.settled = map[ruleset.Run]bool{} }

// nextRun gives the scheduled run that comes first.
func (r *Runner) nextRun() (first ruleset.Run, at time.Time, ok bool) {
	if r.next == nil {
		r.next, r.phases = map[ruleset.Run]time.Time{}, map[record.Place]controltable.Phase{}
		for _, run := range r.timetable() {
			if r.only != "" && run.Place.Connection != r.only {
				continue
			}
			r.next[run] = r.Clock.Now().Add(run.Offset)
			if r.only != "" && !run.Sweep() && !run.Reconcile {
				r.next[run] = r.Clock.Now() // a first load, or what was missed while we were down, does not wait
			}
			r.next[run] = run.Next(r.next[run])
			r.Booked.book(run, r.next[run])
		}
	}
	for _, run := range r.timetable() { // in order, so that ties always fall alike
		if t, mine := r.next[run]; mine && (!ok || t.Before(at)) {
			first, at, ok = run, t, true
		}
	}
	return first, at, ok
}

// Run calls the function of one scheduled run and books its next, within its hours.
func (r *Runner) Run(ctx context.Context, run ruleset.Run) {
	defer func() {
		r.next[run] = run.Next(r.next[run])
		r.Booked.book(run, r.next[run])
	}()
	r.next[run] = r.Clock.Now().Add(run.Every)
	if run.Sweep() {
		var sweep pipeline.Sweep
		err := invoke(ctx, r.Handlers.Sweeper, lambdaio.Scheduled{Connection: run.Place.Connection, Active: run.Active}, &sweep)
		r.tell(Note{Place: run.Place, Sweep: &sweep, Err: err})
		r.settled[run] = true
		if err != nil || sweep.Kept > 0 { // what is kept comes with a later one
			delete(r.settled, run)
		}
		return
	}
	result, err := poll(ctx, r.Handlers.Poller, run)
	r.tell(Note{Place: run.Place, Poll: &result, Err: err})
	loading := !result.Waits && result.Phase != controltable.PhaseDone
	switch {
	case result.Paused:
		r.settled[run] = true
	case result.Wait > 0:
		delete(r.settled, run)
		r.next[run] = r.Clock.Now().Add(result.Wait)
	case result.Waits && r.only != "":
		r.next[run] = r.Clock.Now().Add(waitsAgain)
	case err != nil || result.Waits || result.Rests:
		delete(r.settled, run)
	case run.Reconcile:
		r.settled[run] = true
	case loading || result.Phase != r.phases[run.Place]:
		// A first load that goes on, or ended just now, makes work for others, and does not wait a period.
		clear(r.settled)
		r.phases[run.Place] = result.Phase
		r.next[run] = r.Clock.Now()
		if result.Phase == controltable.PhaseDraining {
			r.next[run] = r.Clock.Now().Add(drainsAgain)
		}
	default:
		r.settled[run] = true
	}
}
