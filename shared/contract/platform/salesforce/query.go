package salesforce

import (
	"context"
	"errors"
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

const (
	// urlBytesMax is the longest path and query sent, and urlBytesGoal what lists of values are cut to, with room for how
	// a statement goes on; the platform takes URLs of 16,384 bytes (API request limits).
	urlBytesMax  = 16_000
	urlBytesGoal = 15_000
)

// soql is one statement on one object. Id, stamp and, on the recycle bin, the marks of deletion are always selected.
type soql struct {
	object *catalog.Object
	fields []record.PlatformField
	where  string
	order  string
	limit  int
	all    bool // the recycle bin too
}

// path writes the statement as a call's path and query. Names that are no field's are left out.
func (q soql) path() string {
	names := []string{"Id", "SystemModstamp", "IsDeleted"}
	if mergeable(q.object.Name) {
		names = append(names, "MasterRecordId")
	}
	for _, f := range q.fields {
		if _, known := q.object.Field(f); known && !slices.Contains(names, string(f)) {
			names = append(names, string(f))
		}
	}
	text := "SELECT " + strings.Join(names, ", ") + " FROM " + string(q.object.Name)
	if q.where != "" {
		text += " WHERE " + q.where
	}
	text += " ORDER BY " + q.order + " LIMIT " + strconv.Itoa(q.limit)
	resource := "/query?q="
	if q.all {
		resource = "/queryAll?q="
	}
	return apiPath + resource + url.QueryEscape(text)
}

// rows is what one query answered.
type rows struct {
	rows []row
	// malformed counts the rows that are no record: whose they are is not told.
	malformed int
	// done says that the answer is whole; else there is more, whatever was asked.
	done  bool
	began time.Time
	clock time.Time // the platform's, when it answered; zero where it does not say
}

// query sends one statement; fields that the org lacks are left out of it. Rows that are no record are counted.
func (c *Connector) query(ctx context.Context, q soql) (rows, error) {
	now, asked := c.client.Settings.Now(), q.fields
	lacks := func(f record.PlatformField) bool { return c.lacks(q.object.Name, f, now) }
	q.fields = slices.DeleteFunc(slices.Clone(asked), lacks)
	page, err := c.sendQuery(ctx, q)
	var refusal *fault.Error
	if !errors.As(err, &refusal) || refusal.Code != codeNoField {
		return page, err
	}
	described, describeErr := c.describe(ctx, q.object.Name)
	if describeErr != nil {
		return page, err
	}
	var missing []record.PlatformField
	for _, f := range asked {
		there := slices.ContainsFunc(described.Fields, func(d fieldDescription) bool { return strings.EqualFold(d.Name, string(f)) })
		if _, known := q.object.Field(f); known && !there {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 {
		return page, err
	}
	c.lacking.Put(q.object.Name, now, func(before []record.PlatformField) []record.PlatformField { // another query may have asked for others
		return slices.Concat(before, missing)
	})
	q.fields = slices.DeleteFunc(slices.Clone(asked), lacks)
	return c.sendQuery(ctx, q)
}

// lacks reports whether the org was found to lack a field, which it has not, or no longer, or does not grant: it is left out of
// queries. One refused query an hour, and a describe, tell whether it has come back.
func (c *Connector) lacks(object record.Object, field record.PlatformField, now time.Time) bool {
	known, _ := c.lacking.Get(object, now, platform.FoundLife)
	return slices.Contains(known, field)
}

// sendQuery sends a statement as it is.
func (c *Connector) sendQuery(ctx context.Context, q soql) (rows, error) {
	call := platform.Call{Op: "query " + string(q.object.Name), Method: http.MethodGet, Path: q.path()}
	if len(call.Path) > urlBytesMax {
		return rows{}, fault.Newf(fault.Rejected, c.client.Op(call), "the statement is too long for a URL: fewer fields must be mapped")
	}
	var answer queryAnswer
	told, err := c.ask(ctx, call, &answer)
	if err != nil {
		return rows{}, ofRequest(err)
	}
	page := rows{done: *answer.Done, began: told.began, clock: told.clock}
	for _, raw := range answer.Records {
		if r, err := decodeRow(raw); err == nil {
			page.rows = append(page.rows, r)
		} else {
			page.malformed++
		}
	}
	return page, nil
}

// whole fails a page that holds a row which is no record: passed over, it would be lost in silence.
func (c *Connector) whole(op string, page rows, err error) (rows, error) {
	if err == nil && page.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("%s", op), "%d rows are no record", page.malformed)
	}
	return page, err
}

// split parts the values of an IN clause into lists whose statements fit into a URL, one value at least in each.
func (c *Connector) split(q soql, field string, values []string) [][]string {
	room := urlBytesGoal - len(q.path()) - len(field) - len("+IN+%28%29") - len("%28%29+AND+Id+%3E+%27")
	var parts [][]string
	var open []string
	size := 0
	for _, value := range values {
		bytes := len(url.QueryEscape(quote(value) + ", "))
		if len(open) > 0 && size+bytes > room {
			parts, open, size = append(parts, open), nil, 0
		}
		open, size = append(open, value), size+bytes
	}
	if len(open) > 0 {
		parts = append(parts, open)
	}
	return parts
}

// quote writes a string of SOQL, with what must be escaped (developer.salesforce.com, quoted string escape sequences).
func quote(value string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range value {
		switch {
		case r == '\\' || r == '\'':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteAll writes the list of an IN clause.
func quoteAll(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}
