package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/boltqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/boltstore"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func example(t *testing.T) *ruleset.Rules {
	t.Helper()
	text, err := os.ReadFile("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := ruleset.Load("infra/sync.yaml", text, catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	rules.MatchSecret = []byte("test")
	return rules
}

// play seeds, settles, plays every scene and settles after each.
func play(t *testing.T, w *runner.World) {
	t.Helper()
	ctx := context.Background()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	if !w.Settle(ctx, nil) {
		t.Fatal("the first load does not come to rest")
	}
	for _, scene := range w.Scenes() {
		if err := scene.Play(); err != nil {
			t.Fatalf("%s: %v", scene.Title, err)
		}
		if !w.Settle(ctx, nil) {
			t.Fatalf("%s: it does not come to rest", scene.Title)
		}
	}
}

func agree(t *testing.T, w *runner.World) {
	t.Helper()
	v, err := w.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Differences {
		t.Errorf("%s does not agree: %s %v", d.Ref, d.Reason, d.Fields)
	}
	if n := w.Duplicates(); n > 0 {
		t.Errorf("%d duplicates", n)
	}
}

func TestTheExampleConvergesOnGoodAndBadDays(t *testing.T) {
	for seed := range uint64(effort.Of(2, 12)) {
		for name, faults := range map[string]platformsim.Faults{"good": {}, "bad": platformsim.Usual()} {
			t.Run(fmt.Sprintf("%s day, seed %d", name, seed), func(t *testing.T) {
				clock := &runner.Clock{}
				w, err := runner.Open(context.Background(), runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: seed, Faults: faults})
				if err != nil {
					t.Fatal(err)
				}
				defer w.Close()
				play(t, w)
				agree(t, w)
				invoices := w.Sims["quickbooks"].IDs("invoices")
				if len(invoices) != 2 {
					t.Errorf("%d invoices, want 2: one for the deal that was won, one for the job that was done; none for the deal won before", len(invoices))
				}
			})
		}
	}
}

func TestASecondRunOverKeptStateWritesNothing(t *testing.T) {
	dir := t.TempDir()
	open := func() (*runner.World, func()) {
		clock := &runner.Clock{}
		st, err := boltstore.Open(filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		q, err := boltqueue.Open(filepath.Join(dir, "queues.db"), clock.Now, boltqueue.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := runner.Open(context.Background(), runner.Options{Rules: example(t), Store: st, Queue: q, Clock: clock, Dir: dir, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		return w, func() { w.Close(); _ = q.Close(); _ = st.Close() }
	}
	w, done := open()
	play(t, w)
	records := w.Records("jobber")
	done()
	w, done = open()
	defer done()
	if !w.Settle(context.Background(), nil) {
		t.Fatal("it does not come to rest")
	}
	if _, writes, _, _, _, _ := w.Counts.Snapshot(); writes != 0 || w.Records("jobber") != records {
		t.Errorf("%d writes and %d clients and jobs, want none and %d", writes, w.Records("jobber"), records)
	}
	agree(t, w)
}

func TestAPersonsEditIsSpelledByTheHubOrByThePlatform(t *testing.T) {
	clock := &runner.Clock{}
	w, err := runner.Open(context.Background(), runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	id := w.Sims["jobber"].IDs("clients")[0]
	for name, value := range map[string]string{"lastname": "Ruiz-Vega", "firstName": "Anna"} {
		if _, err := w.Edit("jobber", id, map[string]string{name: value}); err != nil {
			t.Fatal(err)
		}
	}
	fields, _, _ := w.Sims["jobber"].Record("clients", id)
	if fields["lastName"] != "Ruiz-Vega" || fields["firstName"] != "Anna" {
		t.Errorf("got %v", fields)
	}
	if _, err := w.Edit("nowhere", id, nil); err == nil {
		t.Error("an unknown connection is edited")
	}
	if _, err := w.Edit("jobber", record.ExternalID("none"), nil); err == nil {
		t.Error("an unknown record is edited")
	}
}
