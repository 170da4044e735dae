package ruleset

import (
	"math/big"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// filter compiles the conditions, all of which must hold.
func (l *loader) filter(m *mappingSource, n *node) {
	if !n.given() {
		return
	}
	f := &Filter{}
	for _, c := range n.list() {
		if c.given() {
			f.Conditions = append(f.Conditions, l.condition(m, c))
		}
	}
	f.Digest = digest(f.Conditions)
	m.Filter = f
}

func (l *loader) condition(m *mappingSource, n *node) Condition {
	if n.has("any") {
		return l.anyOf(m, n)
	}
	c := Condition{}
	var written *node
	for _, e := range n.entries {
		switch e.key.text {
		case "field":
			continue
		case "is", "becomes", "in":
			c.Op, c.Values = OpIn, texts(e.value)
		case "is_not", "not_in":
			c.Op, c.Values = OpNotIn, texts(e.value)
		case "present":
			c.Op = presence(e.value.text == "true")
		case "blank":
			c.Op = presence(e.value.text != "true")
		default:
			c.Op, c.Values = ConditionOp(e.key.text), texts(e.value)
		}
		written = e.value
	}
	if !n.has("field") {
		l.at(n, "a condition has no field; add field: and a declared field of the hub object")
		return c
	}
	name, ok := n.get("field").word()
	if !ok || m.entity == nil {
		return c
	}
	c.Field = record.HubField(name)
	f := l.declared(m.entity, n.get("field"), c.Field)
	switch {
	case f == nil || len(c.Values) == 0:
	case c.Op == OpIn || c.Op == OpNotIn:
		l.conditionValues(written, m.entity.field(c.Field).entry)
	case c.Op == OpHas:
		l.conditionOptions(written, f, m.entity.field(c.Field).entry)
	default:
		l.comparison(written, c, f)
	}
	return c
}

// anyOf compiles conditions of which one is enough.
func (l *loader) anyOf(m *mappingSource, n *node) Condition {
	c := Condition{}
	for _, one := range n.get("any").list() {
		if one.given() {
			c.Any = append(c.Any, l.condition(m, one))
		}
	}
	if n.has("field") {
		l.at(n.get("field"), "any names the fields in its own conditions; take field out")
	}
	return c
}

// conditionOptions reports options that a field of several cannot hold, and a field that holds one.
func (l *loader) conditionOptions(n *node, f *Field, entry catalog.Field) {
	if !reads(f, "options") {
		l.at(n, "has asks for one of several options, and %s is one text; give the field form: [options], or write in", f.Name)
		return
	}
	l.conditionValues(n, entry)
}

// comparison reports a comparison that means nothing: of a field without an order, with a text that is no number or date, or
// of an interval that nothing lies in.
func (l *loader) comparison(n *node, c Condition, f *Field) {
	kind := ordered(f)
	if kind == "" {
		l.at(n, "%s has no order: it is of kind %s; compare a number or a date, or give the field a form that reads one, such as [decimal] or [date_iso]",
			f.Name, f.Kind)
		return
	}
	var read []*big.Rat
	for _, item := range n.list() {
		text, ok := item.word()
		if !ok {
			continue
		}
		value, ok := order(kind, text)
		if !ok {
			l.at(item, "%s is compared as a %s, and %s is none; write %s", f.Name, kind, quote(text), orderedLike[kind])
			return
		}
		read = append(read, value)
	}
	switch {
	case c.Op != OpBetween:
	case len(read) != 2:
		l.at(n, "between takes two values, the smaller first, and here are %d", len(read))
	case read[0].Cmp(read[1]) > 0:
		l.at(n, "nothing lies between %s and %s; write the smaller first", quote(c.Values[0]), quote(c.Values[1]))
	}
}

// orderedLike shows how a filter writes a value of a kind that has an order.
var orderedLike = map[catalog.Kind]string{
	catalog.Number:   `digits with a point, such as "12.50"`,
	catalog.Date:     `a day such as "2026-01-31"`,
	catalog.Datetime: `a moment with its offset, such as "2026-01-31T00:00:00-06:00"`,
}

// ordered gives the kind by which a field is compared: what its canonical form makes of it, or what the platform says that it
// is; "" for one without an order.
func ordered(f *Field) catalog.Kind {
	switch {
	case reads(f, "decimal"):
		return catalog.Number
	case reads(f, "date_iso"), reads(f, "date_us"), reads(f, "date_eu"):
		return catalog.Date
	case reads(f, "datetime_iso"):
		return catalog.Datetime
	case len(f.Form) > 0 && f.Kind == catalog.Text:
		return ""
	}
	switch f.Kind {
	case catalog.Number, catalog.Money:
		return catalog.Number
	case catalog.Date, catalog.Datetime:
		return f.Kind
	}
	return ""
}

// order reads a value of a filter as a number, dates as seconds.
func order(kind catalog.Kind, text string) (*big.Rat, bool) {
	layout := time.DateOnly
	switch kind {
	case catalog.Number:
		if !decimalText.MatchString(text) || len(text) > filterDigitsMax {
			return nil, false
		}
		return new(big.Rat).SetString(text)
	case catalog.Datetime:
		layout = time.RFC3339
	}
	at, err := time.Parse(layout, text)
	return new(big.Rat).SetInt64(at.Unix()), err == nil
}

// filterDigitsMax bounds the text of a number in a filter: what a transform reads as one.
const filterDigitsMax = 80

func reads(f *Field, transform string) bool {
	return slices.ContainsFunc(f.Form, func(t Transform) bool { return t.Name == transform })
}

// presence gives the comparison that asks whether there is a value.
func presence(wanted bool) ConditionOp {
	if wanted {
		return OpPresent
	}
	return OpBlank
}

// conditionValues reports values that a condition's field cannot have.
func (l *loader) conditionValues(n *node, f catalog.Field) {
	for _, v := range n.list() {
		if text, ok := v.word(); ok && text == "" {
			l.at(v, "a condition on an empty value; write {field: %s, blank: true}, or blank: false", f.Name)
			continue
		}
		l.value(v, f)
	}
}

func texts(n *node) []string {
	var out []string
	for _, item := range n.list() {
		if text, ok := item.word(); ok {
			out = append(out, text)
		}
	}
	return out
}
