package salesforce

import (
	"context"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// partsMax bounds the answers that one read of given ids or values may come in: the platform may answer fewer rows
// at once than asked (batch size is "a suggestion", Query Options header).
const partsMax = 20

// Fetch reads records by id in one query that sees the recycle bin: a record in it is an absence, merged if it names its
// winner. What the integration user may not see reads as not found.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	o, err := c.client.Readable(c.catalog, object, ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	found, began, sure, err := c.read(ctx, o, fields, ids)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		if reads[i] = c.judgeRead(o, id, found[long(id)], fields, began); found[long(id)] == nil && !sure {
			reads[i] = platform.Read{ID: id, Err: fault.Newf(fault.Transient, c.client.Opf("read %s/%s", object, id), "the answer holds a row that is no record")}
		}
	}
	return reads, nil
}

// judgeRead says what a read shows of one id, r nil if there is no such row.
func (c *Connector) judgeRead(o *catalog.Object, id record.ExternalID, r row, fields []record.PlatformField, began time.Time) platform.Read {
	if r != nil && !r.deleted() {
		s := c.snapshot(o, r, fields, began)
		return platform.Read{ID: id, Snapshot: &s}
	}
	return platform.Read{ID: id, Absence: c.absence(o, id, r, began)}
}

// absence is what a row in the recycle bin shows, or the lack of a row.
func (c *Connector) absence(o *catalog.Object, id record.ExternalID, r row, began time.Time) *record.Absence {
	a := &record.Absence{Ref: record.Ref{Place: c.place(o.Name), ID: id}, Evidence: record.EvidenceNotFound, ReadBegan: began}
	switch {
	case r == nil:
	case r.master() != "" && r.master() != r.id():
		a.Evidence, a.Into = record.EvidenceMerged, r.master()
	default:
		a.Evidence = record.EvidenceDeleted
	}
	return a
}

// read gives the rows that exist among ids, by their ids of 18 characters. What is no id is not asked for: one would
// have the whole query refused. sure says that what is not found is not there: every row was a record.
func (c *Connector) read(ctx context.Context, o *catalog.Object, fields []record.PlatformField, ids []record.ExternalID) (found map[record.ExternalID]row, began time.Time, sure bool, err error) {
	found, sure = map[record.ExternalID]row{}, true
	began = c.client.Settings.Now()
	var asked []string
	for _, id := range ids {
		if wellFormed(id) && !slices.Contains(asked, string(long(id))) {
			asked = append(asked, string(long(id)))
		}
	}
	q := soql{object: o, fields: fields, order: "Id", limit: len(asked), all: true}
	for _, part := range c.split(q, "Id", asked) {
		q.where = "Id IN " + quoteAll(part)
		part, err := c.every(ctx, q)
		if err != nil {
			return nil, began, false, err
		}
		sure = sure && part.malformed == 0
		for _, r := range part.rows {
			found[r.id()] = r
		}
	}
	return found, began, sure, nil
}

// every walks a query of bounded size to its end, whatever pieces it comes in.
func (c *Connector) every(ctx context.Context, q soql) (rows, error) {
	var all rows
	where := q.where
	for range partsMax {
		page, err := c.query(ctx, q)
		if err != nil {
			return rows{}, err
		}
		if all.began.IsZero() {
			all.began = page.began
		}
		all.rows, all.malformed, all.done = append(all.rows, page.rows...), all.malformed+page.malformed, page.done
		if page.done || len(page.rows) == 0 || len(all.rows)+all.malformed >= q.limit {
			return all, nil
		}
		q.where = "(" + where + ") AND Id > " + quote(string(page.rows[len(page.rows)-1].id()))
	}
	return rows{}, fault.Newf(fault.Transient, c.client.Opf("query %s", q.object.Name), "answered in more than %d parts", partsMax)
}
