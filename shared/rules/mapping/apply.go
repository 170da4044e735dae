package mapping

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Apply runs one transform; ruleset.Transforms says what each takes and makes. A blank stays a blank through all of them
// but default; those that join several values leave blanks out. What says nothing says nothing through all of them, and so
// does every value that is joined with it.
//
// The result has as many parts as the transform makes. All of them say nothing where it cannot read a value, and where the
// loader would have refused the rule: an unknown transform, another number of values than it takes, an argument it cannot
// use.
func Apply(t ruleset.Transform, values []Said) []Said {
	spec, ok := ruleset.TransformNamed(t.Name)
	if !ok || len(values) == 0 || spec.In > 0 && len(values) != spec.In {
		return repeat(max(1, spec.Out), silent(BrokenRule, t.Name, ""))
	}
	for _, v := range values {
		if v.kind == saysNothing {
			return repeat(spec.Out, v)
		}
	}
	if run, ok := ofMany[t.Name]; ok {
		return run(t, values)
	}
	run, ok := ofOne[t.Name]
	switch {
	case !ok:
		return repeat(spec.Out, silent(BrokenRule, t.Name, ""))
	case values[0].kind == saysBlank && t.Name != "default":
		return values
	}
	return []Said{run(t, values[0].text)}
}

func repeat(n int, s Said) []Said {
	out := make([]Said, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// ofMany holds the transforms that take or make several values. None of them fails.
var ofMany = map[string]func(ruleset.Transform, []Said) []Said{
	"split_name":          splitName,
	"combine_name":        joined(combineName),
	"address_single_line": joined(addressLine),
	"concatenate":         joined(concatenate),
}

// ofOne holds the transforms of one value to one. They see no blank, but for default.
var ofOne = map[string]func(ruleset.Transform, string) Said{
	"trim":      text("trim", strings.TrimSpace),
	"lowercase": text("lowercase", strings.ToLower),
	"uppercase": text("uppercase", strings.ToUpper),
	"titlecase": text("titlecase", titlecase),

	"phone_e164":     phone(e164),
	"phone_national": phone(national),
	"phone_digits":   text("phone_digits", digits),

	"date_iso":       date(dateISO),
	"date_us":        date(dateUS),
	"date_eu":        date(dateEU),
	"datetime_iso":   date(datetimeISO),
	"timestamp_unix": date(timestampUnix),

	"address_parse_street": addressPart(func(a address) string { return a.street }),
	"address_parse_city":   addressPart(func(a address) string { return a.city }),
	"address_parse_state":  addressPart(func(a address) string { return a.state }),
	"address_parse_zip":    addressPart(func(a address) string { return a.zip }),
	"street_number":        text("street_number", streetNumber),

	"value_map": valueMap,
	"options":   options,
	"default":   defaultTo,
	"truncate":  truncate,
	"decimal":   decimalText,
	"bool":      boolText,
}

// text makes a transform of a function that needs no arguments. What it leaves nothing of says nothing.
func text(name string, f func(string) string) func(ruleset.Transform, string) Said {
	return func(_ ruleset.Transform, value string) Said { return made(name, value, f(value)) }
}

// joined makes a transform of a function that joins texts, some of them blank. Blanks alone are a blank.
func joined(f func(ruleset.Transform, []string) string) func(ruleset.Transform, []Said) []Said {
	return func(t ruleset.Transform, values []Said) []Said {
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = v.text
		}
		return []Said{Read(f(t, texts))}
	}
}

// composed is a text in Unicode's composed form, NFC: an é typed as one character and one of two are the same letter.
func composed(s Said) Said {
	s.text = norm.NFC.String(s.text)
	return s
}
