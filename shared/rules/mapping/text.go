package mapping

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// titlecase uses no language's rules: the record does not say whose name it holds. The Caser is made anew because it
// keeps state.
func titlecase(value string) string { return cases.Title(language.Und).String(value) }

// concatenate joins with args separator, by default one space.
func concatenate(t ruleset.Transform, values []string) []string {
	separator, given := t.Args["separator"]
	if !given {
		separator = " "
	}
	return []string{joinFilled(values, separator)}
}

// joinFilled joins the values that are not blank, each trimmed.
func joinFilled(values []string, separator string) string {
	var filled []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			filled = append(filled, v)
		}
	}
	return strings.Join(filled, separator)
}

// defaultTo gives args value for a blank.
func defaultTo(t ruleset.Transform, value string) (string, Problem) {
	if strings.TrimSpace(value) == "" {
		return t.Args["value"], ""
	}
	return value, ""
}

// truncate keeps the first args length characters (Unicode code points). What is cut also loses white space at the new
// end, since platforms strip it and would report the shorter value as an edit.
func truncate(t ruleset.Transform, value string) (string, Problem) {
	length, err := strconv.Atoi(t.Args["length"])
	if err != nil || length < 1 {
		return "", Invalid
	}
	characters := 0
	for at := range value {
		if characters == length {
			return strings.TrimRightFunc(value[:at], unicode.IsSpace), ""
		}
		characters++
	}
	return value, ""
}

// valueMap looks the value up as it is spelt. One without an entry becomes args default; without that it is Unmapped.
func valueMap(t ruleset.Transform, value string) (string, Problem) {
	if mapped, ok := t.Map[value]; ok {
		return mapped, ""
	}
	if fallback, ok := t.Args["default"]; ok {
		return fallback, ""
	}
	return "", Unmapped
}
