package mapping

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Spellings that are read. Two digits are no year, and a fraction of a second may follow seconds.
var (
	// dayForms name a day. Those of numbers follow, by which of day and month stands first.
	dayForms = []string{"2006-01-02", "2006/01/02", "Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "2 January 2006"}
	// clockForms name a day and a time by some clock, without saying where it hangs.
	clockForms = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}
	// momentForms name a moment.
	momentForms = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00"}
)

// numberedDays and numberedClocks are the forms in which day and month are both numbers. By default the month stands
// first, as in the US, and 31/01/2024 is unreadable rather than guessed at; with args order: day_first it is the other way
// round, and dots may stand between them.
var (
	numberedDays   = map[bool][]string{false: {"1/2/2006"}, true: {"2/1/2006", "2.1.2006", "2-1-2006"}}
	numberedClocks = map[bool][]string{
		false: {"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04 PM"},
		true:  {"2/1/2006 15:04:05", "2/1/2006 15:04", "2.1.2006 15:04:05", "2.1.2006 15:04", "2/1/2006 3:04 PM"},
	}
)

// Which unit a bare count since 1970 is in, by its digits. Nine to eleven digits of seconds are 1973 to 5138, twelve
// to fifteen of milliseconds the same years and beyond. Fewer digits could be 20240131 or a year, and name a moment
// only where args epoch gives the unit.
const (
	secondsDigitsMin      = 9
	millisecondsDigitsMin = 12
)

// yearMin and yearMax bound what the four digits of a year can write.
const yearMin, yearMax = 1, 9999

// instant is a date as read. Of a day, at is its first moment in the rule's zone; of a time by a clock, the moment when
// the rule's zone has it.
type instant struct {
	at time.Time
	// day is the day as written; of a moment, the day in the rule's zone, or as written where the rule has none.
	day time.Time
	// wholeDay: no time of day was written.
	wholeDay bool
}

// The forms that dates are written in.
func dateISO(d instant) string       { return d.day.Format(time.DateOnly) }
func dateUS(d instant) string        { return d.day.Format("01/02/2006") }
func dateEU(d instant) string        { return d.day.Format("02/01/2006") }
func datetimeISO(d instant) string   { return d.at.UTC().Format(time.RFC3339) }
func timestampUnix(d instant) string { return strconv.FormatInt(d.at.Unix(), 10) }

// date makes the transform that writes a date in one form. A form of days gives the day that a moment has in args zone:
// 2024-05-01T03:59:59Z is 30 April in America/Chicago. Without a zone it keeps the day as written, whatever the offset
// beside it. A day, and a time without an offset, hang in args zone, or in UTC; a day as a moment is its first.
func date(write func(instant) string) func(ruleset.Transform, string) Said {
	return func(t ruleset.Transform, value string) Said {
		zone, ok := zoneOf(t)
		if !ok {
			return silent(BrokenRule, t.Name, "")
		}
		d, ok := readDate(value, dateRule{zone: zone, epoch: t.Args["epoch"], dayFirst: dayFirst(t)})
		if !ok {
			return silent(Unreadable, t.Name, value)
		}
		return made(t.Name, value, write(d))
	}
}

// dayFirst reports whether a rule reads 1/2/2024 as 1 February. date_us and date_eu read what they write.
func dayFirst(t ruleset.Transform) bool { return t.Name == "date_eu" || t.Args["order"] == "day_first" }

// dateRule says how dates are read.
type dateRule struct {
	zone     *time.Location // nil where the rule gives none
	epoch    string         // the unit of a count since 1970, "" to tell it by its digits
	dayFirst bool
}

func readDate(value string, rule dateRule) (instant, bool) {
	d, ok := readInstant(strings.TrimSpace(value), rule)
	return d, ok && !outside(d.at.UTC()) && !outside(d.day)
}

func outside(at time.Time) bool { return at.Year() < yearMin || at.Year() > yearMax }

func readInstant(value string, rule dateRule) (instant, bool) {
	if count, err := strconv.ParseInt(value, 10, 64); err == nil {
		at, ok := readEpoch(count, rule.epoch)
		return rule.moment(at), ok
	}
	for _, forms := range [][]string{dayForms, numberedDays[rule.dayFirst]} {
		if at, ok := parse(forms, value, time.UTC); ok {
			return instant{at: firstMoment(at, rule.clock()), day: at, wholeDay: true}, true
		}
	}
	for _, forms := range [][]string{clockForms, numberedClocks[rule.dayFirst]} {
		if at, ok := parse(forms, value, rule.clock()); ok {
			day, _ := parse(forms, value, time.UTC) // a clock that a zone skips an hour of still shows the day it says
			return instant{at: at, day: day}, true
		}
	}
	at, ok := parse(momentForms, value, time.UTC)
	return rule.moment(at), ok
}

func parse(forms []string, value string, zone *time.Location) (time.Time, bool) {
	for _, form := range forms {
		if at, err := time.ParseInLocation(form, value, zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// clock is where a time without an offset hangs.
func (r dateRule) clock() *time.Location {
	if r.zone == nil {
		return time.UTC
	}
	return r.zone
}

// moment is a moment with its day.
func (r dateRule) moment(at time.Time) instant {
	if r.zone != nil {
		return instant{at: at, day: at.In(r.zone)}
	}
	return instant{at: at, day: at}
}

// firstMoment gives the first moment of a day in a zone. A zone that puts its clocks forward at midnight has none at
// 0:00; whichever neighbour time.Date takes for it, the day begins within the hours tried here.
func firstMoment(day time.Time, zone *time.Location) time.Time {
	at := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	for step := 0; at.Day() != day.Day() && step < skippedStepsMax; step++ {
		at = at.Add(skippedStep)
	}
	return at
}

// The steps by which the first moment of a day is looked for where its midnight is skipped; clocks move by two hours at
// most, in steps of half an hour.
const (
	skippedStep     = 30 * time.Minute
	skippedStepsMax = 4
)

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

// zones keeps the zones that were looked up: a look-up reads a file, and its answer does not change.
var zones sync.Map // string -> *time.Location

// zoneOf gives the zone that a rule names, nil if it names none. ok is false for a name that is none.
func zoneOf(t ruleset.Transform) (zone *time.Location, ok bool) {
	name := t.Args["zone"]
	if name == "" {
		return nil, true
	}
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, zone)
	return zone, true
}
