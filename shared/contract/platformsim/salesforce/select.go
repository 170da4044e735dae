package salesforce

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/shopspring/decimal"
)

const (
	// batchDefault rows of one answer, and what Sforce-Query-Options may ask for instead.
	batchDefault = 2000
	batchLeast   = 200
	// cursorsMax bounds the open locators; the oldest would end first, here all do.
	cursorsMax = 100
)

var batchOption = regexp.MustCompile(`(?i)batchSize=(\d{1,5})`)

// queryLocked runs one statement. all includes the recycle bin.
func (s *Simulator) queryLocked(statement, options, version string, all bool) reply {
	q, f := parse(statement)
	if f != nil {
		return f.whole()
	}
	o, ok := schemas[q.object]
	if !ok {
		return failed("INVALID_TYPE", "sObject type '"+q.object+"' is not supported.").whole()
	}
	fields, f := check(o, q)
	if f != nil {
		return f.whole()
	}
	var found []*document
	for _, d := range s.state.Records {
		if d.Object == o.name && (all || !d.Deleted) && !s.trailsLocked(d, q.where) && s.matchesLocked(o, d, q.where) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *document) int { return s.orderedLocked(o, q.order, a, b) })
	found = found[min(q.offset, len(found)):]
	if q.limit >= 0 {
		found = found[:min(q.limit, len(found))]
	}
	if q.count {
		return reply{status: 200, body: map[string]any{"totalSize": len(found), "done": true, "records": []any{}}}
	}
	rows := make([]any, len(found))
	for i, d := range found {
		rows[i] = s.renderLocked(d, fields, version)
	}
	size := batchDefault
	if m := batchOption.FindStringSubmatch(options); m != nil {
		n, _ := strconv.Atoi(m[1])
		size = min(max(n, batchLeast), batchDefault)
	}
	if s.answerMax > 0 {
		size = min(size, s.answerMax)
	}
	return s.batchLocked(rows, 0, size, version)
}

// batchLocked answers the rows from at on, and opens a locator for the rest.
func (s *Simulator) batchLocked(rows []any, at, size int, version string) reply {
	end := min(at+size, len(rows))
	body := map[string]any{"totalSize": len(rows), "done": end == len(rows), "records": rows[at:end]}
	if end < len(rows) {
		if len(s.cursors) >= cursorsMax {
			clear(s.cursors)
		}
		key := s.SecretLocked("01g", 6)
		s.cursors[key] = rows
		body["nextRecordsUrl"] = "/services/data/" + version + "/query/" + key + "-" + strconv.Itoa(end)
	}
	return reply{status: 200, body: body}
}

// moreLocked answers a locator.
func (s *Simulator) moreLocked(locator, version string) reply {
	key, offset, _ := strings.Cut(locator, "-")
	at, err := strconv.Atoi(offset)
	rows, open := s.cursors[key]
	if err != nil || !open || at < 0 || at > len(rows) {
		return failed("INVALID_QUERY_LOCATOR", "invalid query locator").whole()
	}
	return s.batchLocked(rows, at, batchDefault, version)
}

// check resolves the fields selected, and refuses conditions that do not fit their fields.
func check(o schema, q query) ([]field, *failure) {
	var fields []field
	for _, name := range q.fields {
		f, known := o.field(name)
		if !known {
			return nil, noColumn(o, name)
		}
		fields = append(fields, f)
	}
	for _, by := range q.order {
		if f, known := o.field(by.field); !known || f.unfiltered {
			return nil, noColumn(o, by.field)
		}
	}
	return fields, checkCondition(o, q.where)
}

func noColumn(o schema, name string) *failure {
	return failed("INVALID_FIELD", "No such column '"+name+"' on entity '"+o.name+"'.")
}

func checkCondition(o schema, c *condition) *failure {
	if c == nil {
		return nil
	}
	for _, part := range c.parts {
		if f := checkCondition(o, part); f != nil {
			return f
		}
	}
	if c.join != "" {
		return nil
	}
	f, known := o.field(c.field)
	if !known || f.unfiltered {
		return noColumn(o, c.field)
	}
	for _, value := range c.values {
		if problem := fits(f, value); problem != nil {
			return problem
		}
	}
	return nil
}

