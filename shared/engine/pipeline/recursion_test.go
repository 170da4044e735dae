package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// guardMax is after how many invocations of one chain Lambda ends it, by default: "approximately 16"
// (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html, read 2026-12-01).
const guardMax = 16

// guarded is queues behind Lambda's guard against recursion: whatever a handler sends is one invocation further than the
// message that it handles, and what has come too far is dropped without a word.
type guarded struct {
	*memqueue.Queue
	hops    map[string]int // of messages, by their bodies; of equal ones the longest chain
	at      int            // of the message that is handled
	longest int
	dropped int
}

func (g *guarded) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	for _, m := range messages {
		body := string(name) + string(m.Body)
		g.hops[body] = max(g.hops[body], g.at+1)
	}
	return g.Queue.Send(ctx, name, messages)
}

// guardedBy has the world's handlers take their messages one by one, past Lambda's guard.
func (w *world) guardedBy(g *guarded, name queue.Name, f func(context.Context, []queue.Delivery) []string) func(context.Context, []queue.Delivery) []string {
	return func(ctx context.Context, messages []queue.Delivery) (failed []string) {
		for _, m := range messages {
			g.at = g.hops[string(name)+string(m.Body)]
			g.longest = max(g.longest, g.at)
			if g.at > guardMax {
				g.dropped++
				continue
			}
			failed = append(failed, f(ctx, []queue.Delivery{m})...)
		}
		g.at = 0
		return failed
	}
}

// lives lets time pass in steps: a poll every quarter of an hour, a sweep too, and every message in its minute.
func (w *world) lives(g *guarded, d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(time.Minute) {
		if w.now.Minute()%15 == 0 {
			w.poll()
			w.sweep()
		}
		for range 20 {
			if !w.stepPast(g) {
				break
			}
		}
	}
}

// stepPast hands what is visible on each queue to its handler, past the guard, and reports whether there was any.
func (w *world) stepPast(g *guarded) (moved bool) {
	w.t.Helper()
	for _, c := range []record.Connection{"crm", "field", "book"} {
		for _, kind := range []record.QueueKind{record.QueueBackfill, record.QueueChanges} {
			name := record.QueueOf(kind, c)
			moved = w.handle(name, w.guardedBy(g, name, (&pipeline.Resolver{Shell: w.shell}).Handle)) || moved
		}
		name := record.QueueOf(record.QueueDue, c)
		moved = w.handle(name, w.guardedBy(g, name, (&pipeline.Writer{Shell: w.shell}).Handle)) || moved
	}
	return moved
}

// troubled is a platform that does not take reads, nor lists, nor writes, for some time.
type troubled struct {
	platform.Connector
	err func() error
}

func (x troubled) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if err := x.err(); err != nil {
		return nil, err
	}
	return x.Connector.Fetch(ctx, object, fields, ids)
}

func (x troubled) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if err := x.err(); err != nil {
		return nil, err
	}
	return x.Connector.Apply(ctx, intents)
}

func (x troubled) Changes(context.Context, platform.Query) (platform.Page, error) {
	return platform.Page{}, fault.Newf(fault.Transient, "changes", "what a webhook told is found by no poll here")
}

// TestLongWaitsPassLambdasGuard: a change that a webhook told, and no poll will tell again, waits for its platform, one way or
// another, and comes through; so does a write that waits. No chain of messages is longer than the pipeline's own bound, and
// what waits is kept as one row for each record, however many webhooks told of it.
func TestLongWaitsPassLambdasGuard(t *testing.T) {
	for _, c := range []struct {
		name  string
		waits record.Connection // what is in trouble
		lasts time.Duration
		err   func(w *world, until time.Time) error
	}{
		{"a pause of four hours of where it was edited", "crm", 4 * time.Hour, nil},
		{"a pause of four hours of where it goes", "field", 4 * time.Hour, nil},
		{"a pause of a month", "crm", 30 * 24 * time.Hour, nil},
		{"an outage of two weeks of where it was edited", "crm", 14 * 24 * time.Hour, down},
		{"an outage of two weeks of where it goes", "field", 14 * 24 * time.Hour, down},
		{"a rate limit of an hour of where it was edited", "crm", time.Hour, limitedFor},
		{"a rate limit of an hour of where it goes", "field", time.Hour, limitedFor},
		{"a rate limit of an hour that is told by the minute", "crm", time.Hour, limitedByTheMinute},
		{"authorisation that ended for four hours", "crm", 4 * time.Hour, forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, hub, field := one(t)
			g := &guarded{Queue: w.queue, hops: map[string]int{}}
			w.shell.Queue = g
			until := w.now.Add(c.lasts)
			plain := w.shell.Connectors
			w.shell.Connectors = func(conn record.Connection) (platform.Connector, error) {
				connector, err := plain(conn)
				return troubled{connector, func() error {
					if conn == c.waits && c.err != nil && w.now.Before(until) {
						return c.err(w, until)
					}
					return nil
				}}, err
			}
			if c.err == nil {
				if err := controltable.SetPause(w.ctx, w.store, c.waits, controltable.Pause{Reason: controltable.PausedByOperator, Since: w.now}); err != nil {
					t.Fatal(err)
				}
			}
			w.now = w.now.Add(time.Minute)
			for n := range 5 {
				w.hub.Edit("contacts", hub, record.Fields{"phone": fmt.Sprint(n)})
				w.told(record.Change{ID: fmt.Sprint("c", n), Ref: record.Ref{Place: crmContacts, ID: hub}, Source: record.SourceWebhook, Kind: record.KindChanged, OccurredAt: w.now, SeenAt: w.now})
				w.lives(g, 10*time.Minute)
			}
			w.lives(g, until.Sub(w.now)-time.Minute)
			if rows, _, err := controltable.KeptOf(w.ctx, w.store, "crm", "", 100); err != nil || len(rows) > 1 {
				t.Errorf("%d changes of one record are kept (%v)", len(rows), err)
			}
			w.now = w.now.Add(2 * time.Minute)
			if err := controltable.Resume(w.ctx, w.store, c.waits); err != nil { // a person's doing, or that of a poll that is answered
				t.Fatal(err)
			}
			w.lives(g, 45*time.Minute)
			w.want(w.field, "clients", field, "tel", "4")
			if g.dropped > 0 || g.longest > 13 {
				t.Errorf("the longest chain has %d messages, and %d were dropped", g.longest, g.dropped)
			}
			if rows, _, err := controltable.KeptOf(w.ctx, w.store, "crm", "", 100); err != nil || len(rows) > 0 {
				t.Errorf("in the end %v are kept (%v)", rows, err)
			}
			if dead := slices.ContainsFunc(w.events, func(e pipeline.Event) bool {
				return e.Kind == pipeline.EventFailed || e.Kind == pipeline.EventDeadLetter
			}); dead {
				t.Error("a message failed")
			}
		})
	}
}

