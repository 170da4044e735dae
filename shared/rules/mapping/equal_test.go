package mapping_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// formed is the type of a field in a canonical form.
func formed(kind catalog.Kind, form ...ruleset.Transform) mapping.Type {
	return mapping.TypeOf(&ruleset.Field{Kind: kind, Form: form})
}

// TestValuesAreEqualByTheirType is written from what people and platforms mean, not from the code.
func TestValuesAreEqualByTheirType(t *testing.T) {
	text, money, phone, mail := formed(catalog.Text), formed(catalog.Money), formed(catalog.Phone), formed(catalog.Email)
	day, moment, truth, option := formed(catalog.Date), formed(catalog.Datetime), formed(catalog.Bool), formed(catalog.Enum)
	chicago := formed(catalog.Date, args("date_iso", "zone", "America/Chicago"))
	for _, c := range []struct {
		name string
		kind mapping.Type
		a, b string
		want bool
	}{
		{"needless zeros", money, "1000.00", "1000", true},
		{"a point moved", money, "1000.00", "100000", false},
		{"a sign", money, "-12.50", "1250", false},
		{"another sign", money, "-12.50", "12.50", false},
		{"thousands and a dollar", money, "$1,500.00", "1500", true},
		{"more digits than a float tells apart", money, "9007199254740993", "9007199254740992", false},
		{"a blank and zero", money, "", "0", false},
		{"no numbers", money, "many", "few", false},
		{"the same word", money, "many", "many", true},

		{"month and day", day, "12/1/2026", "1/21/2026", false},
		{"two spellings", day, "2026-01-21", "1/21/2026", true},
		{"the next day", day, "2026-01-21", "2026-01-22", false},
		{"a day and its moment in a zone", chicago, "2024-05-01T03:59:59Z", "2024-04-30", true},
		{"a day and another day's moment there", chicago, "2024-05-01T03:59:59Z", "2024-05-01", false},
		{"day first", formed(catalog.Date, args("date_iso", "order", "day_first")), "2/1/2026", "2026-01-02", true},
		{"one moment in two offsets", moment, "2024-01-31T23:30:00-06:00", "2024-02-01T05:30:00Z", true},
		{"a minute later", moment, "2024-02-01T05:30:00Z", "2024-02-01T05:31:00Z", false},
		{"milliseconds", moment, "1706713445123", "2024-01-31T15:04:05Z", true},

		{"a number's marks", phone, "(312) 555-0123", "+1 312.555.0123", true},
		{"another number", phone, "312 555 0123", "312 555 0124", false},
		{"its extension", phone, "312 555 0123 x4", "312 555 0123", false},
		{"another extension", phone, "312 555 0123 x4", "312 555 0123 ext. 4", true},
		{"another country", phone, "+44 20 7946 0958", "020 7946 0958", false},
		{"by the rule's country", formed(catalog.Phone, args("phone_e164", "country", "GB")), "+44 20 7946 0958", "020 7946 0958", true},
		{"no area code", phone, "285-9902", "2859902", true},
		{"words and a number", phone, "ask Bob 1", "1", false},

		{"an address in capitals", mail, "ANN@X.Example", " ann@x.example", true},
		{"a dot", mail, "ann.lee@x.example", "annlee@x.example", false},
		{"a plus", mail, "ann+1@x.example", "ann1@x.example", false},

		{"yes", truth, "true", "Yes", true},
		{"no", truth, "false", "true", false},

		{"an option's case", option, "Won", "won", false},
		{"options in another order", formed(catalog.Enum, args("options")), "b;a", "a; b", true},
		{"an option more", formed(catalog.Enum, args("options")), "a;b", "a;b;c", false},
		{"one option has no order", option, "b;a", "a;b", false},

		{"an apostrophe", text, "O'Neil", "ONeil", false},
		{"case", text, "McDonald", "Mcdonald", false},
		{"a hyphen", text, "Anne-Marie", "Anne Marie", false},
		{"marks alone", text, "?", "!", false},
		{"white space at the ends", text, " Ann ", "Ann", true},
		{"two blanks", text, "Ann  Lee", "Ann Lee", true},
		{"line ends", text, "a\r\nb", "a\nb", true},
		{"a line end and a blank", text, "a\nb", "a b", false},
		{"composed and decomposed", text, "M\u00fcller", "Mu\u0308ller", true},
		{"an accent", text, "M\u00fcller", "Muller", false},
		{"a number as text", text, "007", "7", false},
		{"a blank and white space", text, "", " \n", true},
	} {
		t.Run(string(c.kind.Kind)+": "+c.name, func(t *testing.T) {
			if got := mapping.Equal(c.kind, c.a, c.b); got != c.want {
				t.Errorf("Equal(%q, %q) = %t, want %t", c.a, c.b, got, c.want)
			}
		})
	}
}

