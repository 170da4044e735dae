package quickbooks

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// lists answers a change list as the platform might at worst: capture gives any thousand of more, the query breaks
// ties of one second in an order of its own.
type lists struct {
	random *rand.Rand
	rows   []entity // in the query's order
	clock  time.Time
}

func newLists(seed uint64, count, seconds int) *lists {
	l := &lists{random: rand.New(rand.NewPCG(seed, 1)), clock: time.Unix(1_700_000_000+int64(seconds), 0)}
	for i := range count {
		// Most fall into the first seconds, so that one second holds more than one answer.
		at := l.random.Float64()
		stamp := time.Unix(1_700_000_000+int64(at*at*at*float64(seconds)), 0)
		l.rows = append(l.rows, entity{"Id": strconv.Itoa(i + 1), "MetaData": map[string]any{"LastUpdatedTime": formatTime(stamp)}})
	}
	l.random.Shuffle(len(l.rows), func(i, j int) { l.rows[i], l.rows[j] = l.rows[j], l.rows[i] })
	slices.SortStableFunc(l.rows, func(a, b entity) int { return a.modified().Compare(b.modified()) })
	return l
}

func (l *lists) answer(at position) rowList {
	var rows []entity
	for _, e := range l.rows {
		if e.modified().Unix() >= at.Since {
			rows = append(rows, e)
		}
	}
	if at.By == byCapture {
		l.random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	rows = rows[min(at.Skip, len(rows)):]
	rows = rows[:min(rowsMax, len(rows))]
	return rowList{entities: slices.Clone(rows), rows: len(rows), clock: l.clock}
}

func TestWindowsPassOverNothing(t *testing.T) {
	for seed := range uint64(60) {
		shape := rand.New(rand.NewPCG(seed, 2))
		count, seconds, limit := 1+shape.IntN(3500), 1+shape.IntN(12), 1+shape.IntN(rowsMax)
		t.Run(fmt.Sprintf("seed %d, %d changes in %d s, limit %d", seed, count, seconds, limit), func(t *testing.T) {
			l := newLists(seed, count, seconds)
			at := position{By: byCapture, Since: 1_700_000_000, From: 1_700_000_000}
			told := map[record.ExternalID]bool{}
			for pages, more := 0, true; more; pages++ {
				list := l.answer(at)
				at.Began = cmp.Or(at.Began, clockOf(list, at.Since))
				var page []entry
				page, at, more = window(entriesOf(list, at), list.full(rowsMax), at, limit, lag)
				if len(page) > limit || pages > pagesMax {
					t.Fatalf("page %d holds %d", pages, len(page))
				}
				for _, e := range page {
					told[e.id()] = true
				}
			}
			if len(told) != count {
				t.Errorf("told %d of %d", len(told), count)
			}
			if want := max(l.clock.Add(-lag).Unix(), 1_700_000_000); at.By != byCapture || at.Since != want || at.Burst {
				t.Errorf("resumes at %+v, want second %d", at, want)
			}
		})
	}
}
