// Package effort says how much a test tries. Tests that repeat one thing over many seeds try a few in each run of the suite and
// all of them in ./scripts/test --long; what needs more than Go stays out of ./scripts/test --quick; and seeds that should be new
// to each change are drawn from the tree. It reads one variable of the environment, and the files it is given.
package effort

import "os"

// Variable is set by scripts/test to Quick or Long; anything else is the usual effort, and so is a plain go test.
const Variable = "FLUXCASCADE_EFFORT"

// The values of Variable.
const (
	Quick = "quick"
	Long  = "long"
)

// IsLong reports whether everything is to be tried.
func IsLong() bool { return os.Getenv(Variable) == Long }

// IsQuick reports whether Go is to do alone: no CDK, no servers of others.
func IsQuick() bool { return os.Getenv(Variable) == Quick }

// Of gives how often something is repeated: usual, or long when everything is to be tried.
func Of(usual, long int) int {
	if IsLong() {
		return long
	}
	return usual
}
