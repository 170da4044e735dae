package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
)

// spent is a platform that has nothing left of its limit for first loads and sweeps, and all of it for live edits.
type spent struct{ platform.Connector }

func (s spent) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if platform.PurposeOf(ctx) == budget.Load {
		return nil, fault.Newf(fault.RateLimited, "fetch", "nothing left for loads")
	}
	return s.Connector.Fetch(ctx, object, fields, ids)
}

func (s spent) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if platform.PurposeOf(ctx) == budget.Load {
		return nil, fault.Newf(fault.RateLimited, "apply", "nothing left for loads")
	}
	return s.Connector.Apply(ctx, intents)
}

// TestLiveEditsGoBeforeWhatALoadAsksFor: a sweep's many writes came first, and have spent what they may; an edit of a
// person is written all the same, in the same batch, and the others once they may.
func TestLiveEditsGoBeforeWhatALoadAsksFor(t *testing.T) {
	w, hub, field := one(t)
	due := record.QueueOf(record.QueueDue, "field")
	changed := func() {
		w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	}
	for _, mail := range []string{"bob@x.example", "eve@x.example"} {
		w.hub.Create("contacts", record.Fields{"email": mail})
	}
	w.now = w.now.Add(time.Minute)
	w.poll()
	changed()
	for lost, err := w.queue.Receive(w.ctx, due, 100, time.Minute); len(lost) > 0; lost, err = w.queue.Receive(w.ctx, due, 100, time.Minute) {
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lost {
			_ = w.queue.Delete(w.ctx, due, []string{m.Handle})
		}
	}
	w.sweep() // finds two creates
	w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
	w.told(record.Change{Ref: record.Ref{Place: crmContacts, ID: hub}, Source: record.SourceWebhook, Kind: record.KindChanged, OccurredAt: w.now, SeenAt: w.now})
	changed()
	plain := w.shell.Connectors
	w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
		connector, err := plain(c)
		return spent{connector}, err
	}
	w.handle(due, (&pipeline.Writer{Shell: w.shell}).Handle)
	w.want(w.field, "clients", field, "tel", "2")
	if n := len(w.field.IDs("clients")); n != 1 {
		t.Errorf("%d clients while nothing is left for loads, want 1", n)
	}
	w.shell.Connectors = plain
	w.drain()
	if n := len(w.field.IDs("clients")); n != 3 {
		t.Errorf("%d clients in the end, want 3\n%s", n, w.story())
	}
}
