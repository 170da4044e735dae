package effort_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

func TestTheEnvironmentSaysHowMuchIsTried(t *testing.T) {
	for value, want := range map[string]struct {
		times       int
		quick, long bool
	}{
		"": {2, false, false}, effort.Quick: {2, true, false}, effort.Long: {12, false, true}, "1": {2, false, false},
	} {
		t.Setenv(effort.Variable, value)
		if got := effort.Of(2, 12); got != want.times || effort.IsQuick() != want.quick || effort.IsLong() != want.long {
			t.Errorf("%q: %d times, quick %v, long %v; want %+v", value, got, effort.IsQuick(), effort.IsLong(), want)
		}
	}
}
