package jobber_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

// pagesMax bounds the walks of these tests.
const pagesMax = 200

type pager func(context.Context, platform.Query) (platform.Page, error)

// drain walks to the end; each is called with every page. It gives the cursor to resume at.
func drain(t *testing.T, next pager, q platform.Query, each func(platform.Page)) platform.Cursor {
	t.Helper()
	for range pagesMax {
		page, err := next(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Next == "" || len(page.Snapshots) > q.Limit+1 {
			t.Fatalf("page of %d rows with cursor %q", len(page.Snapshots), page.Next)
		}
		each(page)
		if q.Cursor = page.Next; !page.More {
			return q.Cursor
		}
	}
	t.Fatal("the walk does not end")
	return ""
}

// TestNothingIsPassedOverWhileRowsShift edits, adds and destroys records between pages, as any order of the platform
// makes rows move then: what was there throughout is seen, and what changed is seen in its last state.
func TestNothingIsPassedOverWhileRowsShift(t *testing.T) {
	for _, object := range []record.Object{"clients", "jobs"} {
		for _, limit := range []int{2, 5, 9} {
			t.Run(fmt.Sprintf("%s by %d", object, limit), func(t *testing.T) {
				h := newHarness(t)
				h.sim.SetPropertyBumps(1)
				clients, jobs := h.people(40)
				ids := map[record.Object][]record.ExternalID{"clients": clients, "jobs": jobs}[object]
				field := map[record.Object]record.PlatformField{"clients": "lastName", "jobs": "title"}[object]
				seen := map[record.ExternalID]string{}
				gone := map[record.ExternalID]bool{}
				step := 0
				collect := func(p platform.Page) {
					for _, s := range p.Snapshots {
						seen[s.ID] = h.fetch(object, s.ID, field).Fields[field]
					}
				}
				disturb := func(p platform.Page) {
					for _, s := range p.Snapshots {
						if read := s.Fields[field]; !gone[s.ID] {
							seen[s.ID] = read
						}
					}
					if step++; step > 8 {
						return
					}
					h.clock.Advance(time.Second)
					h.edit(object, ids[(step*7)%20+5], record.Fields{field: fmt.Sprintf("edit %d", step)})
					victim := ids[39-step]
					gone[victim] = true
					if object == "jobs" {
						_ = h.sim.Delete(object, victim)
					} else if err := h.sim.Merge(object, ids[0], victim); err != nil {
						t.Fatal(err)
					}
				}
				q := platform.Query{Object: object, Fields: []record.PlatformField{field}, Limit: limit, Since: begin}
				q.Cursor = drain(t, h.Changes, q, disturb)
				drain(t, h.Changes, q, collect)
				for _, id := range h.sim.IDs(object) {
					truth, _, _ := h.sim.Record(object, id)
					if seen[id] != truth[field] {
						t.Errorf("%s: seen %q, holds %q", id, seen[id], truth[field])
					}
				}
			})
		}
	}
}

func TestChangesResumeAtTheWatermark(t *testing.T) {
	for _, object := range []record.Object{"clients", "jobs"} {
		t.Run(string(object), func(t *testing.T) {
			h := newHarness(t)
			clients, jobs := h.people(20)
			ids := map[record.Object][]record.ExternalID{"clients": clients, "jobs": jobs}[object]
			field := map[record.Object]record.PlatformField{"clients": "firstName", "jobs": "title"}[object]
			q := platform.Query{Object: object, Fields: []record.PlatformField{field}, Limit: 6, Since: begin}
			count := 0
			q.Cursor = drain(t, h.Changes, q, func(p platform.Page) { count += len(p.Snapshots) })
			if count != 20 {
				t.Errorf("first walk: %d changes, want 20", count)
			}
			h.clock.Advance(10 * time.Minute)
			// The second poll repeats the overlap and learns that nothing moves; the third is silent.
			q.Cursor = drain(t, h.Changes, q, func(platform.Page) {})
			rest := 0
			q.Cursor = drain(t, h.Changes, q, func(p platform.Page) { rest += len(p.Snapshots) })
			if rest != 0 {
				t.Errorf("at rest: %d changes", rest)
			}
			h.edit(object, ids[4], record.Fields{field: "edited"})
			h.clock.Advance(time.Second)
			h.edit(object, ids[2], record.Fields{field: "edited later"})
			var got []string
			drain(t, h.Changes, q, func(p platform.Page) {
				for _, s := range p.Snapshots {
					if !s.Lagging {
						t.Error("a change that does not say that its list may trail")
					}
					got = append(got, s.Fields[field])
				}
			})
			if diff := cmp.Diff([]string{"edited", "edited later"}, got); diff != "" {
				t.Errorf("oldest first (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingIsPassedOverWhileRowsAreDestroyed destroys rows already seen, so that the rest moves up into pages that
// were read.
func TestNothingIsPassedOverWhileRowsAreDestroyed(t *testing.T) {
	for _, walk := range []string{"list", "changes"} {
		for _, limit := range []int{3, 7} {
			t.Run(fmt.Sprintf("%s by %d", walk, limit), func(t *testing.T) {
				h := newHarness(t)
				h.people(40)
				next := map[string]pager{"list": h.List, "changes": h.Changes}[walk]
				seen := map[record.ExternalID]int{}
				steps := 0
				drain(t, next, platform.Query{Object: "jobs", Limit: limit, Since: begin}, func(p platform.Page) {
					for i, s := range p.Snapshots {
						seen[s.ID]++
						if steps < 2 && i < 3 {
							_ = h.sim.Delete("jobs", s.ID) // perhaps gone already
						}
					}
					steps++
				})
				for _, id := range h.sim.IDs("jobs") {
					if seen[id] == 0 {
						t.Errorf("%s was passed over", id)
					}
				}
			})
		}
	}
}

// TestAWalkThatCannotSettleDoesNotMoveTheWatermark destroys rows at every page: the walk ends, and is walked again.
func TestAWalkThatCannotSettleDoesNotMoveTheWatermark(t *testing.T) {
	h := newHarness(t)
	h.people(120)
	q := platform.Query{Object: "jobs", Limit: 4, Since: begin}
	seen := map[record.ExternalID]int{}
	q.Cursor = drain(t, h.Changes, q, func(p platform.Page) {
		for i, s := range p.Snapshots {
			if seen[s.ID]++; i < 2 {
				_ = h.sim.Delete("jobs", s.ID)
			}
		}
	})
	drain(t, h.Changes, q, func(p platform.Page) {
		for _, s := range p.Snapshots {
			seen[s.ID]++
		}
	})
	for _, id := range h.sim.IDs("jobs") {
		if seen[id] == 0 {
			t.Errorf("%s was passed over", id)
		}
	}
}

func TestEveryWalkOverlapsByTheLagBound(t *testing.T) {
	h := newHarness(t)
	h.people(3)
	newest := h.clock.Now()
	q := platform.Query{Object: "clients", Limit: 9, Since: begin}
	q.Cursor = drain(t, h.Changes, q, func(platform.Page) {})
	drain(t, h.Changes, q, func(platform.Page) {})
	filter := h.asked[len(h.asked)-1].Variables["filter"]
	want := map[string]any{"updatedAt": map[string]any{"after": newest.Add(-30 * time.Second).Format(time.RFC3339)}}
	if diff := cmp.Diff(want, filter); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
