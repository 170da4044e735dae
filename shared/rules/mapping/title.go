package mapping

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// titlecase gives each word one capital and then small letters, by no language's rules: the record does not say whose name
// it holds. What people write otherwise in any language stays or is made so: O'Neil, McDonald, 3rd, 12B, J.P., LLC.
//
// Where the text has small letters beside and no longer word in capitals, a word of two to four capitals was typed so on
// purpose and stays: IBM Services. Of IBM SERVICES nobody can tell, and it becomes Ibm Services. A particle that was typed small after another word
// stays small: Ludwig van Beethoven, Rio de Janeiro.
func titlecase(value string) string {
	words := titleWords(value)
	mixed := slices.ContainsFunc(words, keepsSmall) && !shouted.MatchString(value)
	var b strings.Builder
	for i, word := range words {
		switch {
		case mixed && acronym.MatchString(word):
			b.WriteString(word)
		case i > 0 && slices.Contains(particles, word):
			b.WriteString(word)
		default:
			b.WriteString(titleWord(word))
		}
	}
	return b.String()
}

// titleWords cuts a text into words, with what joins them as words of their own.
func titleWords(value string) []string {
	var words []string
	word := 0
	for at, r := range value {
		if joint := unicode.IsSpace(r) || r == '-' || r == '/'; !joint {
			continue
		}
		end := at + len(string(r))
		words = append(words, value[word:at], value[at:end])
		word = end
	}
	return append(words, value[word:])
}

// keepsSmall reports a word that has a small letter, and still has one when it got its capital.
func keepsSmall(word string) bool {
	if form.MatchString(word) || initials.MatchString(word) || lettered.MatchString(word) {
		return false
	}
	first := strings.IndexFunc(word, func(r rune) bool { return r < utf8Self && unicode.IsLetter(r) })
	return first >= 0 && strings.IndexFunc(word[first+1:], func(r rune) bool { return r >= 'a' && r <= 'z' }) >= 0
}

var (
	// ordinal matches 3RD and 51st, which are small throughout.
	ordinal = lazyregexp.New(`^(?i)\d+(st|nd|rd|th)\b`)
	// lettered matches a house number such as 12b, whose letter is a capital.
	lettered = lazyregexp.New(`^\d+[A-Za-z]$`)
	// prefixed matches the O', D' and L' of a name, before a name that is longer than the m of I'm.
	prefixed = lazyregexp.New(`^(?i)[odl]['’]\pL{2}`)
	// celtic matches Mc before a name.
	celtic = lazyregexp.New(`^(?i)mc\pL{2}`)
	// acronym matches what a word of capitals may stand for, with the comma or full stop after it.
	acronym = lazyregexp.New(`^[A-Z]{2,4}[.,]?$`)
	// shouted matches more capitals in a row than an acronym has.
	shouted = lazyregexp.New(`[A-Z]{5}`)
	// form matches the forms of companies and the numbers after names that are capitals however they are typed.
	form = lazyregexp.New(`^(?i)(llc|llp|pllc|lp|pc|dba|usa|ii|iii|iv)[.,]?$`)
	// initials matches J.P. and U.S.A.
	initials = lazyregexp.New(`^(?i)([a-z]\.)+[a-z]?,?$`)
)

// titleWord gives a word its capital. One that has small and capital letters after one another already, each capital
// alone, was typed so on purpose: MacDonald, DeVito.
func titleWord(word string) string {
	switch {
	case ordinal.MatchString(word):
		return strings.ToLower(word)
	case lettered.MatchString(word), form.MatchString(word), initials.MatchString(word):
		return strings.ToUpper(word)
	case deliberate(word):
		return word
	case prefixed.MatchString(word):
		mark := strings.IndexAny(word, "'’")
		name := mark + len("'")
		if !strings.HasPrefix(word[mark:], "'") {
			name = mark + len("’")
		}
		return strings.ToUpper(word[:mark]) + word[mark:name] + title(word[name:])
	case celtic.MatchString(word):
		return "Mc" + title(word[len("mc"):])
	}
	return title(word)
}

// title capitalises by Unicode. The Caser is made anew because it keeps state.
func title(word string) string { return cases.Title(language.Und).String(word) }

// deliberate reports a word of ASCII letters that begins with a capital and has another after a small letter.
func deliberate(word string) bool {
	inner := false
	for i := range len(word) {
		c, before := word[i], byte(0)
		if i > 0 {
			before = word[i-1]
		}
		switch {
		case c >= utf8Self || i == 0 && !capital(c):
			return false
		case i > 0 && capital(c) && capital(before):
			return false
		case i > 0 && capital(c) && small(before):
			inner = true
		}
	}
	return inner
}

// utf8Self is the first byte that is no ASCII character.
const utf8Self = 0x80

func capital(c byte) bool { return c >= 'A' && c <= 'Z' }

func small(c byte) bool { return c >= 'a' && c <= 'z' }
