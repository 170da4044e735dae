package salesforce

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// listEnd is the cursor after the last page; any other is the id of the last record of the page before.
const listEnd platform.Cursor = "end"

// List walks all records outside the recycle bin in the order of their ids, each page from behind the last id of the one
// before: ids of the platform's are filtered and ordered alike (Bulk API, PK chunking, walks tables so). No cursor of the
// platform's is used, since those end.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	o, err := c.client.Listable(c.catalog, c.client.Opf("list %s", q.Object), q)
	if err != nil {
		return platform.Page{}, err
	}
	if q.Cursor == listEnd {
		return platform.Page{Next: listEnd}, nil
	}
	ask := soql{object: o, fields: q.Fields, order: "Id", limit: q.Limit}
	if q.Cursor != "" {
		if !wellFormed(record.ExternalID(q.Cursor)) {
			return platform.Page{}, fault.Newf(fault.Rejected, c.client.Opf("list %s", q.Object), "cursor is not one of ours")
		}
		ask.where = "Id > " + quote(string(q.Cursor))
	}
	answer, err := c.query(ctx, ask)
	if answer, err = c.whole("list "+string(q.Object), answer, err); err != nil {
		return platform.Page{}, err
	}
	page := platform.Page{Next: listEnd}
	for _, r := range answer.rows {
		page.Snapshots = append(page.Snapshots, c.snapshot(o, r, q.Fields, answer.began))
	}
	if answer.done && len(answer.rows) < q.Limit {
		return page, nil
	}
	if len(answer.rows) == 0 {
		return platform.Page{}, fault.Newf(fault.Transient, c.client.Opf("list %s", q.Object), "an answer without records that is not done")
	}
	next := answer.rows[len(answer.rows)-1].id()
	if platform.Cursor(next) == q.Cursor {
		return platform.Page{}, fault.Newf(fault.Transient, c.client.Opf("list %s", q.Object), "the list does not get ahead")
	}
	page.Next, page.More = platform.Cursor(next), true
	return page, nil
}
