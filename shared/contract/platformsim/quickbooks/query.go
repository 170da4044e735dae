package quickbooks

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	rowsDefault = 100
	rowsMax     = 1000
	// tokensMax bounds one query's words.
	tokensMax = 10_000
)

// query is one parsed statement:
//
//	select *|count(*)|field[, field] from Entity [where p op v [and ...]] [orderby p [asc|desc][, ...]]
//	[startposition n] [maxresults n]
type query struct {
	count  bool
	fields []string // nil for *
	entity string
	where  []condition
	order  []ordering
	start  int
	limit  int
}

type condition struct {
	property, op string // op in lower case: =, <, >, <=, >=, in, like
	values       []string
}

type ordering struct {
	property   string
	descending bool
}

// scan splits a statement into words. ok is false for an open quote or too many words.
func scan(text string) (words []platformsim.Word, ok bool) {
	for i := 0; i < len(text); {
		if len(words) == tokensMax {
			return nil, false
		}
		switch ch := text[i]; {
		case unicode.IsSpace(rune(ch)):
			i++
		case ch == '\'':
			value, next, closed := scanQuoted(text, i+1)
			if !closed {
				return nil, false
			}
			words, i = append(words, platformsim.Word{Text: value, Quoted: true}), next
		case strings.ContainsRune("(),*", rune(ch)):
			words, i = append(words, platformsim.Word{Text: string(ch)}), i+1
		case strings.ContainsRune("<>=", rune(ch)):
			j := i + 1
			if j < len(text) && text[j] == '=' {
				j++
			}
			words, i = append(words, platformsim.Word{Text: text[i:j]}), j
		default:
			j := i
			for j < len(text) && !strings.ContainsRune(" \t\n(),*<>='", rune(text[j])) {
				j++
			}
			words, i = append(words, platformsim.Word{Text: text[i:j]}), j
		}
	}
	return words, true
}

// scanQuoted reads to the closing quote; a backslash takes the next character as it is.
func scanQuoted(text string, i int) (value string, next int, closed bool) {
	var b strings.Builder
	for ; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '\'':
			return b.String(), i + 1, true
		default:
			b.WriteByte(text[i])
		}
	}
	return "", i, false
}

// parser reads a statement of this language.
type parser struct{ platformsim.Statement }

// parse reads one statement.
func parse(text string) (query, *failure) {
	words, ok := scan(text)
	p := &parser{Statement: platformsim.Statement{Words: words, Bad: !ok}}
	q := query{start: 1, limit: rowsDefault}
	p.Need("select")
	p.projection(&q)
	p.Need("from")
	q.entity = p.name()
	if p.Take("where") {
		q.where = p.conditions()
	}
	if p.Take("orderby") || (p.Take("order") && p.Need("by")) {
		q.order = p.orderings()
	}
	if p.Take("startposition") {
		q.start = p.number()
	}
	if p.Take("maxresults") {
		q.limit = min(p.number(), rowsMax)
	}
	if p.Bad || p.At < len(p.Words) {
		return q, failed(codeQuery, "Error parsing query", "")
	}
	return q, nil
}

// name consumes a property or entity.
func (p *parser) name() string {
	w := p.Peek()
	if w.Quoted || w.Text == "" || strings.ContainsAny(w.Text, "(),*<>=") {
		p.Bad = true
		return ""
	}
	p.At++
	return w.Text
}

func (p *parser) number() int {
	n, err := strconv.Atoi(p.Peek().Text)
	if err != nil || n < 1 || p.Peek().Quoted {
		p.Bad = true
		return 1
	}
	p.At++
	return n
}

func (p *parser) projection(q *query) {
	switch {
	case p.Take("*"):
	case p.Take("count"):
		q.count = true
		p.Need("(")
		p.Need("*")
		p.Need(")")
	default:
		for more := true; more && !p.Bad; more = p.Take(",") {
			q.fields = append(q.fields, p.name())
		}
	}
}

func (p *parser) conditions() []condition {
	var list []condition
	for more := true; more && !p.Bad; more = p.Take("and") {
		c := condition{property: p.name(), op: strings.ToLower(p.Peek().Text)}
		p.At++
		switch c.op {
		case "=", "<", ">", "<=", ">=", "like":
			c.values = []string{p.Value("(),*<>=").Text}
		case "in":
			p.Need("(")
			for more := true; more && !p.Bad; more = p.Take(",") {
				c.values = append(c.values, p.Value("(),*<>=").Text)
			}
			p.Need(")")
		default:
			p.Bad = true
		}
		list = append(list, c)
	}
	return list
}

func (p *parser) orderings() []ordering {
	var list []ordering
	for more := true; more && !p.Bad; more = p.Take(",") {
		o := ordering{property: p.name()}
		if p.Take("desc") {
			o.descending = true
		} else {
			p.Take("asc")
		}
		list = append(list, o)
	}
	return list
}
