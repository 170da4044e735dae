package mapping

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// concatenate joins with args separator, by default one space.
func concatenate(t ruleset.Transform, values []string) string {
	separator, given := t.Args["separator"]
	if !given {
		separator = " "
	}
	return joinFilled(values, separator)
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
func defaultTo(t ruleset.Transform, value string) Said {
	if value == "" {
		return Read(t.Args["value"])
	}
	return Read(value)
}

// truncate keeps the first args length characters (Unicode code points). What is cut also loses white space at its ends,
// since platforms strip it and would report the shorter value as an edit.
func truncate(t ruleset.Transform, value string) Said {
	length, err := strconv.Atoi(t.Args["length"])
	if err != nil || length < 1 {
		return silent(BrokenRule, t.Name, "")
	}
	characters := []rune(value)
	if len(characters) <= length {
		return Read(value)
	}
	characters = []rune(strings.TrimLeftFunc(value, unicode.IsSpace))
	return made(t.Name, value, strings.TrimRightFunc(string(characters[:min(length, len(characters))]), unicode.IsSpace))
}

// valueMap looks the value up as it is spelt. One without an entry becomes args default; without that it says nothing. With
// args each, the value is several options with that between them: each is looked up, and one without an entry leaves the
// whole saying nothing, for a list that lacks one would take it away elsewhere.
func valueMap(t ruleset.Transform, value string) Said {
	separator, several := t.Args["each"]
	if !several {
		mapped, ok := entryOf(t, value)
		if !ok {
			return silent(NoEntry, t.Name, value)
		}
		return Read(mapped)
	}
	var all []string
	for _, option := range splitOptions(value, separator) {
		mapped, ok := entryOf(t, option)
		if !ok {
			return silent(NoEntry, t.Name, option)
		}
		all = append(all, mapped)
	}
	join, given := t.Args["join"]
	if !given {
		join = separator
	}
	return Read(joinFilled(all, join))
}

func entryOf(t ruleset.Transform, value string) (mapped string, ok bool) {
	if mapped, ok = t.Map[value]; ok {
		return mapped, true
	}
	mapped, ok = t.Args["default"]
	return mapped, ok
}

// optionsSeparator stands between the options of one value where the rule does not say: HubSpot and Salesforce write so.
const optionsSeparator = ";"

// options writes the options of one value in one order, each once, with args separator between them.
func options(t ruleset.Transform, value string) Said {
	separator := separatorOf(t)
	all := splitOptions(value, separator)
	slices.Sort(all)
	return made(t.Name, value, strings.Join(slices.Compact(all), separator))
}

func separatorOf(t ruleset.Transform) string {
	if s := t.Args["separator"]; s != "" {
		return s
	}
	return optionsSeparator
}

func splitOptions(value, separator string) []string {
	var out []string
	for _, option := range strings.Split(value, separator) {
		if option = strings.TrimSpace(option); option != "" {
			out = append(out, option)
		}
	}
	return out
}
