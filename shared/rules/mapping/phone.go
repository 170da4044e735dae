package mapping

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// phoneCharsMax bounds what is read as a phone number: fifteen digits, an extension and their marks need far less.
const phoneCharsMax = 100

// countryDefault is the country of a number written without one, where the rule names none.
const countryDefault = "US"

// numberBegins are the characters that a written phone number begins with. The library would skip any words before
// it, and they would be lost: "Bob 312 555 0123" is no number.
const numberBegins = "+＋(0123456789"

// dialled is what a person could dial, though no numbering plan has it or it has an extension: digits, the marks that
// people put between them, and an extension.
var dialled = lazyregexp.New(`(?i)^[+＋(]{0,2}\p{Nd}(?:[\s().,/–-]*\p{Nd})*\s*\)?\s*(?:(?:x|ext\.?|extension|#)[\s.:]*\p{Nd}+)?$`)

// marksAlone is digits and marks, without an extension.
var marksAlone = lazyregexp.New(`^[\p{Nd}\s().,/+＋–-]+$`)

// phone makes the transform that writes a phone number in one form.
//
// A number counts if the country's numbering plan has it, which is stricter than its length: "2859902" without an area
// code is none, nor is 000 000 0000. What does not count says nothing to a person's question "whose number is it?", and
// args on_invalid says what becomes of it. keep (the default) keeps as typed what could be dialled all the same, but for
// white space at its ends; words ("ask Bob") say nothing, and stay where they were typed. park asks for a person, blank
// empties. A number with an extension is kept as typed whatever on_invalid says, in every form, so that two forms in a row
// agree; with args extension: drop it loses the extension.
func phone(write func(n *phonenumbers.PhoneNumber, country string) string) func(ruleset.Transform, string) Said {
	return func(t ruleset.Transform, value string) Said {
		country := countryOf(t)
		if phonenumbers.GetCountryCodeForRegion(country) == 0 {
			return silent(BrokenRule, t.Name, "")
		}
		value = strings.TrimSpace(value)
		n, ok := readPhone(value, country)
		if !ok {
			return invalidPhone(t, value)
		}
		if n.GetExtension() != "" {
			if t.Args["extension"] != "drop" {
				return made(t.Name, value, value)
			}
			n.Extension = nil
		}
		out := write(n, country)
		if again, ok := readPhone(out, country); !ok || write(again, country) != out {
			// A few plans write a number in a way that reads as another: then no form is canonical.
			return invalidPhone(t, value)
		}
		return made(t.Name, value, out)
	}
}

// countryOf gives the country of numbers written without one.
func countryOf(t ruleset.Transform) string {
	if country := t.Args["country"]; country != "" {
		return strings.ToUpper(country)
	}
	return countryDefault
}

func readPhone(value, country string) (*phonenumbers.PhoneNumber, bool) {
	if len(value) > phoneCharsMax || strings.IndexAny(value, numberBegins) != 0 {
		return nil, false
	}
	n, err := phonenumbers.Parse(value, country)
	return n, err == nil && phonenumbers.IsValidNumber(n)
}

func invalidPhone(t ruleset.Transform, value string) Said {
	switch t.Args["on_invalid"] {
	case "park":
		return silent(ForPerson, t.Name, value)
	case "blank":
		return asked()
	}
	if len(value) <= phoneCharsMax && dialled.MatchString(value) {
		return made(t.Name, value, value)
	}
	return silent(Unreadable, t.Name, value)
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
