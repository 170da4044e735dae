package simtest

import (
	"container/heap"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
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
	// digest folds in every step, so that two runs can be compared.
	digest uint64
	live   map[*task]bool
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
	heap.Push(&c.events, event{at: c.now.Add(d), seq: c.serial, run: f})
}

// until runs events up to a time, or until there are none; it reports false once stepsMax is reached.
func (c *clock) until(end time.Time, stepsMax int) bool {
	for len(c.events) > 0 && !c.events[0].at.After(end) {
		if c.steps++; c.steps > stepsMax {
			return false
		}
		e := heap.Pop(&c.events).(event)
		c.now = e.at
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
	name  string
	began time.Time
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	step  func() // goes on until the next I/O
	// dead: its process has crashed; whatever it still does has no effect.
	dead bool
	// buried is told when the process has crashed; nil for nobody.
	buried func()
	// reads notes when the run last read which record, for the oracle.
	reads map[record.Ref]time.Time
	// rules is the configuration that it runs under. late: a call of it took effect after it was told of a failure.
	rules *ruleset.Rules
	late  bool
}

func (t *task) read(ref record.Ref, at time.Time) {
	if t.reads == nil {
		t.reads = map[record.Ref]time.Time{}
	}
	t.reads[ref] = at
}

// spawn begins a handler's run now; done is called once it returned, unless it crashed.
func (c *clock) spawn(name string, run func(), done func()) *task {
	t := &task{name: name, began: c.now}
	returned := false
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		run()
		returned = true
	})
	t.step = func() {
		if t.dead {
			return
		}
		before := c.current
		c.current = t
		_, more := t.next()
		c.current = before
		if more {
			return // its I/O has booked when it goes on
		}
		delete(c.live, t)
		if returned && !t.dead {
			done()
		}
	}
	c.live[t] = true
	c.after(0, t.step)
	return t
}

// end unwinds every task that is still under way, so that none is left behind.
func (c *clock) end() {
	for t := range c.live {
		c.bury(t)
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
	return t.yield(struct{}{})
}

// crash ends the running handler's process at this very point: the call in progress never returns to it.
func (c *clock) crash() {
	t := c.current
	t.dead = true
	// The coroutine is unwound from outside once it has yielded, for it cannot stop itself.
	c.after(0, func() { c.bury(t) })
	t.yield(struct{}{})
}

// bury unwinds a dead task: its handler runs to its end, and none of its calls does anything.
func (c *clock) bury(t *task) {
	before := c.current
	c.current, t.dead = t, true
	delete(c.live, t)
	t.stop()
	c.current = before
	if t.buried != nil {
		t.buried()
	}
}

// eventHeap orders events by time, then by when they were booked.
type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push and Pop implement heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = event{}
	*h = (*h)[:last]
	return e
}
