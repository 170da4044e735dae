package mapping

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// phoneCharsMax bounds what is read as a phone number: fifteen digits, an extension and their marks need far less.
const phoneCharsMax = 100

// countryDefault is the country of a number written without one, where the rule names none.
const countryDefault = "US"

// numberBegins are the characters that a written phone number begins with. The library would skip any words before
// it, and they would be lost: "Bob 312 555 0123" stays as typed instead.
const numberBegins = "+＋(0123456789"

// phone makes the transform that writes a phone number in one form.
//
// A number counts if the country's numbering plan has it, which is stricter than its length: "2859902" without an area
// code is none, nor is 000 000 0000. What does not count is kept as typed, parked or blanked, as args on_invalid says;
// only white space at its ends goes. A number with an extension is kept as typed whatever on_invalid says, in every
// form, so that two forms in a row agree; with args extension: drop it loses the extension.
func phone(write func(n *phonenumbers.PhoneNumber, country string) string) func(ruleset.Transform, string) (string, Problem) {
	return func(t ruleset.Transform, value string) (string, Problem) {
		country := strings.ToUpper(t.Args["country"])
		if country == "" {
			country = countryDefault
		}
		if phonenumbers.GetCountryCodeForRegion(country) == 0 {
			return "", Invalid
		}
		value = strings.TrimSpace(value)
		if value == "" {
			return "", ""
		}
		n, ok := readPhone(value, country)
		if !ok {
			return invalidPhone(t.Args["on_invalid"], value)
		}
		if n.GetExtension() != "" {
			if t.Args["extension"] != "drop" {
				return value, ""
			}
			n.Extension = nil
		}
		out := write(n, country)
		if again, ok := readPhone(out, country); !ok || write(again, country) != out {
			// A few plans write a number in a way that reads as another: then no form is canonical.
			return invalidPhone(t.Args["on_invalid"], value)
		}
		return out, ""
	}
}

func readPhone(value, country string) (*phonenumbers.PhoneNumber, bool) {
	if len(value) > phoneCharsMax || strings.IndexAny(value, numberBegins) != 0 {
		return nil, false
	}
	n, err := phonenumbers.Parse(value, country)
	return n, err == nil && phonenumbers.IsValidNumber(n)
}

func invalidPhone(onInvalid, value string) (string, Problem) {
	switch onInvalid {
	case "park":
		return "", Invalid
	case "blank":
		return "", ""
	}
	return value, ""
}

// e164 is +13125550123.
func e164(n *phonenumbers.PhoneNumber, _ string) string {
	return phonenumbers.Format(n, phonenumbers.E164)
}

// national is (312) 555-0123. A number under another calling code keeps it, +44 20 7946 0958, or it would read as one
// of country.
func national(n *phonenumbers.PhoneNumber, country string) string {
	if int(n.GetCountryCode()) != phonenumbers.GetCountryCodeForRegion(country) {
		return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
	}
	return phonenumbers.Format(n, phonenumbers.NATIONAL)
}

// digits keeps the digits, those of other scripts turned into 0 to 9.
func digits(value string) string { return phonenumbers.NormalizeDigitsOnly(value) }
