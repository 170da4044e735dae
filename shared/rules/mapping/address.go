package mapping

import (
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// address is what could be told of a US address; a part is "" where it could not.
type address struct{ street, city, state, zip string }

// addressLine joins the parts of an address with commas.
func addressLine(_ ruleset.Transform, values []string) []string {
	return []string{joinFilled(values, ", ")}
}

// addressPart makes the transform that gives one part of an address.
func addressPart(part func(address) string) func(ruleset.Transform, string) (string, Problem) {
	return text(func(value string) string { return part(parseAddress(value)) })
}

var (
	countries = []string{"us", "usa", "u.s.", "u.s.a.", "united states", "united states of america"}
	zipAtEnd  = lazyregexp.New(`(?:^|\s)(\d{5}(?:-\d{4})?)$`)
	hasDigit  = lazyregexp.New(`\d`)
)

// parseAddress reads "221 E. 51st St., Apt 3, Chicago, IL 60615, USA", with commas or line ends between the parts. It
// works from the end, and without a state it tells nothing. The state is known where it stands alone between commas
// or just before the ZIP code ("12 Oak Ct" is no Connecticut). The part before the state is the city and what
// precedes that the street; a lone part with a number in it could be either or both, so it is neither.
func parseAddress(value string) address {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	for i := range parts {
		parts[i] = strings.Join(strings.Fields(parts[i]), " ")
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	if n := len(parts); n > 0 && slices.Contains(countries, strings.ToLower(parts[n-1])) {
		parts = parts[:n-1]
	}
	if len(parts) == 0 {
		return address{}
	}
	var a address
	if parts, a.zip = cutZIP(parts); len(parts) == 0 {
		return address{}
	}
	if parts, a.state = cutState(parts, a.zip != ""); a.state == "" {
		return address{}
	}
	switch n := len(parts); {
	case n > 1:
		a.street, a.city = strings.Join(parts[:n-1], ", "), parts[n-1]
	case n == 1 && !hasDigit.MatchString(parts[0]):
		a.city = parts[0]
	}
	return a
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
