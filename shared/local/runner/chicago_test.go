package runner_test

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// lists are the three of the nine lists that stand for the three platforms.
var lists = map[record.Connection]string{
	"hubspot":    "CPS_Early_Childhood_Portal_scrape.csv",
	"jobber":     "ECE Chicago Find a School scrape.csv",
	"quickbooks": "chapin_dfss_providers_2011_070212.csv",
}

// TestRealMessyRecordsAreLinkedRightly loads real records of the same places from three lists and holds the links
// against the truth, which matching never sees.
func TestRealMessyRecordsAreLinkedRightly(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "shared", "data", "chicago-early-childhood.csv")
	truth := trueIDs(t, path)
	text, err := os.ReadFile("../../../infra/chicago.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := ruleset.Load("infra/chicago.yaml", text, catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	rules.MatchSecret = []byte("test")
	ctx, clock, st := context.Background(), &runner.Clock{}, memstore.New()
	world, err := runner.Open(ctx, runner.Options{Rules: rules, Store: st, Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer world.Close()
	byEntity := map[record.EntityID][]string{}
	loaded := map[record.Ref]string{}
	for _, c := range []record.Connection{"hubspot", "jobber", "quickbooks"} {
		l, err := world.LoadCSV(runner.Load{Connection: c, Path: path, Column: "Source", Value: lists[c]})
		if err != nil {
			t.Fatal(err)
		}
		for line, id := range l.IDs {
			loaded[record.Ref{Place: record.Place{Connection: c, Object: l.Object}, ID: id}] = truth[line]
		}
	}
	if !world.Settle(ctx, nil) {
		t.Fatal("it does not come to rest")
	}
	for ref, id := range loaded {
		entity, err := pipeline.EntityOf(ctx, st, "customer", ref)
		if err != nil {
			t.Fatal(err)
		}
		if entity != "" {
			byEntity[entity] = append(byEntity[entity], id)
		}
	}
	right, all := 0, 0
	for _, ids := range byEntity {
		for i := range ids {
			for j := range i {
				all++
				if ids[i] == ids[j] {
					right++
				}
			}
		}
	}
	v, err := world.Verify(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records loaded, %d pairs linked, %d of them rightly (%.4f); %d quarantined, %d held, %d refused, places %v", len(loaded), all, right, float64(right)/float64(max(all, 1)),
		v.Quarantined, v.Held, v.Rejected, v.ByPlaces)
	if all < 200 || float64(right) < 0.98*float64(all) {
		t.Errorf("%d of %d linked pairs are right, want at least 200 pairs and 98%%", right, all)
	}
	if len(v.Differences) > 0 {
		t.Errorf("%d links do not agree, the first %+v", len(v.Differences), v.Differences[0])
	}
	_, before, _, _, _, _ := world.Counts.Snapshot()
	if !world.Settle(ctx, nil) {
		t.Fatal("it does not come to rest again")
	}
	if _, after, _, _, _, _ := world.Counts.Snapshot(); after != before {
		t.Errorf("a second run wrote %d times, want none", after-before)
	}
}

// trueIDs gives the truth of each row, by the line that it begins on.
func trueIDs(t *testing.T, path string) map[int]string {
	file, err := os.Open(path)
	if err != nil {
		t.Skipf("SKIPPED ALOUD: ../shared is not here: %v", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	ids := map[int]string{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return ids
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := reader.FieldPos(0)
		ids[line] = row[0]
	}
}
