// Package boltqueue keeps the queue contract in one file on this machine, for runs that must outlive their process.
// Messages, their delays and their receive counts are on disk before a call returns; which of them are in flight is
// known to the process alone, so that at re-open everything undeleted is visible again at once, save what was sent
// with a delay. A message that kills its process still ends as a dead letter, because its receipts are counted on disk.
package boltqueue

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/contract/boltfile"
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

// Queue holds any number of named queues; each exists from its first use. Bodies stay on disk until they are received.
// Safe for concurrent use; calls that arrive together share one sync.
type Queue struct {
	file   *boltfile.File
	now    func() time.Time
	limits Limits

	mu     sync.Mutex
	queues map[queue.Name]*shelf.Shelf
}

// Open opens or makes the queues in a file of their own.
func Open(path string, now func() time.Time, limits Limits) (*Queue, error) {
	file, err := boltfile.Open(path)
	if err != nil {
		return nil, err
	}
	q, err := On(file, now, limits)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return q, nil
}

// On keeps the queues in an open file that they share, with a boltstore for one; the file's owner closes it.
func On(file *boltfile.File, now func() time.Time, limits Limits) (*Queue, error) {
	if limits.Receives == 0 {
		limits.Receives = shelf.ReceivesDefault
	}
	if err := file.Ensure(messagesBucket, receivesBucket); err != nil {
		return nil, err
	}
	q := &Queue{file: file, now: now, limits: limits, queues: map[queue.Name]*shelf.Shelf{}}
	err := file.View(context.Background(), "boltqueue: open", func(tx *bolt.Tx) error {
		return load(tx, func(name queue.Name, m *shelf.Message, visibleAt time.Time) { q.shelf(name).Add(m, visibleAt) })
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}

// Close closes the file.
func (q *Queue) Close() error { return q.file.Close() }

// Send implements queue.Sender. All messages of one call are queued, or, after an error, perhaps none.
func (q *Queue) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	op := "boltqueue: send to " + string(name)
	if err := queue.CheckMessages(op, messages); err != nil {
		return err
	}
	if len(messages) == 0 {
		return nil
	}
	now := q.now()
	sent := make([]*shelf.Message, len(messages))
	err := q.file.Update(ctx, op, func(tx *bolt.Tx) error {
		for i, m := range messages {
			serial, err := nextSerial(tx)
			if err != nil {
				return boltfile.Broken(err)
			}
			sent[i] = &shelf.Message{Serial: serial, SentAt: now}
			if err := putMessage(tx, name, serial, encodeMessage(now, now.Add(m.Delay), m.Body)); err != nil {
				return boltfile.Broken(err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range sent {
		q.shelf(name).Add(m, now.Add(messages[i].Delay))
	}
	return nil
}

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, name queue.Name, limit int, visibility time.Duration) ([]queue.Delivery, error) {
	op := "boltqueue: receive from " + string(name)
	if err := queue.CheckReceive(op, limit, visibility); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Transient, op, err)
	}
	receivesMax := q.limits.Receives
	if name.IsDead() {
		receivesMax = 0
	}
	now := q.now()
	b := batch{name: name, now: now}
	q.mu.Lock()
	b.taken, b.dead = q.shelf(name).Take(now, now.Add(visibility), limit, receivesMax)
	for _, m := range b.taken {
		b.deliveries = append(b.deliveries, m.Delivery(nil))
	}
	q.mu.Unlock()
	if len(b.taken)+len(b.dead) == 0 {
		return nil, nil
	}
	err := q.file.Update(ctx, op, b.record)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		q.giveBack(b)
		return nil, err
	}
	return q.settle(b), nil
}

// batch is what one Receive took off the shelf.
type batch struct {
	name        queue.Name
	now         time.Time
	taken, dead []*shelf.Message
	deliveries  []queue.Delivery // of taken, in its order; those without a body were deleted meanwhile
}

// record counts the receipts, reads the bodies and moves the dead, in one transaction.
func (b *batch) record(tx *bolt.Tx) error {
	for i := range b.deliveries {
		d := &b.deliveries[i]
		value := getMessage(tx, b.name, b.taken[i].Serial)
		if value == nil {
			continue
		}
		_, _, body, err := decodeMessage(value)
		if err != nil {
			return boltfile.Broken(err)
		}
		d.Body = bytes.Clone(body)
		if err := putReceipts(tx, b.name, b.taken[i].Serial, d.Count, d.FirstAt); err != nil {
			return boltfile.Broken(err)
		}
	}
	for _, m := range b.dead {
		if err := bury(tx, b.name, m.Serial, b.now); err != nil {
			return boltfile.Broken(err)
		}
	}
	return nil
}

// giveBack makes visible again what a failed Receive took. mu is held.
func (q *Queue) giveBack(b batch) {
	s := q.shelf(b.name)
	for i, m := range b.taken {
		// Taken again meanwhile, if the visibility was short: then it is the other receiver's.
		if s.Find(b.deliveries[i].Handle) == m {
			s.Hide(m, b.now)
		}
	}
	for _, m := range b.dead {
		s.Add(m, b.now)
	}
}

// settle gives what to deliver, and puts the dead where they are now. mu is held.
func (q *Queue) settle(b batch) []queue.Delivery {
	var out []queue.Delivery
	for i, d := range b.deliveries {
		if d.Body == nil {
			q.shelf(b.name).Remove(b.taken[i])
			continue
		}
		out = append(out, d)
	}
	for _, m := range b.dead {
		q.shelf(b.name.Dead()).Add(&shelf.Message{Serial: m.Serial, SentAt: m.SentAt}, b.now)
	}
	return out
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, name queue.Name, handles []string) error {
	op := "boltqueue: delete from " + string(name)
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	found := q.find(name, handles)
	if len(found) == 0 {
		return nil
	}
	err := q.file.Update(ctx, op, func(tx *bolt.Tx) error {
		for _, m := range found {
			if err := deleteMessage(tx, name, m.Serial); err != nil {
				return boltfile.Broken(err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range found {
		q.shelf(name).Remove(m)
	}
	return nil
}

// Release implements queue.Queue. The delay does not outlive the process: at re-open the message is visible.
func (q *Queue) Release(ctx context.Context, name queue.Name, handles []string, delay time.Duration) error {
	op := "boltqueue: release to " + string(name)
	if err := queue.CheckHiding(op, delay); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
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
	if err := ctx.Err(); err != nil {
		return queue.Depth{}, fault.New(fault.Transient, "boltqueue: depth of "+string(name), err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shelf(name).Depth(q.now()), nil
}

func (q *Queue) find(name queue.Name, handles []string) []*shelf.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var found []*shelf.Message
	for _, handle := range handles {
		if m := q.shelf(name).Find(handle); m != nil {
			found = append(found, m)
		}
	}
	return found
}

// shelf gives the named queue; it exists from then on. mu is held, or nobody else knows q yet.
func (q *Queue) shelf(name queue.Name) *shelf.Shelf {
	s := q.queues[name]
	if s == nil {
		s = &shelf.Shelf{}
		q.queues[name] = s
	}
	return s
}
