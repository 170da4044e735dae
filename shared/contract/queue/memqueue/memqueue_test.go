package memqueue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
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
	queuetest.Run(t, queuetest.Harness{
		Open: func(*testing.T) queue.Queue {
			return memqueue.New(c.Now, memqueue.Limits{Receives: queuetest.Receives})
		},
		Advance: c.Advance,
	})
}

func TestDeliversInTheOrderOfBecomingVisible(t *testing.T) {
	c, ctx := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}, context.Background()
	q := memqueue.New(c.Now)
	for i := range 100 {
		if err := q.Send(ctx, "changes", []queue.Message{{Body: fmt.Appendf(nil, "%d", i),
			Delay: time.Duration(i%3) * time.Second}}); err != nil {
			t.Fatal(err)
		}
	}
	c.Advance(time.Minute)
	got, err := q.Receive(ctx, "changes", 100, time.Minute)
	if err != nil || len(got) != 100 {
		t.Fatalf("got %d, %v", len(got), err)
	}
	for i, want := range []string{"0", "3", "6"} {
		if string(got[i].Body) != want {
			t.Errorf("delivery %d is %s, want %s", i, got[i].Body, want)
		}
	}
}

func BenchmarkOneMessageAmongAHundredThousand(b *testing.B) {
	c, ctx := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}, context.Background()
	q, one := memqueue.New(c.Now), []queue.Message{{Body: []byte("x")}}
	for range 100_000 {
		if err := q.Send(ctx, "changes", one); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		got, err := q.Receive(ctx, "changes", 1, time.Minute)
		if err != nil || len(got) != 1 {
			b.Fatal(len(got), err)
		}
		if err := q.Delete(ctx, "changes", []string{got[0].Handle}); err != nil {
			b.Fatal(err)
		}
		if err := q.Send(ctx, "changes", one); err != nil {
			b.Fatal(err)
		}
	}
}
