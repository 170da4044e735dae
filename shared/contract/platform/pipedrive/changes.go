package pipedrive

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// recentsLimit is how many rows one page of recents is asked for.
	recentsLimit = 500
)

// The lists that one walk goes through, in order. Deals have lists of archived and of deleted ones, and of those that were
// both; of persons and organizations only v1's recents tell deletions.
const (
	phaseLive     = "live"
	phaseArchived = "archived"
	phaseDeleted  = "deleted"
	phaseBoth     = "both"
	phaseRecents  = "recents"
)

func phasesOf(k kind) []string {
	if k.Name == "deals" {
		return []string{phaseLive, phaseArchived, phaseDeleted, phaseBoth}
	}
	return []string{phaseLive, phaseRecents}
}

// position is the content of a Changes cursor. Times are the platform's update_time in whole seconds since 1970, in which
// its filters are.
//
// A list is walked by that stamp: each page from the last stamp of the one before, that stamp included, so that neither
// equal stamps nor records that move ahead meanwhile are passed over; rows of that second repeat. The platform's own
// cursor is used only where one second fills a page.
type position struct {
	Phase string `json:"phase"`
	Since int64  `json:"since"`
	// Cursor goes on within the second Since, Start within a page of recents.
	Cursor   string `json:"cursor,omitempty"`
	Start    int    `json:"start,omitempty"`
	Restarts int    `json:"restarts,omitempty"`
	From     int64  `json:"from"`            // where the walk began
	Began    int64  `json:"began,omitempty"` // the platform's clock at the walk's first answer
}

// Changes lists what changed, one page of one list at a time. Snapshots are Lagging: that lists never trail the records is
// not documented. Deletions are absences to be looked at. A caught-up walk resumes LagBound before the platform's clock at
// its first answer.
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("changes of %s", q.Object)
	k, _ := c.kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return platform.Page{}, err
	}
	at, err := c.resume(k, q)
	if err != nil {
		return platform.Page{}, err
	}
	var page platform.Page
	next := at
	if at.Phase == phaseRecents {
		page, next, err = c.recents(ctx, k, q, at)
	} else {
		page, next, err = c.changed(ctx, k, q, at)
	}
	if err != nil {
		return platform.Page{}, err
	}
	if page.More = next.Phase != ""; !page.More {
		next = next.caughtUp(k)
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	page.Next = platform.Cursor(raw)
	return page, nil
}

// resume reads the cursor, or begins at Since.
func (c *Connector) resume(k kind, q platform.Query) (position, error) {
	since := max(q.Since.Unix(), 1)
	at := position{Phase: phaseLive, Since: since, From: since}
	if q.Cursor == "" {
		return at, nil
	}
	err := platform.ReadCursor(q.Cursor, &at)
	known := false
	for _, phase := range phasesOf(k) {
		known = known || phase == at.Phase
	}
	if err != nil || !known || at.Since < 1 || at.From < 1 || at.Start < 0 {
		return position{}, fault.Newf(fault.Rejected, c.client.Opf("changes of %s", q.Object), "cursor is not one of ours")
	}
	return at, nil
}

// changed reads a page of a list of v2 by update_time.
func (c *Connector) changed(ctx context.Context, k kind, q platform.Query, at position) (platform.Page, position, error) {
	want, err := c.lookFor(ctx, k, q.Fields)
	if err != nil {
		return platform.Page{}, at, err
	}
	answer, err := c.pageAt(ctx, k, want, at, q.Limit)
	switch {
	case fault.Is(err, fault.Rejected) && at.Cursor != "" && at.Restarts < restartsMax:
		at.Cursor, at.Restarts = "", at.Restarts+1 // the platform does not know its cursor any more
		return platform.Page{}, at, nil
	case err != nil:
		return platform.Page{}, at, err
	}
	if want, err = c.confirm(ctx, k, want, answer.rows, answer.began); err != nil {
		return platform.Page{}, at, err
	}
	at = begun(at, answer.began, answer.clock)
	next := at.behind(answer)
	if answer.next == "" {
		next = at.after(k)
	} else if next == at {
		return platform.Page{}, at, fault.Newf(fault.Transient, c.client.Opf("changes of %s", k.Name), "the list does not get ahead")
	}
	var page platform.Page
	for _, r := range answer.rows {
		if r.deleted() {
			page.Absences = append(page.Absences, c.absence(k, r.id(), answer.began))
			continue
		}
		s := c.snapshot(k, want, r, answer.began)
		s.Lagging = true
		page.Snapshots = append(page.Snapshots, s)
	}
	return page, next, nil
}

