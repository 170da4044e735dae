package jobber

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// clockTrust is by how much the platform's Date header may be ahead of the clock that stamps its records. The watermark
// follows that header at this distance where nothing changes, so that the last changes are not read for ever.
const clockTrust = 5 * time.Minute

// newestFirst sorts jobs: the API has no filter by updatedAt for them.
const newestFirst = "{key: UPDATED_AT, direction: DESCENDING}"

// changeCursor is the content of a Changes cursor: a watermark, and the walk on its way. The watermark moves only when
// a walk ends, to what the platform had stamped when it began; so whatever order the platform walks in, and whatever
// moves meanwhile, the next walk reads again all that the last may have missed.
type changeCursor struct {
	Watermark time.Time `json:"watermark"`
	// Began is the platform's clock at the walk's first page, ours where it did not say; zero where none is on its way.
	Began time.Time `json:"began,omitzero"`
	// Newest is the newest stamp seen on the walk.
	Newest time.Time `json:"newest,omitzero"`
	Walk   position  `json:"walk"`
}

// Changes lists what changed since a cursor, a page of one walk at a time: clients by a filter on updatedAt in the
// platform's own order, jobs from the newest down to the watermark. A page is sorted oldest first; pages of one walk
// are not in order among each other. Every walk overlaps by LagBound and takes both ends in.
//
// Snapshots are Lagging: that these lists never trail the records is not documented. Deletions are not told, nor edits
// that leave updatedAt alone (Ability.StampCovers).
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("changes of %s", q.Object)
	k, raw, err := c.begin(op, q)
	if err != nil {
		return platform.Page{}, err
	}
	at := changeCursor{Watermark: q.Since.UTC()}
	if raw != nil {
		if err := platform.ReadCursor(platform.Cursor(raw), &at); err != nil {
			return platform.Page{}, c.reject(op, "cursor is not one of ours")
		}
	}
	var from time.Time
	if !at.Watermark.IsZero() {
		from = at.Watermark.Add(-c.lag(k))
	}
	page, err := c.changesPage(ctx, k, q, at.Walk, from)
	if err != nil {
		return platform.Page{}, err
	}
	next := at.advance(page)
	cursor, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	out := platform.Page{Next: platform.Cursor(cursor), More: !page.next.Ended}
	for _, s := range page.snapshots {
		if s.ModifiedAt.IsZero() || !s.ModifiedAt.Before(from) {
			s.Lagging = true
			out.Snapshots = append(out.Snapshots, s)
		}
	}
	slices.SortStableFunc(out.Snapshots, func(a, b record.Snapshot) int { return a.ModifiedAt.Compare(b.ModifiedAt) })
	return out, nil
}

// changesPage reads one page of a walk down to from, and ends the walk of jobs below it.
func (c *Connector) changesPage(ctx context.Context, k kind, q platform.Query, at position, from time.Time) (rows, error) {
	if k.object == "clients" {
		var filter map[string]any
		if !from.IsZero() {
			filter = map[string]any{"updatedAt": map[string]any{"after": formatTime(from)}}
		}
		return c.walk(ctx, k, q, at, filter, "")
	}
	page, err := c.walk(ctx, k, q, at, nil, newestFirst)
	if err != nil || len(page.snapshots) == 0 {
		return page, err
	}
	// A page that begins the walk again says nothing of where it ends.
	oldest := page.snapshots[len(page.snapshots)-1].ModifiedAt
	if page.next.Anchors != nil && !oldest.IsZero() && oldest.Before(from) {
		page.next.Ended = true
	}
	return page, nil
}

// advance gives the cursor after a page.
func (at changeCursor) advance(page rows) changeCursor {
	next := at
	if next.Began.IsZero() {
		next.Began = page.answered
	}
	if next.Began.IsZero() {
		next.Began = page.began
	}
	for _, s := range page.snapshots {
		if s.ModifiedAt.After(next.Newest) {
			next.Newest = s.ModifiedAt
		}
	}
	next.Walk = page.next
	if !page.next.Ended {
		return next
	}
	ended := changeCursor{Watermark: at.Watermark}
	if !page.next.Unsure {
		ended.Watermark = watermark(at.Watermark, next.Began, next.Newest)
	}
	return ended
}

// watermark is where the next walk begins: at the newest stamp seen, but not after this one began, when changes that it
// passed may have been stamped; and, where all is at rest, behind that by clockTrust. It never goes back.
func watermark(old, began, newest time.Time) time.Time {
	out := newest
	if newest.After(began) {
		out = began
	}
	if trusted := began.Add(-clockTrust); trusted.After(out) {
		out = trusted
	}
	if out.Before(old) {
		return old
	}
	return out.UTC()
}

func (c *Connector) lag(k kind) time.Duration {
	_, ability, _ := c.kindOf(k.object)
	return ability.LagBound
}
