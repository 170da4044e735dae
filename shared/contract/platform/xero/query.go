package xero

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

const (
	// pageSizeUsual is the size of a page whose answer does not tell it: the default, and all that there was before 2024-07.
	pageSizeUsual = 100
	// queryBytesMax is the longest query string sent; 2,048 bytes are taken (XeroAPI/Xero-Java issue 328).
	queryBytesMax = 1900
)

// query asks for one page of records.
type query struct {
	ids    []string
	where  string
	term   string
	since  time.Time // zero for all
	order  string
	number int // of the page, from 1
	size   int
}

// encode writes the query string. Archived contacts are always asked for, and sales only where no ids are.
func (q query) encode(k kind) string {
	text := "page=" + strconv.Itoa(q.number) + "&pageSize=" + strconv.Itoa(q.size)
	where := q.where
	if k == invoices {
		text += "&unitdp=4"
		if len(q.ids) == 0 {
			where = strings.TrimSuffix(`Type=="ACCREC" AND `+where, " AND ")
		}
	} else {
		text += "&includeArchived=true"
	}
	if len(q.ids) > 0 {
		text += "&IDs=" + strings.Join(q.ids, ",")
	}
	for _, p := range [][2]string{{"order", q.order}, {"searchTerm", q.term}, {"where", where}} {
		if p[1] != "" {
			text += "&" + p[0] + "=" + url.QueryEscape(p[1])
		}
	}
	return text
}

// rows is what one page answered.
type rows struct {
	entities  []entity
	malformed int  // records that are none, without an id: whose they are is not told
	more      bool // there may be further pages
	count     int  // of records on all pages, -1 where it is not told
	began     time.Time
	clock     time.Time // the platform's, when it answered; zero where it does not say
}

// wholePage is page, and fails one that holds a record which is none: passed over, it would be lost in silence.
func (c *Connector) wholePage(ctx context.Context, k kind, q query) (rows, error) {
	page, err := c.page(ctx, k, q)
	if err == nil && page.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("list %s", k.object()), "%d records are none", page.malformed)
	}
	return page, err
}

// page reads one page. Records that are none are counted.
func (c *Connector) page(ctx context.Context, k kind, q query) (rows, error) {
	call := platform.Call{Op: "list " + k.list(), Method: http.MethodGet, Path: apiPath + k.list() + "?" + q.encode(k), Header: http.Header{}}
	if len(q.encode(k)) > queryBytesMax {
		return rows{}, fault.Newf(fault.Rejected, c.client.Op(call), "the query is too long")
	}
	if !q.since.IsZero() {
		call.Header.Set("If-Modified-Since", formatSince(q.since))
	}
	answer, began, err := c.ask(ctx, call, k)
	if err != nil {
		return rows{}, err
	}
	out := rows{began: began, clock: parseTime(answer.DateTimeUTC), count: -1}
	raw := k.records(answer)
	for _, r := range raw {
		if e, err := decodeEntity(k, r); err == nil {
			out.entities = append(out.entities, e)
		} else {
			out.malformed++
		}
	}
	if p := answer.Pagination; p != nil && p.PageSize > 0 {
		out.count = p.ItemCount
		out.more = len(raw) > 0 && (p.Page < p.PageCount || len(raw) >= p.PageSize)
	} else {
		out.more = len(raw) >= min(q.size, pageSizeUsual)
	}
	return out, nil
}
