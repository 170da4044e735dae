package pipedrive

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// limitDefault and limitMax are of a page, idsMax of a read by ids, keysMax of the custom fields asked for (API v2).
	limitDefault = 100
	limitMax     = 500
	idsMax       = 100
	keysMax      = 15
	// keptDays is how long deleted records are kept, and listed where they are.
	keptDays = 30
)

// cursor is what the platform's opaque cursors hold, as their printed example decodes: where the page before ended.
type cursor struct {
	Field         string `json:"field"`
	FieldValue    int64  `json:"fieldValue"`
	SortDirection string `json:"sortDirection"`
	ID            int64  `json:"id"`
}

func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic("pipedrive simulator: its own cursor does not marshal: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// listing is what a list is asked for.
type listing struct {
	ids          []int64
	since, until time.Time
	sort         string
	descending   bool
	limit        int
	after        *cursor
	status       string
	keys         []string // custom fields; nil for all
}

// listing reads the parameters of a list. Unknown ones are ignored.
func (s *Simulator) listingLocked(o schema, q url.Values) (listing, *failure) {
	l := listing{sort: "id", limit: limitDefault, status: q.Get("status")}
	var f *failure
	if text := q.Get("ids"); text != "" {
		for part := range strings.SplitSeq(text, ",") {
			id, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
			if err != nil || id <= 0 {
				return l, invalid("ids: must be a list of positive integers")
			}
			l.ids = append(l.ids, id)
		}
		if len(l.ids) > idsMax {
			return l, invalid("ids: must contain at most %d items", idsMax)
		}
	}
	if l.since, f = timeOf(q, "updated_since"); f != nil {
		return l, f
	}
	if l.until, f = timeOf(q, "updated_until"); f != nil {
		return l, f
	}
	if sort := q.Get("sort_by"); sort != "" {
		if !slices.Contains([]string{"id", "update_time", "add_time"}, sort) {
			return l, invalid("sort_by: must be one of id, update_time, add_time")
		}
		l.sort = sort
	}
	switch q.Get("sort_direction") {
	case "", "asc":
	case "desc":
		l.descending = true
	default:
		return l, invalid("sort_direction: must be asc or desc")
	}
	if o.name == "deal" && l.status != "" && !slices.Contains([]string{"open", "won", "lost", "deleted"}, l.status) {
		return l, invalid("status: must be one of open, won, lost, deleted")
	}
	if l.limit, f = limitOf(q, limitMax); f != nil {
		return l, f
	}
	if text := q.Get("cursor"); text != "" {
		var c cursor
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || json.Unmarshal(raw, &c) != nil || c.Field != l.sort || c.ID <= 0 {
			return l, invalid("cursor: is not valid")
		}
		l.after = &c
	}
	l.keys, f = s.keysLocked(q)
	return l, f
}

// keysLocked reads which custom fields are asked for.
func (s *Simulator) keysLocked(q url.Values) ([]string, *failure) {
	text := q.Get("custom_fields")
	if text == "" {
		return nil, nil
	}
	keys := strings.Split(text, ",")
	if len(keys) > keysMax {
		return nil, invalid("custom_fields: must contain at most %d items", keysMax)
	}
	return keys, nil
}

func limitOf(q url.Values, most int) (int, *failure) {
	text := q.Get("limit")
	if text == "" {
		return limitDefault, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("limit: must be between 1 and %d", most)
	}
	return n, nil
}

func timeOf(q url.Values, name string) (time.Time, *failure) {
	text := q.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalid("%s: must be a valid RFC3339 date-time", name)
	}
	return at, nil
}

