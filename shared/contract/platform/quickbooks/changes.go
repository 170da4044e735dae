package quickbooks

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// lookBack is how far change data capture reaches, a day short of the vendor's 30 days (developer.intuit.com change
	// data capture). Older positions are walked by query, which tells no deletions; reconcile finds those.
	lookBack = 29 * 24 * time.Hour
	// shiftRows is how many rows the next offset repeats, where one second holds more records than one query answers.
	shiftRows = 50
)

// The ways to list changes.
const (
	byCapture = "capture"
	byQuery   = "query"
)

// position is the content of a Changes cursor. Stamps are whole seconds, as the platform keeps them.
//
// A walk goes through windows: a window is every change at or after Since, up to 1,000 of them, ordered by stamp and id
// here, since neither list promises an order among equal stamps. Within a window, AfterID tells how far its first
// second was read. A full window may lack some records of its last second, so the next window begins there.
//
// Change data capture has no pages and no upper bound, and does not say which 1,000 of more it answers. So after a
// walk that met a full answer, everything from the walk's beginning is walked once more by query, which has an order
// and pages but no deletions. Only a deletion within such a burst can then be passed over, if the platform does not
// answer oldest first; webhooks and reconcile tell it.
type position struct {
	By      string            `json:"by"`
	Since   int64             `json:"since"`
	AfterID record.ExternalID `json:"after_id,omitempty"`
	Skip    int               `json:"skip,omitempty"`  // rows of the second Since that full windows already gave (query)
	From    int64             `json:"from"`            // where the walk began
	Began   int64             `json:"began,omitempty"` // the platform's clock at the walk's first answer
	Burst   bool              `json:"burst,omitempty"` // a full answer was met
}

// Changes lists changes by change data capture, deletions included. Each caught-up walk resumes LagBound before the
// platform's clock at its first answer, so whatever changes during a walk is told by the next. Snapshots are marked
// Lagging: that this list never trails the records is unverified.
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	k, at, err := c.resume(q)
	if err != nil {
		return platform.Page{}, err
	}
	var list rowList
	if at.By == byCapture {
		list, err = c.capture(ctx, k, at, q.Fields)
	} else {
		where := "MetaData.LastUpdatedTime >= " + quote(formatTime(time.Unix(at.Since, 0)))
		list, err = c.query(ctx, k, where, "MetaData.LastUpdatedTime", at.Skip+1, rowsMax, q.Fields)
	}
	if list, err = c.whole("changes of "+k.entity, list, err); err != nil {
		return platform.Page{}, err
	}
	if at.Began == 0 {
		at.Began = max(clockOf(list, at.Since), 1)
	}
	entries, next, more := window(entriesOf(list, at), list.full(rowsMax), at, q.Limit, c.catalog.Ability(q.Object).LagBound)
	return c.changesPage(k, q, entries, list.began, next, more)
}

// resume reads the cursor, or begins at Since.
func (c *Connector) resume(q platform.Query) (kind, position, error) {
	op := c.client.Opf("changes of %s", q.Object)
	k, _ := kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return k, position{}, err
	}
	at := position{By: byCapture, Since: max(q.Since.Unix(), 1)}
	if q.Cursor != "" {
		if err := platform.ReadCursor(q.Cursor, &at); err != nil || at.Since < 1 || at.Skip < 0 {
			return k, position{}, fault.Newf(fault.Rejected, op, "cursor is not one of ours")
		}
	}
	if at.From == 0 {
		at.From = at.Since
	}
	if at.By != byQuery && time.Unix(at.Since, 0).Before(c.client.Settings.Now().Add(-lookBack)) {
		at.By = byQuery
	}
	return k, at, nil
}

// capture asks for one answer of change data capture.
func (c *Connector) capture(ctx context.Context, k kind, at position, fields []record.PlatformField) (rowList, error) {
	parameters := include(fields)
	parameters.Set("entities", k.entity)
	parameters.Set("changedSince", formatTime(time.Unix(at.Since, 0)))
	call := platform.Call{Op: "changes of " + k.entity, Method: http.MethodGet, Path: c.path("cdc", parameters)}
	answer, began, err := c.ask(ctx, call)
	if err != nil {
		return rowList{}, err
	}
	if len(answer.CDCResponse) == 0 {
		return rowList{}, fault.Newf(fault.Transient, c.client.Op(call), "answer without a CDCResponse")
	}
	var raw []json.RawMessage
	for _, response := range answer.CDCResponse {
		if response.Fault != nil {
			return rowList{}, faultError(c.client.Op(call), response.Fault, http.StatusOK, call.Write)
		}
		if len(response.QueryResponse) == 0 || slices.Contains(response.QueryResponse, nil) {
			return rowList{}, fault.Newf(fault.Transient, c.client.Op(call), "answer without a QueryResponse")
		}
		for _, r := range response.QueryResponse {
			if r.Fault != nil {
				return rowList{}, faultError(c.client.Op(call), r.Fault, http.StatusOK, call.Write)
			}
			raw = append(raw, k.list(*r)...)
		}
	}
	return decodeRows(raw, began, answer.Time), nil
}

