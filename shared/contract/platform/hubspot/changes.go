package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// propertiesBytesMax bounds the properties that a search asks for: its body may hold 3,000 characters (search guide).
// What does not fit is left out of the snapshots, which are only hints.
const propertiesBytesMax = 2000

// position is the content of a Changes cursor, in epoch milliseconds. A walk reads what is stamped at or after Since in
// order of stamp, and anchors again at the last stamp of every page: it never pages by offset, which ends at 10,000
// results and shifts as records move. Where one stamp fills a page, that stamp is walked by id.
type position struct {
	Since int64 `json:"since"`
	// ID continues inside the stamp Since, after this id; "" walks by stamp.
	ID record.ExternalID `json:"id,omitempty"`
	// From is where the walk began: everything before it was told.
	From int64 `json:"from"`
	// Began is our clock when the walk began, 0 between walks.
	Began int64 `json:"began,omitempty"`
	// Newest is the newest stamp ever seen, by the platform's clock; Seen is our clock when it was.
	Newest int64 `json:"newest,omitempty"`
	Seen   int64 `json:"seen,omitempty"`
}

// Changes lists changes by search. Its snapshots are marked Lagging: the index trails the records ("a few moments",
// search guide), and it shows no associations. Archived records never appear in it, and the list of them has no order
// of time, so deletions are not told: webhooks and reconcile tell them.
func (c *Connector) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	at, err := c.resume(q)
	if err != nil {
		return platform.Page{}, err
	}
	results, began, err := c.changed(ctx, q, at)
	if err != nil {
		return platform.Page{}, err
	}
	if at.Began == 0 {
		at.Began = began.UnixMilli()
	}
	var page platform.Page
	for _, o := range results {
		if !isID(o.ID) {
			return platform.Page{}, c.noRecord("changes of", q.Object)
		}
		s := c.snapshot(q.Object, o, q.Fields, began)
		s.Lagging = true
		page.Snapshots = append(page.Snapshots, s)
		if stamp := stampMillis(s); stamp > at.Newest {
			at.Newest, at.Seen = stamp, c.client.Settings.Now().UnixMilli()
		}
	}
	at, page.More = at.after(page.Snapshots, len(results) >= q.Limit, c.catalog.Ability(q.Object).LagBound)
	next, err := json.Marshal(at)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, c.client.Opf("changes of %s", q.Object), err)
	}
	page.Next = platform.Cursor(next)
	return page, nil
}

func stampMillis(s record.Snapshot) int64 {
	if s.ModifiedAt.IsZero() {
		return 0
	}
	return s.ModifiedAt.UnixMilli()
}

// resume reads the cursor, or begins at Since.
func (c *Connector) resume(q platform.Query) (position, error) {
	op := c.client.Opf("changes of %s", q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return position{}, err
	}
	at := position{Since: max(q.Since.UnixMilli(), 0)}
	at.From = at.Since
	if q.Cursor != "" {
		at = position{}
		if err := platform.ReadCursor(q.Cursor, &at); err != nil || at.Since < 0 || at.From < 0 {
			return position{}, fault.Newf(fault.Rejected, op, "cursor is not one of ours")
		}
	}
	return at, nil
}

// changed asks for one page: everything from a stamp on in its order, or one stamp's records by id.
func (c *Connector) changed(ctx context.Context, q platform.Query, at position) ([]object, time.Time, error) {
	stamp, since := stampOf(q.Object), strconv.FormatInt(at.Since, 10)
	filters := []filter{{Property: stamp, Operator: "GTE", Value: since}}
	order := stamp
	if at.ID != "" {
		filters = []filter{{Property: stamp, Operator: "EQ", Value: since}, {Property: "hs_object_id", Operator: "GT", Value: string(at.ID)}}
		order = "hs_object_id"
	}
	body := search{FilterGroups: []filterGroup{{Filters: filters}}, Sorts: []sorting{{Property: order, Direction: "ASCENDING"}},
		Properties: fitting(q.Fields, stamp), Limit: q.Limit}
	var answer listAnswer
	told, err := c.ask(ctx, platform.Call{Op: "search changes of " + string(q.Object), Method: http.MethodPost, Path: objectsPath(q.Object) + "/search", Body: body}, &answer)
	return answer.Results, told.began, err
}

// fitting gives the properties among fields that a search has room for, the stamp first.
func fitting(fields []record.PlatformField, stamp string) []string {
	properties, _ := split(fields)
	out, bytes := []string{stamp}, len(stamp)
	for _, p := range properties {
		if bytes += len(p) + len(`"",`); bytes > propertiesBytesMax {
			break
		}
		out = append(out, p)
	}
	return out
}

// after gives the position after a page, and whether there is more to walk.
func (at position) after(page []record.Snapshot, full bool, lag time.Duration) (position, bool) {
	last := at.Since
	for _, s := range page {
		last = max(last, stampMillis(s))
	}
	next := at
	switch {
	case full && at.ID != "" && len(page) > 0:
		next.ID = slices.MaxFunc(page, func(a, b record.Snapshot) int { return compareIDs(a.ID, b.ID) }).ID
	case full && at.ID == "" && last > at.Since:
		next.Since = last
	case full && at.ID == "":
		next.ID = "0" // one stamp fills the page: walk it by id
	case at.ID != "":
		next.Since, next.ID = at.Since+1, "" // that stamp is done
	default:
		return at.caughtUp(lag), false
	}
	return next, true
}

// caughtUp gives where the next walk begins. A record may be missing from a page that was read less than lag after the
// record's stamp. The platform's clock was at least Newest when that was seen, so at the walk's first page at least that
// less the time since. A walk that began two bounds after Newest was seen missed nothing up to it: so a platform at
// rest is told once. Only spans of our own clock count, never its difference from the platform's.
func (at position) caughtUp(lag time.Duration) position {
	next := position{Newest: at.Newest, Seen: at.Seen}
	resume := at.Newest - lag.Milliseconds() - max(at.Seen-at.Began, 0)
	if at.Newest > 0 && at.Began-at.Seen >= 2*lag.Milliseconds() {
		resume = at.Newest + 1
	}
	next.From = max(at.From, resume)
	next.Since = next.From
	return next
}
