package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// one makes a world with one contact on all platforms, at rest.
func one(t *testing.T) (w *world, hub, field record.ExternalID) {
	w = newWorld(t)
	hub = w.hub.Create("contacts", record.Fields{"email": "ann@x.example", "phone": "1", "note": "n"})
	w.sync()
	return w, hub, w.field.IDs("clients")[0]
}

func TestAnEditThatTheWriterMeetsIsNotOverwritten(t *testing.T) {
	w, hub, field := one(t)
	w.hub.Edit("contacts", hub, record.Fields{"note": "from the hub"})
	w.poll()
	w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	w.now = w.now.Add(time.Minute)
	w.field.Edit("clients", field, record.Fields{"memo": "later, on the spoke"}) // nobody tells us
	w.drain()
	w.want(w.field, "clients", field, "memo", "later, on the spoke")
	w.want(w.hub, "contacts", hub, "note", "later, on the spoke")
}

func TestAnEditBetweenReadAndWriteIsSeenInTheAnswer(t *testing.T) {
	w, hub, field := one(t)
	w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
	w.poll()
	w.field.Fault = func(call string, after bool) error {
		if call == "apply" && !after {
			w.field.Fault = nil
			w.field.Edit("clients", field, record.Fields{"road": "moved meanwhile"})
		}
		return nil
	}
	w.drain()
	w.want(w.field, "clients", field, "tel", "2")
	w.want(w.hub, "contacts", hub, "street", "moved meanwhile") // without a poll or a webhook
}

// interleaved runs something else just before a commit that touches a link.
type interleaved struct {
	*memstore.Store
	before  func()
	refused int // commits that found a row moved
}

func (s *interleaved) Commit(ctx context.Context, writes []store.Write) error {
	for _, w := range writes {
		if run := s.before; run != nil && strings.HasPrefix(w.Sort, "link#") {
			s.before = nil
			run()
			break
		}
	}
	err := s.Store.Commit(ctx, writes)
	if fault.Is(err, fault.Stale) {
		s.refused++
	}
	return err
}

func TestAReadBegunBeforeACommitCannotUndoIt(t *testing.T) {
	w, hub, field := one(t)
	slow := &interleaved{Store: w.store}
	resolver := func(s store.Store) func(context.Context, []queue.Delivery) []string {
		shell := w.shell
		shell.Store = s
		return (&pipeline.Resolver{Shell: shell}).Handle
	}
	w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
	w.poll()
	changes := record.QueueOf(record.QueueChanges, "crm")
	slow.before = func() {
		// The first resolver has read phone 2. Before it commits, phone 3 is set, seen and committed by another.
		w.now = w.now.Add(time.Second)
		w.hub.Edit("contacts", hub, record.Fields{"phone": "3"})
		w.poll()
		w.handle(changes, resolver(w.store))
	}
	w.handle(changes, resolver(slow))
	w.drain()
	w.want(w.field, "clients", field, "tel", "3")
	for _, e := range w.events {
		for _, c := range e.Changes {
			if c.Field == "phone" && c.Old == "3" {
				t.Errorf("a late commit went back from 3 to %q\n%s", c.New, w.story())
			}
		}
	}
}

// TestAnEditIsNotJudgedByAnEntityThatHasMoved: a refused edit changes its link alone, and yet it was refused by what the
// entity held when it was loaded.
func TestAnEditIsNotJudgedByAnEntityThatHasMoved(t *testing.T) {
	w, hub, _ := one(t)
	payer := w.book.IDs("customers")[0]
	slow := &interleaved{Store: w.store}
	shell := w.shell
	shell.Store = slow
	w.book.Edit("customers", payer, record.Fields{"tel": "9"}) // the hub's to set
	w.poll()
	slow.before = func() {
		w.now = w.now.Add(time.Second)
		w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
		w.poll()
		w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	}
	w.handle(record.QueueOf(record.QueueChanges, "book"), (&pipeline.Resolver{Shell: shell}).Handle)
	if slow.refused == 0 {
		t.Errorf("the edit was judged by values that were gone:\n%s", w.story())
	}
	w.drain()
	w.want(w.book, "customers", payer, "tel", "2")
}

// dated notes by when each batch of writes must end.
type dated struct {
	platform.Connector
	left []time.Duration
}

func (d *dated) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	end, ok := ctx.Deadline()
	if !ok {
		return nil, errors.New("nothing ends this call")
	}
	d.left = append(d.left, time.Until(end))
	return d.Connector.Apply(ctx, intents)
}

func TestABatchOfWritesEndsWithinItsLease(t *testing.T) {
	w, hub, field := one(t)
	d := &dated{Connector: w.field}
	w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
		if c == w.field.Connection {
			return d, nil
		}
		return w.connector(c)
	}
	w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
	w.poll()
	w.drain()
	w.want(w.field, "clients", field, "tel", "2")
	for _, left := range d.left {
		if left > 80*time.Second {
			t.Errorf("a batch may take %s, and its lease ends after 90 s", left)
		}
	}
	if len(d.left) == 0 {
		t.Error("nothing was written")
	}
}
