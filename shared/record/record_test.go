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

// TestMessagesOfAnEarlierVersionAreRead: they are on the queues while a new version is deployed.
func TestMessagesOfAnEarlierVersionAreRead(t *testing.T) {
	var page record.Page
	text := `{"run":"jobber/clients@1","number":7,"changes":[{"connection":"jobber","object":"clients","id":"1","source":"backfill"}]}`
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Marks) != 1 || page.Marks[0] != (record.Mark{Run: "jobber/clients@1", Page: 7}) || len(page.Changes) != 1 {
		t.Errorf("got %+v", page)
	}
	var notice record.DueNotice
	if err := json.Unmarshal([]byte(`{"group":"customer","entity":"contacts:x","load":true,"deferrals":3}`), &notice); err != nil {
		t.Fatal(err)
	}
	if notice.Lane != record.LaneBackfill || notice.Deferrals != 3 || notice.Group != "customer" {
		t.Errorf("got %+v", notice)
	}
}
