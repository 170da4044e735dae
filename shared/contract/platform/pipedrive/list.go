package pipedrive

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// restartsMax bounds how often one walk begins again because the platform does not know its own cursor any more.
const restartsMax = 3

// listCursor is the content of a List cursor.
type listCursor struct {
	// Archived says that the walk is at the archived deals, Ended that it is over.
	Archived bool `json:"archived,omitempty"`
	Ended    bool `json:"ended,omitempty"`
	// Cursor is the platform's, "" at the beginning. Its printed example decodes to where the page before ended (field,
	// value, id), so that what is deleted meanwhile shifts nothing; how long one lives is not told.
	Cursor   string `json:"cursor,omitempty"`
	Restarts int    `json:"restarts,omitempty"`
}

// List walks every record in the order of their ids, archived deals after the others. A walk whose cursor the platform
// refuses begins again, and repeats.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("list %s", q.Object)
	k, _ := c.kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return platform.Page{}, err
	}
	var at listCursor
	if q.Cursor != "" && platform.ReadCursor(q.Cursor, &at) != nil {
		return platform.Page{}, fault.Newf(fault.Rejected, op, "cursor is not one of ours")
	}
	if at.Ended {
		return platform.Page{Next: q.Cursor}, nil
	}
	want, err := c.lookFor(ctx, k, q.Fields)
	if err != nil {
		return platform.Page{}, err
	}
	page, next, err := c.listPage(ctx, k, q, want, at)
	if err != nil {
		return platform.Page{}, err
	}
	if want, err = c.confirm(ctx, k, want, page.rows, page.began); err != nil {
		return platform.Page{}, err
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	out := platform.Page{Next: platform.Cursor(raw), More: !next.Ended}
	for _, r := range page.rows {
		if !r.deleted() {
			out.Snapshots = append(out.Snapshots, c.snapshot(k, want, r, page.began))
		}
	}
	return out, nil
}

// listPage reads the page at a position and says where the next one is.
func (c *Connector) listPage(ctx context.Context, k kind, q platform.Query, want wanted, at listCursor) (rows, listCursor, error) {
	ask := url.Values{"sort_by": {"id"}, "sort_direction": {"asc"}, "limit": {strconv.Itoa(q.Limit)}}
	if at.Cursor != "" {
		ask.Set("cursor", at.Cursor)
	}
	path := k.path()
	if at.Archived {
		path = k.path("archived")
	}
	page, err := c.wholePage(ctx, k, path, ask, want)
	switch {
	case fault.Is(err, fault.Rejected) && at.Cursor != "" && at.Restarts < restartsMax:
		return rows{}, listCursor{Restarts: at.Restarts + 1}, nil
	case err != nil:
		return rows{}, at, err
	case page.next != "" && page.next == at.Cursor:
		return rows{}, at, fault.Newf(fault.Transient, c.client.Opf("list %s", k.Name), "the list does not get ahead")
	}
	next := listCursor{Archived: at.Archived, Cursor: page.next, Restarts: at.Restarts}
	if page.next == "" {
		next.Ended = at.Archived || k.Name != "deals"
		next.Archived = true
	}
	return page, next, nil
}