// listLocked answers a list: live records, archived deals apart, deleted deals by their status. Records whose last change
// is newer than the lag are not in it, but for those asked for by id.
func (s *Simulator) listLocked(o schema, q url.Values, archived bool) reply {
	l, f := s.listingLocked(o, q)
	if f != nil {
		return f.reply()
	}
	var found []*document
	for _, d := range s.state.Records {
		if d.Object == o.name && d.archived() == archived && s.listedLocked(d, l) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *document) int {
		order := cmp.Or(cmp.Compare(a.sortValue(l.sort), b.sortValue(l.sort)), cmp.Compare(a.ID, b.ID))
		if l.descending {
			return -order
		}
		return order
	})
	if l.after != nil {
		found = slices.DeleteFunc(found, func(d *document) bool {
			order := cmp.Or(cmp.Compare(d.sortValue(l.sort), l.after.FieldValue), cmp.Compare(d.ID, l.after.ID))
			if l.descending {
				order = -order
			}
			return order <= 0
		})
	}
	var next any
	if len(found) > l.limit {
		last := found[l.limit-1]
		next = cursor{Field: l.sort, FieldValue: last.sortValue(l.sort), SortDirection: q.Get("sort_direction"), ID: last.ID}.String()
		found = found[:l.limit]
	}
	rows := []any{}
	for _, d := range found {
		rows = append(rows, s.renderLocked(o, d, l.keys))
	}
	return pageOf(rows, next)
}

// listedLocked says that a list holds a record, as far as the record alone decides.
func (s *Simulator) listedLocked(d *document, l listing) bool {
	switch {
	case d.Deleted != (l.status == "deleted"), d.Deleted && s.NowLocked().After(d.Updated.AddDate(0, 0, keptDays)):
		return false
	case l.status != "" && l.status != "deleted" && d.Values["status"] != l.status:
		return false
	case l.ids != nil:
		return slices.Contains(l.ids, d.ID)
	case !s.settledLocked(d), d.Updated.Before(l.since), !l.until.IsZero() && !d.Updated.Before(l.until):
		return false
	}
	return true
}

func (d *document) sortValue(field string) int64 {
	switch field {
	case "update_time":
		return d.Updated.Unix()
	case "add_time":
		return d.Created.Unix()
	}
	return d.ID
}

// oneLocked answers one record by id, archived ones too. A deleted one is answered as not found.
func (s *Simulator) oneLocked(o schema, id int64, q url.Values) reply {
	keys, f := s.keysLocked(q)
	d := s.liveLocked(o.name, id)
	switch {
	case f != nil:
		return f.reply()
	case d == nil:
		return notFound().reply()
	}
	return fine(s.renderLocked(o, d, keys))
}

// renderLocked gives a record as v2 answers it, with the custom fields asked for, or all.
func (s *Simulator) renderLocked(o schema, d *document, keys []string) map[string]any {
	out := map[string]any{"id": d.ID, "add_time": writeStamp(d.Created), "update_time": writeStamp(d.Updated), "is_deleted": d.Deleted,
		"label_ids": orEmpty(d.Labels)}
	for name, k := range o.fields {
		switch {
		case name == "add_time" || name == "update_time" || name == "is_deleted" || name == "marketing_status":
		case k == kindBool:
			out[name] = d.Values[name] == true
		default:
			out[name] = d.Values[name]
		}
	}
	for _, name := range o.read {
		out[name] = d.Values[name]
	}
	switch o.name {
	case "person":
		out["emails"], out["phones"], out["picture_id"] = orEmpty(d.Emails), orEmpty(d.Phones), nil
	case "organization":
		out["address"] = addressOf(d.Address)
	case "deal":
		if d.Deleted {
			out["status"] = "deleted"
		}
		delete(out, "archive_time")
		out["origin"], out["origin_id"], out["channel"], out["channel_id"] = "API", nil, nil, nil
		out["arr"], out["mrr"], out["acv"] = nil, nil, nil
	}
	custom := map[string]any{}
	for _, f := range s.state.Fields[o.name] {
		if keys == nil || slices.Contains(keys, f.Code) {
			custom[f.Code] = d.Custom[f.Code]
		}
	}
	out["custom_fields"] = custom
	return out
}

// addressOf is an address with all its parts, null where there is none.
func addressOf(parts map[string]string) any {
	if parts["value"] == "" {
		return nil
	}
	out := map[string]any{"value": parts["value"]}
	for _, name := range addressParts {
		if out[name] = nil; parts[name] != "" {
			out[name] = parts[name]
		}
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
