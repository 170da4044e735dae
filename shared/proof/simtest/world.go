package simtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of one history's run.
const (
	// stepsMax bounds the events of a history; a system that does not come to rest is a violation.
	stepsMax = 60_000
	// roundsMax bounds the polls, sweeps and drains after the last fault.
	roundsMax = 24
	// roundLasts is how long one such round may take by the virtual clock: longer than every delay.
	roundLasts = 20 * time.Minute
	// leaveAlone is how long after the last fault nothing is asked: calls that take effect late are over then.
	leaveAlone = 2 * time.Minute
)

// world is one history under way.
type world struct {
	*clock
	history  History
	bug      *Bug
	plan     plan
	kinds    *[]pointKind
	engine   engine
	rules    *ruleset.Rules // in force for runs that begin now
	replaced *ruleset.Rules // those that some runs still begin with, while a change is under way
	store    *memstore.Store
	post     *post
	accounts map[record.Connection]*account
	truth    *truth
	story    *[]string
	writing  *task // whose call takes effect at this moment

	draws map[string]bool // by name
	calm  *calm           // people wait until all is at rest, and a model says what must be so then; nil in all other histories

	endsAt Invariant // the run ends where this one is violated

	stormy  bool // faults happen
	resting bool // nothing may be written any more

	points, faults, userChanges, unknown, lateWrites, windowed, parked int
	applies                                                            int
	ourChanges                                                         int                          // writes of ours that changed a value of an existing record
	tied, buried                                                       map[resolve.RefKey]time.Time // when a group tied a record to an entity, and when it took in that it is gone
	mergedAt                                                           map[record.EntityID]time.Time
	heldOnce                                                           map[record.Ref]bool      // it was held for a person at some time
	owed                                                               map[*task]bool           // runs whose writes were done, and whose receipts were not committed
	removing                                                           map[resolve.RefKey]bool  // a removal of ours, of unknown outcome, was recorded when it was seen gone
	parkedAt                                                           map[string]time.Time     // when an entity's field began to wait for a person
	poison                                                             record.Ref               // cannot be read by id
	written                                                            map[cellKey]map[int]bool // the edits whose value we wrote, by field
	reserved                                                           map[string][]time.Time   // when the runs began that made writes of a limited kind
	accepted, ended                                                    int                      // change records queued, and those with an outcome
	naive                                                              bool
	violations                                                         []Violation
	excused                                                            map[Excuse]int // how often each was taken

	joined    map[record.EntityID]bool // entities that others were merged into, at rest
	leftovers map[record.Ref]bool
	atRest    *resting
	held      bool // a record was held for a person
	// undated: a stale read bore the stamp of a fresh one, or none. What it showed of how a record was just before a write of
	// ours looks like an edit, until the next read.
	undated  bool
	muted    bool                  // webhooks are lost
	restores bool                  // a record was made live again: what its owner had shown stands again
	mergers  bool                  // a person merged records
	versions map[string]int64      // of the configuration that each entity was last decided under
	decoded  map[store.Key]decoded // rows as the oracle last decoded them
}

// engine is the handlers: the production ones, or the naive ones.
type engine interface {
	resolve(ctx context.Context, c record.Connection, batch []queue.Delivery) []string
	write(ctx context.Context, c record.Connection, batch []queue.Delivery) []string
	poll(ctx context.Context, place record.Place)
	reconcile(ctx context.Context, place record.Place) (done bool)
	sweep(ctx context.Context)
	webhook(ctx context.Context, c record.Connection, body []byte) int
	answer(ctx context.Context, pick [4]uint32)
	release(ctx context.Context, c record.Connection)
}

// Options say how to run a history.
type Options struct {
	Bug   *Bug
	Naive bool
	// Calm runs histories in which nothing fails, and holds every state at rest against package model.
	Calm bool
	// Draws are the names of Extras that calm histories draw too.
	Draws []string
	// Story collects what happened, in words; nil for no story.
	Story *[]string
	until Invariant // the run ends where this one is violated; "" for never
	plan  plan
	kinds *[]pointKind // collects the kind of each I/O point
	spare *[]*worker   // coroutines of earlier histories of this goroutine; nil for none
}

