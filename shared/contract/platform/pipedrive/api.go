package pipedrive

import (
	"context"
	"encoding/json"
	"fmt"
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

// envelope is every answer of both versions. What is in data stays raw until decoded one by one, so that one malformed
// record fails alone.
type envelope struct {
	Success *bool           `json:"success"`
	Data    json.RawMessage `json:"data"`
	// Additional is read by additional alone: a list in place of an object must not spoil the rest.
	Additional json.RawMessage `json:"additional_data"`
	// Of refusals. The texts may quote values: they are compared with what is known, never told.
	Error     json.RawMessage `json:"error"`
	ErrorCode json.RawMessage `json:"errorCode"`
	Code      json.RawMessage `json:"code"`

	status int
	header http.Header
	began  time.Time
	clock  time.Time // the platform's, zero where it does not say
}

// additional is what goes with a list: v2's cursor, "" at the end, and v1's paging.
type additional struct {
	NextCursor    string `json:"next_cursor"`
	LastTimestamp string `json:"last_timestamp_on_page"`
	Pagination    struct {
		More bool `json:"more_items_in_collection"`
	} `json:"pagination"`
}

// paging reads it. An answer without it is a whole one.
func (e *envelope) paging() (a additional, ok bool) {
	if len(e.Additional) == 0 || string(e.Additional) == "null" || string(e.Additional) == "[]" {
		return a, true
	}
	return a, json.Unmarshal(e.Additional, &a) == nil
}

// null says that data is missing or null.
func (e *envelope) null() bool { return len(e.Data) == 0 || string(e.Data) == "null" }

// list gives the items of data; ok is false where it is no list.
func (e *envelope) list() (items []json.RawMessage, ok bool) {
	return items, json.Unmarshal(e.Data, &items) == nil && items != nil
}

// hits gives the rows of a search, whose data is a list, or an object with it.
func (e *envelope) hits() ([]hit, bool) {
	raw, ok := e.list()
	if !ok {
		var data struct {
			Items []json.RawMessage `json:"items"`
		}
		if json.Unmarshal(e.Data, &data) != nil || data.Items == nil {
			return nil, false
		}
		raw = data.Items
	}
	var out []hit
	for _, item := range raw {
		var h hit
		if json.Unmarshal(item, &h) == nil {
			out = append(out, h)
		}
	}
	return out, true
}

// ask sends one call and classifies its answer. ofRecord says that the path names one record.
func (c *Connector) ask(ctx context.Context, call platform.Call, ofRecord bool) (envelope, error) {
	if c.homeless != "" {
		return envelope{}, fault.Newf(fault.Unauthorized, c.client.Op(call), "%s", c.homeless)
	}
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return envelope{}, err
	}
	var e envelope
	parse := c.client.Decode(call, answer, &e)
	if parse != nil {
		e = envelope{}
	}
	e.began, e.status, e.header = answer.Began, answer.Status, answer.Header
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		e.clock = at.UTC()
	}
	switch {
	case answer.Status < 200 || answer.Status >= 300:
		return envelope{status: e.status}, c.classify(call, answer, e, parse == nil, ofRecord)
	case parse != nil:
		return envelope{}, parse
	case e.Success == nil || !*e.Success:
		return envelope{}, fault.Newf(call.Lost(), c.client.Op(call), "answer with status %d does not say that it succeeded", answer.Status)
	}
	return e, nil
}

// rows is one page of a list.
type rows struct {
	rows         []row
	malformed    int    // rows that are no record: whose they are is not told
	next         string // the platform's cursor, "" at the end
	began, clock time.Time
}

// page reads one page of a list. Rows that are no record are counted.
func (c *Connector) page(ctx context.Context, k kind, path string, q url.Values, want wanted) (rows, error) {
	call := platform.Call{Op: "list " + string(k.Name), Method: http.MethodGet, Path: withQuery(path, want.query(q))}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return rows{}, c.doubtFields(k, want, err)
	}
	items, ok := answer.list()
	more, told := answer.paging()
	if !ok || !told {
		return rows{}, fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
	}
	out := rows{next: more.NextCursor, began: answer.began, clock: answer.clock}
	for _, item := range items {
		if r, err := decodeRow(item); err == nil {
			out.rows = append(out.rows, r)
		} else {
			out.malformed++
		}
	}
	return out, nil
}

