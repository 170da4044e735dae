package mapping

import (
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// dateForms are the spellings that are read. Where both are numbers the month stands before the day, as in the US:
// 31/01/2024 is invalid rather than guessed at. Two digits are no year. A fraction of a second may follow seconds.
var dateForms = []string{
	"2006-01-02", "1/2/2006", "2006/01/02",
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04 PM",
	"Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "2 January 2006",
}

// Which unit a bare count since 1970 is in, by its digits. Nine to eleven digits of seconds are 1973 to 5138, twelve
// to fifteen of milliseconds the same years and beyond. Fewer digits could be 20240131 or a year, and name a moment
// only where args epoch gives the unit.
const (
	secondsDigitsMin      = 9
	millisecondsDigitsMin = 12
)

// yearMin and yearMax bound what the four digits of a year can write.
const yearMin, yearMax = 1, 9999

// The forms that dates are written in.
func dateISO(at time.Time) string       { return at.Format(time.DateOnly) }
func dateUS(at time.Time) string        { return at.Format("01/02/2006") }
func datetimeISO(at time.Time) string   { return at.UTC().Format(time.RFC3339) }
func timestampUnix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// date makes the transform that writes a date in one form. A form of days keeps the day as written, whatever the
// zone beside it; a count since 1970 is read in UTC, as is a time without a zone. A day as a moment is its first.
func date(write func(time.Time) string) func(ruleset.Transform, string) (string, Problem) {
	return func(t ruleset.Transform, value string) (string, Problem) {
		value = strings.TrimSpace(value)
		if value == "" {
			return "", ""
		}
		at, ok := readDate(value, t.Args["epoch"])
		if !ok || outside(at) || outside(at.UTC()) {
			return "", Invalid
		}
		return write(at), ""
	}
}

func outside(at time.Time) bool { return at.Year() < yearMin || at.Year() > yearMax }

// readDate reads a spelt date or a count since 1970 in the unit epoch, "" to tell it by its digits.
func readDate(value, epoch string) (time.Time, bool) {
	if count, err := strconv.ParseInt(value, 10, 64); err == nil {
		return readEpoch(count, epoch)
	}
	for _, form := range dateForms {
		if at, err := time.Parse(form, value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func readEpoch(count int64, epoch string) (time.Time, bool) {
	digits := len(strings.TrimPrefix(strconv.FormatInt(count, 10), "-"))
	switch {
	case epoch == "milliseconds", epoch == "" && digits >= millisecondsDigitsMin:
		return time.UnixMilli(count).UTC(), true
	case epoch == "seconds", epoch == "" && digits >= secondsDigitsMin:
		return time.Unix(count, 0).UTC(), true
	}
	return time.Time{}, false
}