// Run runs a history to rest and gives what it came to.
func Run(h History, o Options) Result {
	w := newWorld(h, o)
	if o.spare != nil {
		w.spare, w.workers = o.spare, *o.spare
	}
	defer w.end()
	w.begin()
	calm := w.until(epoch.Add(h.Setup.Live), stepsMax)
	if calm {
		w.calmDown()
		calm = w.settle()
	}
	if !calm && len(w.violations) == 0 {
		w.violate(InvariantRest, "it does not come to rest: %d events, %d messages wait, %d changes are kept", w.steps, w.post.waiting(), w.kept())
	}
	if calm {
		w.checkAtRest()
		if o.plan.at == 0 && o.kinds == nil { // a forced fault is not to be another's
			w.probe()
		}
	}
	return Result{Seed: h.Seed, Digest: w.digest, Faults: w.faults, UserChanges: w.userChanges, Unknown: w.unknown, Points: w.points, Windowed: w.windowed, Violations: w.violations, Parked: w.parked, Excused: w.excused}
}

// Result is what one history came to.
type Result struct {
	Seed                                                   uint64
	Digest                                                 uint64
	Faults, UserChanges, Unknown, Points, Windowed, Parked int
	Violations                                             []Violation
	// Excused is how often each excuse was taken.
	Excused map[Excuse]int
}

func newWorld(h History, o Options) *world {
	w := &world{clock: newClock(h.Seed), history: h, bug: o.Bug, plan: o.plan, kinds: o.kinds, story: o.Story, store: memstore.New(), accounts: map[record.Connection]*account{},
		stormy: true, owed: map[*task]bool{}, removing: map[resolve.RefKey]bool{}, tied: map[resolve.RefKey]time.Time{}, buried: map[resolve.RefKey]time.Time{}, mergedAt: map[record.EntityID]time.Time{}, heldOnce: map[record.Ref]bool{}, parkedAt: map[string]time.Time{}, written: map[cellKey]map[int]bool{}, reserved: map[string][]time.Time{}, naive: o.Naive, endsAt: o.until, versions: map[string]int64{}, decoded: map[store.Key]decoded{}}
	w.draws, w.excused = map[string]bool{}, map[Excuse]int{}
	for _, name := range o.Draws {
		w.draws[name] = true
	}
	w.alarm = func(name, text string) { w.violate(InvariantPanic, "%s panics: %s", name, text) }
	w.truth = newTruth(w)
	w.rules = h.Setup.rules(false)
	w.post = &post{w: w, boxes: map[queue.Name]*box{}, serve: w.serve}
	for i, c := range h.Setup.connections() {
		w.accounts[c] = w.newAccount(c, h.Setup.Accounts[i])
	}
	if o.Naive {
		w.engine = newNaive(w)
	} else {
		w.engine = newProduction(w)
	}
	return w
}

func (w *world) newAccount(c record.Connection, setup AccountSetup) *account {
	a := &account{w: w, name: c, setup: setup, mem: setup.platform(c, w.Now)}
	a.mem.Applied = w.applied
	if setup.Reforms || setup.Rewords {
		a.mem.Reform = setup.spelling
	}
	if setup.Replica > 0 {
		a.mem.Stale = func() time.Duration {
			if w.stormy && w.chance(w.history.Weather.StaleRead) {
				w.faults++
				w.undated = w.undated || setup.Coarse || setup.Unstamped
				return w.between(time.Second, setup.Replica)
			}
			return 0
		}
	}
	a.mem.Refuse = refuse
	a.mem.Omit = func() bool {
		if !w.stormy || !w.chance(w.history.Weather.Omitted) {
			return false
		}
		w.faults++
		return true
	}
	a.mem.OmitListed = func(record.ExternalID, record.PlatformField) bool { return a.mem.Omit() }
	if w.chance(w.history.Weather.Outage) {
		from := w.now.Add(w.between(0, w.history.Setup.Live))
		a.outage = window{from, from.Add(outageLasts)}
	}
	if w.chance(w.history.Weather.Forbidden) {
		from := w.now.Add(w.between(0, w.history.Setup.Live))
		a.forbidden = window{from, from.Add(w.between(time.Minute, outageLasts))}
	}
	if w.history.Setup.Tokens {
		a.server = newTokenServer(w, c)
		var refresher platform.Refresher = a.server
		rows := disk{w: w}
		if w.bug != nil && w.bug.refresh != nil {
			refresher = w.bug.refresh(refresher)
		}
		if w.bug != nil {
			rows.hook = w.bug.tokens
		}
		a.tokens = &credential.Source{Store: rows, Connection: c, Refresher: refresher, Now: w.Now, Wait: func(_ context.Context, d time.Duration) error {
			if !w.wait(d) {
				return errDead
			}
			return nil
		}}
		if err := credential.Put(context.Background(), w.store, c, a.server.grant()); err != nil {
			panic(err)
		}
	}
	return a
}

