package pipeline_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// whole gives a change in which every field holds something, so that one that is lost on the way shows, also one that is
// added to the type tomorrow.
func whole(t *testing.T, ref record.Ref, lane record.Lane) record.Change {
	t.Helper()
	at := time.Date(2026, 2, 28, 9, 0, 0, 0, time.UTC)
	c := record.Change{ID: "c1", Ref: ref, Source: record.SourceBackfill, Kind: record.KindDeleted, Into: "other", OccurredAt: at, SeenAt: at.Add(time.Hour), Lane: lane,
		Snapshot: &record.Snapshot{Ref: ref, Lagging: true}, Deferrals: 2, Outages: 3, PutOffSince: at.Add(2 * time.Hour), Hops: 4, MissingSince: at.Add(3 * time.Hour)}
	if lane == record.LaneLive {
		c.Lane = "x" // filled in below: live is the zero value
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("the test gives Change.%s no value", v.Type().Field(i).Name)
		}
	}
	c.Lane = lane
	return c
}

// TestAChangeSentAgainLosesNothing: a change whose read is limited comes back with all that it carried, on its lane and with
// the mark of its page, be it by a message or from the state.
func TestAChangeSentAgainLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		wait time.Duration
		lane record.Lane
	}{
		"by a message, live":         {time.Minute, record.LaneLive},
		"by a message, a load's":     {time.Minute, record.LaneBackfill},
		"from the state, live":       {time.Hour, record.LaneLive},
		"from the state, a load's":   {time.Hour, record.LaneBackfill},
		"as long as a message waits": {queue.DelayMax - time.Second, record.LaneBackfill},
	} {
		t.Run(name, func(t *testing.T) {
			w, hub, _ := one(t)
			ref := record.Ref{Place: crmContacts, ID: hub}
			plain := w.shell.Connectors
			w.shell.Connectors = func(conn record.Connection) (platform.Connector, error) {
				connector, err := plain(conn)
				return busy{connector, c.wait}, err
			}
			sent, mark := whole(t, ref, c.lane), record.Mark{Run: "r", Page: 7}
			w.put(pipeline.LaneOf(sent), record.Page{Marks: []record.Mark{mark}, Changes: []record.Change{sent}})
			w.handle(pipeline.LaneOf(sent), (&pipeline.Resolver{Shell: w.shell}).Handle)
			w.now = w.now.Add(c.wait)
			w.sweep()
			got, ok := w.next(pipeline.LaneOf(sent))
			if !ok {
				t.Fatal("it does not come back on its lane")
			}
			want := record.Page{Marks: []record.Mark{mark.Of(hub)}, Changes: []record.Change{sent}}
			want.Changes[0].Snapshot = nil
			want.Changes[0].Outages++
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(record.Change{}, "Hops")); diff != "" {
				t.Errorf("want, got:\n%s", diff)
			}
			if hops := got.Changes[0].Hops; (hops == sent.Hops+1) != (c.wait < queue.DelayMax) {
				t.Errorf("it has come %d hops", hops)
			}
			marks, err := controltable.OpenMarks(w.ctx, w.store, "r", 10)
			if err != nil || len(marks) != 1 || marks[0].Mark != mark.Of(hub) {
				t.Errorf("marks %v (%v), want that of the record alone", marks, err)
			}
		})
	}
}

// TestChangesJoinedLoseNothing: one read answers for a listed record and for a webhook of it. Put off, it is still of the
// page, still a listed one, and as urgent as the webhook.
func TestChangesJoinedLoseNothing(t *testing.T) {
	for _, listedFirst := range []bool{false, true} {
		w, hub, _ := one(t)
		ref := record.Ref{Place: crmContacts, ID: hub}
		plain := w.shell.Connectors
		w.shell.Connectors = func(conn record.Connection) (platform.Connector, error) {
			connector, err := plain(conn)
			return busy{connector, time.Minute}, err
		}
		at := w.now.Add(time.Minute)
		pages := []record.Page{
			{Marks: []record.Mark{{Run: "r", Page: 1}}, Changes: []record.Change{{ID: "listed", Ref: ref, Source: record.SourceBackfill, Kind: record.KindChanged, SeenAt: at, OccurredAt: at, Lane: record.LaneBackfill}}},
			{Changes: []record.Change{{ID: "told", Ref: ref, Source: record.SourceWebhook, Kind: record.KindChanged, SeenAt: at.Add(-time.Hour), OccurredAt: at.Add(time.Second), Hops: 3}}},
		}
		if !listedFirst {
			pages[0], pages[1] = pages[1], pages[0]
		}
		// Both lanes have one handler; a batch holds messages of one, but a record put off may be on either.
		w.put(record.QueueOf(record.QueueChanges, "crm"), pages...)
		w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
		w.now = w.now.Add(time.Minute)
		got, ok := w.next(record.QueueOf(record.QueueChanges, "crm"))
		if !ok {
			t.Fatal("it does not come back on the live lane")
		}
		c := got.Changes[0]
		if len(got.Marks) != 1 || got.Marks[0].Record != hub || c.Source != record.SourceBackfill || !c.SeenAt.Equal(at.Add(-time.Hour)) || !c.OccurredAt.Equal(at.Add(time.Second)) || c.Hops != 4 {
			t.Errorf("listed first %v: got %+v", listedFirst, got)
		}
	}
}

