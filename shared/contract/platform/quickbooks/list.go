package quickbooks

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// listPosition is the content of a List cursor: an offset, and the row before it, by which a shift is noticed.
type listPosition struct {
	Start int               `json:"start"` // of the next row, from 1
	Last  record.ExternalID `json:"last,omitempty"`
}

// List walks all records, inactive ones included, by query in the order of ids. Offsets shift when a record before
// them is deleted: each page therefore reads the row before its first once more, and if that is another row now, it
// begins a thousand rows earlier. So a page may repeat rows, but passes over none unless over 1,000 are deleted
// between two pages.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("list %s", q.Object)
	k, _ := kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return platform.Page{}, err
	}
	at := listPosition{Start: 1}
	if q.Cursor != "" {
		if err := platform.ReadCursor(q.Cursor, &at); err != nil || at.Start < 1 {
			return platform.Page{}, fault.Newf(fault.Rejected, op, "cursor is not one of ours")
		}
	}
	list, next, more, err := c.listPage(ctx, k, at, q)
	if err != nil {
		return platform.Page{}, err
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	page := platform.Page{Next: platform.Cursor(raw), More: more}
	for _, e := range list.entities {
		page.Snapshots = append(page.Snapshots, *c.snapshot(k, e, q.Fields, list.began))
	}
	return page, nil
}

// listPage reads the rows from at, or from earlier if rows have shifted.
func (c *Connector) listPage(ctx context.Context, k kind, at listPosition, q platform.Query) (rowList, listPosition, bool, error) {
	start := at.Start
	if at.Last != "" && start > 1 {
		limit := min(q.Limit+1, rowsMax)
		list, err := c.query(ctx, k, "", "Id", start-1, limit, q.Fields)
		if list, err = c.whole("list "+k.entity, list, err); err != nil {
			return rowList{}, at, false, err
		}
		if list.first == at.Last {
			next := listPosition{Start: start - 1 + list.rows, Last: list.last}
			more := list.full(limit)
			list.entities = list.entities[1:]
			return list, next, more, nil
		}
		start = max(1, start-rowsMax)
	}
	list, err := c.query(ctx, k, "", "Id", start, q.Limit, q.Fields)
	list, err = c.whole("list "+k.entity, list, err)
	return list, listPosition{Start: start + list.rows, Last: list.last}, list.full(q.Limit), err
}
