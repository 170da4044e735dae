package xero

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"
)

// wordsMax bounds one filter's words.
const wordsMax = 2000

// filter is a parsed where parameter, in the language of developer.xero.com's examples:
//
//	or := and {(OR | ||) and}    and := term {(AND | &&) term}    term := ( or ) | path[.ToLower()] op literal | path.Contains("x")
//
// It is nil for no filter. ok is false where a record makes it fail: a method of what is not there.
type filter func(record map[string]any) (match, ok bool)

// word is one token: a quoted text, or a word or sign as written.
type word struct {
	text   string
	quoted bool
}

// scan splits a filter into words. ok is false for an open quote or too many words.
func scan(text string) (words []word, ok bool) {
	for i := 0; i < len(text); {
		if len(words) == wordsMax {
			return nil, false
		}
		ch := text[i]
		switch {
		case unicode.IsSpace(rune(ch)):
			i++
		case ch == '"':
			end := i + 1
			var value strings.Builder
			for {
				if end >= len(text) {
					return nil, false
				}
				if text[end] == '"' && end+1 < len(text) && text[end+1] == '"' {
					value.WriteByte('"')
					end += 2
					continue
				}
				if text[end] == '"' {
					break
				}
				value.WriteByte(text[end])
				end++
			}
			words, i = append(words, word{text: value.String(), quoted: true}), end+1
		case strings.ContainsRune("(),.", rune(ch)):
			words, i = append(words, word{text: string(ch)}), i+1
		case strings.ContainsRune("<>=!&|", rune(ch)):
			j := i + 1
			for j < len(text) && strings.ContainsRune("<>=!&|", rune(text[j])) {
				j++
			}
			words, i = append(words, word{text: text[i:j]}), j
		default:
			j := i
			for j < len(text) && !strings.ContainsRune(" \t\n(),.\"<>=!&|", rune(text[j])) {
				j++
			}
			words, i = append(words, word{text: text[i:j]}), j
		}
	}
	return words, true
}

// parser walks the words. Once bad, it stays bad.
type parser struct {
	words []word
	at    int
	bad   bool
}

// parseFilter reads a where parameter; ok is false for what is none.
func parseFilter(text string) (f filter, ok bool) {
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	words, ok := scan(text)
	if !ok {
		return nil, false
	}
	p := &parser{words: words}
	f = p.or()
	return f, !p.bad && p.at == len(p.words)
}

func (p *parser) peek() word {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return word{}
}

func (p *parser) take(texts ...string) bool {
	for _, t := range texts {
		if w := p.peek(); !w.quoted && strings.EqualFold(w.text, t) && w.text != "" {
			p.at++
			return true
		}
	}
	return false
}

func (p *parser) want(text string) {
	if !p.take(text) {
		p.bad = true
	}
}

func (p *parser) or() filter {
	left := p.and()
	for !p.bad && p.take("OR", "||") {
		a, b := left, p.and()
		left = func(r map[string]any) (bool, bool) {
			if match, ok := a(r); match || !ok {
				return match, ok
			}
			return b(r)
		}
	}
	return left
}

func (p *parser) and() filter {
	left := p.term()
	for !p.bad && p.take("AND", "&&") {
		a, b := left, p.term()
		left = func(r map[string]any) (bool, bool) {
			if match, ok := a(r); !match || !ok {
				return false, ok
			}
			return b(r)
		}
	}
	return left
}

func (p *parser) term() filter {
	if p.take("(") {
		f := p.or()
		p.want(")")
		return f
	}
	var path, methods []string
	for {
		w := p.peek()
		if w.quoted || w.text == "" {
			p.bad = true
			return nil
		}
		p.at++
		if p.take("(") {
			if strings.EqualFold(w.text, "Contains") || strings.EqualFold(w.text, "StartsWith") || strings.EqualFold(w.text, "Equals") {
				return p.method(strings.ToLower(w.text), path, methods)
			}
			p.want(")")
			methods = append(methods, strings.ToLower(w.text))
		} else {
			path = append(path, w.text)
		}
		if !p.take(".") {
			break
		}
	}
	op := p.peek().text
	p.at++
	value := p.literal()
	if p.bad {
		return nil
	}
	return func(r map[string]any) (bool, bool) {
		held, ok := lower(valueAt(r, path), methods)
		if !ok {
			return false, false
		}
		return compare(held, op, value), true
	}
}

