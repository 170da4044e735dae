package queuetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

func arrives(t *testing.T, h Harness) {
	q := h.Open(t)
	none(t, q, Changes)
	want := map[string]int{"x": 1, " leading and trailing ": 1, `{"name":"Zoë 日本 😀","control":"\u0000\u001f"}`: 1, "tab\tline\nreturn\r\n": 1,
		"<&>\"'": 1, "\u007f\u0085\ufeff": 1}
	for body := range want {
		send(t, q, Changes, body)
	}
	got := h.await(t, q, Changes, len(want), long)
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, d := range got {
		if d.ID == "" || d.Handle == "" || seen[d.ID] || seen[d.Handle] || d.Count != 1 || d.SentAt.IsZero() || d.FirstAt.Before(d.SentAt) {
			t.Errorf("delivery has id %q, handle %q, count %d, sent %v, first %v", d.ID, d.Handle, d.Count, d.SentAt, d.FirstAt)
		}
		seen[d.ID], seen[d.Handle] = true, true
	}
	send(t, q, Changes) // nothing to send is no error
}

func splits(t *testing.T, h Harness) {
	q := h.Open(t)
	largest := strings.Repeat("x", queue.BodyBytesMax)
	want := map[string]int{largest: 2}
	list := []string{largest, largest}
	for i := range 33 {
		body := fmt.Sprintf("%04d%s", i, strings.Repeat("y", 90<<10))
		want[body] = 1
		list = append(list, body)
	}
	for i := range 60 {
		body := fmt.Sprintf("small %d", i)
		want[body] = 1
		list = append(list, body)
	}
	send(t, q, Changes, list...)
	got := h.await(t, q, Changes, len(list), long)
	if !cmp.Equal(want, bodies(got)) {
		t.Errorf("got %d different bodies in %d deliveries, want %d in %d", len(bodies(got)), len(got), len(want), len(list))
	}
	remove(t, q, Changes, handles(got)) // more handles than a vendor's call takes
	none(t, q, Changes)
}

func limits(t *testing.T, h Harness) {
	q, ctx := h.Open(t), context.Background()
	ok := queue.Message{Body: []byte("ok")}
	for name, bad := range map[string]queue.Message{
		"body too large":    {Body: make([]byte, queue.BodyBytesMax+1)},
		"no body":           {},
		"control character": {Body: []byte("a\x00b")},
		"not UTF-8":         {Body: []byte("a\xff")},
		"delay too long":    {Body: []byte("x"), Delay: queue.DelayMax + time.Second},
		"delay negative":    {Body: []byte("x"), Delay: -time.Second},
	} {
		if err := q.Send(ctx, Changes, []queue.Message{ok, bad}); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %v, want rejected", name, err)
		}
	}
	for _, limit := range []int{0, queue.ReceiveMax + 1} {
		if _, err := q.Receive(ctx, Changes, limit, long); !fault.Is(err, fault.Rejected) {
			t.Errorf("receive %d: got %v, want rejected", limit, err)
		}
	}
	if _, err := q.Receive(ctx, Changes, 1, queue.VisibilityMax+time.Second); !fault.Is(err, fault.Rejected) {
		t.Errorf("visibility too long: got %v, want rejected", err)
	}
	if err := q.Release(ctx, Changes, nil, -time.Second); !fault.Is(err, fault.Rejected) {
		t.Errorf("negative release: got %v, want rejected", err)
	}
	none(t, q, Changes)
}

func visibility(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "one")
	first := h.await(t, q, Changes, 1, short)[0]
	h.pass(short)
	second := h.await(t, q, Changes, 1, long)[0]
	none(t, q, Changes)
	if second.ID != first.ID || second.Handle == first.Handle || second.Count != 2 || string(second.Body) != "one" {
		t.Errorf("second delivery: %q count %d body %q, first was %q", second.ID, second.Count, second.Body, first.ID)
	}
	if !second.SentAt.Equal(first.SentAt) || !second.FirstAt.Equal(first.FirstAt) {
		t.Errorf("sent and first are %v, %v, were %v, %v", second.SentAt, second.FirstAt, first.SentAt, first.FirstAt)
	}
	if h.Advance == nil {
		return
	}
	h.Advance(long - time.Nanosecond)
	none(t, q, Changes)
	h.Advance(time.Nanosecond)
	h.await(t, q, Changes, 1, long)
}

