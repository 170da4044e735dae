package boltqueue_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/boltqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/queuetest"
)

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestConformance(t *testing.T) {
	c := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	paths := map[queue.Queue]string{}
	open := func(t *testing.T, path string) queue.Queue {
		q, err := boltqueue.Open(path, c.Now, boltqueue.Limits{Receives: queuetest.Receives})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		})
		paths[q] = path
		return q
	}
	queuetest.Run(t, queuetest.Harness{
		Open:    func(t *testing.T) queue.Queue { return open(t, filepath.Join(t.TempDir(), "queues")) },
		Advance: c.Advance,
		Reopen: func(t *testing.T, q queue.Queue) queue.Queue {
			if err := q.(*boltqueue.Queue).Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, paths[q])
		},
	})
}
