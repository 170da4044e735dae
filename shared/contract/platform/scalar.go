package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

const (
	// numberDigitsMax bounds a number's text and numberExponentMax its exponent: 1e999999999 is valid JSON.
	numberDigitsMax   = 60
	numberExponentMax = 30
)

// Scalar writes a JSON value, decoded with numbers as json.Number, as record.Fields holds it: null as "", numbers in plain
// decimal digits. ok is false for lists, objects and numbers beyond bounds.
func Scalar(value any) (text string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return map[bool]string{true: "true", false: "false"}[v], true
	case json.Number:
		d, ok := ParseNumber(string(v))
		return d.String(), ok
	}
	return "", false
}

// ParseNumber reads decimal text within bounds; ok is false beyond them. Money never passes through a float.
func ParseNumber(text string) (n decimal.Decimal, ok bool) {
	if len(text) > numberDigitsMax {
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.Exponent() > numberExponentMax || d.Exponent() < -numberExponentMax {
		return decimal.Decimal{}, false
	}
	return d, true
}

// DecodeRecord reads one record into out, numbers as json.Number, so that money is never a float. The error tells no value.
func DecodeRecord(raw json.RawMessage, out any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("record is not the JSON expected (%T)", err)
	}
	return nil
}

// ParseTime reads a time in the first of some layouts that fits, in UTC; zero if none does.
func ParseTime(text string, layouts ...string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// SameText says that two values of a field that people look up by are the same to them: without case, and without blanks at
// the ends.
func SameText(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// Spellings gives a value as it stands and in lower case, each once, for vendors that are not known to compare without case.
func Spellings(value string) []string {
	value = strings.TrimSpace(value)
	return slices.Compact([]string{value, strings.ToLower(value)})
}
