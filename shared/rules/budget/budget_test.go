package budget_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
)

var at = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// process is one instance that calls as fast as it may: its clock is off, its calls arrive late, and it may die with
// what it holds.
type process struct {
	hand budget.Hand
	skew time.Duration
}

// TestNoRollingWindowHoldsMoreThanTheLimit lets many processes call at once through one row, over many windows and
// seeds, with clocks that differ and calls that take their time to arrive, and then counts what the vendor saw.
func TestNoRollingWindowHoldsMoreThanTheLimit(t *testing.T) {
	for _, l := range []budget.Limit{
		{Name: "10s", Max: 110, Window: 10 * time.Second},
		{Name: "search", Max: 5, Window: time.Second},
		{Name: "minute", Max: 60, Window: time.Minute, ReservePercent: 20},
		{Name: "2s", Max: 80, Window: 2 * time.Second},
	} {
		for seed := range uint64(20) {
			random := rand.New(rand.NewPCG(seed, 7))
			row := budget.Row{}
			processes := make([]process, 12)
			for i := range processes {
				processes[i].skew = time.Duration(random.Int64N(int64(l.Window / 50)))
			}
			var seen []time.Time
			for now := at; now.Before(at.Add(20 * l.Window)); now = now.Add(time.Duration(random.Int64N(int64(l.Window / 400)))) {
				p := &processes[random.IntN(len(processes))]
				if random.IntN(500) == 0 {
					p.hand = budget.Hand{} // it died
				}
				clock := now.Add(p.skew)
				if !p.hand.Spend(1, clock) {
					next, s, after := row.Take(l, budget.Live, 1, p.hand.Want(1, clock), clock)
					if row = next; after > 0 {
						continue
					}
					p.hand.Put(s, 1, clock)
				}
				seen = append(seen, now.Add(time.Duration(random.Int64N(int64(l.Window/50)))))
			}
			slices.SortFunc(seen, time.Time.Compare)
			most, usable := 0, l.Max*(100-l.ReservePercent)/100
			for i, begin := 0, 0; i < len(seen); i++ {
				for !seen[begin].After(seen[i].Add(-l.Window)) {
					begin++
				}
				most = max(most, i-begin+1)
			}
			if most > usable {
				t.Fatalf("%s, seed %d: %d calls in one window, at most %d", l.Name, seed, most, usable)
			}
			if whole := 20 * usable; len(seen) < whole/2 {
				t.Errorf("%s, seed %d: only %d of %d calls were made: too much is wasted", l.Name, seed, len(seen), whole)
			}
		}
	}
}

func TestAFirstLoadLeavesAPartForLiveChanges(t *testing.T) {
	l := budget.Limit{Name: "minute", Max: 100, Window: time.Minute}
	row, got := budget.Row{}, 0
	for {
		next, s, after := row.Take(l, budget.Load, 1, 1, at)
		if after > 0 {
			break
		}
		row, got = next, got+s.N
	}
	if got != 70 {
		t.Errorf("a first load got %d calls of 100, want 70", got)
	}
	if _, s, _ := row.Take(l, budget.Live, 1, 1, at); s.N != 1 {
		t.Error("nothing was left for a live change")
	}
}

func TestWhoMustWaitIsToldHowLong(t *testing.T) {
	l := budget.Limit{Name: "minute", Max: 10, Window: time.Minute}
	row := budget.Row{}
	for range 10 {
		row, _, _ = row.Take(l, budget.Live, 1, 1, at)
	}
	_, s, after := row.Take(l, budget.Live, 1, 1, at.Add(20*time.Second))
	if s.N != 0 || after < 40*time.Second || after > 45*time.Second {
		t.Errorf("got %d calls, wait %s; want none, and a wait of 40 to 45 s", s.N, after)
	}
	if _, s, _ := row.Take(l, budget.Live, 1, 1, at.Add(20*time.Second+after)); s.N == 0 {
		t.Error("after the wait nothing can be had")
	}
}

func TestWhatTheVendorTellsCounts(t *testing.T) {
	l := budget.Limit{Name: "day", Max: 1000, Window: 24 * time.Hour}
	row, ok := budget.Row{}.Told(l, 2000, 500, at)
	if !ok {
		t.Fatal("another maximum is no news")
	}
	if _, s, _ := row.Take(l, budget.Live, 1, 10_000, at); s.N != 200 {
		t.Errorf("got a slice of %d, want a tenth of the vendor's 2000", s.N)
	}
	if _, _, after := row.Take(l, budget.Live, 600, 600, at); after == 0 {
		t.Error("what others have spent does not count")
	}
	if _, ok := row.Told(l, 2000, 499, at); ok {
		t.Error("one call by others is worth no write")
	}
	for name, told := range map[string][2]int{"no maximum": {0, 5}, "more left than there is": {10, 11}, "less than nothing": {10, -1}} {
		if next, ok := row.Told(l, told[0], told[1], at); ok || len(next.Slots) != len(row.Slots) {
			t.Errorf("%s: was believed", name)
		}
	}
	refused := row.Refused(time.Minute, at)
	if _, _, after := refused.Take(l, budget.Live, 1, 1, at); after != time.Minute {
		t.Errorf("after a refusal: wait %s, want a minute", after)
	}
}

// TestABucketAdmitsNoCallThatItCannotPay: points held by calls under way are not given twice, and an answer corrects.
func TestABucketAdmitsNoCallThatItCannotPay(t *testing.T) {
	l := budget.Limit{Name: "points", Max: 10_000, Restore: 500}
	row, after := budget.Row{}.Hold(l, budget.Live, "op", "1", at)
	if after != 0 {
		t.Fatalf("the first call waits %s", after)
	}
	row = row.Settle(l, "op", "1", &budget.Charge{Requested: 4000, Available: 9000, Max: 10_000, Restore: 500}, at)
	admitted := 0
	for i := range 5 {
		next, after := row.Hold(l, budget.Live, "op", string(rune('a'+i)), at)
		if after == 0 {
			row, admitted = next, admitted+1
		} else if after != 6*time.Second {
			t.Errorf("wait %s, want 6 s for 3000 points", after)
		}
	}
	if admitted != 2 {
		t.Errorf("%d calls of 4000 were admitted on 9000 points, want 2", admitted)
	}
	row = row.Settle(l, "op", "a", nil, at) // no answer: perhaps it was charged
	if _, after := row.Hold(l, budget.Live, "op", "z", at); after == 0 {
		t.Error("a call without an answer gave its points back")
	}
	if _, after := row.Hold(l, budget.Live, "op", "z", at.Add(time.Minute)); after != 0 {
		t.Errorf("a minute later it is full again, yet a call waits %s", after)
	}
}
