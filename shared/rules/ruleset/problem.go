package ruleset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hbollon/go-edlib"
)

// Limits of what is said about a file.
const (
	// problemsMax bounds a report: past it a file is wrong as a whole, and more lines would not be read.
	problemsMax = 200
	// quotedMax is how many characters of the file's own text a message repeats.
	quotedMax = 60
	// offersMax is how many right spellings a message lists when none is near.
	offersMax = 12
	// editsMax is how many edits a suggestion may be away; it also stays under half of the word.
	editsMax = 3
)

// Problem is one thing wrong in a file, and what would be right.
type Problem struct {
	File string
	// Line and Column count from 1, columns in characters. Both are 0 for what concerns the file as a whole.
	Line, Column int
	Message      string
}

// String gives "file:line:col: message", as editors and terminals link it.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything wrong in a file, in the file's order. It is the error of Load.
type Problems []Problem

var _ error = Problems(nil)

// Error gives one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// sorted gives the problems in the file's order, each once, at most problemsMax.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	ps = slices.Compact(ps)
	if len(ps) > problemsMax {
		ps = ps[:problemsMax]
	}
	return ps
}

// quote gives a word of the file for a message, cut where it is long.
func quote(word string) string {
	if runes := []rune(word); len(runes) > quotedMax {
		word = string(runes[:quotedMax]) + "…"
	}
	return fmt.Sprintf("%q", word)
}

// instead says what would be right in place of word: the nearest of the right spellings, or else all of them.
func instead(word string, right []string) string {
	if near, ok := nearest(word, right); ok {
		return "did you mean " + quote(near) + "?"
	}
	switch {
	case len(right) == 0:
		return "there is none to choose from"
	case len(right) > offersMax:
		return "one of " + strings.Join(right[:offersMax], ", ") + fmt.Sprintf(" and %d more", len(right)-offersMax)
	case len(right) == 1:
		return "the only one is " + right[0]
	}
	return "one of " + strings.Join(right, ", ")
}

// nearest finds the right spelling closest to a word; ties fall to the first. ok is false if none is near enough to
// be what was meant.
func nearest(word string, right []string) (string, bool) {
	word = strings.ToLower(word)
	best, found := "", editsMax+1
	for _, candidate := range right {
		if grown := len([]rune(candidate)) - len([]rune(word)); grown > editsMax || grown < -editsMax {
			continue // too far whatever they hold, and a file's words may be long
		}
		if d := edlib.OSADamerauLevenshteinDistance(word, strings.ToLower(candidate)); d < found {
			best, found = candidate, d
		}
	}
	length := len([]rune(word))
	return best, best != "" && found <= editsMax && (found == 0 || 2*found < max(length, len([]rune(best))))
}
