package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// busy is a platform that says when to ask again, and then says it again.
type busy struct {
	platform.Connector
	after time.Duration
}

func (b busy) Fetch(context.Context, record.Object, []record.PlatformField, []record.ExternalID) ([]platform.Read, error) {
	return nil, &fault.Error{Kind: fault.RateLimited, Op: "fetch", After: b.after}
}

// TestALimitThatOthersUseUpEndsNoChange: a change that comes back when its platform says finds the limit used up each time. It
// comes back at longer waits then, and not as a dead letter after an hour.
func TestALimitThatOthersUseUpEndsNoChange(t *testing.T) {
	const says = 10 * time.Second
	for outages, wait := range map[int]time.Duration{3: says, 40: 15 * time.Minute} {
		w, hub, _ := one(t)
		plain := w.shell.Connectors
		w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
			connector, err := plain(c)
			return busy{connector, says}, err
		}
		w.told(record.Change{Ref: record.Ref{Place: crmContacts, ID: hub}, Kind: record.KindChanged, OccurredAt: w.now.Add(time.Minute), SeenAt: w.now, Outages: outages})
		again := func() bool {
			return w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
		}
		again()
		w.now = w.now.Add(wait - time.Second)
		if w.sweep(); again() {
			t.Errorf("put off %d times, it comes back before %s", outages, wait)
		}
		w.now = w.now.Add(2 * time.Second)
		if w.sweep(); !again() {
			t.Errorf("put off %d times, it does not come back after %s", outages, wait)
		}
	}
}

// TestAnOutageSpendsNoPatience: a read that lacks a field is asked for again however often the platform did not answer before.
func TestAnOutageSpendsNoPatience(t *testing.T) {
	w, _, _ := one(t)
	ref := record.Ref{Place: crmContacts, ID: w.hub.Create("contacts", record.Fields{"email": "bob@x.example"})}
	w.hub.Omit = func() bool { return true }
	w.told(record.Change{Ref: ref, Kind: record.KindChanged, OccurredAt: w.now, SeenAt: w.now, Outages: 100})
	w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	if id, err := pipeline.EntityOf(w.ctx, w.store, "customer", ref); err != nil || id != "" {
		t.Errorf("a record whose read shows no email founds %s (%v)", id, err)
	}
}