func TestAFieldsTypeIsItsFormsOrItsPlatforms(t *testing.T) {
	e := &ruleset.Entity{Fields: []ruleset.Field{{Name: "phone", Kind: catalog.Text, Form: []ruleset.Transform{args("trim"), args("phone_e164", "country", "GB")}},
		{Name: "amount", Kind: catalog.Money}, {Name: "stage", Kind: catalog.Enum}, {Name: "when", Kind: catalog.Datetime}}}
	pair := func(hub record.HubField, kind catalog.Kind, toSpoke, toHub []ruleset.Transform) *ruleset.Pair {
		return &ruleset.Pair{Hub: []record.HubField{hub}, Spoke: []record.PlatformField{"x"}, Kinds: []catalog.Kind{kind}, ToSpokeTransforms: toSpoke, ToHubTransforms: toHub}
	}
	for name, c := range map[string]struct {
		pair *ruleset.Pair
		kind catalog.Kind
		a, b string
		want bool
	}{
		"a custom field of text is what the hub's is":  {pair("amount", catalog.Text, nil, nil), catalog.Money, "1,000", "1000.0", true},
		"a phone with the form's country":              {pair("phone", catalog.Phone, nil, nil), catalog.Phone, "020 7946 0958", "+442079460958", true},
		"what the platform says":                       {pair("stage", catalog.Number, nil, nil), catalog.Number, "7", "7.0", true},
		"what is written there":                        {pair("when", catalog.Text, []ruleset.Transform{args("date_iso", "zone", "America/Chicago")}, nil), catalog.Date, "2024-05-01T03:59:59Z", "2024-04-30", true},
		"what is read there":                           {pair("phone", catalog.Text, nil, []ruleset.Transform{args("options", "separator", ",")}), catalog.Enum, "a,b", "b,a", true},
		"through a table it is what the platform says": {pair("amount", catalog.Text, nil, []ruleset.Transform{{Name: "value_map", Map: map[string]string{"1": "2"}}}), catalog.Text, "1", "1.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			kind := mapping.TypeOfSpoke(e, c.pair, 0)
			if kind.Kind != c.kind || mapping.Equal(kind, c.a, c.b) != c.want {
				t.Errorf("type %+v, Equal(%q, %q) = %t; want %s and %t", kind, c.a, c.b, !c.want, c.kind, c.want)
			}
		})
	}
}

// kinds are every type that Equal knows.
var kinds = []mapping.Type{formed(catalog.Text), formed(catalog.Email), formed(catalog.Phone), formed(catalog.Number), formed(catalog.Money), formed(catalog.Bool), formed(catalog.Date),
	formed(catalog.Datetime), formed(catalog.Enum), formed(catalog.Enum, args("options")), formed(catalog.Reference), formed(catalog.Date, args("date_iso", "zone", "America/Chicago"))}

// TestAFormThatBringsAValueIntoShapeKeepsItEqual ties equality to the transforms: what a canonical form of a type makes of a
// text is that text, by the type.
func TestAFormThatBringsAValueIntoShapeKeepsItEqual(t *testing.T) {
	forms := map[catalog.Kind][]string{catalog.Phone: {"phone_e164", "phone_national"}, catalog.Number: {"decimal"}, catalog.Bool: {"bool"}, catalog.Date: {"date_iso", "date_us"},
		catalog.Datetime: {"datetime_iso"}, catalog.Text: {"trim"}, catalog.Email: {"trim", "lowercase"}}
	rapid.Check(t, func(rt *rapid.T) {
		value := typed().Draw(rt, "value")
		for kind, names := range forms {
			for _, name := range names {
				shaped, ok := one(args(name), value)
				if ok && !mapping.Equal(formed(kind, args(name)), value, shaped) {
					rt.Fatalf("%s makes %q of %q, and they differ as %s", name, shaped, value, kind)
				}
			}
		}
	})
}

// FuzzEqual: equality is reflexive and symmetric, keeps blanks and values apart, and for text never passes over a letter, a
// digit or a mark.
func FuzzEqual(f *testing.F) {
	f.Add("1000.00", "100000")
	f.Add("O'Neil", "ONeil")
	f.Add("12/1/2026", "1/21/2026")
	f.Add("+1 (312) 555-0123 x4", "3125550123")
	f.Add("Mu\u0308ller", "M\u00fcller")
	f.Add("a;b", "b; a")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, kind := range kinds {
			ab, ba := mapping.Equal(kind, a, b), mapping.Equal(kind, b, a)
			if !mapping.Equal(kind, a, a) || ab != ba {
				t.Fatalf("%s: Equal(%q, %q) = %t, turned round %t", kind.Kind, a, b, ab, ba)
			}
			if ab && (strings.TrimSpace(a) == "") != (strings.TrimSpace(b) == "") {
				t.Fatalf("%s: a blank equals a value: %q, %q", kind.Kind, a, b)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		ascii := strings.IndexFunc(a+b, func(r rune) bool { return r > 127 }) < 0
		if ascii && mapping.Equal(kinds[0], a, b) && squeeze(a) != squeeze(b) {
			t.Fatalf("as text %q equals %q", a, b)
		}
	})
}
