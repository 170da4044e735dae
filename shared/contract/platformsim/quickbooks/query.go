package quickbooks

import (
	"strconv"
	"strings"
	"unicode"
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

// word is one token: a quoted value, or a word or sign as written.
type word struct {
	text   string
	quoted bool
}

// scan splits a statement into words. ok is false for an open quote or too many words.
func scan(text string) (words []word, ok bool) {
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
			words, i = append(words, word{text: value, quoted: true}), next
		case strings.ContainsRune("(),*", rune(ch)):
			words, i = append(words, word{text: string(ch)}), i+1
		case strings.ContainsRune("<>=", rune(ch)):
			j := i + 1
			if j < len(text) && text[j] == '=' {
				j++
			}
			words, i = append(words, word{text: text[i:j]}), j
		default:
			j := i
			for j < len(text) && !strings.ContainsRune(" \t\n(),*<>='", rune(text[j])) {
				j++
			}
			words, i = append(words, word{text: text[i:j]}), j
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

// parser walks the words. Once bad, it stays bad.
type parser struct {
	words []word
	at    int
	bad   bool
}

// parse reads one statement.
func parse(text string) (query, *failure) {
	words, ok := scan(text)
	p := &parser{words: words, bad: !ok}
	q := query{start: 1, limit: rowsDefault}
	p.need("select")
	p.projection(&q)
	p.need("from")
	q.entity = p.name()
	if p.take("where") {
		q.where = p.conditions()
	}
	if p.take("orderby") || (p.take("order") && p.need("by")) {
		q.order = p.orderings()
	}
	if p.take("startposition") {
		q.start = p.number()
	}
	if p.take("maxresults") {
		q.limit = min(p.number(), rowsMax)
	}
	if p.bad || p.at < len(p.words) {
		return q, failed(codeQuery, "Error parsing query", "")
	}
	return q, nil
}

func (p *parser) peek() word {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return word{}
}

// take consumes a keyword or sign if it comes next.
func (p *parser) take(text string) bool {
	if w := p.peek(); w.quoted || !strings.EqualFold(w.text, text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) need(text string) bool {
	if !p.take(text) {
		p.bad = true
	}
	return true
}

// name consumes a property or entity.
func (p *parser) name() string {
	w := p.peek()
	if w.quoted || w.text == "" || strings.ContainsAny(w.text, "(),*<>=") {
		p.bad = true
		return ""
	}
	p.at++
	return w.text
}

func (p *parser) number() int {
	n, err := strconv.Atoi(p.peek().text)
	if err != nil || n < 1 || p.peek().quoted {
		p.bad = true
		return 1
	}
	p.at++
	return n
}

func (p *parser) projection(q *query) {
	switch {
	case p.take("*"):
	case p.take("count"):
		q.count = true
		p.need("(")
		p.need("*")
		p.need(")")
	default:
		for more := true; more && !p.bad; more = p.take(",") {
			q.fields = append(q.fields, p.name())
		}
	}
}

func (p *parser) conditions() []condition {
	var list []condition
	for more := true; more && !p.bad; more = p.take("and") {
		c := condition{property: p.name(), op: strings.ToLower(p.peek().text)}
		p.at++
		switch c.op {
		case "=", "<", ">", "<=", ">=", "like":
			c.values = []string{p.value()}
		case "in":
			p.need("(")
			for more := true; more && !p.bad; more = p.take(",") {
				c.values = append(c.values, p.value())
			}
			p.need(")")
		default:
			p.bad = true
		}
		list = append(list, c)
	}
	return list
}

// value consumes a quoted or bare value.
func (p *parser) value() string {
	w := p.peek()
	if p.at >= len(p.words) || (!w.quoted && strings.ContainsAny(w.text, "(),*<>=")) {
		p.bad = true
	}
	p.at++
	return w.text
}

func (p *parser) orderings() []ordering {
	var list []ordering
	for more := true; more && !p.bad; more = p.take(",") {
		o := ordering{property: p.name()}
		if p.take("desc") {
			o.descending = true
		} else {
			p.take("asc")
		}
		list = append(list, o)
	}
	return list
}
