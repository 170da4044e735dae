package ruleset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	// The zones' rules travel with the program: Lambda's provided.al2023 need not have them, and two machines with other
	// rules would keep other hours.
	_ "time/tzdata"
)

// Active bounds when a schedule runs: from From until To by the clock on the wall of a zone, on some days of the week.
// The zero value is always. It is comparable, and its text is "mon-fri 07:00-19:00 America/Chicago".
//
// It follows the wall through daylight saving: 07:00 stays 07:00, an hour that the clock skips is no time at all, and one
// that it repeats counts twice. Webhooks, and what they make due in real time, travel at any hour.
type Active struct {
	// From and To are since midnight, whole minutes, To up to 24h. To before From is on the next day; Days are those on
	// which it begins.
	From, To time.Duration
	Days     Days
	// Zone is an IANA name such as America/Chicago.
	Zone string
}

// Days are days of the week, one bit each, from Sunday on.
type Days uint8

const (
	dayHours = 24 * time.Hour
	everyDay = Days(1<<7 - 1)
)

// dayNames are how days are spelled, in time.Weekday's order.
var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// On reports whether d holds a day of the week.
func (d Days) On(w time.Weekday) bool { return d&(1<<w) != 0 }

// All reports whether d is every day.
func (d Days) All() bool { return d == everyDay }

// IsZero reports whether a is always.
func (a Active) IsZero() bool { return a == Active{} }

// Length is how long it lasts each time it begins, by the wall: over 0, up to 24h.
func (a Active) Length() time.Duration {
	if a.IsZero() {
		return dayHours
	}
	if a.To > a.From {
		return a.To - a.From
	}
	return a.To + dayHours - a.From
}

// Pause is the longest time between the hours, by the wall: 0 for always, up to a week.
func (a Active) Pause() time.Duration {
	if a.IsZero() {
		return 0
	}
	days, longest := 0, 0
	for i := range 14 { // twice around the week, so that its end is no gap
		days++
		if a.Days.On(time.Weekday(i % 7)) {
			if i >= 7 {
				longest = max(longest, days)
			}
			days = 0
		}
	}
	return time.Duration(longest)*dayHours - a.Length()
}

// Contains reports whether t is within the hours.
func (a Active) Contains(t time.Time) bool {
	if a.IsZero() {
		return true
	}
	local := t.In(a.location())
	at := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	today, yesterday := a.Days.On(local.Weekday()), a.Days.On((local.Weekday()+6)%7)
	if a.To > a.From {
		return today && at >= a.From && at < a.To
	}
	return today && at >= a.From || yesterday && at < a.To
}

// opensWithinDays bounds the search for the next opening: a week, and another where the clock skips the one hour of it.
const opensWithinDays = 15

// Next gives the first moment within the hours that is not before t: t itself, or an opening.
func (a Active) Next(t time.Time) time.Time {
	if a.Contains(t) {
		return t
	}
	zone := a.location()
	year, month, day := t.In(zone).Date()
	for d := range opensWithinDays {
		opening := time.Date(year, month, day+d, int(a.From/time.Hour), int(a.From%time.Hour/time.Minute), 0, 0, zone)
		// Where the clock is put forward or back at that hour, time.Date gives one of two moments and says not which.
		for _, at := range []time.Time{opening, opening.Add(time.Hour)} {
			if !at.Before(t) && a.Contains(at) {
				return at.UTC()
			}
		}
	}
	return t // the hours exist on no day: Load refuses those
}

// location gives the zone, which Load has found.
func (a Active) location() *time.Location {
	zone, err := time.LoadLocation(a.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// String gives the text form: days, hours, zone; "always" for the zero value.
func (a Active) String() string {
	if a.IsZero() {
		return "always"
	}
	return a.Days.String() + " " + clockText(a.From) + "-" + clockText(a.To) + " " + a.Zone
}

// String lists the days from Monday on: mon-fri where three or more follow each other, daily for all.
func (d Days) String() string {
	if d.All() {
		return "daily"
	}
	var parts []string
	for i := 1; i <= 7; i++ {
		end := i
		for end <= 7 && d.On(time.Weekday(end%7)) {
			end++
		}
		switch n := end - i; {
		case n >= 3:
			parts = append(parts, dayNames[i%7]+"-"+dayNames[(end-1)%7])
		case n > 0:
			for j := i; j < end; j++ {
				parts = append(parts, dayNames[j%7])
			}
		}
		i = max(i, end)
	}
	return strings.Join(parts, ",")
}

func clockText(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

// MarshalText implements encoding.TextMarshaler.
func (a Active) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler: it reads what String writes.
func (a *Active) UnmarshalText(text []byte) error {
	if string(text) == "always" {
		*a = Active{}
		return nil
	}
	parts := strings.Fields(string(text))
	if len(parts) != 3 {
		return errors.New("active hours are days, hours and a zone: mon-fri 07:00-19:00 America/Chicago")
	}
	from, to, _ := strings.Cut(parts[1], "-")
	read, err := Active{Zone: parts[2]}, error(nil)
	var errs [3]error
	read.Days, errs[0] = daysOf(parts[0])
	read.From, errs[1] = clockOf(from)
	read.To, errs[2] = clockOf(to)
	if err = errors.Join(errs[:]...); err == nil {
		_, err = time.LoadLocation(read.Zone)
	}
	if err != nil {
		return fmt.Errorf("active hours %q: %w", text, err)
	}
	*a = read
	return nil
}

func daysOf(text string) (Days, error) {
	if text == "daily" {
		return everyDay, nil
	}
	var days Days
	for _, part := range strings.Split(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		i, j := slices.Index(dayNames, first), slices.Index(dayNames, last)
		if !ranged {
			j = i
		}
		if i < 0 || j < 0 {
			return 0, fmt.Errorf("%q is not a day; days are %s", part, strings.Join(dayNames, ", "))
		}
		for ; i%7 != j; i++ {
			days |= 1 << (i % 7)
		}
		days |= 1 << j
	}
	return days, nil
}

func clockOf(text string) (time.Duration, error) {
	if text == "24:00" {
		return dayHours, nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%q is not a time; write it as 07:00", text)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}

// active compiles the hours of a schedule; outer holds where the schedule gives none.
func (l *loader) active(n *node, outer Active) Active {
	if !n.given() {
		return outer
	}
	a := Active{To: dayHours, Days: everyDay}
	if w, ok := n.get("from").word(); ok {
		a.From, _ = clockOf(w) // the shape has checked it
	}
	if w, ok := n.get("to").word(); ok {
		a.To, _ = clockOf(w)
	}
	if days := n.get("days"); days.given() {
		a.Days = 0
		for _, one := range days.list() {
			if w, ok := one.word(); ok {
				d, _ := daysOf(w)
				a.Days |= d
			}
		}
	}
	zone, ok := l.zone(n.get("zone"))
	if !ok {
		return outer
	}
	a.Zone = zone
	switch {
	case a.From == a.To:
		l.at(n, "active begins and ends at %s; give two times, or leave active out for always", clockText(a.From))
		return outer
	case a.Days.All() && a.Length() == dayHours:
		return Active{}
	}
	return a
}
