package queuetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// exhaust receives and releases a message as often as the limit allows.
func (h Harness) exhaust(t *testing.T, q queue.Queue, name queue.Name) queue.Delivery {
	t.Helper()
	var d queue.Delivery
	for count := 1; count <= Receives; count++ {
		d = h.await(t, q, name, 1, long)[0]
		if d.Count != count {
			t.Fatalf("delivery %d has count %d", count, d.Count)
		}
		release(t, q, name, []string{d.Handle}, 0)
	}
	return d
}

// awaitDead polls a queue, as its consumer would, until its dead letter is moved, and gives that.
func (h Harness) awaitDead(t *testing.T, q queue.Queue, name queue.Name) queue.Delivery {
	t.Helper()
	for range h.polls() {
		none(t, q, name)
		if dead := receive(t, q, name.Dead(), 1, long); len(dead) == 1 {
			return dead[0]
		}
	}
	t.Fatalf("%s gave no message", name.Dead())
	return queue.Delivery{}
}

func deadLetters(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "poison")
	none(t, q, Changes.Dead())
	last := h.exhaust(t, q, Changes)
	dead := h.awaitDead(t, q, Changes)
	if string(dead.Body) != "poison" || dead.ID != last.ID {
		t.Errorf("dead letter %q with body %q, want %q", dead.ID, dead.Body, last.ID)
	}
	remove(t, q, Changes, []string{last.Handle}) // a late consumer cannot reach it
	release(t, q, Changes.Dead(), []string{dead.Handle}, 0)
	dead = h.await(t, q, Changes.Dead(), 1, long)[0]
	remove(t, q, Changes.Dead(), []string{dead.Handle})
	none(t, q, Changes)
	none(t, q, Changes.Dead())
}

func deadStays(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes.Dead(), "set aside by hand")
	for range 2 * Receives {
		d := h.await(t, q, Changes.Dead(), 1, long)[0]
		release(t, q, Changes.Dead(), []string{d.Handle}, 0)
	}
	h.await(t, q, Changes.Dead(), 1, long)
}

func staleHandles(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "a", "b")
	first := h.await(t, q, Changes, 2, long)
	release(t, q, Changes, handles(first), 0)
	second := h.await(t, q, Changes, 2, long)
	// The older handle may do nothing; it must not err, and not touch the other message.
	stale := first[0]
	release(t, q, Changes, []string{stale.Handle}, long)
	remove(t, q, Changes, []string{stale.Handle, "", "no handle", "9999999/1"})
	release(t, q, Changes, []string{"no handle"}, 0)
	none(t, q, Changes)
	release(t, q, Changes, handles(second), 0)
	for _, d := range h.await(t, q, Changes, 1, long) {
		if d.ID == stale.ID {
			continue // it is still there: also fine, but then the other comes as well
		}
		remove(t, q, Changes, []string{d.Handle})
	}
}

func noCrossTalk(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "change")
	none(t, q, Due)
	none(t, q, Changes.Dead())
	d := h.await(t, q, Changes, 1, long)[0]
	send(t, q, Due, "due")
	// A handle means nothing on another queue.
	remove(t, q, Due, []string{d.Handle})
	release(t, q, Due, []string{d.Handle}, 0)
	none(t, q, Changes)
	if got := h.await(t, q, Due, 1, long)[0]; string(got.Body) != "due" {
		t.Errorf("%s gave %q", Due, got.Body)
	}
	release(t, q, Changes, []string{d.Handle}, 0)
	if got := h.await(t, q, Changes, 1, long)[0]; string(got.Body) != "change" {
		t.Errorf("%s gave %q", Changes, got.Body)
	}
}

