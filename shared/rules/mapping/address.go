package mapping

import (
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// address is a US address, taken apart. Every part has a text.
type address struct{ street, city, state, zip string }

// addressLine joins the parts of an address with commas.
func addressLine(_ ruleset.Transform, values []string) string { return joinFilled(values, ", ") }

// addressPart makes the transform that gives one part of an address.
func addressPart(part func(address) string) func(ruleset.Transform, string) Said {
	return func(t ruleset.Transform, value string) Said {
		a, ok := parseAddress(value)
		if !ok {
			return silent(Unreadable, t.Name, value)
		}
		return made(t.Name, value, part(a))
	}
}

var (
	countries = []string{"us", "usa", "u.s.", "u.s.a.", "united states", "united states of america"}
	zipAtEnd  = lazyregexp.New(`(?:^|\s)(\d{5}(?:-\d{4})?)$`)
	hasDigit  = lazyregexp.New(`\d`)
)

// parseAddress reads "221 E. 51st St., Apt 3, Chicago, IL 60615, USA", with commas or line ends between the parts. It
// works from the end: the ZIP code, the state before it, the part before that as the city, and what precedes the city as
// the street.
//
// It reads the whole of an address or none of it: each of the four parts is a field of its own elsewhere, and a new street
// beside the old ZIP code is no address. So it is false without a state ("10 Downing Street, London SW1A 2AA, UK"), without
// a ZIP code, and without a comma or line end between street and city, for "12 St Paul St Paul MN 55101" can be cut in two
// ways. It is false as well for a ZIP code of another state: that is no US address, or a slip.
func parseAddress(value string) (a address, ok bool) {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	for i := range parts {
		parts[i] = strings.Join(strings.Fields(parts[i]), " ")
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	if n := len(parts); n > 0 && slices.Contains(countries, strings.ToLower(parts[n-1])) {
		parts = parts[:n-1]
	}
	if len(parts) == 0 {
		return address{}, false
	}
	if parts, a.zip = cutZIP(parts); a.zip == "" || len(parts) == 0 {
		return address{}, false
	}
	if parts, a.state = cutState(parts, true); a.state == "" || !slices.Contains(statesByZIP[a.zip[0]-'0'], a.state) {
		return address{}, false
	}
	n := len(parts)
	if n < 2 || hasDigit.MatchString(parts[n-1]) {
		return address{}, false // the part before the state is no city: an apartment, or street and city in one
	}
	a.street, a.city = strings.Join(parts[:n-1], ", "), parts[n-1]
	return a, true
}

// cutZIP takes the ZIP code off the end of the last part, and the part with it if nothing is left.
func cutZIP(parts []string) (rest []string, zip string) {
	last := len(parts) - 1
	m := zipAtEnd.FindStringSubmatchIndex(parts[last])
	if m == nil {
		return parts, ""
	}
	zip = parts[last][m[2]:m[3]]
	if left := parts[last][:m[0]]; left != "" {
		parts[last] = left
		return parts, zip
	}
	return parts[:last], zip
}

// stateWordsMax is the length of the longest name: District of Columbia.
const stateWordsMax = 3

// cutState takes the state off the end of the last part: the whole of it or, where a ZIP code followed, its last words,
// the longest name first so that West Virginia is not Virginia.
func cutState(parts []string, zipFollowed bool) (rest []string, state string) {
	last := len(parts) - 1
	if code, ok := stateCode(parts[last]); ok {
		return parts[:last], code
	}
	words := strings.Fields(parts[last])
	for n := min(stateWordsMax, len(words)-1); zipFollowed && n > 0; n-- {
		cut := len(words) - n
		if code, ok := stateCode(strings.Join(words[cut:], " ")); ok {
			parts[last] = strings.Join(words[:cut], " ")
			return parts, code
		}
	}
	return parts, ""
}

// stateCode gives the code of a state written as its code or its name, in any case.
func stateCode(value string) (code string, ok bool) {
	value = strings.ToUpper(strings.TrimSuffix(value, "."))
	if code, ok = states[value]; ok {
		return code, true
	}
	for _, code := range states {
		if code == value {
			return code, true
		}
	}
	return value, slices.Contains(militaryStates, value)
}

// houseNumber matches what an address begins with: 221, #12, 1-3, 12B; and the letters at once after the digits.
var houseNumber = lazyregexp.New(`^#?\s*(\d+)(\pL*)`)

// ordinals follow a number that is part of a street's name: 51st St. has no house number.
var ordinals = []string{"st", "nd", "rd", "th"}

// streetNumber gives the leading house number without leading zeros, "" if there is none. Of a range it is the first.
func streetNumber(value string) string {
	m := houseNumber.FindStringSubmatch(strings.TrimSpace(value))
	if m == nil || slices.Contains(ordinals, strings.ToLower(m[2])) {
		return ""
	}
	return strings.TrimLeft(m[1], "0")
}
