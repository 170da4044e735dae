package mapping

import (
	"strconv"
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

// decimalText gives the one text of a number: no thousands, no exponent, no needless zeros, never through a float. One with more
// decimals than args currency has says nothing: rounding an amount is a decision, and not ours.
func decimalText(t ruleset.Transform, value string) Said {
	d, ok := readDecimal(value)
	if !ok {
		return silent(Unreadable, "decimal", value)
	}
	if currency, given := t.Args["currency"]; given {
		places, known := ruleset.Decimals(currency)
		switch {
		case !known:
			return silent(BrokenRule, "decimal", "")
		case !d.Equal(d.Truncate(int32(places))):
			return silent(Unreadable, decimalOf+currency, value)
		}
	}
	return made("decimal", value, d.String())
}

// decimalOf begins what could not read an amount for its decimals; the currency ends it.
const decimalOf = "decimal of "

// readDecimal reads a number, exactly.
func readDecimal(value string) (decimal.Decimal, bool) {
	value = strings.TrimSpace(value)
	if len(value) > decimalCharsMax || !decimalForm.MatchString(value) {
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(strings.NewReplacer(",", "", "$", "").Replace(value))
	if err != nil || d.Exponent() > decimalCharsMax || d.Exponent() < -decimalCharsMax || len(d.String()) > decimalCharsMax {
		return decimal.Decimal{}, false
	}
	return d, true
}

// boolText gives "true" or "false".
func boolText(_ ruleset.Transform, value string) Said {
	truth, ok := readBool(value)
	if !ok {
		return silent(Unreadable, "bool", value)
	}
	return made("bool", value, strconv.FormatBool(truth))
}

func readBool(value string) (truth, ok bool) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "yes", "y", "1", "on":
		return true, true
	case "false", "no", "n", "0", "off":
		return false, true
	}
	return false, false
}