// fits refuses a value of another type than its field.
func fits(f field, value platformsim.Word) *failure {
	if !value.Quoted && strings.EqualFold(value.Text, "null") {
		return nil
	}
	quotes := true
	ok := true
	switch f.kind {
	case "id", "reference":
		if value.Quoted && !wellFormed(value.Text) {
			return failed("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: "+value.Text)
		}
	case "datetime":
		quotes = false
		_, ok = parseTime(value.Text)
	case "date":
		quotes = false
		_, err := time.Parse(time.DateOnly, value.Text)
		ok = err == nil
	case "boolean":
		quotes = false
		ok = strings.EqualFold(value.Text, "true") || strings.EqualFold(value.Text, "false")
	case "currency", "double", "int", "percent":
		quotes = false
		_, err := decimal.NewFromString(value.Text)
		ok = err == nil
	}
	if !ok || value.Quoted != quotes {
		return failed("INVALID_FIELD", "value of filter criterion for field '"+f.name+"' must be of type "+f.kind)
	}
	return nil
}

// trailsLocked says that a record is not listed by its stamp yet: its transaction has not committed.
func (s *Simulator) trailsLocked(d *document, c *condition) bool {
	lag := s.FaultsLocked().SearchLag
	return lag > 0 && byStamp(c) && d.Stamp.Add(lag).After(s.NowLocked())
}

func byStamp(c *condition) bool {
	return c != nil && (strings.EqualFold(c.field, "SystemModstamp") || slices.ContainsFunc(c.parts, byStamp))
}

func (s *Simulator) matchesLocked(o schema, d *document, c *condition) bool {
	if c == nil {
		return true
	}
	matches := func(part *condition) bool { return s.matchesLocked(o, d, part) }
	switch c.join {
	case "and":
		return !slices.ContainsFunc(c.parts, func(part *condition) bool { return !matches(part) })
	case "or":
		return slices.ContainsFunc(c.parts, matches)
	case "not":
		return !matches(c.parts[0])
	}
	f, _ := o.field(c.field)
	value := s.valueLocked(d, f)
	equal := func(l platformsim.Word) bool { return compareTo(f, value, l) == 0 }
	switch c.op {
	case "in":
		return slices.ContainsFunc(c.values, equal)
	case "not in":
		return !slices.ContainsFunc(c.values, equal)
	case "=":
		return equal(c.values[0])
	case "!=":
		return !equal(c.values[0])
	case "like":
		return like(value, c.values[0].Text)
	}
	if value == nil {
		return false
	}
	order := compareTo(f, value, c.values[0])
	return order < 0 && c.op[0] == '<' || order > 0 && c.op[0] == '>' || order == 0 && strings.HasSuffix(c.op, "=")
}

// compareTo compares a field's value with a literal, null with null only.
func compareTo(f field, value any, l platformsim.Word) int {
	isNull := !l.Quoted && strings.EqualFold(l.Text, "null") || l.Quoted && l.Text == ""
	switch {
	case value == nil && isNull:
		return 0
	case value == nil:
		return -1
	case isNull:
		return 1
	}
	return compareValues(f, value, l.Text)
}

// compareValues compares two values that are not null: texts without case, ids by their bytes.
func compareValues(f field, a, b any) int {
	x, y := plain(a), plain(b)
	switch f.kind {
	case "id", "reference":
		return strings.Compare(long(x), long(y))
	case "datetime":
		s, _ := parseTime(x)
		t, _ := parseTime(y)
		return s.Compare(t)
	case "currency", "double", "int", "percent":
		s, _ := decimal.NewFromString(x)
		t, _ := decimal.NewFromString(y)
		return s.Cmp(t)
	}
	return strings.Compare(strings.ToLower(x), strings.ToLower(y))
}

func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// like compares with % and _ as wildcards, without case.
func like(value any, pattern string) bool {
	escaped := regexp.QuoteMeta(pattern)
	escaped = strings.NewReplacer("%", ".*", "_", ".").Replace(escaped)
	matched, err := regexp.MatchString("(?is)^"+escaped+"$", plain(value))
	return err == nil && matched && value != nil
}

func (s *Simulator) orderedLocked(o schema, order []ordering, a, b *document) int {
	for _, by := range order {
		f, _ := o.field(by.field)
		x, y := s.valueLocked(a, f), s.valueLocked(b, f)
		var c int
		switch {
		case x == nil && y == nil:
			continue
		case x == nil || y == nil:
			if c = 1; (x == nil) != by.nullsLast {
				c = -1
			}
			return c
		default:
			c = compareValues(f, x, y)
		}
		if by.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	// What is not asked for has no order: the newest first, which is the worst for a client that did not ask.
	return -cmp.Compare(a.ID, b.ID)
}