// spelling is how a platform spells values its own way: one that the canonical form undoes; one that it does not, though it is
// the same text (mapping.Equal); and, where it rewords, one that is another text.
func (a AccountSetup) spelling(name record.PlatformField, value string) string {
	switch {
	case value == "":
		return value
	case a.Rewords && meaning(name) == "street":
		return "+" + strings.TrimPrefix(value, "+")
	case a.Reforms && meaning(name) == "phone":
		return strings.ToUpper(value)
	case a.Reforms && meaning(name) == "street":
		return " " + strings.TrimSpace(value) + "\r\n"
	}
	return value
}

func refuse(_ record.Object, fields record.Fields) []record.PlatformField {
	var out []record.PlatformField
	for name, value := range fields {
		if strings.Contains(value, refusedMark) {
			out = append(out, name)
		}
	}
	return out
}

// layOut makes the records that are there from the start.
func (w *world) layOut() {
	s := w.history.Setup
	emails := map[int]int{}
	for _, in := range w.history.Initial {
		c := s.connections()[in.Account]
		pick := uint32(0)
		if in.Blank >= 0 {
			pick = 1 << uint(in.Blank)
		}
		ref := w.createPerson(c, pick, emails[in.Person])
		if s.Poison && w.poison == (record.Ref{}) {
			w.poison = ref
			w.say("%s cannot be read by id", ref)
		}
		if emails[in.Person] == 0 {
			emails[in.Person] = w.truth.cells[ref][w.fieldName(ref, emailField)].edit
		}
	}
	for _, stage := range w.history.Deals {
		w.createDeal(Action{}, stage)
	}
}

// begin lays out the records that are there from the start, and books people, schedules and the change of rules.
func (w *world) begin() {
	s := w.history.Setup
	w.layOut()
	for _, a := range w.history.Actions {
		w.after(a.At, func() { w.act(a) })
	}
	for i, place := range w.rules.Places() {
		period := func() time.Duration {
			if s.LoadEvery > 0 && !w.loaded(place) {
				return s.LoadEvery
			}
			return s.PollEvery
		}
		w.every(period, time.Duration(i)*7*time.Second, func() { w.run("poll "+place.String(), func(ctx context.Context) { w.engine.poll(ctx, place) }) })
	}
	w.every(func() time.Duration { return s.SweepEvery }, 3*time.Minute, func() { w.run("sweep", w.engine.sweep) })
	if s.Change != ChangeNothing {
		w.after(s.ChangeAt, func() {
			w.say("the configuration changes")
			w.replaced, w.rules = w.rules, s.rules(true)
			w.after(changeTakes, func() { w.replaced = nil })
		})
	}
}

// every runs f at first, and then a period after each time, as long as faults happen.
func (w *world) every(period func() time.Duration, first time.Duration, f func()) {
	var again func()
	again = func() {
		if !w.stormy {
			return
		}
		f()
		w.after(period(), again)
	}
	w.after(first, again)
}

// run begins a handler's run that answers nobody.
func (w *world) run(name string, f func(context.Context)) {
	t := w.spawn(name, func() { f(context.Background()) }, func() {})
	t.rules, t.skew = w.rulesNow(), w.drawSkew()
}

