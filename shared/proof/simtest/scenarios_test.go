package simtest

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// pointsStep: each run of the suite tries a tenth of the I/O points, another tenth with each change of the tree; with all
// effort nothing is sampled.
const pointsStep = 10

// TestEveryFaultAtEveryPoint is the enumeration.
func TestEveryFaultAtEveryPoint(t *testing.T) {
	scenarios := Scenarios()
	if len(scenarios) < 40 {
		t.Fatalf("%d scenarios, want at least 40", len(scenarios))
	}
	step := effort.Of(pointsStep, 1)
	points, runs := 0, 0
	for i, s := range scenarios {
		e := Enumerate(s, Every{Step: step, Offset: int(from(t)/1_000_000%uint64(step)) + i}, Options{})
		points, runs = points+e.Points, runs+e.Runs
		for _, v := range e.Violations {
			t.Errorf("%s: %s", s.Name, v)
		}
	}
	t.Logf("%d scenarios, %d I/O points, %d runs with a fault at one of each %d", len(scenarios), points, runs, step)
	if runs < 2*points/step {
		t.Errorf("%d runs over %d points: some were not tried", runs, points)
	}
}

func TestEveryPointIsPickedBySomeOffset(t *testing.T) {
	for i := range 40 {
		picked := 0
		for offset := range 10 {
			if (Every{Step: 10, Offset: offset}).picks(i) {
				picked++
			}
		}
		if picked != 1 || !(Every{}).picks(i) {
			t.Errorf("point %d is picked by %d of 10 offsets, and by a step of one: %v", i, picked, (Every{}).picks(i))
		}
	}
}
