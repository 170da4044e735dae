package simtest

import (
	"fmt"
	"slices"
	"strings"
)

// storyLinesMax bounds an explanation.
const storyLinesMax = 400

// Explanation is a violation made small, in words.
type Explanation struct {
	Seed      uint64
	Violation Violation
	// UserActions is how many things people do in the shrunk history, the records of the beginning left out.
	UserActions int
	// Lines tell what happened up to the first step at which the invariant did not hold.
	Lines []string
}

// Explain shrinks a seed's history as long as it violates an invariant, and tells what then happens.
func Explain(seed uint64, i Invariant, o Options) Explanation {
	h := Shrink(draw(seed, o), i, o)
	var story []string
	o.Story, o.until = &story, i
	result := run(h, o)
	out := Explanation{Seed: seed, UserActions: len(h.Actions)}
	for _, v := range result.Violations {
		if v.Invariant == i {
			out.Violation = v
		}
	}
	for _, line := range story {
		if strings.Contains(line, " noop ") {
			continue
		}
		out.Lines = append(out.Lines, line)
		if strings.Contains(line, "VIOLATION of "+string(i)) {
			break
		}
	}
	if cut := len(out.Lines) - storyLinesMax; cut > 0 {
		half := storyLinesMax / 2 // how it began says more than the turns of a loop
		out.Lines = slices.Concat(out.Lines[:half], []string{fmt.Sprintf("(%d lines left out)", cut)}, out.Lines[half+cut:])
	}
	return out
}
