package simtest

import (
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// How many histories the suite runs, at some 170 a second and core: always as many, however fast the machine.
// FLUXCASCADE_HISTORIES asks for fewer; the command runs any number.
const (
	historiesUsual = 15_000
	historiesLong  = 1_000_000
)

// gcPercent: histories live on short-lived values.
const gcPercent = 400

func TestMain(m *testing.M) {
	debug.SetGCPercent(gcPercent)
	os.Exit(m.Run())
}

func histories(n int) int {
	text := os.Getenv("FLUXCASCADE_HISTORIES")
	if text == "" {
		return n
	}
	asked, err := strconv.Atoi(text)
	if err != nil {
		panic("FLUXCASCADE_HISTORIES is " + text + ", not a number")
	}
	return min(n, asked)
}

// drawn gives the first seed of this tree: every change searches new ground.
var drawn = sync.OnceValues(func() (uint64, error) { return effort.Ground(os.DirFS("../../..")) })

func from(t *testing.T) uint64 {
	t.Helper()
	seed, err := drawn()
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

const (
	// replayed is how many histories are run twice, and the first of all.
	replayed = 1000
	// partMax bounds one report's memory.
	partMax = 25_000
)

// first runs them once for both tests that need them.
var first = sync.OnceValue(func() Report {
	seed, _ := drawn() // from has said what is wrong
	return Simulate(seed, histories(replayed), Options{}, nil, nil)
})

func TestEveryInvariantHoldsInEveryHistory(t *testing.T) {
	n, begin := histories(effort.Of(historiesUsual, historiesLong)), from(t)
	t.Logf("ALOUD: to repeat this tree's histories: go run ./scripts/fluxcascade dev simulate --from %d --seeds %d", begin, n)
	parts := []Report{first()}
	for done := replayed; done < n; done += partMax {
		if n > historiesUsual {
			t.Logf("%d of %d histories", done, n)
		}
		parts = append(parts, Simulate(begin+uint64(done), min(partMax, n-done), Options{}, nil, nil))
	}
	faults, changes, unknown, raced := 0, 0, 0, 0
	told := map[Invariant]bool{}
	for _, r := range parts {
		faults, changes, unknown, raced = faults+r.Faults, changes+r.UserChanges, unknown+r.UnknownOutcomes, raced+r.Raced
		for i, seeds := range r.First {
			if told[i] {
				continue
			}
			told[i] = true
			e := Explain(seeds[0], i, Options{})
			t.Errorf("%s is violated in %d of %d histories; seed %d, with %d actions of people:", i, r.Violations[i], r.Histories, e.Seed, e.UserActions)
			for _, line := range e.Lines {
				t.Log("  " + line)
			}
		}
	}
	if faults < 30*n {
		t.Errorf("%d faults in %d histories, want 30 each on average", faults, n)
	}
	t.Logf("%d histories, %.1f faults and %.1f changes by people in each, %d calls of unknown outcome, %d raced edits", n,
		float64(faults)/float64(n), float64(changes)/float64(n), unknown, raced)
}

func TestASeedReplaysExactly(t *testing.T) {
	begin := from(t)
	once, again := first(), Simulate(begin, histories(replayed), Options{}, nil, nil)
	if once.Digest == again.Digest && once.Faults == again.Faults && once.UserChanges == again.UserChanges {
		return
	}
	for seed := begin; seed < begin+uint64(again.Histories); seed++ {
		a, b := Run(Draw(seed), Options{}), Run(Draw(seed), Options{})
		if a.Digest != b.Digest || a.Points != b.Points {
			t.Fatalf("seed %d: digest %x after %d I/O points, then %x after %d", seed, a.Digest, a.Points, b.Digest, b.Points)
		}
	}
	t.Fatalf("%d histories: digest %x, then %x", again.Histories, once.Digest, again.Digest)
}

// actionsMedian is how many actions of people the middle one of shrunk histories may have: what a person reads at a glance.
const actionsMedian = 8

// TestSeededBugsShow runs each seeded bug until it shows, and makes what it shows small. Those in rare take more histories
// than each run of the suite should: ./scripts/test --long runs them, and "fluxcascade dev simulate --bugs".
func TestSeededBugsShow(t *testing.T) {
	historiesMax, chunk := effort.Of(2000, 100_000), 20
	if len(Bugs()) < 30 {
		t.Fatalf("%d seeded bugs, want at least 30", len(Bugs()))
	}
	var actions []int
	for _, bug := range Bugs() {
		if rare[bug.Name] && !effort.IsLong() {
			continue
		}
		t.Run(bug.Name, func(t *testing.T) {
			for from := 0; from < historiesMax; from += chunk {
				r := Simulate(uint64(from), chunk, bug.Options(), nil, nil)
				for _, i := range Invariants() {
					if len(r.First[i]) == 0 {
						continue
					}
					e := Explain(r.First[i][0], i, bug.Options())
					if e.Violation.Text == "" || len(e.Lines) == 0 {
						t.Errorf("seed %d: shrunk to a history that shows nothing: %+v", e.Seed, e)
					}
					actions = append(actions, e.UserActions)
					return
				}
			}
			t.Errorf("a system that %s passes %d histories", bug.Words, historiesMax)
		})
	}
	slices.Sort(actions)
	if n := len(actions); n > 0 && actions[n/2] > actionsMedian {
		t.Errorf("shrunk to %v actions of people, want a median of at most %d", actions, actionsMedian)
	}
	t.Logf("shrunk to %v actions of people", actions)
}

func TestTheNaiveEngineFails(t *testing.T) {
	const n = 60 // it comes to rest late or never, which costs time
	r := Simulate(0, n, Options{Naive: true}, nil, nil)
	if r.Failed < n/2 {
		t.Errorf("the naive engine fails in %d of %d histories: either it has learnt, or the oracle has gone blind", r.Failed, n)
	}
	t.Logf("the naive engine violates an invariant in %d of %d histories", r.Failed, n)
}

// rare are seeded bugs that show in fewer than one of 2,000 histories: each needs two edits or two writers to meet in
// a certain way. (The lease is one of several defences of the same thing.)
var rare = map[string]bool{"record-stamps": true, "future-clock-wins": true, "lease-too-short": true, "queue-dedup-relied-on": true, "existing-as-made": true,
	"put-off-not-of-its-load": true} // the last showed in 2 of 20,000
