package mapping

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Apply runs one transform; ruleset.Transforms says what each takes and makes. A blank ("") stays a blank through all
// of them but default; those that join several values leave blanks out. A value of white space only is a blank to a
// transform that reads what it says (a phone number, a date, an address, a number), and to default.
//
// Problems: Unmapped from value_map alone. Invalid for a value that the transform cannot read, and for a rule that the
// loader would have refused: an unknown transform, another number of values than it takes, an argument it cannot use.
func Apply(t ruleset.Transform, values []string) ([]string, Problem) {
	spec, ok := ruleset.TransformNamed(t.Name)
	if !ok || len(values) == 0 || spec.In > 0 && len(values) != spec.In {
		return nil, Invalid
	}
	if run, ok := ofMany[t.Name]; ok {
		return run(t, values), ""
	}
	run, ok := ofOne[t.Name]
	if !ok {
		return nil, Invalid
	}
	if values[0] == "" && t.Name != "default" {
		return []string{""}, ""
	}
	out, problem := run(t, values[0])
	if problem != "" {
		return nil, problem
	}
	return []string{out}, ""
}

// ofMany holds the transforms that take or make several values. None of them fails.
var ofMany = map[string]func(ruleset.Transform, []string) []string{
	"split_name":          splitName,
	"combine_name":        combineName,
	"address_single_line": addressLine,
	"concatenate":         concatenate,
}

// ofOne holds the transforms of one value to one. They see no blank, but for default.
var ofOne = map[string]func(ruleset.Transform, string) (string, Problem){
	"trim":      text(strings.TrimSpace),
	"lowercase": text(strings.ToLower),
	"uppercase": text(strings.ToUpper),
	"titlecase": text(titlecase),

	"phone_e164":     phone(e164),
	"phone_national": phone(national),
	"phone_digits":   text(digits),

	"date_iso":       date(dateISO),
	"date_us":        date(dateUS),
	"datetime_iso":   date(datetimeISO),
	"timestamp_unix": date(timestampUnix),

	"address_parse_street": addressPart(func(a address) string { return a.street }),
	"address_parse_city":   addressPart(func(a address) string { return a.city }),
	"address_parse_state":  addressPart(func(a address) string { return a.state }),
	"address_parse_zip":    addressPart(func(a address) string { return a.zip }),
	"street_number":        text(streetNumber),

	"value_map": valueMap,
	"default":   defaultTo,
	"truncate":  truncate,
	"decimal":   decimalText,
	"bool":      boolText,
}

// text makes a transform of a function that needs no arguments and cannot fail.
func text(f func(string) string) func(ruleset.Transform, string) (string, Problem) {
	return func(_ ruleset.Transform, value string) (string, Problem) { return f(value), "" }
}
