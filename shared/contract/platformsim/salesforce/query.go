package salesforce

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// soqlBytesMax is the longest statement (developer.salesforce.com, SOQL and SOSL limits), depthMax how deep its
	// brackets may go here.
	soqlBytesMax = 100_000
	depthMax     = 20
	// offsetMax is the largest OFFSET.
	offsetMax = 2000
)

// query is one parsed statement:
//
//	SELECT COUNT()|field[, field] FROM Object [WHERE condition] [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST][, ...]]
//	[LIMIT n] [OFFSET n]
//
// where a condition is comparisons joined by AND, or by OR, with brackets where they mix, and NOT.
type query struct {
	count  bool
	fields []string
	object string
	where  *condition // nil for none
	order  []ordering
	limit  int // -1 for none
	offset int
}

// condition is a comparison, or conditions joined.
type condition struct {
	join  string // "and", "or", "not"; "" for a comparison
	parts []*condition

	field  string
	op     string // =, !=, <, <=, >, >=, like, in, not in
	values []literal
}

// literal is a value: text in quotes, or as written.
type literal struct {
	text   string
	quoted bool
}

type ordering struct {
	field      string
	descending bool
	nullsLast  bool
}

// escapes are what may follow a backslash (developer.salesforce.com, quoted string escape sequences).
var escapes = map[byte]string{'n': "\n", 'N': "\n", 'r': "\r", 'R': "\r", 't': "\t", 'T': "\t", 'b': "\a", 'B': "\a", 'f': "\f", 'F': "\f",
	'"': `"`, '\'': "'", '\\': `\`}

// scan splits a statement into words. ok is false for an open quote or a backslash that escapes nothing.
func scan(statement string) (words []literal, ok bool) {
	if len(statement) > soqlBytesMax {
		return nil, false
	}
	for i := 0; i < len(statement); {
		switch ch := statement[i]; {
		case unicode.IsSpace(rune(ch)):
			i++
		case ch == '\'':
			value, next, closed := scanQuoted(statement, i+1)
			if !closed {
				return nil, false
			}
			words, i = append(words, literal{text: value, quoted: true}), next
		case strings.IndexByte("(),", ch) >= 0:
			words, i = append(words, literal{text: string(ch)}), i+1
		case strings.IndexByte("<>=!", ch) >= 0:
			j := i + 1
			if j < len(statement) && strings.IndexByte("=>", statement[j]) >= 0 {
				j++
			}
			words, i = append(words, literal{text: statement[i:j]}), j
		default:
			j := i
			for j < len(statement) && strings.IndexByte(" \t\r\n(),<>=!'", statement[j]) < 0 {
				j++
			}
			if j == i {
				return nil, false
			}
			words, i = append(words, literal{text: statement[i:j]}), j
		}
	}
	return words, true
}

// scanQuoted reads to the closing quote.
func scanQuoted(statement string, i int) (value string, next int, closed bool) {
	var b strings.Builder
	for ; i < len(statement); i++ {
		switch ch := statement[i]; {
		case ch == '\\' && i+5 < len(statement) && statement[i+1] == 'u':
			code, err := strconv.ParseUint(statement[i+2:i+6], 16, 16)
			if err != nil {
				return "", i, false
			}
			b.WriteRune(rune(code))
			i += 5
		case ch == '\\':
			if i+1 >= len(statement) {
				return "", i, false
			}
			i++
			meant, known := escapes[statement[i]]
			if !known {
				return "", i, false
			}
			b.WriteString(meant)
		case ch == '\'':
			return b.String(), i + 1, true
		default:
			b.WriteByte(ch)
		}
	}
	return "", i, false
}

// parser walks the words. Once bad, it stays bad.
type parser struct {
	words []literal
	at    int
	depth int
	bad   bool
}

// parse reads one statement.
func parse(statement string) (query, *failure) {
	words, ok := scan(statement)
	p := &parser{words: words, bad: !ok}
	q := query{limit: -1}
	p.need("select")
	if p.take("count") {
		q.count = true
		p.need("(")
		p.need(")")
	} else {
		for more := true; more && !p.bad; more = p.take(",") {
			q.fields = append(q.fields, p.name())
		}
	}
	p.need("from")
	q.object = p.name()
	if p.take("where") {
		q.where = p.condition()
	}
	if p.take("order") {
		p.need("by")
		q.order = p.orderings()
	}
	if p.take("limit") {
		q.limit = p.number()
	}
	if p.take("offset") {
		q.offset = p.number()
	}
	if p.bad || p.at < len(p.words) || q.offset > offsetMax {
		return q, failed("MALFORMED_QUERY", "unexpected token")
	}
	return q, nil
}

func (p *parser) peek() literal {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return literal{}
}

// take consumes a keyword or sign if it comes next.
func (p *parser) take(word string) bool {
	if w := p.peek(); w.quoted || !strings.EqualFold(w.text, word) {
		return false
	}
	p.at++
	return true
}

func (p *parser) need(word string) {
	if !p.take(word) {
		p.bad = true
	}
}

// keywords are no names.
var keywords = []string{"select", "from", "where", "and", "or", "not", "order", "by", "limit", "offset", "like", "in"}

// name consumes a field or object.
func (p *parser) name() string {
	w := p.peek()
	plain := w.text != "" && !w.quoted && !strings.ContainsFunc(w.text, func(r rune) bool {
		return r != '_' && r != '.' &&
			!unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for _, k := range keywords {
		plain = plain && !strings.EqualFold(w.text, k)
	}
	if !plain {
		p.bad = true
		return ""
	}
	p.at++
	return w.text
}

func (p *parser) number() int {
	n, err := strconv.Atoi(p.peek().text)
	if err != nil || n < 0 || p.peek().quoted {
		p.bad = true
		return 0
	}
	p.at++
	return n
}

// condition consumes comparisons joined by one word. AND and OR mix only with brackets.
func (p *parser) condition() *condition {
	if p.depth++; p.depth > depthMax {
		p.bad = true
		return nil
	}
	defer func() { p.depth-- }()
	first := p.term()
	for _, join := range []string{"and", "or"} {
		if !p.take(join) {
			continue
		}
		out := &condition{join: join, parts: []*condition{first}}
		for more := true; more && !p.bad; more = p.take(join) {
			out.parts = append(out.parts, p.term())
		}
		return out
	}
	return first
}

func (p *parser) term() *condition {
	switch {
	case p.bad:
		return nil
	case p.take("not"):
		return &condition{join: "not", parts: []*condition{p.bracketed()}}
	case p.peek().text == "(" && !p.peek().quoted:
		return p.bracketed()
	}
	return p.comparison()
}

func (p *parser) bracketed() *condition {
	p.need("(")
	c := p.condition()
	p.need(")")
	return c
}

func (p *parser) comparison() *condition {
	c := &condition{field: p.name(), op: strings.ToLower(p.peek().text)}
	if p.peek().quoted {
		p.bad = true
	}
	p.at++
	switch c.op {
	case "<>":
		c.op = "!="
		c.values = []literal{p.value()}
	case "=", "!=", "<", "<=", ">", ">=", "like":
		c.values = []literal{p.value()}
	case "not":
		p.need("in")
		c.op = "not in"
		c.values = p.list()
	case "in":
		c.values = p.list()
	default:
		p.bad = true
	}
	return c
}

func (p *parser) list() []literal {
	var list []literal
	p.need("(")
	for more := true; more && !p.bad; more = p.take(",") {
		list = append(list, p.value())
	}
	p.need(")")
	return list
}

// value consumes a value in quotes or bare.
func (p *parser) value() literal {
	w := p.peek()
	if p.at >= len(p.words) || (!w.quoted && strings.ContainsAny(w.text, "(),<>=!")) {
		p.bad = true
	}
	p.at++
	return w
}

func (p *parser) orderings() []ordering {
	var list []ordering
	for more := true; more && !p.bad; more = p.take(",") {
		o := ordering{field: p.name()}
		if p.take("desc") {
			o.descending, o.nullsLast = true, true
		} else {
			p.take("asc")
		}
		if p.take("nulls") {
			if o.nullsLast = p.take("last"); !o.nullsLast {
				p.need("first")
			}
		}
		list = append(list, o)
	}
	return list
}

// parseTime reads a time of a statement: UTC with Z, or an offset (developer.salesforce.com, date formats).
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
