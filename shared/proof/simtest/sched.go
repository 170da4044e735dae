package simtest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// epoch is when every history begins.
var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock is virtual time, the events to come, and the coroutine that runs at this moment. One goroutine at a time.
type clock struct {
	now     time.Time
	events  eventHeap
	serial  int64
	steps   int
	current *task
	rng     *rand.Rand
	// digest folds in every event, fault and write, so that two runs can be compared.
	digest uint64
	live   map[*task]bool
	// workers are coroutines without a job. spare, if not nil, is where they go when the history is over, for the next one.
	workers []*worker
	spare   *[]*worker
	// halted: the history is over, whatever is still to come.
	halted bool
	// alarm is told of a handler that panicked.
	alarm func(name, text string)
}

type event struct {
	at  time.Time
	seq int64
	run func()
}

func newClock(seed uint64) *clock {
	return &clock{now: epoch, rng: rand.New(rand.NewPCG(seed, 0x5eed)), digest: 14695981039346656037, live: map[*task]bool{}}
}

// Now gives virtual time.
func (c *clock) Now() time.Time { return c.now }

// after runs f once d has passed.
func (c *clock) after(d time.Duration, f func()) {
	c.serial++
	c.events.push(event{at: c.now.Add(d), seq: c.serial, run: f})
}

// until runs events up to a time, or until there are none; it reports false once stepsMax is reached.
func (c *clock) until(end time.Time, stepsMax int) bool {
	for len(c.events) > 0 && !c.events[0].at.After(end) {
		if c.steps++; c.steps > stepsMax || c.halted {
			return false
		}
		e := c.events.pop()
		c.now = e.at
		c.digest = (c.digest^uint64(e.seq))*1099511628211 ^ uint64(c.now.Sub(epoch))
		e.run()
	}
	return true
}

// between draws a duration.
func (c *clock) between(low, high time.Duration) time.Duration {
	return low + time.Duration(c.rng.Int64N(int64(high-low)+1))
}

// chance draws true once in so many.
func (c *clock) chance(perMille int) bool { return perMille > 0 && c.rng.IntN(1000) < perMille }

// fold adds a word to the trace digest.
func (c *clock) fold(text string) {
	d := c.digest
	for i := range len(text) {
		d = (d ^ uint64(text[i])) * 1099511628211
	}
	c.digest = d ^ uint64(c.now.Sub(epoch))
}

// task is one run of a handler.
type task struct {
	name   string
	began  time.Time
	worker *worker
	step   func() // goes on until the next I/O
	// dead: its process has crashed; whatever it still does has no effect.
	dead bool
	// buried is told when the process has crashed; nil for nobody.
	buried func()
	// reads notes when the run last read which record, for the oracle.
	reads map[record.Ref]time.Time
	// rules is the configuration that it runs under. late: a call of it took effect after it was told of a failure.
	rules *ruleset.Rules
	late  bool
	// skew is how far its process's clock is off.
	skew time.Duration
	// said is what became of each record that its messages spoke of, resent the records it queued changes of.
	said   map[record.Ref]pipeline.EventKind
	resent map[record.Ref]bool
	// overrides are the writes, by key, that undid somebody's edit when they were sent: one that takes effect late may meet an edit
	// that it did not know.
	overrides map[string]bool
}

func (t *task) read(ref record.Ref, at time.Time) {
	if t.reads == nil {
		t.reads = map[record.Ref]time.Time{}
	}
	t.reads[ref] = at
}

// worker is a coroutine that runs one handler after another: its stack has grown once for all of them.
type worker struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	job   func()
	idle  bool   // it waits for a job
	panic string // what its job panicked with, and where; "" if it did not
}

// do runs the job, and keeps a panic from everybody else: a process that panics has crashed, no more.
func (k *worker) do() {
	defer func() {
		if cause := recover(); cause != nil {
			k.panic = fmt.Sprintf("%v\n%s", cause, debug.Stack())
		}
	}()
	k.job()
}

func newWorker() *worker {
	k := &worker{}
	k.next, k.stop = iter.Pull(func(yield func(struct{}) bool) {
		k.yield = yield
		for {
			k.do()
			k.idle = true
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return k
}

// spawn begins a handler's run now; done is called once it returned, unless it crashed.
func (c *clock) spawn(name string, run func(), done func()) *task {
	t := &task{name: name, began: c.now}
	if last := len(c.workers) - 1; last >= 0 {
		t.worker, c.workers = c.workers[last], c.workers[:last]
	} else {
		t.worker = newWorker()
	}
	t.worker.job, t.worker.idle, t.worker.panic = run, false, ""
	t.step = func() {
		if t.dead {
			return
		}
		before := c.current
		c.current = t
		t.worker.next()
		c.current = before
		if !t.worker.idle || t.dead {
			return // its I/O has booked when it goes on
		}
		delete(c.live, t)
		c.workers = append(c.workers, t.worker)
		if t.worker.panic != "" {
			c.panicked(t)
			return
		}
		done()
	}
	c.live[t] = true
	c.after(0, t.step)
	return t
}

// panicked ends a task whose handler panicked.
func (c *clock) panicked(t *task) {
	if c.alarm != nil {
		c.alarm(t.name, t.worker.panic)
	}
	t.dead = true
	if t.buried != nil {
		t.buried()
	}
}

// end unwinds every task that is still under way, so that none is left behind.
func (c *clock) end() {
	for t := range c.live {
		c.bury(t)
	}
	if c.spare != nil {
		*c.spare = c.workers
		return
	}
	stopAll(c.workers)
}

func stopAll(workers []*worker) {
	for _, k := range workers {
		k.stop()
	}
}

// wait lets d pass for the running handler, and everybody else act. It reports false if the handler's process is dead:
// nothing that it does from then on has any effect.
func (c *clock) wait(d time.Duration) bool {
	t := c.current
	if t == nil {
		panic("simtest: I/O outside a handler's run")
	}
	if t.dead {
		return false
	}
	c.after(d, t.step)
	return t.worker.yield(struct{}{})
}

// crash ends the running handler's process at this very point: the call in progress never returns to it.
func (c *clock) crash() {
	t := c.current
	t.dead = true
	// The coroutine is unwound from outside once it has yielded, for it cannot stop itself.
	c.after(0, func() { c.bury(t) })
	t.worker.yield(struct{}{})
}

// bury unwinds a dead task: its handler runs to its end, and none of its calls does anything.
func (c *clock) bury(t *task) {
	before := c.current
	c.current, t.dead = t, true
	delete(c.live, t)
	t.worker.stop()
	c.current = before
	if t.worker.panic != "" && c.alarm != nil {
		c.alarm(t.name, t.worker.panic)
	}
	if t.buried != nil {
		t.buried()
	}
}

// eventHeap orders events by time, then by when they were booked. It is container/heap without its boxes.
type eventHeap []event

func (h eventHeap) less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}

func (h *eventHeap) push(e event) {
	*h = append(*h, e)
	for i := len(*h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.less(i, up) {
			return
		}
		(*h)[i], (*h)[up] = (*h)[up], (*h)[i]
		i = up
	}
}

func (h *eventHeap) pop() event {
	all := *h
	first, last := all[0], len(all)-1
	all[0] = all[last]
	all[last] = event{}
	*h = all[:last]
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && h.less(down, least) {
				least = down
			}
		}
		if least == i {
			return first
		}
		(*h)[i], (*h)[least] = (*h)[least], (*h)[i]
		i = least
	}
}
