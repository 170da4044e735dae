package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// failing counts every I/O of a run and fails one of them, or all from one on until the end of the batch.
type failing struct {
	calls  int
	at     int  // the call to fail, from 1; 0 for none
	late   bool // done, but reported as failed
	failed bool
}

// now reports whether this call fails.
func (f *failing) now() bool {
	f.calls++
	if f.calls != f.at {
		return false
	}
	f.failed = true
	return true
}

type failingStore struct {
	*memstore.Store
	f *failing
}

func (s failingStore) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	if s.f.now() {
		return nil, fault.Newf(fault.Transient, "get", "injected")
	}
	return s.Store.Get(ctx, keys)
}

func (s failingStore) Commit(ctx context.Context, writes []store.Write) error {
	if !s.f.now() {
		return s.Store.Commit(ctx, writes)
	}
	if s.f.late {
		if err := s.Store.Commit(ctx, writes); err != nil {
			return err
		}
	}
	return fault.Newf(fault.Transient, "commit", "injected")
}

type failingQueue struct {
	*memqueue.Queue
	f *failing
}

func (q failingQueue) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	if !q.f.now() {
		return q.Queue.Send(ctx, name, messages)
	}
	if q.f.late {
		if err := q.Queue.Send(ctx, name, messages); err != nil {
			return err
		}
	}
	return fault.Newf(fault.Transient, "send", "injected")
}

// edits is a history with a create from either side, an owner's edit, a non-owner's, and a changed key.
func edits(w *world) {
	w.hub.Create("contacts", record.Fields{"email": "ann@x.example", "phone": "1", "note": "n"})
	w.field.Create("clients", record.Fields{"mail": "sam@x.example", "tel": "5", "road": "Oak"})
	w.sync()
	for _, id := range w.hub.IDs("contacts") {
		if fields, _ := w.hub.Record("contacts", id); fields["email"] == "ann@x.example" {
			w.hub.Edit("contacts", id, record.Fields{"email": "ann@new.example", "phone": "2"})
		}
	}
	for _, id := range w.field.IDs("clients") {
		w.field.Edit("clients", id, record.Fields{"road": "Elm", "tel": "9"})
	}
	w.sync()
}

// TestEveryCallFailsInBothWays fails each I/O of a history once, not done and done but reported as failed, and wants the
// same end each time: all agree, nothing twice, nothing of the owner's lost.
func TestEveryCallFailsInBothWays(t *testing.T) {
	count := &failing{}
	build := func(f *failing) *world {
		w := newWorld(t)
		w.shell.Store, w.shell.Queue = failingStore{w.store, f}, failingQueue{w.queue, f}
		for _, p := range w.platforms() {
			p.Fault = func(call string, after bool) error {
				if call != "apply" && call != "fetch" && call != "find" {
					return nil
				}
				if after {
					if f.at == -f.calls { // decided before the work, told after it
						f.at, f.failed = 0, true
						return fault.Newf(fault.InDoubt, call, "injected")
					}
					return nil
				}
				f.calls++
				if f.calls != f.at {
					return nil
				}
				if call == "apply" && f.late {
					f.at = -f.calls
					return nil
				}
				f.failed = true
				return fault.Newf(fault.Transient, call, "injected")
			}
		}
		return w
	}
	baseline := build(count)
	edits(baseline)
	if count.calls < 50 {
		t.Fatalf("the history makes only %d calls", count.calls)
	}
	for at := 1; at <= count.calls; at++ {
		for _, late := range []bool{false, true} {
			f := &failing{at: at, late: late}
			w := build(f)
			edits(w)
			if w.t.Failed() {
				t.Fatalf("call %d, late %v", at, late)
			}
			check(t, w, fmt.Sprintf("call %d of %d, late %v", at, count.calls, late))
			if t.Failed() {
				t.Fatal(w.story())
			}
		}
	}
	t.Logf("%d calls, each failed in both ways", count.calls)
}

func check(t *testing.T, w *world, when string) {
	t.Helper()
	if h, f, b := len(w.hub.IDs("contacts")), len(w.field.IDs("clients")), len(w.book.IDs("customers")); h != 2 || f != 2 || b != 2 {
		t.Errorf("%s: %d contacts, %d clients, %d customers, want 2 each", when, h, f, b)
	}
	for _, id := range w.hub.IDs("contacts") {
		fields, _ := w.hub.Record("contacts", id)
		if fields["street"] != "Elm" || (fields["email"] == "ann@new.example") != (fields["phone"] == "2") {
			t.Errorf("%s: the hub holds %v", when, fields)
		}
	}
	for _, id := range w.book.IDs("customers") {
		fields, _ := w.book.Record("customers", id)
		if fields["road"] != "Elm" || fields["tel"] == "9" || fields["mail"] == "ann@x.example" {
			t.Errorf("%s: the books hold %v", when, fields)
		}
	}
	if s := w.sweep(); s.Notices != 0 {
		t.Errorf("%s: a sweep at rest sends %d notices", when, s.Notices)
	}
}
