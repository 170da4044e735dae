package pipeline_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// told sends changes to the hub's queue, each in a message of its own, so that one batch holds them all.
func (w *world) told(changes ...record.Change) {
	w.t.Helper()
	for _, c := range changes {
		body, err := json.Marshal(record.Page{Changes: []record.Change{c}})
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.queue.Send(w.ctx, record.QueueOf(record.QueueChanges, "crm"), []queue.Message{{Body: body}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// read gives the hub's contact as a poll would read it now.
func (w *world) read(id record.ExternalID) *record.Snapshot {
	w.t.Helper()
	reads, err := w.hub.Fetch(w.ctx, "contacts", w.rules.FieldsAt(crmContacts), []record.ExternalID{id})
	if err != nil {
		w.t.Fatal(err)
	}
	return reads[0].Snapshot
}

// TestAHintThatIsKnownHidesNoNewerOneOfItsBatch: the first of two hints is an echo by its stamp, the second is not.
func TestAHintThatIsKnownHidesNoNewerOneOfItsBatch(t *testing.T) {
	for _, second := range []record.Kind{record.KindChanged, record.KindDeleted} {
		w, hub, field := one(t)
		ability := w.shell.Ability
		w.shell.Ability = func(p record.Place) pipeline.Ability {
			a := ability(p)
			a.StampCovers = true
			return a
		}
		known := w.now.Add(-time.Hour)
		w.now = w.now.Add(time.Minute)
		w.hub.Edit("contacts", hub, record.Fields{"phone": "2"})
		ref := record.Ref{Place: crmContacts, ID: hub}
		w.told(record.Change{Ref: ref, Kind: record.KindChanged, OccurredAt: known}, record.Change{Ref: ref, Kind: second, OccurredAt: w.now})
		w.drain()
		w.want(w.field, "clients", field, "tel", "2")
	}
}

// TestOfTwoSnapshotsOfABatchTheNewerCounts in whichever order they come, for a poll's position has passed both.
func TestOfTwoSnapshotsOfABatchTheNewerCounts(t *testing.T) {
	for _, newerFirst := range []bool{false, true} {
		w, hub, field := one(t)
		var changes []record.Change
		for _, phone := range []string{"2", "3"} {
			w.now = w.now.Add(time.Minute)
			w.hub.Edit("contacts", hub, record.Fields{"phone": phone})
			s := w.read(hub)
			changes = append(changes, record.Change{Ref: s.Ref, Source: record.SourcePoll, Kind: record.KindChanged, OccurredAt: s.ModifiedAt, Snapshot: s})
		}
		if newerFirst {
			changes[0], changes[1] = changes[1], changes[0]
		}
		w.told(changes...)
		w.drain()
		w.want(w.field, "clients", field, "tel", "3")
	}
}

// TestASnapshotOfAPlaceThatLeftItsGroupIsTold: it was queued under rules that named the place.
func TestASnapshotOfAPlaceThatLeftItsGroupIsTold(t *testing.T) {
	w, hub, _ := one(t)
	s := w.read(hub)
	s.Place.Object = "leads"
	w.events = nil
	w.told(record.Change{Ref: s.Ref, Source: record.SourcePoll, Kind: record.KindChanged, Snapshot: s})
	w.drain()
	for _, e := range w.events {
		if e.Ref == s.Ref && e.Outcome == resolve.Unsupported {
			return
		}
	}
	t.Errorf("nobody said what became of it:\n%s", w.story())
}
