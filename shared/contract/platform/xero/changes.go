package xero

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// pageSizeMax is the size of a page of changes (calcinai/xero-php issue 915 quotes the vendor's mail of 2024-06).
	pageSizeMax = 1000
	// sinceMargin is taken off what is asked for: the platform minds whole seconds, and does not say whether its own counts.
	sinceMargin = time.Second
)

// position is the content of a Changes cursor. Times are the platform's, in milliseconds since 1970.
//
// A walk asks, each time, for the first page of what changed since the last record told, by stamp: page numbers would pass
// over records, since whatever changes meanwhile moves to the end and shifts the rest forwards. Where a page is full of
// one second, which is as fine as the question can be put, the walk turns round: from the newest backwards, page by page.
// What changes meanwhile is then put in front and shifts the rest backwards, towards pages that are not read yet; itself
// it is told by the next walk.
type position struct {
	Since   int64             `json:"since"`
	AfterID record.ExternalID `json:"after_id,omitempty"` // the last of stamp Since that was told, by id; "" if not all before it were
	From    int64             `json:"from"`               // where the walk began
	Began   int64             `json:"began,omitempty"`    // the platform's clock at the walk's first answer
	Back    int               `json:"back,omitempty"`     // the page of a walk backwards, from 1; 0 for forwards
	Told    int               `json:"told,omitempty"`     // records of that page that were told
}

// Changes lists records by UpdatedDateUTC, archived ones with Archived set, merged contacts as absences. Each caught-up
// walk resumes LagBound before the platform's clock at its first answer. Snapshots are marked Lagging: that this list
// never trails the records is not known.
//
// The stamp does not move with every change (developer.xero.com, requests and responses: balances, whether a contact is
// a customer, the due date of an invoice paid in part): those are told by the daily reconcile.
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("changes of %s", q.Object)
	k, _ := kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return platform.Page{}, err
	}
	at, err := c.resume(q)
	if err != nil {
		return platform.Page{}, err
	}
	ask := query{since: time.UnixMilli(at.Since).Truncate(time.Second).Add(-sinceMargin), order: "UpdatedDateUTC", number: 1, size: pageSizeMax}
	if at.Back > 0 {
		ask.order, ask.number = "UpdatedDateUTC DESC", at.Back
	}
	answer, err := c.wholePage(ctx, k, ask)
	if err != nil {
		return platform.Page{}, err
	}
	if answer.more && !at.inOrder(answer.entities) {
		// To go on behind the last would pass over what it should have told before.
		return platform.Page{}, fault.Newf(fault.Transient, op, "the list is not in the order asked for")
	}
	if at.Began == 0 {
		at.Began = clockOf(answer, at)
	}
	var entities []entity
	var next position
	var more bool
	if at.Back > 0 {
		entities, next, more = at.backwards(answer, q.Limit)
	} else {
		entities, next, more = at.forwards(k, answer, q.Limit)
	}
	if !more {
		since := max(at.Began-c.catalog.Ability(q.Object).LagBound.Milliseconds(), at.From)
		next = position{Since: since, From: since}
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	page := platform.Page{Next: platform.Cursor(raw), More: more}
	c.tell(&page, k, entities, q.Fields, answer, true)
	return page, nil
}

// resume reads the cursor, or begins at Since.
func (c *Connector) resume(q platform.Query) (position, error) {
	at := position{Since: max(q.Since.UnixMilli(), 1)}
	if q.Cursor != "" {
		err := platform.ReadCursor(q.Cursor, &at)
		if err != nil || at.Since < 1 || at.From < 1 || at.Back < 0 || at.Told < 0 || at.AfterID != "" && !wellFormed(at.AfterID) {
			return position{}, fault.Newf(fault.Rejected, c.client.Opf("changes of %s", q.Object), "cursor is not one of ours")
		}
	}
	if at.From == 0 {
		at.From = at.Since
	}
	return at, nil
}

// stampOf is a record's stamp in milliseconds; one without a stamp counts as changed where the walk stands.
func (at position) stampOf(e entity) int64 {
	if modified := e.modified(); !modified.IsZero() {
		return modified.UnixMilli()
	}
	return at.Since
}

// inOrder says that a page goes by stamp, the way that the walk does.
func (at position) inOrder(entities []entity) bool {
	return slices.IsSortedFunc(entities, func(a, b entity) int {
		if at.Back > 0 {
			a, b = b, a
		}
		return cmp.Compare(at.stampOf(a), at.stampOf(b))
	})
}

// forwards picks what one page tells of what changed since a position, oldest first, and where to go on. What was told
// before is left out. more is false once caught up.
func (at position) forwards(k kind, answer rows, limit int) (entities []entity, next position, more bool) {
	entities = slices.Clone(answer.entities)
	order := func(a, b entity) int {
		return cmp.Or(cmp.Compare(at.stampOf(a), at.stampOf(b)), strings.Compare(string(a.id(k)), string(b.id(k))))
	}
	slices.SortStableFunc(entities, order)
	entities = slices.DeleteFunc(entities, func(e entity) bool {
		stamp := at.stampOf(e)
		return stamp < at.Since || stamp == at.Since && at.AfterID != "" && e.id(k) <= at.AfterID
	})
	next = at
	if answer.more {
		last := at.Since
		if len(answer.entities) > 0 {
			last = at.stampOf(slices.MaxFunc(answer.entities, order))
		}
		if last/1000 <= at.Since/1000 {
			next.Back, next.AfterID = 1, ""
			return nil, next, true
		}
		// Of the last stamp there may be more on the next page: all of it is told from there.
		entities = slices.DeleteFunc(entities, func(e entity) bool { return at.stampOf(e) == last })
		next.Since, next.AfterID = last, ""
	}
	if len(entities) > limit {
		entities = entities[:limit]
		last := entities[limit-1]
		next.Since, next.AfterID = at.stampOf(last), last.id(k)
		return entities, next, true
	}
	return entities, next, answer.more
}

// backwards picks what one page of a walk backwards tells. It ends with the list, or where records are older than asked
// for, should the platform answer such.
func (at position) backwards(answer rows, limit int) (entities []entity, next position, more bool) {
	entities = answer.entities[min(at.Told, len(answer.entities)):]
	next = at
	if len(entities) > limit {
		next.Told += limit
		return entities[:limit], next, true
	}
	next.Back, next.Told = at.Back+1, 0
	oldest := at.Since
	if len(entities) > 0 {
		oldest = at.stampOf(entities[len(entities)-1])
	}
	return entities, next, answer.more && oldest >= at.Since-time.Minute.Milliseconds()
}

// clockOf is the clock at an answer (platform.Clock); where it does not say, the walk's beginning stands for it.
func clockOf(answer rows, at position) int64 {
	if clock, told := platform.Clock(answer.clock, answer.began); told {
		return clock.UnixMilli()
	}
	return at.Since
}