// method is a test by a method: path.Contains("x").
func (p *parser) method(name string, path, methods []string) filter {
	argument := p.peek()
	p.at++
	p.want(")")
	if !argument.quoted {
		p.bad = true
	}
	return func(r map[string]any) (bool, bool) {
		value, ok := lower(valueAt(r, path), methods)
		held, isText := value.(string)
		if !ok || !isText {
			return false, false
		}
		switch name {
		case "contains":
			return strings.Contains(held, argument.text), true
		case "startswith":
			return strings.HasPrefix(held, argument.text), true
		}
		return held == argument.text, true
	}
}

// lower applies the methods of a text. ok is false where there is none to apply them to.
func lower(value any, methods []string) (any, bool) {
	for _, m := range methods {
		text, isText := value.(string)
		switch {
		case !isText:
			return nil, false
		case m == "tolower":
			value = strings.ToLower(text)
		case m == "toupper":
			value = strings.ToUpper(text)
		}
	}
	return value, true
}

// literal reads "text", Guid("…"), DateTime(y, m, d[, h, m, s]), a number, true, false or null.
func (p *parser) literal() any {
	w := p.peek()
	p.at++
	switch {
	case w.quoted:
		return w.text
	case strings.EqualFold(w.text, "Guid"):
		p.want("(")
		id := p.peek()
		p.at++
		p.want(")")
		p.bad = p.bad || !id.quoted || !guidForm.MatchString(id.text)
		return strings.ToLower(id.text)
	case strings.EqualFold(w.text, "DateTime"):
		return p.date()
	case strings.EqualFold(w.text, "true"), strings.EqualFold(w.text, "false"):
		return strings.EqualFold(w.text, "true")
	case strings.EqualFold(w.text, "null"):
		return nil
	}
	d, err := decimal.NewFromString(w.text)
	p.bad = p.bad || err != nil
	return d
}

func (p *parser) date() any {
	p.want("(")
	var parts [6]int
	for i := range parts {
		n, err := strconv.Atoi(p.peek().text)
		p.bad = p.bad || err != nil
		parts[i] = n
		p.at++
		if !p.take(",") {
			break
		}
	}
	p.want(")")
	return time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], 0, time.UTC)
}

// valueAt gives an element as the filter sees it: nil where there is none.
func valueAt(record map[string]any, path []string) any {
	var value any = record
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	if at, ok := parseMS(value); ok {
		return at
	}
	if text, isText := value.(string); isText && guidForm.MatchString(text) {
		return strings.ToLower(text)
	}
	return value
}

// parseMS reads a date as answers write it.
func parseMS(value any) (time.Time, bool) {
	text, _ := value.(string)
	rest, ok := strings.CutPrefix(text, "/Date(")
	if !ok {
		return time.Time{}, false
	}
	digits, _, _ := strings.Cut(strings.TrimSuffix(rest, ")/"), "+")
	ms, err := strconv.ParseInt(digits, 10, 64)
	return time.UnixMilli(ms).UTC(), err == nil
}

// compare judges held against a literal. What is not there equals null and nothing else.
func compare(held any, op string, value any) bool {
	order, comparable := 0, false
	switch v := value.(type) {
	case nil:
		order, comparable = map[bool]int{true: 0, false: 1}[held == nil], true
	case string:
		text, isText := held.(string)
		order, comparable = strings.Compare(text, v), isText
	case bool:
		b, isBool := held.(bool)
		order, comparable = map[bool]int{true: 0, false: 1}[b == v], isBool
	case time.Time:
		at, isTime := held.(time.Time)
		order, comparable = at.Compare(v), isTime
	case decimal.Decimal:
		n, isNumber := numberOf(map[string]any{"n": held}, "n")
		order, comparable = n.Cmp(v), isNumber
	}
	switch op {
	case "==", "=":
		return comparable && order == 0
	case "!=", "<>":
		return !comparable || order != 0
	case ">":
		return comparable && order > 0
	case ">=":
		return comparable && order >= 0
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	}
	return false
}
