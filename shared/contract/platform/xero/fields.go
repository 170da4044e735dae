package xero

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// phoneParts are the three texts that a phone is made of, in the order in which it is dialled.
var phoneParts = []string{"PhoneCountryCode", "PhoneAreaCode", "PhoneNumber"}

// path is a field's spelling taken apart: Phones[DEFAULT].PhoneNumber, ContactPersons[0].FirstName, Contact.ContactID.
type path struct {
	list     string // or the element itself
	selector string // a type, "0" for the first, "" where list is none
	part     string // "" for the element itself, or a phone as a whole
}

func pathOf(name record.PlatformField) path {
	list, rest, selected := strings.Cut(string(name), "[")
	if !selected {
		list, part, _ := strings.Cut(list, ".")
		return path{list: list, part: part}
	}
	selector, part, _ := strings.Cut(rest, "]")
	return path{list: list, selector: selector, part: strings.TrimPrefix(part, ".")}
}

// typeKey is the element by which a list is keyed, "" where it is not.
func typeKey(list string) string {
	switch list {
	case "Phones":
		return "PhoneType"
	case "Addresses":
		return "AddressType"
	}
	return ""
}

// wholePhone says that a field is a phone of three parts as one.
func (p path) wholePhone() bool { return p.list == "Phones" && p.part == "" }

// snapshot gives the fields asked for in the flat spelling, of a record as a page shows it: what it does not tell is blank.
func (c *Connector) snapshot(k kind, e entity, fields []record.PlatformField, began time.Time) *record.Snapshot {
	return c.shown(k, e, fields, began, true)
}

// shown is snapshot; whole says that what the record does not tell is blank, rather than not said.
func (c *Connector) shown(k kind, e entity, fields []record.PlatformField, began time.Time, whole bool) *record.Snapshot {
	s := &record.Snapshot{Ref: record.Ref{Place: c.place(k), ID: e.id(k)}, Fields: make(record.Fields, len(fields)),
		ModifiedAt: e.modified(), ReadBegan: began, Archived: e.archived()}
	for _, name := range fields {
		f, known := c.object(k).Field(name)
		if !known {
			continue
		}
		if value, told := e.value(name, whole); told {
			s.Fields[name] = spell(f, value)
		} else if lines, _ := e[lineItems].([]any); pathOf(name).list == lineItems && len(lines) > 1 {
			s.Gone = append(s.Gone, name)
		}
	}
	return s
}

// lineItems is the list of a document's lines. They have ids, and nothing that would tell ours from those of others; so a field of
// one is read and written as long as the document has no other.
const lineItems = "LineItems"

// value gives one field; told is false where the record says nothing about it, or holds what no field can be.
func (e entity) value(name record.PlatformField, whole bool) (value string, told bool) {
	p := pathOf(name)
	raw, answered := e[p.list]
	if !answered {
		return "", whole
	}
	var element map[string]any
	switch {
	case p.selector != "":
		list, isList := raw.([]any)
		if !isList && raw != nil {
			return "", false
		}
		if p.list == lineItems && len(list) > 1 {
			return "", false
		}
		element = pick(list, p)
	case p.part != "":
		object, isObject := raw.(map[string]any)
		if !isObject && raw != nil {
			return "", false
		}
		element = object
	default:
		// A date is told twice: as of midnight in UTC, and as a text, which no zone can move.
		if text := e.text(p.list + "String"); (p.list == "Date" || p.list == "DueDate") && len(text) >= len(time.DateOnly) {
			return text[:len(time.DateOnly)], true
		}
		return platform.Scalar(raw)
	}
	if p.wholePhone() {
		return joined(element), true
	}
	return platform.Scalar(element[p.part])
}

// pick finds the element that a selector names, nil if there is none.
func pick(list []any, p path) map[string]any {
	key := typeKey(p.list)
	for i, item := range list {
		element, _ := item.(map[string]any)
		if element != nil && (key != "" && element[key] == p.selector || key == "" && p.selector == "0" && i == 0) {
			return element
		}
	}
	return nil
}

// joined writes a phone's parts as one number: +64 04 1111111. A country's code may be held with signs or zeros in front.
// Without a number there is no phone, whatever the other parts hold.
func joined(phone map[string]any) string {
	number, _ := phone["PhoneNumber"].(string)
	area, _ := phone["PhoneAreaCode"].(string)
	country, _ := phone["PhoneCountryCode"].(string)
	if strings.TrimSpace(number) == "" {
		return ""
	}
	country = strings.TrimLeft(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, country), "0")
	if country != "" {
		country = "+" + country
	}
	return strings.Join(strings.Fields(country+" "+area+" "+number), " ")
}

// spell gives a value as its field's kind is held: times in RFC 3339, dates as such, ids in lower case.
func spell(f catalog.Field, value string) string {
	switch f.Kind {
	case catalog.Datetime:
		if at := parseTime(value); !at.IsZero() {
			return at.Format(time.RFC3339Nano)
		}
	case catalog.Date:
		if at := parseTime(value); !at.IsZero() {
			return at.Format(time.DateOnly)
		}
	case catalog.Reference:
		return string(canonical(record.ExternalID(value)))
	}
	return value
}

// wire gives a value as the API takes it. problem says why it cannot be one of its field, "" if it can.
func wire(f catalog.Field, value string) (out any, problem string) {
	switch f.Kind {
	case catalog.Bool:
		if value != "true" && value != "false" {
			return nil, "is neither true nor false"
		}
		return value == "true", ""
	case catalog.Number, catalog.Money:
		if value == "" {
			return nil, ""
		}
		d, ok := platform.ParseNumber(value)
		if !ok {
			return nil, "is no number"
		}
		return json.Number(d.String()), ""
	case catalog.Date:
		if _, err := time.Parse(time.DateOnly, value); err != nil && value != "" {
			return nil, "is no date"
		}
	case catalog.Reference:
		if !wellFormed(record.ExternalID(value)) {
			return nil, "is no record's id"
		}
	}
	return value, ""
}

// writableStatuses are the states that may be written: to void or delete an invoice is an operation of its own.
var writableStatuses = []string{"DRAFT", "SUBMITTED", "AUTHORISED"}

// refuse says why a field cannot be written, "" if it can.
func refuse(o *catalog.Object, name record.PlatformField, value string, operation record.Operation) string {
	if problem := platform.Unwritable(o, name, value, operation); problem != "" {
		return problem
	}
	if name == "Status" && !slices.Contains(writableStatuses, value) {
		return "can be written as DRAFT, SUBMITTED or AUTHORISED only; the others come about by archiving and by payments"
	}
	f, _ := o.Field(name)
	_, problem := wire(f, value)
	return problem
}

// clashes names a phone that is asked for both as a whole and in parts, "" if none is.
func clashes(fields record.Fields) record.PlatformField {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !pathOf(name).wholePhone() {
			continue
		}
		for _, part := range phoneParts {
			if _, both := fields[name+record.PlatformField("."+part)]; both {
				return name
			}
		}
	}
	return ""
}

func (c *Connector) place(k kind) record.Place {
	return record.Place{Connection: c.client.Settings.Connection, Object: k.object()}
}

// object is the catalog's description of a kind.
func (c *Connector) object(k kind) *catalog.Object {
	o, _ := c.catalog.Object(k.object())
	return o
}
