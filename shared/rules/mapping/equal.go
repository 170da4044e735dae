package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Type is what a field's texts are texts of, with what it takes to read them: it decides when two spellings are one value.
// The zero Type is plain text.
type Type struct {
	Kind catalog.Kind
	// Country is that of phone numbers written without one; "" is the default of the transforms.
	Country string
	// Separator stands between the options of a value that holds several; "" for one option.
	Separator string
	// rule says how dates are read.
	rule dateRule
}

// Equal reports whether two texts of a type are one value: 1500 and $1,500.00 as money, (312) 555-0123 and +13125550123 as a
// phone number, 2024-01-31 and 1/31/2024 as a date, a;b and b;a as options. Texts are equal in Unicode's composed form with
// one blank for several; case counts, and so does every mark: O'Neil is not ONeil. A text that is not of its type is compared
// as text. Equal is symmetric, and what is equal as text is equal.
func Equal(t Type, a, b string) bool {
	if a == b {
		return true
	}
	a, b = tidy(a), tidy(b)
	if a == b {
		return true
	}
	if a == "" || b == "" {
		return false
	}
	switch t.Kind {
	case catalog.Number, catalog.Money:
		x, okX := readDecimal(a)
		y, okY := readDecimal(b)
		return okX && okY && x.Equal(y)
	case catalog.Bool:
		x, okX := readBool(a)
		y, okY := readBool(b)
		return okX && okY && x == y
	case catalog.Date, catalog.Datetime:
		return t.equalDates(a, b)
	case catalog.Phone:
		return t.equalPhones(a, b)
	case catalog.Email:
		return cases.Fold().String(strings.ToLower(a)) == cases.Fold().String(strings.ToLower(b))
	case catalog.Enum:
		return t.Separator != "" && equalOptions(splitOptions(a, t.Separator), splitOptions(b, t.Separator))
	}
	return false
}

// tidy is a text without what no platform keeps faithfully: white space at its ends and before a line's end, several blanks
// for one, carriage returns, and decomposed characters.
func tidy(text string) string {
	if plain(text) {
		return text
	}
	lines := strings.Split(norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// plain reports a text that tidy would not change, as far as a look at its bytes can tell.
func plain(text string) bool {
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c >= utf8Self || c < ' ' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return text == "" || before != ' '
}

func (t Type) equalDates(a, b string) bool {
	x, okX := readDate(a, t.rule)
	y, okY := readDate(b, t.rule)
	if !okX || !okY {
		return false
	}
	if t.Kind == catalog.Date {
		return x.day.Format(time.DateOnly) == y.day.Format(time.DateOnly)
	}
	return x.at.Unix() == y.at.Unix()
}

// equalPhones compares numbers by the numbering plan, with their extensions. Two that are in no plan are equal by their
// digits, where both are digits and marks alone.
func (t Type) equalPhones(a, b string) bool {
	country := t.Country
	if country == "" {
		country = countryDefault
	}
	x, okX := readPhone(a, country)
	y, okY := readPhone(b, country)
	if okX && okY {
		return x.GetExtension() == y.GetExtension() && phonenumbers.Format(x, phonenumbers.E164) == phonenumbers.Format(y, phonenumbers.E164)
	}
	return okX == okY && marksAlone.MatchString(a) && marksAlone.MatchString(b) && digits(a) == digits(b)
}

func equalOptions(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// TypeOf gives the type of a hub field: what its canonical form reads, or what the platform says that it is.
func TypeOf(f *ruleset.Field) Type {
	if t, ok := typeOf(f.Form); ok {
		return t
	}
	return kindType(f.Kind)
}

// TypeOfSpoke gives the type of the i-th spoke field of a pair: what the platform says that it is; where that is text, what
// the pair's transforms read or write there, or else what the hub field is.
func TypeOfSpoke(e *ruleset.Entity, p *ruleset.Pair, i int) Type {
	if len(p.ToHubTransforms) > 0 {
		if t, ok := typeOf(p.ToHubTransforms[:1]); ok {
			return t
		}
	}
	if n := len(p.ToSpokeTransforms); n > 0 {
		if t, ok := typeOf(p.ToSpokeTransforms[n-1:]); ok {
			return t
		}
	}
	kind := catalog.Text
	if i < len(p.Kinds) {
		kind = p.Kinds[i]
	}
	plain := len(p.Hub) == 1 && len(p.Spoke) == 1 && len(p.ToHubTransforms)+len(p.ToSpokeTransforms) == 0
	f, declared := e.Field(firstOf(p))
	if !plain || !declared {
		return kindType(kind)
	}
	t := TypeOf(f)
	if kind == catalog.Text || kind == t.Kind {
		return t
	}
	t.Kind = kind
	return t
}

func firstOf(p *ruleset.Pair) (name record.HubField) {
	if len(p.Hub) > 0 {
		name = p.Hub[0]
	}
	return name
}

func kindType(kind catalog.Kind) Type { return Type{Kind: kind} }

// typeOf gives the type that transforms read or write, by the last of them that tells.
func typeOf(transforms []ruleset.Transform) (out Type, ok bool) {
	for _, t := range transforms {
		one, tells := typeOfOne(t)
		if tells {
			out, ok = one, true
		}
	}
	return out, ok
}

func typeOfOne(t ruleset.Transform) (Type, bool) {
	switch t.Name {
	case "phone_e164", "phone_national":
		return Type{Kind: catalog.Phone, Country: countryOf(t)}, true
	case "decimal":
		return Type{Kind: catalog.Number}, true
	case "bool":
		return Type{Kind: catalog.Bool}, true
	case "date_iso", "date_us", "date_eu", "datetime_iso", "timestamp_unix":
		zone, _ := zoneOf(t)
		kind := catalog.Date
		if t.Name == "datetime_iso" || t.Name == "timestamp_unix" {
			kind = catalog.Datetime
		}
		return Type{Kind: kind, rule: dateRule{zone: zone, epoch: t.Args["epoch"], dayFirst: dayFirst(t)}}, true
	case "options":
		return Type{Kind: catalog.Enum, Separator: separatorOf(t)}, true
	}
	return Type{}, false
}
