package activation_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var at = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestVersionsAreNumberedAndKept(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	none, err := activation.Active(ctx, s)
	if err != nil || none.Number != 0 {
		t.Fatalf("before any: got %+v, %v; want version 0", none, err)
	}
	first, err := activation.Activate(ctx, s, none, activation.Text{Name: "sync.yaml", Body: []byte("one")}, "d1", "ann", at)
	if err != nil {
		t.Fatal(err)
	}
	second, err := activation.Activate(ctx, s, first, activation.Text{Name: "sync.yaml", Body: []byte("two")}, "d2", "bob", at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got, err := activation.Active(ctx, s)
	if err != nil || got != second {
		t.Errorf("active: got %+v, %v; want %+v", got, err, second)
	}
	for number, want := range map[int64]string{1: "one", 2: "two"} {
		text, err := activation.TextOf(ctx, s, number)
		if err != nil || string(text.Body) != want || text.Name != "sync.yaml" {
			t.Errorf("text of %d: got %q, %v; want %q", number, text.Body, err, want)
		}
	}
	if _, err := activation.TextOf(ctx, s, 3); !fault.Is(err, fault.Gone) {
		t.Errorf("text of 3: got %v, want gone", err)
	}
	history, err := activation.History(ctx, s)
	want := []activation.Version{{Number: 2, Digest: "d2", Name: "sync.yaml", At: at.Add(time.Hour), By: "bob"},
		{Number: 1, Digest: "d1", Name: "sync.yaml", At: at, By: "ann"}}
	if diff := cmp.Diff(want, history, cmpopts.IgnoreUnexported(activation.Version{})); diff != "" || err != nil {
		t.Errorf("history (-want +got), %v:\n%s", err, diff)
	}
}

func TestOneOfManyRacingActivationsWins(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	var won atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := activation.Activate(ctx, s, activation.Version{}, activation.Text{Body: []byte("x")}, "d", "", at)
			if err == nil {
				won.Add(1)
			} else if !fault.Is(err, fault.Stale) {
				t.Errorf("got %v, want stale", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d activations won, want 1", won.Load())
	}
}

func TestACandidateIsReplacedAndIsNotActive(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	if _, ok, err := activation.Candidate(ctx, s); ok || err != nil {
		t.Errorf("before any: %v, %v", ok, err)
	}
	for _, body := range []string{"one", "two"} {
		if err := activation.SetCandidate(ctx, s, activation.Text{Name: "a.yaml", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	text, ok, err := activation.Candidate(ctx, s)
	if !ok || err != nil || string(text.Body) != "two" {
		t.Errorf("got %q, %v, %v", text.Body, ok, err)
	}
	if v, err := activation.Active(ctx, s); v.Number != 0 || err != nil {
		t.Errorf("active: %+v, %v", v, err)
	}
}

func TestATextOverTheLimitsIsRefusedWithWhatToDo(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	noise := make([]byte, 600<<10)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, body := range map[string][]byte{"long": []byte(strings.Repeat("x", activation.TextBytesMax+1)), "does not pack": noise} {
		err := activation.SetCandidate(ctx, s, activation.Text{Body: body})
		if !fault.Is(err, fault.Rejected) || !strings.Contains(err.Error(), "split the groups") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