// changeTakes is how long functions of the old configuration still begin after a change.
const changeTakes = 3 * time.Minute

// skewMax is how far the clock of a process of ours may be off: machines that keep time by NTP are within milliseconds, and
// what is observed counts with a margin of five seconds.
const skewMax = 2 * time.Second

func (w *world) drawSkew() time.Duration {
	if !w.history.Setup.Skewed {
		return 0
	}
	return w.between(-skewMax, skewMax)
}

// rulesNow gives the rules of a function that begins now: while a change is under way, the old ones or the new.
func (w *world) rulesNow() *ruleset.Rules {
	if w.replaced != nil && w.chance(500) {
		return w.replaced
	}
	return w.rules
}

// serve begins a resolver's or writer's run on a batch.
func (w *world) serve(name queue.Name, batch []queue.Delivery, done func([]string)) *task {
	kind, c, _ := strings.Cut(string(name), "-")
	var failed []string
	t := w.spawn(string(name), func() {
		if kind == "due" {
			failed = w.engine.write(context.Background(), record.Connection(c), batch)
		} else {
			failed = w.engine.resolve(context.Background(), record.Connection(c), batch)
		}
	}, func() { done(failed) })
	t.rules, t.skew = w.rulesNow(), w.drawSkew()
	return t
}

type queueLimits struct{ Concurrency, Batch int }

func (w *world) limitsOf(name queue.Name) queueLimits {
	_, c, _ := strings.Cut(string(name), "-")
	setup := w.accounts[record.Connection(c)].setup
	return queueLimits{max(setup.Concurrency, 1), max(setup.Batch, 1)}
}

// calmDown ends all faults: what is under way goes on, nothing new goes wrong.
func (w *world) calmDown() {
	w.stormy = false
	w.say("the faults are over")
	for _, a := range w.accounts {
		if a.outage.to.After(w.now) {
			a.outage.to = w.now
		}
		if a.forbidden.to.After(w.now) {
			a.forbidden.to = w.now
		}
	}
}

// settle polls, sweeps and drains until nothing is written in a whole round, and then once more, when nothing may be.
func (w *world) settle() bool {
	if !w.until(w.now.Add(leaveAlone), stepsMax) {
		return false
	}
	quiet, again, reconciled := 0, false, map[record.Place]bool{}
	for round := range roundsMax {
		before := w.applies
		if quiet == 1 && !again && (w.held || w.mergers || w.history.Setup.Change != ChangeNothing) {
			// What was found late may have changed how records that are held are judged: read all once more.
			quiet, again, reconciled = 0, true, map[record.Place]bool{}
		}
		w.resting = quiet > 0
		for _, place := range w.rules.Places() {
			w.run("poll "+place.String(), func(ctx context.Context) { w.engine.poll(ctx, place) })
			if round > 0 && !reconciled[place] || w.resting {
				w.run("reconcile "+place.String(), func(ctx context.Context) {
					if w.engine.reconcile(ctx, place) {
						reconciled[place] = true
					}
				})
			}
		}
		if !w.drain() {
			return false
		}
		w.run("sweep", w.engine.sweep)
		if !w.drain() {
			return false
		}
		switch {
		case w.resting:
			return true
		case w.applies == before && round >= 1 && w.post.waiting() == 0 && w.kept() == 0 && len(reconciled) == len(w.rules.Places()):
			quiet++
		default:
			quiet = 0
		}
	}
	return false
}

// drain lets a round's time pass.
func (w *world) drain() bool {
	end := w.now.Add(roundLasts)
	if !w.until(end, stepsMax) {
		return false
	}
	w.now = end
	return true
}

// violate notes a violation, each kind once a history.
func (w *world) violate(i Invariant, format string, args ...any) {
	for _, v := range w.violations {
		if v.Invariant == i {
			return
		}
	}
	text := fmt.Sprintf(format, args...)
	w.say("VIOLATION of %s: %s", i, text)
	w.violations = append(w.violations, Violation{Invariant: i, At: w.now.Sub(epoch), Text: text})
	w.halted = i == w.endsAt
}
