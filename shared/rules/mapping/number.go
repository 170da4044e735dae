package mapping

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// decimalCharsMax bounds the text of a number, read or made, so that "1e999999999" expands to nothing. Amounts and
// quantities of the platforms have under 30 characters.
const decimalCharsMax = 80

// decimalForm is a number as people type it: an optional sign and dollar sign, thousands in threes or none at all.
// "1.500,5" and "1,50" do not match: which of their marks is the point cannot be told.
var decimalForm = lazyregexp.New(`^[+-]?\$?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$`)

// decimalText gives the one text of a number: no thousands, no exponent, no needless zeros, never through a float.
func decimalText(_ ruleset.Transform, value string) (string, Problem) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", ""
	}
	if len(value) > decimalCharsMax || !decimalForm.MatchString(value) {
		return "", Invalid
	}
	d, err := decimal.NewFromString(strings.NewReplacer(",", "", "$", "").Replace(value))
	if err != nil || d.Exponent() > decimalCharsMax || d.Exponent() < -decimalCharsMax {
		return "", Invalid
	}
	out := d.String()
	if len(out) > decimalCharsMax {
		return "", Invalid
	}
	return out, ""
}

// boolText gives "true" or "false".
func boolText(_ ruleset.Transform, value string) (string, Problem) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "":
		return "", ""
	case "true", "yes", "y", "1", "on":
		return "true", ""
	case "false", "no", "n", "0", "off":
		return "false", ""
	}
	return "", Invalid
}
