// Package queuetest is the conformance suite of queue.Queue: what every implementation must do, run against each of
// them. A rule found in one implementation moves here. It asserts no order and no exactly-once: the contract promises
// neither. It never skips by an implementation's name: what one cannot do is a nil field of its Harness.
package queuetest

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
)

// The queues of the suite. A harness whose queues must be made beforehand makes these and their Dead ones.
const (
	Changes queue.Name = "changes-test"
	Due     queue.Name = "due-test"
)

// Receives is the receive limit that every harness configures.
const Receives = 3

const (
	// long hides a message for longer than any test takes, short for as little as SQS can: it counts whole seconds.
	long  = time.Hour
	short = time.Second
	// pollsMax bounds the polls of a queue, pause apart under a real clock. They are counted, not timed: a busy machine polls as
	// often as an idle one, and a test that passes does not wait for the last.
	pollsMax = 1500
	pause    = 20 * time.Millisecond
)

// Harness is what an implementation brings to the suite.
type Harness struct {
	// Open gives empty queues that no other test sees. It registers its own cleanup.
	Open func(t *testing.T) queue.Queue
	// Advance moves the clock of the queues. Nil where the clock is real: then the suite polls.
	Advance func(d time.Duration)
	// Reopen closes the queues and gives them again with all that they kept; what was in flight is visible then, or
	// at its visibility timeout. Nil where nothing outlives the queues.
	Reopen func(t *testing.T, q queue.Queue) queue.Queue
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"what is sent arrives untouched", arrives},
		{"a send over a vendor's limits is split", splits},
		{"a call over a limit is refused whole", limits},
		{"a received message is hidden and comes again", visibility},
		{"a delayed message comes later", delays},
		{"a deleted message is gone", deletes},
		{"a released message comes again, with a delay or at once", releases},
		{"a message received too often is a dead letter", deadLetters},
		{"a dead letter stays however often it is received", deadStays},
		{"stale and senseless handles do no harm", staleHandles},
		{"queues do not see each other", noCrossTalk},
		{"depth counts what waits, flies and is delayed", depth},
		{"racing senders and receivers lose nothing", racing},
		{"a canceled context is transient", canceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, h) })
	}
	if h.Reopen != nil {
		t.Run("everything outlives the queues", func(t *testing.T) { reopen(t, h) })
		t.Run("a message that kills its receiver each time ends as a dead letter", func(t *testing.T) { poison(t, h) })
	}
}

func send(t *testing.T, q queue.Queue, name queue.Name, bodies ...string) {
	t.Helper()
	messages := make([]queue.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = queue.Message{Body: []byte(body)}
	}
	if err := q.Send(context.Background(), name, messages); err != nil {
		t.Fatalf("send %d to %s: %v", len(bodies), name, err)
	}
}

func receive(t *testing.T, q queue.Queue, name queue.Name, limit int, visibility time.Duration) []queue.Delivery {
	t.Helper()
	deliveries, err := q.Receive(context.Background(), name, limit, visibility)
	if err != nil {
		t.Fatalf("receive from %s: %v", name, err)
	}
	if len(deliveries) > limit {
		t.Fatalf("receive from %s: %d deliveries, at most %d", name, len(deliveries), limit)
	}
	return deliveries
}

// none checks that a queue gives nothing now.
func none(t *testing.T, q queue.Queue, name queue.Name) {
	t.Helper()
	if got := receive(t, q, name, 10, long); len(got) != 0 {
		t.Fatalf("%s gave %d messages, want none", name, len(got))
	}
}

// await receives until n messages came, at most one delivery of each, or pollsMax is over. One receive may give fewer
// than there are, and under a real clock they may become visible only soon.
func (h Harness) await(t *testing.T, q queue.Queue, name queue.Name, n int, visibility time.Duration) []queue.Delivery {
	t.Helper()
	byID := map[string]queue.Delivery{}
	var out []queue.Delivery
	for range h.polls() {
		for _, d := range receive(t, q, name, n, visibility) {
			if _, twice := byID[d.ID]; !twice {
				byID[d.ID] = d
				out = append(out, d)
			}
		}
		if len(out) >= n {
			return out
		}
	}
	t.Fatalf("%s gave %d messages, want %d", name, len(out), n)
	return nil
}

// polls yields pollsMax times, with a pause between two.
func (h Harness) polls() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range pollsMax {
			if !yield(i) {
				return
			}
			h.wait()
		}
	}
}

// wait lets a real clock run for a moment between two polls.
func (h Harness) wait() {
	if h.Advance == nil {
		<-time.After(pause)
	}
}

// pass moves an injected clock; a real one passes while await polls.
func (h Harness) pass(d time.Duration) {
	if h.Advance != nil {
		h.Advance(d)
	}
}

func handles(deliveries []queue.Delivery) []string {
	out := make([]string, len(deliveries))
	for i, d := range deliveries {
		out[i] = d.Handle
	}
	return out
}

func remove(t *testing.T, q queue.Queue, name queue.Name, handles []string) {
	t.Helper()
	if err := q.Delete(context.Background(), name, handles); err != nil {
		t.Fatalf("delete %d of %s: %v", len(handles), name, err)
	}
}

func release(t *testing.T, q queue.Queue, name queue.Name, handles []string, delay time.Duration) {
	t.Helper()
	if err := q.Release(context.Background(), name, handles, delay); err != nil {
		t.Fatalf("release %d of %s: %v", len(handles), name, err)
	}
}

func bodies(deliveries []queue.Delivery) map[string]int {
	out := map[string]int{}
	for _, d := range deliveries {
		out[string(d.Body)]++
	}
	return out
}
