package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// modelSteps and modelSeed make the walk below the same at each run, so that a failure repeats.
const (
	modelSteps = 400
	modelSeed  = 20260301
)

// model is the contract in its most naive form, the oracle of a random walk.
type model map[store.Key]store.Row

// commit applies writes if every condition holds, and reports whether.
func (m model) commit(writes []store.Write) bool {
	for _, w := range writes {
		if w.Expect != store.Any && w.Expect != m[w.Key].Rev {
			return false
		}
	}
	for _, w := range writes {
		switch {
		case w.CheckOnly:
		case w.Delete:
			delete(m, w.Key)
		default:
			m[w.Key] = store.Row{Key: w.Key, Rev: m[w.Key].Rev + 1, Body: w.Body}
		}
	}
	return true
}

// randomWalk commits random writes over few keys, mostly with the right revisions, and compares each outcome, and at
// times the whole table, with the model's.
func randomWalk(t *testing.T, h Harness) {
	s, m, random := h.Open(t), model{}, rand.New(rand.NewPCG(modelSeed, 0))
	for step := range modelSteps {
		writes := randomWrites(random, m, step)
		err := s.Commit(context.Background(), writes)
		if err != nil && !fault.Is(err, fault.Stale) {
			t.Fatalf("step %d: %v", step, err)
		}
		if applied := m.commit(writes); applied != (err == nil) {
			t.Fatalf("step %d: commit gave %v, the model applied it: %v; writes %+v", step, err, applied, writes)
		}
		if step%20 != 0 && step != modelSteps-1 {
			continue
		}
		got := model{}
		for partition := range 3 {
			rows, err := s.Query(context.Background(), store.Query{Table: store.Versions, Partition: fmt.Sprint(partition), Limit: store.QueryMax})
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			for _, row := range rows {
				got[row.Key] = row
			}
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("after step %d (-model +got):\n%s", step, diff)
		}
	}
}

func randomWrites(random *rand.Rand, m model, step int) []store.Write {
	var writes []store.Write
	seen := map[store.Key]bool{}
	for range 1 + random.IntN(4) {
		k := versions(fmt.Sprint(random.IntN(3)), fmt.Sprint(random.IntN(4)))
		if seen[k] {
			continue
		}
		seen[k] = true
		w := store.Write{Key: k, Expect: m[k].Rev, Body: fmt.Appendf(nil, "step %d", step)}
		switch random.IntN(10) {
		case 0:
			w.Expect = store.Any
		case 1:
			w.Expect = int64(random.IntN(3))
		}
		switch random.IntN(5) {
		case 0:
			w.Delete = true
		case 1:
			w.CheckOnly = true
		}
		writes = append(writes, w)
	}
	return writes
}
