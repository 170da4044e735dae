package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Holds reports whether values meet every condition of a filter, by the type of each field: 1500 is $1,500.00, and 900 is
// below 1000. A field without a known value meets no condition, and neither does a text that a comparison cannot read.
func Holds(e *ruleset.Entity, f *ruleset.Filter, values record.HubValues) bool {
	return !slices.ContainsFunc(f.Conditions, func(c ruleset.Condition) bool { return !holds(e, c, values) })
}

func holds(e *ruleset.Entity, c ruleset.Condition, values record.HubValues) bool {
	if len(c.Any) > 0 {
		return slices.ContainsFunc(c.Any, func(one ruleset.Condition) bool { return holds(e, one, values) })
	}
	value, known := values[c.Field]
	switch c.Op {
	case ruleset.OpPresent:
		return value != ""
	case ruleset.OpBlank:
		return known && value == ""
	case ruleset.OpIn:
		return known && isOneOf(e, c, value)
	case ruleset.OpNotIn:
		return known && !isOneOf(e, c, value)
	}
	return known && compares(e, c, value)
}

func isOneOf(e *ruleset.Entity, c ruleset.Condition, value string) bool {
	if slices.Contains(c.Values, value) {
		return true
	}
	f, declared := e.Field(c.Field)
	return declared && slices.ContainsFunc(c.Values, func(v string) bool { return Equal(TypeOf(f), value, v) })
}

func compares(e *ruleset.Entity, c ruleset.Condition, value string) bool {
	f, declared := e.Field(c.Field)
	if !declared || len(c.Values) == 0 {
		return false
	}
	t := TypeOf(f)
	if c.Op == ruleset.OpHas {
		return slices.ContainsFunc(splitOptions(value, t.Separator), func(option string) bool { return slices.Contains(c.Values, option) })
	}
	first, readable := Compare(t, value, c.Values[0])
	if !readable {
		return false
	}
	switch c.Op {
	case ruleset.OpAbove:
		return first > 0
	case ruleset.OpAtLeast:
		return first >= 0
	case ruleset.OpBelow:
		return first < 0
	case ruleset.OpAtMost:
		return first <= 0
	case ruleset.OpBetween:
		last, readable := Compare(t, value, c.Values[len(c.Values)-1])
		return readable && first >= 0 && last <= 0
	}
	return false
}

// Compare orders two values of a type that has an order, a number or a date: negative where a is less or earlier. ok is
// false for another type, and where one of the two cannot be read.
func Compare(t Type, a, b string) (order int, ok bool) {
	switch t.Kind {
	case catalog.Number, catalog.Money:
		x, okX := readDecimal(a)
		y, okY := readDecimal(b)
		return x.Cmp(y), okX && okY
	case catalog.Date:
		x, okX := readDate(a, t.rule)
		y, okY := readDate(b, t.rule)
		return strings.Compare(x.day.Format(time.DateOnly), y.day.Format(time.DateOnly)), okX && okY
	case catalog.Datetime:
		x, okX := readDate(a, t.rule)
		y, okY := readDate(b, t.rule)
		return x.at.Compare(y.at), okX && okY
	}
	return 0, false
}
