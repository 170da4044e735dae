package quickbooks

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// rowsMax is the most rows of one query and the most objects of one change data capture answer.
const rowsMax = 1000

// rowList is what one query answered.
type rowList struct {
	entities []entity
	rows     int // as answered
	// malformed counts the rows that are no record: whose they are is not told.
	malformed int
	// first and last are the ids of the first and last record.
	first, last record.ExternalID
	began       time.Time
	clock       time.Time // the platform's, when it answered; zero where it does not say
}

// full says that there may be more rows than were asked for.
func (l rowList) full(asked int) bool { return l.rows >= asked }

// query runs "select *" of active and inactive records. Rows that are no record (without an Id) are counted.
func (c *Connector) query(ctx context.Context, k kind, where, order string, start, limit int, fields []record.PlatformField) (rowList, error) {
	conditions := []string{}
	if where != "" {
		conditions = append(conditions, where)
	}
	if k.inactive {
		conditions = append(conditions, "Active in (true, false)")
	}
	text := "select * from " + k.entity
	if len(conditions) > 0 {
		text += " where " + strings.Join(conditions, " and ")
	}
	text += " orderby " + order + " startposition " + strconv.Itoa(start) + " maxresults " + strconv.Itoa(limit)
	parameters := include(fields)
	parameters.Set("query", text)
	call := platform.Call{Op: "query " + k.entity, Method: http.MethodGet, Path: c.path("query", parameters)}
	answer, began, err := c.ask(ctx, call)
	if err != nil {
		return rowList{}, err
	}
	if answer.QueryResponse == nil {
		return rowList{}, fault.Newf(fault.Transient, c.client.Op(call), "answer without a QueryResponse")
	}
	return decodeRows(k.list(*answer.QueryResponse), began, answer.Time), nil
}

func decodeRows(raw []json.RawMessage, began time.Time, clock string) rowList {
	list := rowList{rows: len(raw), began: began, clock: parseTime(clock)}
	for i, r := range raw {
		e, err := decodeEntity(r)
		if err != nil {
			list.malformed++
			continue
		}
		list.entities = append(list.entities, e)
		if i == 0 {
			list.first = e.id()
		}
		list.last = e.id()
	}
	return list
}

// whole fails a page that holds a row which is no record: passed over, it would be lost in silence.
func (c *Connector) whole(op string, list rowList, err error) (rowList, error) {
	if err == nil && list.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("%s", op), "%d rows are no record", list.malformed)
	}
	return list, err
}

// include asks for the values of custom fields where fields names one; without it newer ones are not answered
// (intuitdeveloper.github.io intuit-api custom fields).
func include(fields []record.PlatformField) url.Values {
	for _, f := range fields {
		if strings.HasPrefix(string(f), customPrefix) {
			return url.Values{"include": {"enhancedAllCustomFields"}}
		}
	}
	return url.Values{}
}

// quote writes a string of the query language: a quote inside is escaped by a backslash (developer.intuit.com data
// queries), and so is a backslash (unverified; without it a value ending in one would swallow the closing quote).
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

// quoteAll writes the list of an IN clause.
func quoteAll[S ~string](values []S) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(string(v))
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}
