package jobber

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// anchorsMax is how many of the last rows of a page are remembered: rows may move down by as many between two
	// pages without the walk beginning again.
	anchorsMax = 10
	// restartsMax bounds how often one walk begins again.
	restartsMax = 3
)

// position is where a walk over a connection stands. Cursors of the platform may be offsets (its printed example is
// base64 of 1), and its order is not documented, so rows can shift between pages. Each page therefore begins with the
// last row of the one before: if the row found there is none of the last ones seen, rows may have been passed over, and
// the walk begins again.
type position struct {
	// After is the platform's cursor of the row before the last one seen; "" begins.
	After string `json:"after,omitempty"`
	// Anchors are the last rows seen, newest last; nil at the beginning.
	Anchors  []record.ExternalID `json:"anchors,omitempty"`
	Restarts int                 `json:"restarts,omitempty"`
	// Unsure says that the restarts are spent and that rows may have been passed over.
	Unsure bool `json:"unsure,omitempty"`
	// Ended says that the walk is over.
	Ended bool `json:"ended,omitempty"`
}

// rows is one page of a walk.
type rows struct {
	snapshots []record.Snapshot // in the platform's order, the overlapping row left out
	next      position
	// answered is the platform's clock, zero where it did not say.
	answered time.Time
	began    time.Time
}

// List walks every record, archived clients included, in the platform's own order. A page may repeat rows.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	op := c.client.Opf("list %s", q.Object)
	k, at, err := c.begin(op, q)
	if err != nil {
		return platform.Page{}, err
	}
	var walk position
	if at != nil {
		if err := platform.ReadCursor(platform.Cursor(at), &walk); err != nil {
			return platform.Page{}, c.reject(op, "cursor is not one of ours")
		}
	}
	if walk.Ended {
		return platform.Page{Next: q.Cursor}, nil
	}
	page, err := c.walk(ctx, k, q, walk, nil, "")
	if err != nil {
		return platform.Page{}, err
	}
	cursor, err := json.Marshal(page.next)
	if err != nil {
		return platform.Page{}, fault.New(fault.Rejected, op, err)
	}
	return platform.Page{Snapshots: page.snapshots, Next: platform.Cursor(cursor), More: !page.next.Ended}, nil
}

// begin checks a query, and gives the content of its cursor, nil for an empty one.
func (c *Connector) begin(op string, q platform.Query) (kind, []byte, error) {
	k, _, _ := c.kindOf(q.Object)
	if _, err := c.client.Listable(c.catalog, op, q); err != nil {
		return k, nil, err
	}
	if q.Cursor == "" {
		return k, nil, nil
	}
	return k, []byte(q.Cursor), nil
}

// walk reads the page at a position. filter is of the object's filter type, nil for none; sort is GraphQL text of ours.
func (c *Connector) walk(ctx context.Context, k kind, q platform.Query, at position, filter map[string]any, sort string) (rows, error) {
	ask := question{operation: "query", fragment: fragment(k, q.Fields, propertiesRead)}
	first := q.Limit
	if at.Anchors != nil {
		first++
	}
	arguments := "first: " + ask.add("first", "Int", first)
	if at.After != "" {
		arguments += ", after: " + ask.add("after", "String", at.After)
	}
	if filter != nil {
		arguments += ", filter: " + ask.add("filter", k.typename+"FilterAttributes", filter)
	}
	if sort != "" {
		arguments += ", sort: [" + sort + "]"
	}
	alias := aliasOf(0)
	ask.root(alias, k.list+"("+arguments+") { edges { cursor node { ...F } } pageInfo { hasNextPage } }")
	call := "page of " + k.list
	a, err := c.ask(ctx, call, ask)
	if err != nil {
		return rows{}, err
	}
	if err := c.problem(a, alias, c.client.Opf("%s", call), fault.Transient); err != nil {
		return rows{}, err
	}
	var page connection
	if raw := a.Data[alias]; absent(raw) || json.Unmarshal(raw, &page) != nil {
		return rows{}, fault.Newf(fault.Transient, c.client.Opf("%s", call), "page is not the JSON expected")
	}
	return c.collect(k, q, at, page, a)
}

// collect decodes a page and finds where the next begins. A row that does not decode fails the page: it would be
// passed over in silence.
func (c *Connector) collect(k kind, q platform.Query, at position, page connection, a answer) (rows, error) {
	out := rows{answered: a.date, began: a.began}
	for _, edge := range page.Edges {
		snapshot, err := c.snapshot(k, edge.Node, q.Fields, a.began)
		if err != nil {
			return rows{}, fault.New(fault.Transient, c.client.Opf("page of %s", k.list), err)
		}
		out.snapshots = append(out.snapshots, *snapshot)
	}
	shifted := at.Anchors != nil && (len(out.snapshots) == 0 || !slices.Contains(at.Anchors, out.snapshots[0].ID))
	if shifted && len(out.snapshots) > q.Limit { // one more was asked for, to overlap, and it does not
		out.snapshots, page.Edges, page.PageInfo.HasNextPage = out.snapshots[:q.Limit], page.Edges[:q.Limit], true
	}
	if shifted && !at.Unsure {
		out.next = position{Restarts: at.Restarts + 1, Unsure: at.Restarts+1 >= restartsMax}
		return out, nil
	}
	out.next = position{After: at.After, Anchors: at.Anchors, Restarts: at.Restarts, Unsure: at.Unsure, Ended: !page.PageInfo.HasNextPage}
	last := len(page.Edges) - 1
	if last >= 1 {
		out.next.After = page.Edges[last-1].Cursor
	}
	if at.Anchors != nil && !shifted && last < 1 && page.PageInfo.HasNextPage {
		return rows{}, fault.Newf(fault.Transient, c.client.Opf("page of %s", k.list), "page does not move on")
	}
	for _, s := range out.snapshots {
		out.next.Anchors = append(out.next.Anchors, s.ID)
	}
	out.next.Anchors = slices.Clone(out.next.Anchors[max(0, len(out.next.Anchors)-anchorsMax):])
	if at.Anchors != nil && !shifted {
		out.snapshots = out.snapshots[1:]
	}
	return out, nil
}
