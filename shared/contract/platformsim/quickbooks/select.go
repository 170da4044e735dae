package quickbooks

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// lookBack is how far change data capture reaches.
const lookBack = 30 * 24 * time.Hour

// queryable lists the properties by which each kind is filtered and sorted, and how they compare.
var queryable = map[entityKind]map[string]func(a, b string) int{
	customer: {"Id": compareIDs, "DisplayName": compareText, "GivenName": compareText, "FamilyName": compareText,
		"CompanyName": compareText, "FullyQualifiedName": compareText, "PrimaryEmailAddr": compareText, "Active": compareText,
		"Balance": compareNumbers, "MetaData.CreateTime": compareTimes, "MetaData.LastUpdatedTime": compareTimes},
	invoice: {"Id": compareIDs, "DocNumber": compareText, "TxnDate": compareText, "DueDate": compareText,
		"CustomerRef": compareText, "Balance": compareNumbers, "TotalAmt": compareNumbers,
		"MetaData.CreateTime": compareTimes, "MetaData.LastUpdatedTime": compareTimes},
}

func compareText(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

// compareIDs compares as numbers.
func compareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func compareNumbers(a, b string) int {
	x, errX := decimal.NewFromString(a)
	y, errY := decimal.NewFromString(b)
	if errX != nil || errY != nil {
		return strings.Compare(a, b)
	}
	return x.Cmp(y)
}

func compareTimes(a, b string) int {
	x, _ := parseStamp(a)
	y, _ := parseStamp(b)
	return x.Compare(y)
}

func parseStamp(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// propertyLocked reads what a condition compares.
func (s *Simulator) propertyLocked(d *document, name string) string {
	switch name {
	case "Id":
		return d.ID
	case "MetaData.CreateTime":
		return writeStamp(d.Created)
	case "MetaData.LastUpdatedTime":
		return writeStamp(d.Updated)
	case "PrimaryEmailAddr":
		return get(d.Body, "PrimaryEmailAddr.Address")
	case "CustomerRef":
		return refOf(d.Body, name)
	case "Balance":
		if d.Kind == customer {
			return string(s.owedLocked(d.ID))
		}
		return string(balanceOf(d))
	}
	return get(d.Body, name)
}

// queryLocked runs one statement.
func (s *Simulator) queryLocked(text string, v view) (map[string]any, *failure) {
	q, f := parse(text)
	if f != nil {
		return nil, f
	}
	if list, small := smallLists(q.entity); small {
		return list, nil
	}
	k := entityKind(q.entity)
	for _, known := range []entityKind{customer, invoice} {
		if strings.EqualFold(q.entity, string(known)) { // node-quickbooks writes it in lower case
			k = known
		}
	}
	if f := check(k, q); f != nil {
		return nil, f
	}
	var rows []*document
	for _, d := range s.candidatesLocked(q) {
		if d.Kind == k && !d.Deleted && !s.trailsLocked(d, q) && s.matchesLocked(d, q) {
			rows = append(rows, d)
		}
	}
	if q.count {
		return map[string]any{"QueryResponse": map[string]any{"totalCount": len(rows)}}, nil
	}
	slices.SortStableFunc(rows, func(a, b *document) int { return s.orderedLocked(q.order, a, b) })
	rows = rows[min(q.start-1, len(rows)):]
	rows = rows[:min(q.limit, len(rows))]
	if len(rows) == 0 {
		return map[string]any{"QueryResponse": map[string]any{}}, nil
	}
	list := make([]any, len(rows))
	for i, row := range rows {
		list[i] = projected(s.renderLocked(row, v), q.fields)
	}
	return map[string]any{"QueryResponse": map[string]any{string(k): list, "startPosition": q.start, "maxResults": len(list)}}, nil
}

func check(k entityKind, q query) *failure {
	if queryable[k] == nil {
		return failed(codeProperty, "QueryValidationError: entity not found", q.entity)
	}
	for _, c := range q.where {
		if queryable[k][c.property] == nil {
			return failed(codeProperty, "QueryValidationError: property is not queryable", c.property)
		}
		if _, ok := parseStamp(c.values[0]); !ok && strings.HasPrefix(c.property, "MetaData.") {
			return failed(codeQuery, "QueryValidationError: value is not a time", c.property)
		}
	}
	for _, o := range q.order {
		if queryable[k][o.property] == nil {
			return failed(codeProperty, "QueryValidationError: property is not sortable", o.property)
		}
	}
	return nil
}

// candidatesLocked gives the records that a query can match: all, or those it names by id.
func (s *Simulator) candidatesLocked(q query) []*document {
	i := slices.IndexFunc(q.where, func(c condition) bool { return c.property == "Id" && (c.op == "in" || c.op == "=") })
	if i < 0 {
		return s.state.Records
	}
	var list []*document
	for _, id := range q.where[i].values {
		if d := s.byID[id]; d != nil && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// trailsLocked reports whether the search index does not hold a record yet: it trails for every query but those by id
// and whole lists.
func (s *Simulator) trailsLocked(d *document, q query) bool {
	indexed := slices.ContainsFunc(q.where, func(c condition) bool { return c.property != "Id" && c.property != "Active" })
	return indexed && s.lateLocked(d)
}

// lateLocked reports whether a list of changes does not tell a record's last change yet.
func (s *Simulator) lateLocked(d *document) bool {
	return d.Updated.After(s.NowLocked().Add(-s.FaultsLocked().SearchLag))
}

// matchesLocked tests every condition; without one on Active, inactive customers are left out.
func (s *Simulator) matchesLocked(d *document, q query) bool {
	asked := slices.ContainsFunc(q.where, func(c condition) bool { return c.property == "Active" })
	if d.Kind == customer && !asked && d.Body["Active"] == false {
		return false
	}
	for _, c := range q.where {
		if !c.holds(queryable[d.Kind][c.property], s.propertyLocked(d, c.property)) {
			return false
		}
	}
	return true
}

func (c condition) holds(compare func(a, b string) int, value string) bool {
	switch c.op {
	case "in":
		return slices.ContainsFunc(c.values, func(v string) bool { return compare(value, v) == 0 })
	case "like":
		return like(strings.ToLower(value), strings.Split(strings.ToLower(c.values[0]), "%"))
	}
	switch d := compare(value, c.values[0]); c.op {
	case "=":
		return d == 0
	case "<":
		return d < 0
	case ">":
		return d > 0
	case "<=":
		return d <= 0
	}
	return compare(value, c.values[0]) >= 0
}

// like matches the parts between % signs in order, the first and last at the ends.
func like(value string, parts []string) bool {
	if !strings.HasPrefix(value, parts[0]) {
		return false
	}
	if len(parts) == 1 {
		return value == parts[0]
	}
	value = value[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(value, part)
		if i < 0 {
			return false
		}
		value = value[i+len(part):]
	}
	return strings.HasSuffix(value, parts[len(parts)-1])
}

func (s *Simulator) orderedLocked(order []ordering, a, b *document) int {
	for _, o := range order {
		d := queryable[a.Kind][o.property](s.propertyLocked(a, o.property), s.propertyLocked(b, o.property))
		if o.descending {
			d = -d
		}
		if d != 0 {
			return d
		}
	}
	return 0
}

// projected keeps the asked fields and what identifies the record.
func projected(row map[string]any, fields []string) map[string]any {
	if fields == nil {
		return row
	}
	out := map[string]any{"Id": row["Id"], "domain": "QBO", "sparse": true}
	for _, name := range fields {
		key, _, _ := strings.Cut(name, ".")
		if value, ok := row[key]; ok {
			out[key] = value
		}
	}
	return out
}

// captureLocked answers change data capture: at most 1,000 objects in the order of ids, whichever are asked for.
func (s *Simulator) captureLocked(entities, changedSince string, v view) (map[string]any, *failure) {
	since, ok := parseStamp(changedSince)
	if !ok || s.NowLocked().Sub(since) > lookBack {
		return nil, failed(codeUnsupported, "changedSince must be a time within the last 30 days", "changedSince")
	}
	left := rowsMax
	responses := []any{}
	for _, name := range strings.Split(entities, ",") {
		k := entityKind(strings.TrimSpace(name))
		if queryable[k] == nil {
			return nil, failed(codeUnsupported, "Entity is not supported by change data capture", "entities")
		}
		list := []any{}
		for _, d := range s.changedLocked(k, since) {
			if len(list) < left {
				list = append(list, s.renderLocked(d, v))
			}
		}
		left -= len(list)
		response := map[string]any{}
		if len(list) > 0 {
			response = map[string]any{string(k): list, "startPosition": 1, "maxResults": len(list)}
		}
		responses = append(responses, response)
	}
	return map[string]any{"CDCResponse": []any{map[string]any{"QueryResponse": responses}}}, nil
}

func (s *Simulator) changedLocked(k entityKind, since time.Time) []*document {
	var list []*document
	for _, d := range s.state.Records {
		if d.Kind == k && !d.Updated.Before(since) && !s.lateLocked(d) {
			list = append(list, d)
		}
	}
	return list
}
