package simtest

import "testing"

func TestASeedReplaysExactly(t *testing.T) {
	for seed := range uint64(200) {
		a, b := Run(Draw(seed), Options{}), Run(Draw(seed), Options{})
		if a.Digest != b.Digest || a.Points != b.Points {
			var x, y []string
			Run(Draw(seed), Options{Story: &x})
			Run(Draw(seed), Options{Story: &y})
			for i := range x {
				if i >= len(y) || x[i] != y[i] {
					t.Fatalf("seed %d differs at line %d:\n%s\n%s", seed, i, x[i], y[min(i, len(y)-1)])
				}
			}
			t.Errorf("seed %d: %+v, then %+v", seed, a, b)
		}
	}
}
