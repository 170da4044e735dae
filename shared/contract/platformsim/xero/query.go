package xero

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	pageSizeDefault = 100
	pageSizeMax     = 1000
)

// listLocked answers a list: filtered, ordered, and in pages where one is asked for. Without a page it is all of them, but
// without addresses, phones, people and lines.
func (s *Simulator) listLocked(tenant string, k kind, r *http.Request) reply {
	q := r.URL.Query()
	number, size, paged, bad := paging(q.Get("page"), q.Get("pageSize"))
	if bad != nil {
		return *bad
	}
	where, ok := parseFilter(q.Get("where"))
	if !ok {
		return badQuery("The filter cannot be parsed")
	}
	shown, failed := s.chosenLocked(tenant, k, r, where, viewOf(r, true))
	if failed {
		return page(http.StatusInternalServerError)
	}
	if !sortBy(shown, q.Get("order"), k.key()) {
		return badQuery("No property or field '%s' exists in type '%s'", q.Get("order"), k)
	}
	out := map[string]any{}
	if paged {
		count := len(shown)
		from := min((number-1)*size, count)
		shown = shown[from:min(from+size, count)]
		out["pagination"] = map[string]any{"page": number, "pageSize": size, "pageCount": (count + size - 1) / size, "itemCount": count}
	}
	list := []any{}
	for _, record := range shown {
		list = append(list, s.renderLocked(s.byID[get(record, k.key())], viewOf(r, paged)))
	}
	out[k.list()] = list
	return s.envelopeLocked(out)
}

// paging reads page and pageSize.
func paging(page, pageSize string) (number, size int, paged bool, bad *reply) {
	if page == "" && pageSize == "" {
		return 0, 0, false, nil
	}
	number, size = 1, pageSizeDefault
	var err error
	if page != "" {
		if number, err = strconv.Atoi(page); err != nil || number < 1 {
			r := badQuery("page is not a number from 1")
			return 0, 0, false, &r
		}
	}
	if pageSize != "" {
		if size, err = strconv.Atoi(pageSize); err != nil || size < 1 || size > pageSizeMax {
			r := badQuery("pageSize is not a number from 1 to %d", pageSizeMax)
			return 0, 0, false, &r
		}
	}
	return number, size, true, nil
}

// chosenLocked gives the records that a list's parameters choose, in order of creation. failed: a filter met a record
// that it cannot be applied to.
func (s *Simulator) chosenLocked(tenant string, k kind, r *http.Request, where filter, v view) (shown []map[string]any, failed bool) {
	q := r.URL.Query()
	since, sinceTold := modifiedSince(r.Header.Get("If-Modified-Since"))
	settled := s.NowLocked().Add(-s.FaultsLocked().SearchLag)
	term := strings.ToLower(strings.TrimSpace(q.Get("searchTerm")))
	archivedToo := strings.EqualFold(q.Get("includeArchived"), "true")
	mine := strings.EqualFold(q.Get("createdByMyApp"), "true")
	for _, d := range s.ofLocked(tenant, k) {
		lagging := d.Updated.After(settled)
		switch {
		case k == contact && d.archived() && !archivedToo,
			k == invoice && mine && !d.Ours,
			sinceTold && (lagging || !d.Updated.Truncate(time.Second).After(since)),
			term != "" && (lagging || !searched(d, term)),
			!listed(q.Get("IDs"), d.ID),
			!listed(q.Get("InvoiceNumbers"), get(d.Body, "InvoiceNumber")),
			!listed(q.Get("ContactIDs"), get(d.Body, "ContactID")),
			!listed(q.Get("Statuses"), get(d.Body, "Status")):
			continue
		}
		record := s.renderLocked(d, v)
		if where != nil {
			match, ok := where(record)
			if !ok {
				return nil, true
			}
			if !match {
				continue
			}
		}
		shown = append(shown, record)
	}
	return shown, false
}

// listed says that a value is in a comma separated list, or that there is no list.
func listed(list, value string) bool {
	if list == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(list, ","), func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), value) })
}

// searched says that a term is in one of the fields that are searched.
func searched(d *document, term string) bool {
	names := []string{"Name", "FirstName", "LastName", "ContactNumber", "EmailAddress"}
	if d.Kind == invoice {
		names = []string{"InvoiceNumber", "Reference"}
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(strings.ToLower(get(d.Body, name)), term) })
}

// modifiedSince reads the header: UTC without a zone, as documented, or with one; by HTTP's own form too. What cannot be
// read is passed over.
func modifiedSince(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05.999999999", time.RFC3339Nano,
		"2006-01-02 15:04:05.999999999-07:00", http.TimeFormat} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

// sortBy orders records by an order parameter, by their stamps without one (unverified); equal ones stay as they are. ok is
// false for an element that no record can have.
func sortBy(shown []map[string]any, order, key string) (ok bool) {
	if strings.TrimSpace(order) == "" {
		order = "UpdatedDateUTC"
	}
	type part struct {
		path []string
		down bool
	}
	var parts []part
	for _, text := range strings.Split(order, ",") {
		words := strings.Fields(text)
		down := len(words) == 2 && strings.EqualFold(words[1], "DESC")
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && !down && !strings.EqualFold(words[1], "ASC") || !orderable[words[0]] &&
			words[0] != key {
			return false
		}
		parts = append(parts, part{path: strings.Split(words[0], "."), down: down})
	}
	slices.SortStableFunc(shown, func(a, b map[string]any) int {
		for _, p := range parts {
			c := compareValues(valueAt(a, p.path), valueAt(b, p.path))
			if p.down {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return true
}

// orderable are elements to order by, beside the id.
var orderable = map[string]bool{"UpdatedDateUTC": true, "Name": true, "EmailAddress": true, "Date": true, "DueDate": true,
	"InvoiceNumber": true, "Reference": true, "Status": true, "Contact.Name": true}

func compareValues(a, b any) int {
	if x, ok := a.(time.Time); ok {
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	}
	x, _ := a.(string)
	y, _ := b.(string)
	return strings.Compare(x, y)
}

// readLocked answers one record by id; a contact also by its ContactNumber, an invoice by its number.
func (s *Simulator) readLocked(tenant string, k kind, id string, r *http.Request) reply {
	d := s.findLocked(tenant, k, id)
	if d == nil {
		name := map[kind]string{contact: "ContactNumber", invoice: "InvoiceNumber"}[k]
		for _, other := range s.ofLocked(tenant, k) {
			if get(other.Body, name) == id && id != "" {
				d = other
			}
		}
	}
	if d == nil {
		return missing()
	}
	return s.envelopeLocked(map[string]any{k.list(): []any{s.renderLocked(d, viewOf(r, true))}})
}