// entry is one change with its stamp.
type entry struct {
	entity
	stamp int64
}

// entriesOf orders a window. A stub without a stamp counts as changed now. A stamp before Since, which no list
// should answer, counts as Since, so that a walk always gets ahead.
func entriesOf(list rowList, at position) []entry {
	entries := make([]entry, 0, len(list.entities))
	for _, e := range list.entities {
		stamp := e.modified().Unix()
		if e.modified().IsZero() {
			stamp = clockOf(list, at.Since)
		}
		entries = append(entries, entry{entity: e, stamp: max(stamp, at.Since)})
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.stamp, b.stamp), compareIDs(a.id(), b.id()))
	})
	return entries
}

// clockOf is the platform's clock at an answer; where it does not say, the latest stamp stands for it.
func clockOf(list rowList, since int64) int64 {
	if !list.clock.IsZero() {
		return list.clock.Unix()
	}
	for _, e := range list.entities {
		since = max(since, e.modified().Unix())
	}
	return since
}

// compareIDs orders ids as numbers without parsing them: the longer is the greater.
func compareIDs(a, b record.ExternalID) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(string(a), string(b)))
}

// window picks what one page tells of a window in order, and the position after it. more is false once caught up.
func window(entries []entry, full bool, at position, limit int, lag time.Duration) (page []entry, next position, more bool) {
	next, more = caughtUp(at, lag)
	if full {
		entries, next, more = boundary(entries, at)
	}
	told := func(e entry) bool {
		return e.stamp == at.Since && at.AfterID != "" && compareIDs(e.id(), at.AfterID) <= 0
	}
	entries = slices.DeleteFunc(entries, told)
	if len(entries) <= limit {
		return entries, next, more
	}
	entries = entries[:limit]
	last := entries[limit-1]
	next = at
	next.Burst = at.Burst || full
	if last.stamp != at.Since {
		next.Skip = 0
	}
	next.Since, next.AfterID = last.stamp, last.id()
	return entries, next, true
}

// caughtUp gives the position after a window that was not full.
func caughtUp(at position, lag time.Duration) (position, bool) {
	if at.By == byCapture && at.Burst {
		return position{By: byQuery, Since: at.From, From: at.From, Began: at.Began}, true
	}
	return position{By: byCapture, Since: max(at.Began-int64(lag/time.Second), at.From)}, false
}

// boundary gives what a full window surely holds whole, and where the next begins.
func boundary(entries []entry, at position) ([]entry, position, bool) {
	next := at
	next.AfterID, next.Skip, next.Burst = "", 0, true
	last := at.Since
	if len(entries) > 0 {
		last = entries[len(entries)-1].stamp
	}
	switch {
	case last > at.Since:
		next.Since = last
		entries = slices.DeleteFunc(entries, func(e entry) bool { return e.stamp == last })
	case at.By == byCapture:
		// A thousand changes in one second: the query that follows tells the rest.
		next.Since = at.Since + 1
	default:
		next.Skip = at.Skip + rowsMax - shiftRows
	}
	return entries, next, true
}

func (c *Connector) changesPage(k kind, q platform.Query, entries []entry, began time.Time, next position, more bool) (platform.Page, error) {
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, c.client.Opf("changes of %s", q.Object), err)
	}
	page := platform.Page{Next: platform.Cursor(raw), More: more}
	for _, e := range entries {
		if e.deleted() {
			page.Absences = append(page.Absences, *c.absence(k, e.id(), record.EvidenceDeleted, began))
			continue
		}
		s := c.snapshot(k, e.entity, q.Fields, began)
		s.Lagging = true
		page.Snapshots = append(page.Snapshots, *s)
	}
	return page, nil
}