// pageAt reads the page at a position of a list of v2.
func (c *Connector) pageAt(ctx context.Context, k kind, want wanted, at position, limit int) (rows, error) {
	ask := url.Values{"updated_since": {time.Unix(at.Since, 0).UTC().Format(time.RFC3339)}, "sort_by": {"update_time"}, "sort_direction": {"asc"}, "limit": {strconv.Itoa(limit)}}
	if at.Cursor != "" {
		ask.Set("cursor", at.Cursor)
	}
	path := k.path()
	if at.Phase == phaseArchived || at.Phase == phaseBoth {
		path = k.path("archived")
	}
	if at.Phase == phaseDeleted || at.Phase == phaseBoth {
		ask.Set("status", "deleted")
	}
	return c.wholePage(ctx, k, path, ask, want)
}

// behind is the position after a page that is not the last. Where its rows are not in the order asked for, only the
// platform's cursor can tell what was passed.
func (at position) behind(answer rows) position {
	next, last := at, at.Since
	for _, r := range answer.rows {
		stamp := r.modified()
		if stamp.IsZero() || stamp.Unix() < last {
			next.Cursor = answer.next
			return next
		}
		last = stamp.Unix()
	}
	if last > at.Since {
		next.Since, next.Cursor, next.Restarts = last, "", 0
		return next
	}
	next.Cursor = answer.next
	return next
}

// after is the beginning of the list after a position's, with Phase "" after the last.
func (at position) after(k kind) position {
	next := position{Since: at.From, From: at.From, Began: at.Began}
	phases := phasesOf(k)
	for i, phase := range phases[:len(phases)-1] {
		if phase == at.Phase {
			next.Phase = phases[i+1]
		}
	}
	return next
}

// caughtUp is the position after the last list.
func (at position) caughtUp(k kind) position {
	since := max(at.Began-int64(k.Ability.LagBound/time.Second), at.From)
	return position{Phase: phaseLive, Since: since, From: since}
}

// begun notes the clock at the walk's first answer (platform.Clock); where that does not say, ours stands for it.
func begun(at position, began, clock time.Time) position {
	if at.Began != 0 {
		return at
	}
	at.Began = began.Unix()
	if earlier, told := platform.Clock(clock, began); told {
		at.Began = earlier.Unix()
	}
	return at
}

func (c *Connector) absence(k kind, id record.ExternalID, began time.Time) record.Absence {
	return record.Absence{Ref: c.ref(k, id), Evidence: record.EvidenceDeleted, ReadBegan: began}
}

// recent is one row of recents. Data is the record in the form of v1, or null.
type recent struct {
	Item string      `json:"item"`
	ID   json.Number `json:"id"`
	Data *struct {
		Active  *bool `json:"active_flag"`
		Deleted bool  `json:"is_deleted"`
	} `json:"data"`
}

// gone says that a row tells of a deletion: how it does is not documented, and a row taken for one costs a read.
func (r recent) gone() bool {
	return r.Data == nil || r.Data.Deleted || r.Data.Active != nil && !*r.Data.Active
}

// recents reads a page of v1's recents for the deletions in it. The platform pages by place, and what changes meanwhile
// moves to the end; so each page begins a second before the last stamp of the one before, as the answer tells it, and by
// place only within that. Should v1 end one day, deletions are told by webhooks and by the daily reconcile.
func (c *Connector) recents(ctx context.Context, k kind, q platform.Query, at position) (platform.Page, position, error) {
	ask := url.Values{"since_timestamp": {time.Unix(at.Since, 0).UTC().Format(time.DateTime)}, "items": {k.item}, "start": {strconv.Itoa(at.Start)}, "limit": {strconv.Itoa(min(q.Limit, recentsLimit))}}
	call := platform.Call{Op: "recents of " + string(k.Name), Method: http.MethodGet, Path: withQuery(pathV1+"recents", ask)}
	answer, err := c.ask(ctx, call, false)
	if answer.status == http.StatusNotFound || answer.status == http.StatusGone {
		return platform.Page{}, at.after(k), nil
	}
	if err != nil {
		return platform.Page{}, at, err
	}
	items, ok := answer.list()
	more, told := answer.paging()
	if !ok && !answer.null() || !told {
		return platform.Page{}, at, fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
	}
	var page platform.Page
	for _, item := range items {
		var r recent
		if json.Unmarshal(item, &r) == nil && r.Item == k.item && wellFormed(record.ExternalID(r.ID)) && r.gone() {
			page.Absences = append(page.Absences, c.absence(k, record.ExternalID(r.ID), answer.began))
		}
	}
	if !more.Pagination.More {
		return page, at.after(k), nil
	}
	next := at
	if last := parseTime(more.LastTimestamp); !last.IsZero() && last.Unix()-1 > at.Since {
		next.Since, next.Start = last.Unix()-1, 0
	} else {
		next.Start += len(items)
	}
	if next == at {
		return platform.Page{}, at, fault.Newf(fault.Transient, c.client.Op(call), "the list does not get ahead")
	}
	return page, next, nil
}
