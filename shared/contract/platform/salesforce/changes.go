package salesforce

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// position is the content of a Changes cursor. Times are the platform's SystemModstamp in milliseconds since 1970.
//
// A walk goes by stamp and id, each page from behind the last row of the one before, so that equal stamps across pages
// are neither passed over nor told twice.
type position struct {
	Since   int64             `json:"since"`
	AfterID record.ExternalID `json:"after_id,omitempty"` // the last of stamp Since that was told; "" if none
	From    int64             `json:"from"`               // where the walk began
	Began   int64             `json:"began,omitempty"`    // the platform's clock at the walk's first answer
}

// Changes lists records by SystemModstamp with the recycle bin, whose rows are absences: deleting and merging move the
// stamp too (unverified; where they did not, events and the daily reconcile would tell). A row shows when its transaction
// commits and is stamped before, so each caught-up walk resumes LagBound before the platform's clock at its first answer.
// Snapshots are of the records themselves.
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	o, err := c.client.Listable(c.catalog, c.client.Opf("changes of %s", q.Object), q)
	if err != nil {
		return platform.Page{}, err
	}
	at, err := c.resume(q)
	if err != nil {
		return platform.Page{}, err
	}
	answer, err := c.query(ctx, soql{object: o, fields: q.Fields, where: at.where(), order: "SystemModstamp, Id", limit: q.Limit, all: true})
	if answer, err = c.whole("changes of "+string(q.Object), answer, err); err != nil {
		return platform.Page{}, err
	}
	if at.Began == 0 {
		at.Began = clockOf(answer, at)
	}
	next, more := at.caughtUp(o.Ability.LagBound), false
	if !answer.done || len(answer.rows) >= q.Limit {
		if next, more = at.behind(answer), true; next == at {
			return platform.Page{}, fault.Newf(fault.Transient, c.client.Opf("changes of %s", q.Object), "the list does not get ahead")
		}
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, c.client.Opf("changes of %s", q.Object), err)
	}
	page := platform.Page{Next: platform.Cursor(raw), More: more}
	for _, r := range answer.rows {
		if r.deleted() {
			page.Absences = append(page.Absences, *c.absence(o, r.id(), r, answer.began))
			continue
		}
		page.Snapshots = append(page.Snapshots, c.snapshot(o, r, q.Fields, answer.began))
	}
	return page, nil
}

// resume reads the cursor, or begins at Since.
func (c *Connector) resume(q platform.Query) (position, error) {
	at := position{Since: max(q.Since.UnixMilli(), 1)}
	if q.Cursor != "" {
		err := platform.ReadCursor(q.Cursor, &at)
		if err != nil || at.Since < 1 || at.From < 1 || at.AfterID != "" && !wellFormed(at.AfterID) {
			return position{}, fault.Newf(fault.Rejected, c.client.Opf("changes of %s", q.Object), "cursor is not one of ours")
		}
	}
	if at.From == 0 {
		at.From = at.Since
	}
	return at, nil
}

// where is the condition for what lies behind a position. It begins with the one that the index on the stamp serves.
func (at position) where() string {
	stamp := formatTime(time.UnixMilli(at.Since))
	if at.AfterID == "" {
		return "SystemModstamp >= " + stamp
	}
	return "SystemModstamp >= " + stamp + " AND (SystemModstamp > " + stamp + " OR Id > " + quote(string(at.AfterID)) + ")"
}

// behind is the position after a page. A row without a stamp has that of the row before.
func (at position) behind(answer rows) position {
	next := at
	for _, r := range answer.rows {
		if stamp := r.modified().UnixMilli(); !r.modified().IsZero() {
			next.Since = max(next.Since, stamp)
		}
		next.AfterID = r.id()
	}
	return next
}

// caughtUp is the position after the last page.
func (at position) caughtUp(lag time.Duration) position {
	since := max(at.Began-lag.Milliseconds(), at.From)
	return position{Since: since, From: since}
}

// clockOf is the clock at an answer (platform.Clock); where it does not say, the last stamp stands for it.
func clockOf(answer rows, at position) int64 {
	if clock, told := platform.Clock(answer.clock, answer.began); told {
		return clock.UnixMilli()
	}
	return at.behind(answer).Since
}