// TestWhatALoadLeadsToComesAfterLiveChanges: the lane of a change is that of the notices, hints and waits that it leads to.
func TestWhatALoadLeadsToComesAfterLiveChanges(t *testing.T) {
	for _, source := range []record.Source{record.SourceBackfill, record.SourceSweep} {
		w, hub, _ := one(t)
		w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
		w.now = w.now.Add(time.Minute)
		c := record.Change{ID: "c", Ref: record.Ref{Place: crmContacts, ID: hub}, Source: source, Kind: record.KindChanged, SeenAt: w.now, Lane: record.LaneBackfill}
		w.put(pipeline.LaneOf(c), record.Page{Changes: []record.Change{c}})
		w.handle(pipeline.LaneOf(c), (&pipeline.Resolver{Shell: w.shell}).Handle)
		due := w.take(record.QueueOf(record.QueueDue, "field"))
		var n record.DueNotice
		if len(due) != 1 || json.Unmarshal(due[0], &n) != nil || n.Lane != record.LaneBackfill || n.ChangeID != "c" || !n.SeenAt.Equal(w.now) || n.Hops != 1 {
			t.Errorf("%s: got %s", source, due)
		}
	}
}

// TestARecordListedAndPutOffIsReadWithinTheLoadsShare: the read of a change goes by its lane, however often it was put off.
func TestARecordListedAndPutOffIsReadWithinTheLoadsShare(t *testing.T) {
	w, hub, _ := one(t)
	plain := w.shell.Connectors
	w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
		connector, err := plain(c)
		return spent{connector}, err
	}
	ref := record.Ref{Place: crmContacts, ID: hub}
	for _, lane := range []record.Lane{record.LaneLive, record.LaneBackfill} {
		w.events = nil
		c := record.Change{Ref: ref, Source: record.SourceSweep, Kind: record.KindChanged, SeenAt: w.now, Lane: lane}
		w.put(pipeline.LaneOf(c), record.Page{Changes: []record.Change{c}})
		w.handle(pipeline.LaneOf(c), (&pipeline.Resolver{Shell: w.shell}).Handle)
		limited := false
		for _, e := range w.events {
			limited = limited || fault.Is(e.Err, fault.RateLimited)
		}
		if limited != (lane == record.LaneBackfill) {
			t.Errorf("lane %q: limited %v\n%s", lane, limited, w.story())
		}
	}
}

// TestAPausedConnectionIsNotAskedWhoseRecordsAre: a hint at a record that no mapping names waits like any other.
func TestAPausedConnectionIsNotAskedWhoseRecordsAre(t *testing.T) {
	w, _, _ := one(t)
	if err := controltable.SetPause(w.ctx, w.store, "crm", controltable.Pause{Reason: controltable.PausedByOperator, Since: w.now}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	plain := w.shell.Connectors
	w.shell.Connectors = func(c record.Connection) (platform.Connector, error) {
		connector, err := plain(c)
		return owning{connector, &asked}, err
	}
	w.told(record.Change{Ref: record.Ref{Place: record.Place{Connection: "crm", Object: "addresses"}, ID: "a1"}, Kind: record.KindChanged, SeenAt: w.now})
	w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	if asked > 0 {
		t.Errorf("it is asked %d times while it is paused", asked)
	}
	if err := controltable.Resume(w.ctx, w.store, "crm"); err != nil {
		t.Fatal(err)
	}
	w.sweep()
	w.handle(record.QueueOf(record.QueueChanges, "crm"), (&pipeline.Resolver{Shell: w.shell}).Handle)
	if asked != 1 {
		t.Errorf("it is asked %d times once it goes on, want once\n%s", asked, w.story())
	}
}

// owning is a platform whose addresses belong to contacts.
type owning struct {
	platform.Connector
	asked *int
}

func (o owning) OwnerOf(record.Object) (record.Object, bool) { return "contacts", true }

func (o owning) ResolveHints(_ context.Context, _ record.Object, ids []record.ExternalID) ([]record.ExternalID, error) {
	*o.asked++
	return make([]record.ExternalID, len(ids)), nil
}

// put queues pages.
func (w *world) put(name queue.Name, pages ...record.Page) {
	w.t.Helper()
	for _, page := range pages {
		body, err := json.Marshal(page)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.queue.Send(w.ctx, name, []queue.Message{{Body: body}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// take takes whatever is visible on a queue.
func (w *world) take(name queue.Name) (bodies [][]byte) {
	w.t.Helper()
	w.handle(name, func(_ context.Context, messages []queue.Delivery) []string {
		for _, m := range messages {
			bodies = append(bodies, m.Body)
		}
		return nil
	})
	return bodies
}

// next takes the one page that is visible on a queue.
func (w *world) next(name queue.Name) (page record.Page, ok bool) {
	w.t.Helper()
	bodies := w.take(name)
	if len(bodies) != 1 {
		return page, false
	}
	if err := json.Unmarshal(bodies[0], &page); err != nil {
		w.t.Fatal(err)
	}
	return page, true
}