func delays(t *testing.T, h Harness) {
	q := h.Open(t)
	if err := q.Send(context.Background(), Changes, []queue.Message{{Body: []byte("late"), Delay: queue.DelayMax},
		{Body: []byte("soon"), Delay: short}, {Body: []byte("now")}}); err != nil {
		t.Fatal(err)
	}
	if got := h.await(t, q, Changes, 1, long); h.Advance != nil && string(got[0].Body) != "now" {
		t.Errorf("first came %q", got[0].Body)
	}
	h.pass(short)
	if got := h.await(t, q, Changes, 1, long); string(got[0].Body) == "late" {
		t.Errorf("second came %q", got[0].Body)
	}
	none(t, q, Changes)
	if h.Advance == nil {
		return
	}
	h.Advance(queue.DelayMax - short)
	if got := h.await(t, q, Changes, 1, long); string(got[0].Body) != "late" {
		t.Errorf("third came %q", got[0].Body)
	}
}

func deletes(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "a", "b", "c")
	got := h.await(t, q, Changes, 3, long)
	remove(t, q, Changes, handles(got[:2]))
	remove(t, q, Changes, handles(got[:2])) // again
	remove(t, q, Changes, nil)
	release(t, q, Changes, handles(got), 0) // of which two are gone
	left := h.await(t, q, Changes, 1, long)
	if left[0].ID != got[2].ID {
		t.Errorf("%q came again, want %q", left[0].Body, got[2].Body)
	}
	none(t, q, Changes)
}

func releases(t *testing.T, h Harness) {
	q := h.Open(t)
	send(t, q, Changes, "a", "b")
	got := h.await(t, q, Changes, 2, long)
	release(t, q, Changes, handles(got[:1]), 0)
	again := h.await(t, q, Changes, 1, long)
	if again[0].ID != got[0].ID || again[0].Count != 2 {
		t.Errorf("%q came with count %d, want %q with 2", again[0].Body, again[0].Count, got[0].Body)
	}
	release(t, q, Changes, handles(again), long)
	release(t, q, Changes, handles(got[1:]), short)
	none(t, q, Changes)
	h.pass(short)
	if later := h.await(t, q, Changes, 1, long); later[0].ID != got[1].ID {
		t.Errorf("%q came after its delay, want %q", later[0].Body, got[1].Body)
	}
	none(t, q, Changes)
}

func depth(t *testing.T, h Harness) {
	q := h.Open(t)
	h.awaitDepth(t, q, Changes, queue.Depth{})
	send(t, q, Changes, "a", "b", "c")
	if err := q.Send(context.Background(), Changes, []queue.Message{{Body: []byte("d"), Delay: queue.DelayMax}}); err != nil {
		t.Fatal(err)
	}
	h.awaitDepth(t, q, Changes, queue.Depth{Visible: 3, Delayed: 1})
	got := h.await(t, q, Changes, 2, long)
	h.awaitDepth(t, q, Changes, queue.Depth{Visible: 1, InFlight: 2, Delayed: 1})
	remove(t, q, Changes, handles(got[:1]))
	release(t, q, Changes, handles(got[1:]), 0)
	h.awaitDepth(t, q, Changes, queue.Depth{Visible: 2, Delayed: 1})
}

// awaitDepth polls: the count may trail the queue.
func (h Harness) awaitDepth(t *testing.T, q queue.Queue, name queue.Name, want queue.Depth) {
	t.Helper()
	var got queue.Depth
	for range h.polls() {
		var err error
		if got, err = q.Depth(context.Background(), name); err != nil {
			t.Fatalf("depth of %s: %v", name, err)
		}
		if got == want || h.Advance != nil {
			break
		}
	}
	if got != want || got.Total() != want.Total() {
		t.Fatalf("depth of %s is %+v, want %+v", name, got, want)
	}
}
