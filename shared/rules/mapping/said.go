package mapping

import (
	"fmt"
	"strings"
)

// Said is what one field says to another: a value, a blank, or nothing. The zero Said says nothing.
//
// A value is a text with a character that is not white space. A blank comes from a blank alone, or from a rule that asks
// for one in so many words (an entry of a value_map that maps to "", on_invalid: blank): what a transform makes of a value
// is a value or says nothing. So a text that nobody can read never empties a field.
type Said struct {
	kind    kind
	text    string
	nothing Nothing
}

type kind int

const (
	saysNothing kind = iota
	saysBlank
	saysValue
)

// Read gives what a text says that a record or an entity holds. One of white space only is a blank.
func Read(text string) Said {
	if strings.TrimSpace(text) == "" {
		return Said{kind: saysBlank}
	}
	return Said{kind: saysValue, text: text}
}

// made is what a transform made of value. Where nothing is left of it, it says nothing: only a blank is a blank.
func made(by, value, text string) Said {
	if strings.TrimSpace(text) == "" {
		return silent(Emptied, by, value)
	}
	return Said{kind: saysValue, text: text}
}

// asked is a blank that a rule asks for in so many words.
func asked() Said { return Said{kind: saysBlank} }

// silent says nothing.
func silent(why Why, by, value string) Said {
	return Said{nothing: Nothing{Why: why, by: by, value: value}}
}

// Text gives the value, or "" for a blank. ok is false for what says nothing.
func (s Said) Text() (text string, ok bool) { return s.text, s.kind != saysNothing }

// Blank reports a blank.
func (s Said) Blank() bool { return s.kind == saysBlank }

// Nothing tells why it says nothing; ok is false for a value and a blank.
func (s Said) Nothing() (why Nothing, ok bool) {
	if s.kind != saysNothing {
		return Nothing{}, false
	}
	if s.nothing.Why == "" {
		return Nothing{Why: NotRead}, true
	}
	return s.nothing, true
}

// Texts gives the texts of several. ok is false if one of them says nothing; the first such is why.
func Texts(all []Said) (texts []string, why Nothing, ok bool) {
	texts = make([]string, len(all))
	for i, s := range all {
		if why, silent := s.Nothing(); silent {
			return nil, why, false
		}
		texts[i] = s.text
	}
	return texts, Nothing{}, true
}

// Why is the kind of reason why a value says nothing: for logs, metrics and the state.
type Why string

// The reasons.
const (
	NotRead    Why = "not_read"         // the record was read without it
	NoEntry    Why = "unmapped_value"   // a value_map has no entry for it
	Unreadable Why = "unreadable_value" // no text of the form that a transform reads
	Emptied    Why = "nothing_left"     // a transform leaves nothing of it: the digits of a text without any
	ForPerson  Why = "invalid_value"    // the rule asks for a person (on_invalid: park)
	BrokenRule Why = "broken_rule"      // a rule that the loader would have refused
)

// Nothing is why a value says nothing. The value itself is for an operator's eyes: Words alone tells it, no other
// formatting does, and neither does JSON. So a Nothing may stand in an error or a log line.
type Nothing struct {
	Why   Why
	by    string // the transform
	value string
}

// String is the kind of reason, without the value.
func (n Nothing) String() string { return string(n.Why) }

// GoString is String: no verb of package fmt tells the value.
func (n Nothing) GoString() string { return string(n.Why) }

// wordsMax bounds how much of a value Words repeats, in characters.
const wordsMax = 80

// Words says it to an operator, the value included: "no entry for Qualification in the value map of dealstage". field is
// the field that would have taken the value. They are not for logs.
func (n Nothing) Words(field string) string { return Words(n.Why, n.by, n.value, field) }

// Parts gives what Words needs, for a state to keep: the transform, and the value, shortened. Not for logs.
func (n Nothing) Parts() (by, value string) { return n.by, shortened(n.value) }

// Words says for an operator why value says nothing to field, after the transform by.
func Words(why Why, by, value, field string) string {
	value = shortened(value)
	switch why {
	case NoEntry:
		return fmt.Sprintf("no entry for %s in the value map of %s", value, field)
	case Unreadable, ForPerson:
		return fmt.Sprintf("%s is %s, so it says nothing about %s", value, unreadableAs(by), field)
	case Emptied:
		return fmt.Sprintf("%s leaves nothing of %s for %s", by, value, field)
	case BrokenRule:
		return fmt.Sprintf("the transforms of %s do not fit each other (%s)", field, by)
	}
	return fmt.Sprintf("the record was read without what %s is made of", field)
}

func shortened(value string) string {
	if characters := []rune(value); len(characters) > wordsMax {
		return string(characters[:wordsMax]) + "…"
	}
	return value
}

// unreadableAs says what a value is not, by the transform that could not read it.
func unreadableAs(by string) string {
	switch {
	case strings.HasPrefix(by, "address_parse_"):
		return "no US address with street, city, state and ZIP code"
	case strings.HasPrefix(by, "phone_"):
		return "no phone number"
	case strings.HasPrefix(by, "date"), strings.HasPrefix(by, "timestamp"):
		return "no date that can be read for certain"
	case strings.HasPrefix(by, decimalOf):
		return "no amount of " + strings.TrimPrefix(by, decimalOf) + ", which has fewer decimals"
	case by == "decimal":
		return "no number that can be read for certain"
	case by == "bool":
		return "neither yes nor no"
	}
	return "not of the form that " + by + " reads"
}
