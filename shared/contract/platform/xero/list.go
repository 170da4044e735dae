package xero

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// listPosition is the content of a List cursor.
type listPosition struct {
	Page int `json:"page"` // the next, from 1
	Size int `json:"size"` // of the walk's pages
	// Count is of all records, as the page before told it; -1 where it did not.
	Count int `json:"count"`
}

// List walks all records in pages, in the order of their ids: an id never changes and no record leaves, so what shifts is
// shifted towards pages not read yet, and repeats at worst. Should the count fall all the same, say because a contact was
// erased, the page before is read again. Archived contacts, and invoices voided or deleted, come with Archived set; merged
// contacts are absences.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("list %s", q.Object)
	k, _ := kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return platform.Page{}, err
	}
	at := listPosition{Page: 1, Size: q.Limit, Count: -1}
	if q.Cursor != "" {
		if err := platform.ReadCursor(q.Cursor, &at); err != nil || at.Page < 1 || at.Size < 1 || at.Size > c.catalog.Ability(q.Object).PageMax {
			return platform.Page{}, fault.Newf(fault.Rejected, op, "cursor is not one of ours")
		}
	}
	if at.Size > q.Limit {
		// Pages of another size begin elsewhere: those of the new size that hold what was read are behind us.
		at.Page, at.Size = (at.Page-1)*at.Size/q.Limit+1, q.Limit
	}
	answer, err := c.wholePage(ctx, k, query{order: k.key(), number: at.Page, size: at.Size})
	if err != nil {
		return platform.Page{}, err
	}
	if len(answer.entities) > q.Limit {
		return platform.Page{}, fault.Newf(fault.Transient, op, "more records than asked for")
	}
	next := listPosition{Page: at.Page + 1, Size: at.Size, Count: answer.count}
	more := answer.more
	if answer.count >= 0 && answer.count < at.Count && at.Page > 1 {
		next.Page, more = at.Page-1, true
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	page := platform.Page{Next: platform.Cursor(raw), More: more}
	c.tell(&page, k, answer.entities, q.Fields, answer, false)
	return page, nil
}

// tell puts records into a page.
func (c *Connector) tell(page *platform.Page, k kind, entities []entity, fields []record.PlatformField, answer rows, lagging bool) {
	for _, e := range entities {
		read := c.judgeRead(k, e.id(k), e, fields, answer.began)
		switch {
		case e.foreign(k):
		case read.Absence != nil:
			page.Absences = append(page.Absences, *read.Absence)
		default:
			read.Snapshot.Lagging = lagging
			page.Snapshots = append(page.Snapshots, *read.Snapshot)
		}
	}
}