// doubtFields has the account's field list read again where a call that names custom fields is refused: one may be gone.
func (c *Connector) doubtFields(k kind, want wanted, err error) error {
	if fault.Is(err, fault.Rejected) && len(want.custom) > 0 {
		c.fields.Forget(k.Name)
	}
	return err
}

// wholePage is page, and fails one that holds a row which is no record: passed over, it would be lost in silence.
func (c *Connector) wholePage(ctx context.Context, k kind, path string, q url.Values, want wanted) (rows, error) {
	page, err := c.page(ctx, k, path, q, want)
	if err == nil && page.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("list %s", k.Name), "%d rows are no record", page.malformed)
	}
	return page, err
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// row is one record as decoded: numbers are json.Number, so that money is never a float.
type row map[string]any

// decodeRow reads one record. The error tells no value.
func decodeRow(raw json.RawMessage) (row, error) {
	var r row
	if err := platform.DecodeRecord(raw, &r); err != nil {
		return nil, err
	}
	if !wellFormed(r.id()) {
		return nil, fmt.Errorf("record without an id")
	}
	return r, nil
}

func (r row) id() record.ExternalID {
	n, _ := r["id"].(json.Number)
	return record.ExternalID(n)
}

// deleted says that a record is kept only for a while. Where lists leave those out, none says so.
func (r row) deleted() bool { return r["is_deleted"] == true || r["status"] == "deleted" }

func (r row) archived() bool { return r["is_archived"] == true }

// modified is update_time, add_time for a record that never changed, zero where missing.
func (r row) modified() time.Time {
	for _, key := range []string{"update_time", "add_time"} {
		text, _ := r[key].(string)
		if at := parseTime(text); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// wellFormed says that text can be a record's id: a positive integer.
func wellFormed(id record.ExternalID) bool {
	n, err := strconv.ParseInt(string(id), 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == string(id)
}

// parseTime reads the forms of time of both versions, in UTC; zero for others.
func parseTime(text string) time.Time {
	return platform.ParseTime(text, time.RFC3339Nano, time.DateTime)
}

// elements reads a list of them; told is false where the record says nothing of it.
func (r row) elements(key string) (list platform.Elements, told bool) {
	raw, answered := r[key]
	items, isList := raw.([]any)
	if !answered || !isList && raw != nil {
		return nil, false
	}
	for _, item := range items {
		one, _ := item.(map[string]any)
		e := platform.Element{}
		e.Value, _ = one["value"].(string)
		e.Label, _ = one["label"].(string)
		e.Primary, _ = one["primary"].(bool)
		if e.Value != "" {
			list = append(list, e)
		}
	}
	return list, true
}

// integers spells a list of ids: in ascending order, with commas between.
func integers(raw any) (string, bool) {
	items, isList := raw.([]any)
	if !isList && raw != nil {
		return "", false
	}
	var ids []int64
	for _, item := range items {
		n, _ := item.(json.Number)
		id, err := n.Int64()
		if err != nil {
			return "", false
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ","), true
}

// kind is one object as the API spells it.
type kind struct {
	*catalog.Object
	item   string // in searches, recents, webhooks and the names of field lists
	search string // the field of a search that looks at the record's name
}

func (c *Connector) kindOf(object record.Object) (kind, bool) {
	o, known := c.catalog.Object(object)
	if !known {
		return kind{}, false
	}
	k := kind{Object: o, item: strings.TrimSuffix(string(object), "s"), search: "name"}
	if object == "deals" {
		k.search = "title"
	}
	return k, true
}

// path is that of the object's list, or of one record.
func (k kind) path(rest ...string) string {
	return pathV2 + strings.Join(append([]string{string(k.Name)}, rest...), "/")
}
