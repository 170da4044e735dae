package platform

import (
	"encoding/json"

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
