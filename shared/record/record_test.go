package record_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestAChangeRecordSurvivesItsQueue(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ref := record.Ref{Place: record.Place{Connection: "jobber", Object: "clients"}, ID: "Q2xpZW50LzE="}
	want := record.Page{Marks: []record.Mark{{Run: "r", Page: 3, Record: "1"}}, Changes: []record.Change{{ID: "c1", Ref: ref,
		Source: record.SourcePoll, Kind: record.KindMerged, Into: "w", OccurredAt: at, SeenAt: at,
		Deferrals: 2, MissingSince: at, Snapshot: &record.Snapshot{Ref: ref, Fields: record.Fields{"a": "", "b": "x"}, Version: "7",
			ModifiedAt: at, ReadBegan: at, Lagging: true, Archived: true}}}}
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got record.Page
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
