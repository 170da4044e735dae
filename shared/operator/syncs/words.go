package syncs

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// why says a reason to a person, and what to do about it. Where nothing waits for a person by that reason, the record itself
// says more.
func why(reason record.Reason) (text, do string) {
	m := reason.Meaning()
	return m.Words, cmp.Or(m.Do, "Look at the record")
}

// failure says a kind of failure, as package fault spells it, to a person.
func failure(kind string) string {
	switch kind {
	case fault.Transient.String(), fault.InDoubt.String():
		return "no answer"
	case fault.RateLimited.String():
		return "the platform limits our calls"
	case fault.Unauthorized.String():
		return "not authorised"
	}
	return strings.ReplaceAll(kind, "_", " ")
}

// number writes a whole number with its thousands apart.
func number[N int | int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	var out strings.Builder
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 && text[i-1] != '-' {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	return out.String()
}

// plural counts things: "1 change", "184 changes".
func plural[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "ch") {
		return number(n) + " " + one + "es"
	}
	return number(n) + " " + one + "s"
}

// verb agrees a verb with its number: "1 change waits", "2 changes wait".
func verb[N int | int64](n N, one string) string {
	if n == 1 {
		return one + "s"
	}
	return one
}

// age says how long ago something was, in the largest unit that fits.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "an unknown time"
	}
	return span(now.Sub(then))
}

// span says a duration in the largest unit that fits.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return plural(int(max(d, 0)/time.Second), "second")
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/(24*time.Hour)), "day")
}

// brief says a delay.
func brief(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	}
	return fmt.Sprintf("%d h", int(d/time.Hour))
}

// clock says a time in a zone: the hour, with the day where it is another than today.
func clock(t, now time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "never"
	}
	t, now = t.In(zone), now.In(zone)
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("Jan 2, 15:04")
}
