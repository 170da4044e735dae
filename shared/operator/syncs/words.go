package syncs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// why says one of package resolve's reasons to a person, and what to do about it. Reasons that no work waits for are told
// by their names. They are spelled here, and a test holds them to package resolve's: linking the decider would link the
// transforms with their phone tables, and make the widget's package half as large again.
func why(reason string) (text, do string) {
	switch reason {
	case "manual_conflict":
		return "two people changed it to different values", "Set the right value on either side, or answer for it"
	case "invalid_value":
		return "the value has no form that the other side takes", "Correct the value where it was entered"
	case "unmapped_value":
		return "the value is not in the table of the configuration", "Add it to the value_map, or correct it where it was entered"
	case "unreadable_value":
		return "the value cannot be read for certain, so it stays where it is", "Correct the value where it was entered"
	case "nothing_left":
		return "the transforms leave nothing of the value, so it stays where it is", "Correct the value where it was entered"
	case "broken_rule":
		return "the transforms of the field do not fit each other", "Correct the file"
	case "old_value_kept":
		return "the platform took our value and kept its old one", "Look on the platform why it keeps it; it is sent again when something changes"
	case "platform_made_another_value":
		return "the platform made something else of our value", "Look at the value on the platform; an edit there counts"
	case "field_is_gone":
		return "the platform has this field no longer", "Make the field again, or take it out of the file"
	case "key_held":
		return "another record already has this key", "Correct one of the two, or merge them on the platform: it is taken once the key is free"
	case "ambiguous_match":
		return "it looks like more than one record", "Merge the doubles on the platform, or correct what tells them apart"
	case "match_keys_contradict":
		return "one match rule says it is a record that another match rule says it is not",
			"Correct what the two have in common, or what differs, or merge them on the platform"
	case "already_linked_to_another_record":
		return "what it looks like is already tied to another record", "Merge the two on the platform, or correct what tells them apart"
	case "key_moved_lately":
		return "its key belonged to another record until lately", "Look whether it is the same; correct the key if not"
	case "merged_away":
		return "a merge elsewhere left it without a partner", "Merge it on this platform too"
	case "rejected_by_platform":
		return "the platform refused the value", "Correct the value: it is sent again when it changes"
	case "missing_required":
		return "a field is blank without which the platform takes no record", "Fill it in"
	case "too_many_unknown_outcomes":
		return "several writes had no answer", "Nothing: the next read says what became of them"
	case "held_record_has_its_key":
		return "a record that waits for you has the same key", "Answer for that record first"
	case "limit_of_spread_reached":
		return "a limit of spread was reached, so it may be a mistake that spreads",
			"Look at what changed; undo it at its source, or release the limit"
	case "written_too_often":
		return "it was written more than twenty times in an hour",
			"End the automation that rewrites it, or give it the field; it rests until the hour is over"
	case "platform_cannot_restore":
		return "it is archived, and the platform cannot bring it back", "Restore it on the platform"
	}
	return strings.ReplaceAll(reason, "_", " "), "Look at the record"
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