// racing lets senders and receivers run at once; receivers delete what they take. Each message comes at least once.
func racing(t *testing.T, h Harness) {
	q := h.Open(t)
	const senders, receivers, each = 4, 4, 30
	var mu sync.Mutex
	seen := map[string]int{}
	left := func() int {
		mu.Lock()
		defer mu.Unlock()
		return senders*each - len(seen)
	}
	var group, sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for i := range each {
				if err := q.Send(context.Background(), Changes, []queue.Message{{Body: fmt.Appendf(nil, "%d-%d", s, i)}}); err != nil {
					t.Errorf("send: %v", err)
				}
			}
		})
	}
	sent := make(chan struct{})
	go func() { sending.Wait(); close(sent) }()
	for range receivers {
		group.Go(func() {
			for polls := 0; left() > 0 && polls < pollsMax; h.wait() { // polls beside the senders do not count
				select {
				case <-sent:
					polls++
				default:
				}
				got, err := q.Receive(context.Background(), Changes, 7, long)
				if err != nil {
					t.Errorf("receive: %v", err)
					return
				}
				mu.Lock()
				for _, d := range got {
					seen[string(d.Body)]++
				}
				mu.Unlock()
				if err := q.Delete(context.Background(), Changes, handles(got)); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
		})
	}
	group.Wait()
	if n := left(); n > 0 {
		t.Errorf("%d of %d messages never came", n, senders*each)
	}
	none(t, q, Changes)
}

func canceled(t *testing.T, h Harness) {
	q := h.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := q.Send(ctx, Changes, []queue.Message{{Body: []byte("x")}}); !fault.Is(err, fault.Transient) {
		t.Errorf("send: got %v, want transient", err)
	}
	if _, err := q.Receive(ctx, Changes, 1, long); !fault.Is(err, fault.Transient) {
		t.Errorf("receive: got %v, want transient", err)
	}
	if err := q.Delete(ctx, Changes, []string{"1/1"}); !fault.Is(err, fault.Transient) {
		t.Errorf("delete: got %v, want transient", err)
	}
	if err := q.Release(ctx, Changes, []string{"1/1"}, 0); !fault.Is(err, fault.Transient) {
		t.Errorf("release: got %v, want transient", err)
	}
	if _, err := q.Depth(ctx, Changes); !fault.Is(err, fault.Transient) {
		t.Errorf("depth: got %v, want transient", err)
	}
}

func reopen(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "deleted", "in flight", "waiting")
	send(t, q, Due, "other queue")
	if err := q.Send(context.Background(), Changes, []queue.Message{{Body: []byte("delayed"), Delay: queue.DelayMax}}); err != nil {
		t.Fatal(err)
	}
	var old []string
	for _, d := range h.await(t, q, Changes, 3, short) {
		if string(d.Body) == "deleted" {
			remove(t, q, Changes, []string{d.Handle})
		}
		old = append(old, d.Handle)
	}
	q = h.Reopen(t, q)
	h.pass(short)
	got := bodies(h.await(t, q, Changes, 2, long))
	if got["in flight"] != 1 || got["waiting"] != 1 {
		t.Errorf("after re-open came %v", got)
	}
	none(t, q, Changes) // the delayed one keeps its delay
	remove(t, q, Changes, old)
	h.pass(queue.DelayMax)
	if h.Advance != nil {
		if d := h.await(t, q, Changes, 1, long)[0]; string(d.Body) != "delayed" {
			t.Errorf("after the delay came %q", d.Body)
		}
	}
	h.await(t, q, Due, 1, long)
	// New messages do not take the place of old ones.
	send(t, q, Changes, "new")
	h.await(t, q, Changes, 1, long)
}

// poison re-opens after each receipt, as a process does that a message kills.
func poison(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "poison")
	for count := 1; count <= Receives; count++ {
		if d := h.await(t, q, Changes, 1, short)[0]; d.Count != count {
			t.Fatalf("delivery %d has count %d", count, d.Count)
		}
		q = h.Reopen(t, q)
		h.pass(short)
	}
	h.awaitDead(t, q, Changes)
	q = h.Reopen(t, q)
	h.pass(long)
	none(t, q, Changes)
	h.await(t, q, Changes.Dead(), 1, long)
}
