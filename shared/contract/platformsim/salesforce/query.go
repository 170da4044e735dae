package salesforce

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
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
	values []platformsim.Word
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
func scan(statement string) (words []platformsim.Word, ok bool) {
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
			words, i = append(words, platformsim.Word{Text: value, Quoted: true}), next
		case strings.IndexByte("(),", ch) >= 0:
			words, i = append(words, platformsim.Word{Text: string(ch)}), i+1
		case strings.IndexByte("<>=!", ch) >= 0:
			j := i + 1
			if j < len(statement) && strings.IndexByte("=>", statement[j]) >= 0 {
				j++
			}
			words, i = append(words, platformsim.Word{Text: statement[i:j]}), j
		default:
			j := i
			for j < len(statement) && strings.IndexByte(" \t\r\n(),<>=!'", statement[j]) < 0 {
				j++
			}
			if j == i {
				return nil, false
			}
			words, i = append(words, platformsim.Word{Text: statement[i:j]}), j
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

// parser reads a statement of this language.
type parser struct {
	platformsim.Statement
	depth int // of brackets
}

// parse reads one statement.
func parse(statement string) (query, *failure) {
	words, ok := scan(statement)
	p := &parser{Statement: platformsim.Statement{Words: words, Bad: !ok}}
	q := query{limit: -1}
	p.Need("select")
	if p.Take("count") {
		q.count = true
		p.Need("(")
		p.Need(")")
	} else {
		for more := true; more && !p.Bad; more = p.Take(",") {
			q.fields = append(q.fields, p.name())
		}
	}
	p.Need("from")
	q.object = p.name()
	if p.Take("where") {
		q.where = p.condition()
	}
	if p.Take("order") {
		p.Need("by")
		q.order = p.orderings()
	}
	if p.Take("limit") {
		q.limit = p.number()
	}
	if p.Take("offset") {
		q.offset = p.number()
	}
	if p.Bad || p.At < len(p.Words) || q.offset > offsetMax {
		return q, failed("MALFORMED_QUERY", "unexpected token")
	}
	return q, nil
}

// keywords are no names.
var keywords = []string{"select", "from", "where", "and", "or", "not", "order", "by", "limit", "offset", "like", "in"}

// name consumes a field or object.
func (p *parser) name() string {
	w := p.Peek()
	plain := w.Text != "" && !w.Quoted && !strings.ContainsFunc(w.Text, func(r rune) bool {
		return r != '_' && r != '.' &&
			!unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for _, k := range keywords {
		plain = plain && !strings.EqualFold(w.Text, k)
	}
	if !plain {
		p.Bad = true
		return ""
	}
	p.At++
	return w.Text
}

func (p *parser) number() int {
	n, err := strconv.Atoi(p.Peek().Text)
	if err != nil || n < 0 || p.Peek().Quoted {
		p.Bad = true
		return 0
	}
	p.At++
	return n
}

// condition consumes comparisons joined by one word. AND and OR mix only with brackets.
func (p *parser) condition() *condition {
	if p.depth++; p.depth > depthMax {
		p.Bad = true
		return nil
	}
	defer func() { p.depth-- }()
	first := p.term()
	for _, join := range []string{"and", "or"} {
		if !p.Take(join) {
			continue
		}
		out := &condition{join: join, parts: []*condition{first}}
		for more := true; more && !p.Bad; more = p.Take(join) {
			out.parts = append(out.parts, p.term())
		}
		return out
	}
	return first
}

func (p *parser) term() *condition {
	switch {
	case p.Bad:
		return nil
	case p.Take("not"):
		return &condition{join: "not", parts: []*condition{p.bracketed()}}
	case p.Peek().Text == "(" && !p.Peek().Quoted:
		return p.bracketed()
	}
	return p.comparison()
}

func (p *parser) bracketed() *condition {
	p.Need("(")
	c := p.condition()
	p.Need(")")
	return c
}

func (p *parser) comparison() *condition {
	c := &condition{field: p.name(), op: strings.ToLower(p.Peek().Text)}
	if p.Peek().Quoted {
		p.Bad = true
	}
	p.At++
	switch c.op {
	case "<>":
		c.op = "!="
		c.values = []platformsim.Word{p.Value("(),<>=!")}
	case "=", "!=", "<", "<=", ">", ">=", "like":
		c.values = []platformsim.Word{p.Value("(),<>=!")}
	case "not":
		p.Need("in")
		c.op = "not in"
		c.values = p.list()
	case "in":
		c.values = p.list()
	default:
		p.Bad = true
	}
	return c
}

func (p *parser) list() []platformsim.Word {
	var list []platformsim.Word
	p.Need("(")
	for more := true; more && !p.Bad; more = p.Take(",") {
		list = append(list, p.Value("(),<>=!"))
	}
	p.Need(")")
	return list
}

func (p *parser) orderings() []ordering {
	var list []ordering
	for more := true; more && !p.Bad; more = p.Take(",") {
		o := ordering{field: p.name()}
		if p.Take("desc") {
			o.descending, o.nullsLast = true, true
		} else {
			p.Take("asc")
		}
		if p.Take("nulls") {
			if o.nullsLast = p.Take("last"); !o.nullsLast {
				p.Need("first")
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
