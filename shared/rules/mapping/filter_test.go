package mapping_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shopspring/decimal"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestFiltersJudgeByType is written from what a person means by a condition.
func TestFiltersJudgeByType(t *testing.T) {
	e := &ruleset.Entity{Fields: []ruleset.Field{{Name: "amount", Kind: catalog.Money}, {Name: "phone", Kind: catalog.Phone},
		{Name: "tags", Kind: catalog.Enum, Form: []ruleset.Transform{args("options")}}, {Name: "stage", Kind: catalog.Enum}, {Name: "when", Kind: catalog.Datetime},
		{Name: "day", Kind: catalog.Datetime, Form: []ruleset.Transform{args("date_iso", "zone", "America/Chicago")}}}}
	is := func(op ruleset.ConditionOp, values ...string) ruleset.Condition {
		return ruleset.Condition{Op: op, Values: values}
	}
	for _, c := range []struct {
		field string
		value string
		test  ruleset.Condition
		want  bool
	}{
		{"amount", "900", is(ruleset.OpBelow, "1000"), true}, // as texts 900 is more
		{"amount", "1000.00", is(ruleset.OpAbove, "1000"), false},
		{"amount", "1000.00", is(ruleset.OpAtLeast, "1000"), true},
		{"amount", "-5", is(ruleset.OpBelow, "0"), true},
		{"amount", "", is(ruleset.OpBelow, "1000"), false},     // a blank is no zero
		{"amount", "many", is(ruleset.OpBelow, "1000"), false}, // and neither is a word
		{"amount", "10", is(ruleset.OpBetween, "9", "10"), true},
		{"amount", "10.01", is(ruleset.OpBetween, "9", "10"), false},
		{"amount", "9007199254740993", is(ruleset.OpAbove, "9007199254740992"), true},
		{"amount", "1500.00", is(ruleset.OpIn, "1500"), true},
		{"amount", "1500.00", is(ruleset.OpNotIn, "1500"), false},
		{"phone", "+13125550123", is(ruleset.OpIn, "(312) 555-0123"), true},
		{"stage", "Won", is(ruleset.OpIn, "won"), false},
		{"tags", "b;a", is(ruleset.OpHas, "a", "c"), true},
		{"tags", "b;a", is(ruleset.OpHas, "c"), false},
		{"tags", "b;a", is(ruleset.OpIn, "a;b"), true},
		{"when", "2026-01-31T23:30:00-06:00", is(ruleset.OpAtLeast, "2026-02-01T05:30:00Z"), true},
		{"when", "2026-01-31T23:29:59-06:00", is(ruleset.OpAtLeast, "2026-02-01T05:30:00Z"), false},
		{"day", "2024-05-01T03:59:59Z", is(ruleset.OpAtMost, "2024-04-30"), true}, // 30 April in Chicago
		{"day", "2024-05-01", is(ruleset.OpAtMost, "2024-04-30"), false},
	} {
		c.test.Field = record.HubField(c.field)
		f := &ruleset.Filter{Conditions: []ruleset.Condition{c.test}}
		if got := mapping.Holds(e, f, record.HubValues{c.test.Field: c.value}); got != c.want {
			t.Errorf("%s %q %s %q: %t, want %t", c.field, c.value, c.test.Op, c.test.Values, got, c.want)
		}
		if mapping.Holds(e, f, record.HubValues{}) {
			t.Errorf("%s %s %q holds for a value that is not known", c.field, c.test.Op, c.test.Values)
		}
	}
}

func TestOneOfAnyIsEnoughAndAllMustHold(t *testing.T) {
	e := &ruleset.Entity{Fields: []ruleset.Field{{Name: "amount", Kind: catalog.Money}, {Name: "stage", Kind: catalog.Enum}, {Name: "name"}}}
	large := ruleset.Condition{Field: "amount", Op: ruleset.OpAbove, Values: []string{"1000"}}
	won := ruleset.Condition{Field: "stage", Op: ruleset.OpIn, Values: []string{"won"}}
	f := &ruleset.Filter{Conditions: []ruleset.Condition{{Any: []ruleset.Condition{large, won}}, {Field: "name", Op: ruleset.OpPresent}}}
	for _, c := range []struct {
		amount, stage, name string
		want                bool
	}{{"2000", "open", "a", true}, {"10", "won", "a", true}, {"10", "open", "a", false}, {"2000", "won", "", false}} {
		if got := mapping.Holds(e, f, record.HubValues{"amount": c.amount, "stage": c.stage, "name": c.name}); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// TestDifferentNumbersAreNeverEqualAndHaveAnOrder ties Equal and Compare to exact arithmetic, however the numbers are spelt.
func TestDifferentNumbersAreNeverEqualAndHaveAnOrder(t *testing.T) {
	money := formed(catalog.Money)
	rapid.Check(t, func(rt *rapid.T) {
		number := func(name string) (decimal.Decimal, string) {
			d := decimal.New(rapid.Int64Range(-200000, 200000).Draw(rt, name), int32(-rapid.IntRange(0, 4).Draw(rt, name+" places")))
			return d, rapid.SampledFrom([]string{d.String(), d.StringFixed(6), "0" + d.Abs().String()}).Draw(rt, name+" spelt")
		}
		a, spelt := number("a")
		b, other := number("b")
		if spelt == "0"+a.Abs().String() {
			a = a.Abs()
		}
		if other == "0"+b.Abs().String() {
			b = b.Abs()
		}
		order, ok := mapping.Compare(money, spelt, other)
		if !ok || order != a.Cmp(b) || mapping.Equal(money, spelt, other) != a.Equal(b) {
			rt.Fatalf("%q and %q: order %d, %t; equal %t", spelt, other, order, ok, mapping.Equal(money, spelt, other))
		}
	})
}