func down(*world, time.Time) error { return fault.Newf(fault.Transient, "call", "no answer") }

func limitedFor(w *world, until time.Time) error {
	return &fault.Error{Kind: fault.RateLimited, Op: "call", After: until.Sub(w.now)}
}

func limitedByTheMinute(*world, time.Time) error {
	return &fault.Error{Kind: fault.RateLimited, Op: "call", After: time.Minute}
}

func forbidden(*world, time.Time) error { return fault.Newf(fault.Unauthorized, "call", "over") }

// TestAChangeIsSetAsideAfterTwoWeeks: what waits in the state ends too, so that people are told.
func TestAChangeIsSetAsideAfterTwoWeeks(t *testing.T) {
	w, hub, _ := one(t)
	g := &guarded{Queue: w.queue, hops: map[string]int{}}
	w.shell.Queue = g
	plain := w.shell.Connectors
	w.shell.Connectors = func(conn record.Connection) (platform.Connector, error) {
		connector, err := plain(conn)
		return troubled{connector, func() error { return down(w, time.Time{}) }}, err
	}
	failed := func() bool {
		return slices.ContainsFunc(w.events, func(e pipeline.Event) bool { return e.Kind == pipeline.EventFailed })
	}
	w.told(record.Change{Ref: record.Ref{Place: crmContacts, ID: hub}, Source: record.SourceWebhook, Kind: record.KindChanged, SeenAt: w.now})
	w.lives(g, 14*24*time.Hour)
	if failed() {
		t.Fatal("it is set aside before two weeks are over")
	}
	w.lives(g, 2*time.Hour)
	if !failed() {
		t.Error("it is not set aside after two weeks")
	}
}

// flapping is a platform whose record shows something else at each read, as a replica and its master do that disagree.
type flapping struct {
	platform.Connector
	reads *int
}

func (f flapping) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	reads, err := f.Connector.Fetch(ctx, object, fields, ids)
	for i := range reads {
		if reads[i].Snapshot != nil {
			*f.reads++
			reads[i].Snapshot.Fields["tel"] = fmt.Sprint("flap", *f.reads)
		}
	}
	return reads, err
}

// TestHandlersThatGiveEachOtherWorkRest: the writer meets an edit that it must not overwrite and hints, the resolver refuses
// the edit and makes the field due, the writer meets the next. That ends by itself, and goes on with the next sweep.
func TestHandlersThatGiveEachOtherWorkRest(t *testing.T) {
	w, hub, _ := one(t)
	g := &guarded{Queue: w.queue, hops: map[string]int{}}
	w.shell.Queue = g
	reads := 0
	plain := w.shell.Connectors
	w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
		connector, err := plain(c)
		if c == "field" {
			connector = flapping{connector, &reads}
		}
		return connector, err
	}
	w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
	w.told(record.Change{Ref: record.Ref{Place: crmContacts, ID: hub}, Source: record.SourceWebhook, Kind: record.KindChanged, OccurredAt: w.now, SeenAt: w.now})
	for begin := w.now.Add(time.Minute); w.now.Before(begin.Add(14 * time.Minute)); w.now = w.now.Add(time.Minute) {
		for range 100 {
			w.stepPast(g)
		}
	}
	if before := reads; before < 4 || before > 2*13 || w.stepPast(g) {
		t.Errorf("one edit led to %d reads, want a few, and then rest", before)
	}
	if g.longest > 13 || g.dropped > 0 {
		t.Errorf("the longest chain has %d messages, and %d were dropped", g.longest, g.dropped)
	}
}
