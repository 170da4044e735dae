package syncs_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// TestWhatWaitsForAPersonHasANextStep: the page shows each of these as work that waits.
func TestWhatWaitsForAPersonHasANextStep(t *testing.T) {
	for _, reason := range []record.Reason{record.ReasonManual, record.ReasonInvalidValue, record.ReasonUnmappedValue,
		record.ReasonKeyHeld, record.ReasonAmbiguous, record.ReasonSlotTaken,
		record.ReasonFormerKey, record.ReasonMergedAway, record.ReasonRejected, record.ReasonMissingRequired, record.ReasonAttemptsFull,
		record.ReasonContested, record.ReasonSpreadLimit, record.ReasonKeysDiffer,
		record.ReasonLoop, record.ReasonCannotRestore, record.ReasonUnreadable, record.ReasonNothingLeft, record.ReasonBrokenRule,
		record.ReasonOldValueKept, record.ReasonOwnForm, record.ReasonFieldGone} {
		if m := reason.Meaning(); m.Do == "" {
			t.Errorf("work can wait for %s, and nothing says what to do about it", reason)
		}
	}
}

// TestALimitOfSpreadIsReadAsTheDeciderWritesIt reads a budget's row as package resolve marshals it.
func TestALimitOfSpreadIsReadAsTheDeciderWritesIt(t *testing.T) {
	body, err := json.Marshal(resolve.Spread{Hour: now, Counts: map[string]int{"creates": 50},
		Tripped: map[string]resolve.Trip{"creates": {Since: now.Add(-time.Hour), Limit: 50}}})
	if err != nil {
		t.Fatal(err)
	}
	s := memstore.New()
	if err := s.Commit(t.Context(), []store.Write{{Key: store.Key{Table: store.Control, Partition: "spread#customer#jobber", Sort: "spread"},
		Body: body}}); err != nil {
		t.Fatal(err)
	}
	f, err := syncs.Load(t.Context(), s, nil, syncs.Facts{Now: now, Rules: example(t), Active: true})
	if err != nil || len(f.Stopped) != 1 {
		t.Fatalf("got %+v, %v", f.Stopped, err)
	}
	if got := f.Stopped[0]; got.Kind != "creates" || got.Limit != 50 || !got.Since.Equal(now.Add(-time.Hour)) || got.Connection != "jobber" ||
		got.Group != "customer" {
		t.Errorf("got %+v", got)
	}
}
