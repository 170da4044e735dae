package jobber

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits of an app on an account (developer.getjobber.com api_rate_limits).
const (
	bucketMax     = 10_000 // points
	bucketRestore = 500    // points a second
	windowMax     = 2_500  // requests in windowLength
	windowLength  = 300 * time.Second
	// firstDefault stands in for first and last where a connection is asked for without.
	firstDefault = 100
)

// bucket holds the points that queries cost.
type bucket struct {
	Available float64   `json:"available"`
	At        time.Time `json:"at"`
}

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.At).Seconds(); passed > 0 {
		b.Available = min(bucketMax, b.Available+passed*bucketRestore)
	}
	b.At = now
}

// window counts requests.
type window struct {
	Began time.Time `json:"began"`
	Count int       `json:"count"`
}

// admit counts one request, and reports whether it is within the limit.
func (w *window) admit(now time.Time) bool {
	if now.Sub(w.Began) >= windowLength || now.Before(w.Began) {
		*w = window{Began: now}
	}
	w.Count++
	return w.Count <= windowMax
}

// requested is the cost of a selection before it is answered: each field one point, what is below a connection times
// the rows asked for.
func (x *execution) requested(set ast.SelectionSet) int {
	cost := 0
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			below := x.requested(s.SelectionSet)
			if s.Definition != nil && strings.HasSuffix(s.Definition.Type.Name(), "Connection") {
				below *= asked(s.ArgumentMap(x.variables))
			}
			if !slices.Contains(free, s.Name) {
				below++
			}
			cost += below
		case *ast.InlineFragment:
			cost += x.requested(s.SelectionSet)
		case *ast.FragmentSpread:
			cost += x.requested(s.Definition.SelectionSet)
		}
	}
	return cost
}

// asked is how many rows the arguments of a connection ask for, 100 at most.
func asked(arguments map[string]any) int {
	first, ok := wholeNumber(arguments["first"])
	if !ok {
		first, ok = wholeNumber(arguments["last"])
	}
	if !ok || first > firstDefault {
		return firstDefault
	}
	return max(first, 0)
}

func wholeNumber(value any) (int, bool) {
	switch v := value.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	case float64:
		return int(v), true
	}
	return 0, false
}
