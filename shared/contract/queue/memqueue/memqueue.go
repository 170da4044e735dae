// Package memqueue keeps the queue contract in memory, under a clock of the caller's, for tests, simulation and runs
// that keep nothing. It delivers in the order in which messages became visible: reproducible, and more than the
// contract promises, so tests of consumers shuffle and repeat above it.
package memqueue

import (
	"context"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/internal/shelf"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var _ queue.Queue = (*Queue)(nil)

// Limits are what an operator may set. A zero field means its default.
type Limits struct {
	// Receives is how often a message is received before it goes to the dead-letter queue. Default 5.
	Receives int
}

// Queue holds any number of named queues; each exists from its first use. Bodies are shared with sender and receivers,
// never copied: nobody may change one after handing it over.
type Queue struct {
	now    func() time.Time
	limits Limits

	mu     sync.Mutex
	queues map[queue.Name]*shelf.Shelf
	serial uint64
}

// New gives empty queues under a clock, with the default limits unless one Limits is given.
func New(now func() time.Time, limits ...Limits) *Queue {
	q := &Queue{now: now, queues: map[queue.Name]*shelf.Shelf{}}
	if len(limits) > 0 {
		q.limits = limits[0]
	}
	if q.limits.Receives == 0 {
		q.limits.Receives = shelf.ReceivesDefault
	}
	return q
}

// Send implements queue.Sender.
func (q *Queue) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	op := "memqueue: send to " + string(name)
	if err := ready(ctx, op, queue.CheckMessages(op, messages)); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	for _, m := range messages {
		q.serial++
		q.shelf(name).Add(&shelf.Message{Serial: q.serial, Body: m.Body, SentAt: now}, now.Add(m.Delay))
	}
	return nil
}

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, name queue.Name, limit int, visibility time.Duration) ([]queue.Delivery, error) {
	op := "memqueue: receive from " + string(name)
	if err := ready(ctx, op, queue.CheckReceive(op, limit, visibility)); err != nil {
		return nil, err
	}
	receivesMax := q.limits.Receives
	if name.IsDead() {
		receivesMax = 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	taken, dead := q.shelf(name).Take(now, now.Add(visibility), limit, receivesMax)
	for _, m := range dead {
		q.shelf(name.Dead()).Add(&shelf.Message{Serial: m.Serial, Body: m.Body, SentAt: m.SentAt}, now)
	}
	out := make([]queue.Delivery, len(taken))
	for i, m := range taken {
		out[i] = m.Delivery(m.Body)
	}
	return out, nil
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, name queue.Name, handles []string) error {
	if err := ready(ctx, "memqueue: delete from "+string(name), nil); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, handle := range handles {
		if m := q.shelf(name).Find(handle); m != nil {
			q.shelf(name).Remove(m)
		}
	}
	return nil
}

// Release implements queue.Queue.
func (q *Queue) Release(ctx context.Context, name queue.Name, handles []string, delay time.Duration) error {
	op := "memqueue: release to " + string(name)
	if err := ready(ctx, op, queue.CheckHiding(op, delay)); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	until := q.now().Add(delay)
	for _, handle := range handles {
		if m := q.shelf(name).Find(handle); m != nil {
			q.shelf(name).Hide(m, until)
		}
	}
	return nil
}

// Depth implements queue.Queue. The count is exact.
func (q *Queue) Depth(ctx context.Context, name queue.Name) (queue.Depth, error) {
	if err := ready(ctx, "memqueue: depth of "+string(name), nil); err != nil {
		return queue.Depth{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shelf(name).Depth(q.now()), nil
}

// shelf gives the named queue; it exists from then on. mu is held.
func (q *Queue) shelf(name queue.Name) *shelf.Shelf {
	s := q.queues[name]
	if s == nil {
		s = &shelf.Shelf{}
		q.queues[name] = s
	}
	return s
}

// ready gives what is wrong with a call before it begins: refused, or a context that has ended.
func ready(ctx context.Context, op string, refused error) error {
	if refused != nil {
		return refused
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	return nil
}
