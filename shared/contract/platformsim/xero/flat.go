package xero

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// split parts a field's spelling: Phones[DEFAULT].PhoneNumber, ContactPersons[0].FirstName, Contact.ContactID.
func split(name string) (list, selector, part string) {
	list, rest, selected := strings.Cut(name, "[")
	if !selected {
		list, part, _ = strings.Cut(name, ".")
		return list, "", part
	}
	selector, part, _ = strings.Cut(rest, "]")
	return list, selector, strings.TrimPrefix(part, ".")
}

// keyOf is the element that tells a list's elements apart.
var keyOf = map[string]string{"Phones": "PhoneType", "Addresses": "AddressType"}

// flat reads a field in the connector's spelling from a rendered record.
func flat(record map[string]any, f catalog.Field) string {
	list, selector, part := split(string(f.Name))
	var value any
	switch {
	case keyOf[list] != "":
		element := elementOf(record, list, keyOf[list], selector)
		if part == "" {
			return spoken(element)
		}
		value = element[part]
	case selector == "0":
		items, _ := record[list].([]any)
		if len(items) > 0 {
			element, _ := items[0].(map[string]any)
			value = element[part]
		}
	case part != "":
		object, _ := record[list].(map[string]any)
		value = object[part]
	default:
		value = record[list]
	}
	return spelled(value, f.Kind)
}

func spelled(value any, kind catalog.Kind) string {
	if at, ok := parseMS(value); ok {
		if kind == catalog.Date {
			return at.Format(time.DateOnly)
		}
		return at.Format(time.RFC3339Nano)
	}
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	case json.Number:
		if d, ok := numberOf(map[string]any{"n": v}, "n"); ok {
			return d.String()
		}
	}
	return ""
}

// spoken is a phone as a person would read it out.
func spoken(phone map[string]any) string {
	number := strings.TrimSpace(get(phone, "PhoneNumber"))
	if number == "" {
		return ""
	}
	country := strings.TrimLeft(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, get(phone, "PhoneCountryCode")), "0")
	if country != "" {
		country = "+" + country
	}
	return strings.Join(strings.Fields(country+" "+get(phone, "PhoneAreaCode")+" "+number), " ")
}

// form puts a field in the connector's spelling into what a client would send, with all that a screen shows beside it.
func form(in, record map[string]any, f catalog.Field, value string) {
	list, selector, part := split(string(f.Name))
	typed := platformsim.Typed(f.Kind, value)
	switch {
	case keyOf[list] != "":
		if part == "" {
			element := formElement(in, record, list, selector)
			element["PhoneNumber"], element["PhoneAreaCode"], element["PhoneCountryCode"] = value, "", ""
			return
		}
		formElement(in, record, list, selector)[part] = typed
	case selector == "0":
		formFirst(in, record, list)[part] = typed
	case part != "":
		in[list] = map[string]any{part: typed}
	default:
		in[list] = typed
	}
}

// formElement gives the element of a type in a form, as the record has it.
func formElement(in, record map[string]any, list, t string) map[string]any {
	if element := elementOf(in, list, keyOf[list], t); element != nil {
		return element
	}
	element := platformsim.Clone(elementOf(record, list, keyOf[list], t))
	element[keyOf[list]] = t
	items, _ := in[list].([]any)
	in[list] = append(items, element)
	return element
}

// formFirst gives the first element of a list in a form, behind which the record's others stay.
func formFirst(in, record map[string]any, list string) map[string]any {
	items, begun := in[list].([]any)
	if !begun {
		held, _ := record[list].([]any)
		items, _ = platformsim.CloneValue(held).([]any)
		if len(items) == 0 {
			items = []any{map[string]any{}}
		}
		in[list] = items
	}
	element, _ := items[0].(map[string]any)
	// What the platform works out follows from the rest.
	delete(element, "LineAmount")
	delete(element, "TaxAmount")
	return element
}
