package simtest

import (
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// historiesMin is how many histories the suite runs; FLUXCASCADE_HISTORIES asks for more or fewer.
const historiesMin = 100_000

// gcPercent: histories live on short-lived values.
const gcPercent = 400

func histories(t *testing.T, n int) int {
	t.Helper()
	text := os.Getenv("FLUXCASCADE_HISTORIES")
	if text == "" {
		return n
	}
	asked, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("FLUXCASCADE_HISTORIES is %q, not a number", text)
	}
	return min(n, asked)
}

func TestEveryInvariantHoldsInEveryHistory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	n := histories(t, historiesMin)
	r := Simulate(0, n, Options{}, nil, nil)
	for i, seeds := range r.First {
		e := Explain(seeds[0], i, Options{})
		t.Errorf("%s is violated in %d of %d histories; seed %d, with %d actions of people:", i, r.Violations[i], n, e.Seed, e.UserActions)
		for _, line := range e.Lines {
			t.Log("  " + line)
		}
	}
	if r.Faults < 30*n {
		t.Errorf("%d faults in %d histories, want 30 each on average", r.Faults, n)
	}
	t.Logf("%d histories, %.1f faults and %.1f changes by people in each, %d calls of unknown outcome, %d raced edits", n,
		float64(r.Faults)/float64(n), float64(r.UserChanges)/float64(n), r.UnknownOutcomes, r.Raced)
}

func TestASeedReplaysExactly(t *testing.T) {
	n := histories(t, 2000)
	for seed := range uint64(n) {
		a, b := Run(Draw(seed), Options{}), Run(Draw(seed), Options{})
		if a.Digest != b.Digest || a.Points != b.Points {
			t.Fatalf("seed %d: digest %x after %d I/O points, then %x after %d", seed, a.Digest, a.Points, b.Digest, b.Points)
		}
	}
}

// TestSeededBugsShow runs each seeded bug until it shows. Those in rare take more histories than a suite should run:
// "fluxcascade dev simulate --bugs" runs them.
func TestSeededBugsShow(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	const historiesMax, chunk = 2000, 100
	if len(Bugs()) < 30 {
		t.Fatalf("%d seeded bugs, want at least 30", len(Bugs()))
	}
	for _, bug := range Bugs() {
		t.Run(bug.Name, func(t *testing.T) {
			for from := 0; from < historiesMax; from += chunk {
				if r := Simulate(uint64(from), chunk, Options{Bug: &bug}, nil, nil); r.Failed > 0 {
					return
				}
			}
			if !rare[bug.Name] {
				t.Errorf("a system that %s passes %d histories", bug.Words, historiesMax)
			}
		})
	}
}

// TestShrinkingGivesShortHistories asks for what a person can read.
func TestShrinkingGivesShortHistories(t *testing.T) {
	bug, _ := FindBug("no-ownership")
	var actions []int
	for seed := uint64(0); len(actions) < 5; seed++ {
		r := Run(Draw(seed), Options{Bug: bug})
		if len(r.Violations) == 0 {
			continue
		}
		e := Explain(seed, r.Violations[0].Invariant, Options{Bug: bug})
		if e.Violation.Text == "" || len(e.Lines) == 0 {
			t.Fatalf("seed %d: shrunk to a history that shows nothing: %+v", seed, e)
		}
		actions = append(actions, e.UserActions)
	}
	for _, n := range actions {
		if n > 8 {
			t.Errorf("shrunk to %v actions of people, want at most 8 each", actions)
			break
		}
	}
}

func TestTheNaiveEngineFails(t *testing.T) {
	r := Simulate(0, 200, Options{Naive: true}, nil, nil)
	if r.Failed < 100 {
		t.Errorf("the naive engine fails in %d of 200 histories: either it has learnt, or the oracle has gone blind", r.Failed)
	}
	t.Logf("the naive engine violates an invariant in %d of 200 histories", r.Failed)
}

// rare are seeded bugs that show in fewer than one of 2,000 histories: each needs two edits or two writers to meet in
// a certain way. (The lease is one of several defences of the same thing.)
var rare = map[string]bool{"record-stamps": true, "own-write-as-edit": true, "future-clock-wins": true, "lease-too-short": true, "queue-dedup-relied-on": true}
