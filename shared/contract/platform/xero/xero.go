// Package xero is the connector of the Xero Accounting API 2.0, for contacts and sales invoices in the flat spelling of
// catalog.Xero. It translates and classifies. It never maps, matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: the API speaks XML unless asked, and dates of its own; only pages show records whole, so every read is
// a page; nothing is ever destroyed, so archived, merged and voided records stay in the lists; there is no version, so an
// update that must read its record again goes by its stamp; lists of people and lines are replaced whole, so the others
// go back as read; a POST without an id may mean somebody's record of that name, so creates are PUTs under an
// idempotency key; 5,000 calls a day are few, so everything is done in bulk; money stays decimal text.
package xero

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "xero"
	// apiPath begins every call on an organisation's books.
	apiPath = "/api.xro/2.0/"
	// tenantHeader names the organisation (xero-identity.yaml, tenantId).
	tenantHeader = "xero-tenant-id"
	// pageSizeUsual is the size of a page whose answer does not tell it: the default, and all that there was before 2024-07.
	pageSizeUsual = 100
	// queryBytesMax is the longest query string sent; 2,048 bytes are taken (XeroAPI/Xero-Java issue 328).
	queryBytesMax = 1900
)

// Connector is one organisation (tenant). Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
}

var _ platform.Connector = (*Connector)(nil)

// New assembles a connector. Settings.Account is the tenant id of the organisation.
func New(s platform.Settings) *Connector {
	return &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Xero()}
}

// Fetch reads records by id, all in one call. A merged contact is an absence that names its survivor, an archived contact
// and a voided or deleted invoice an archived snapshot. A bill is told about by the same webhook as an invoice, and is
// none: its id is as good as deleted, on one read, for an invoice's type never changes.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	k, known := kindOf(object)
	if !known || len(ids) > c.catalog.Ability(object).ReadMax {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("read %d %s", len(ids), object), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, began, sure, err := c.read(ctx, k, ids)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		if reads[i] = c.judgeRead(k, id, found[canonical(id)], fields, began); found[canonical(id)] == nil && !sure {
			reads[i] = platform.Read{ID: id, Err: fault.Newf(fault.Transient, c.client.Opf("read %s/%s", object, id), "the answer holds a record that is none")}
		}
	}
	return reads, nil
}

// judgeRead says what a read shows of one id, e nil if there is no such record.
func (c *Connector) judgeRead(k kind, id record.ExternalID, e entity, fields []record.PlatformField, began time.Time) platform.Read {
	switch {
	case e == nil:
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceNotFound, "", began)}
	case e.foreign(k):
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceDeleted, "", began)}
	case e.mergedInto(k) != "":
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceMerged, e.mergedInto(k), began)}
	}
	return platform.Read{ID: id, Snapshot: c.snapshot(k, e, fields, began)}
}

// read gives the records that exist among ids, by id. What is no id is not asked for. sure says that what is not found is
// not there: every record answered was one.
func (c *Connector) read(ctx context.Context, k kind, ids []record.ExternalID) (out map[record.ExternalID]entity, began time.Time, sure bool, err error) {
	found := map[record.ExternalID]entity{}
	var asked []string
	for _, id := range ids {
		if wellFormed(id) && !slices.Contains(asked, string(canonical(id))) {
			asked = append(asked, string(canonical(id)))
		}
	}
	if len(asked) == 0 {
		return found, c.client.Settings.Now(), true, nil
	}
	rows, err := c.page(ctx, k, query{ids: asked, number: 1, size: pageSizeUsual})
	if err != nil {
		return nil, time.Time{}, false, err
	}
	for _, e := range rows.entities {
		found[e.id(k)] = e
	}
	return found, rows.began, rows.malformed == 0, nil
}

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

// ask sends one call on the organisation's books, classifies its answer and decodes it.
func (c *Connector) ask(ctx context.Context, call platform.Call, k kind) (envelope, time.Time, error) {
	if c.client.Settings.Account == "" {
		return envelope{}, time.Time{}, fault.Newf(fault.Unauthorized, c.client.Op(call), "the organisation's id (tenant) is not known; connect again")
	}
	if call.Header == nil {
		call.Header = http.Header{}
	}
	call.Header.Set(tenantHeader, c.client.Settings.Account)
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return envelope{}, time.Time{}, err
	}
	if err := c.classify(call, answer); err != nil {
		return envelope{}, answer.Began, err
	}
	var out envelope
	if err := c.client.Decode(call, answer, &out); err != nil {
		return envelope{}, answer.Began, err
	}
	if k.records(out) == nil {
		return envelope{}, answer.Began, fault.Newf(call.Lost(), c.client.Op(call), "answer with status %d lacks what it must have", answer.Status)
	}
	return out, answer.Began, nil
}

func (c *Connector) absence(k kind, id record.ExternalID, evidence record.Evidence, into record.ExternalID, began time.Time) *record.Absence {
	return &record.Absence{Ref: record.Ref{Place: c.place(k), ID: id}, Evidence: evidence, Into: into, ReadBegan: began}
}

func (c *Connector) place(k kind) record.Place {
	return record.Place{Connection: c.client.Settings.Connection, Object: k.object()}
}

// object is the catalog's description of a kind.
func (c *Connector) object(k kind) *catalog.Object {
	o, _ := c.catalog.Object(k.object())
	return o
}

// records are those of an answer, nil where it has none such.
func (k kind) records(e envelope) []json.RawMessage {
	if k == contacts {
		return e.Contacts
	}
	return e.Invoices
}
