package operate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestARedrivenMessageHasItsPatienceBackAndAllElse: a change that was set aside after two weeks would be set aside at the next
// hindrance, if it came back as it was.
func TestARedrivenMessageHasItsPatienceBackAndAllElse(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ref := record.Ref{Place: record.Place{Connection: "jobber", Object: "clients"}, ID: "1"}
	page := record.Page{Marks: []record.Mark{{Run: "r", Page: 3, Record: "1"}}, Changes: []record.Change{{ID: "c", Ref: ref,
		Source: record.SourceBackfill, Kind: record.KindChanged, OccurredAt: at, SeenAt: at, Lane: record.LaneBackfill, MissingSince: at,
		Snapshot:  &record.Snapshot{Ref: ref, Fields: record.Fields{"a": "b"}, ReadBegan: at},
		Deferrals: 7, Outages: 1000, Hops: 12, PutOffSince: at}}}
	notice := record.DueNotice{Group: "customer", Entity: "contacts:x", Place: ref.Place, ChangeID: "c", SeenAt: at,
		Lane: record.LaneBackfill, Deferrals: 9, Hops: 12}
	for kind, message := range map[record.QueueKind]any{record.QueueChanges: page, record.QueueBackfill: page, record.QueueDue: notice} {
		body, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		if kind == record.QueueDue {
			want, got := notice, record.DueNotice{}
			want.Deferrals, want.Hops = 0, 0
			if err := json.Unmarshal(renewed(kind, body), &got); err != nil || !cmp.Equal(want, got) {
				t.Errorf("%s: %v %s", kind, err, cmp.Diff(want, got))
			}
			continue
		}
		want, got := page, record.Page{}
		want.Changes = []record.Change{page.Changes[0].Again()}
		if err := json.Unmarshal(renewed(kind, body), &got); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v %s", kind, err, cmp.Diff(want, got))
		}
		if c := got.Changes[0]; c.Deferrals+c.Outages+c.Hops > 0 || !c.PutOffSince.IsZero() {
			t.Errorf("%s: put off before already: %+v", kind, c)
		}
	}
	for _, body := range []string{"not json", "{}", `{"changes":[]}`, "[1]"} {
		if got := string(renewed(record.QueueChanges, []byte(body))); got != body {
			t.Errorf("%q became %q", body, got)
		}
	}
}
