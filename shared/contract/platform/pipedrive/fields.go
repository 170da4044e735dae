package pipedrive

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	// rootCustom begins the spelling of custom fields.
	rootCustom = "custom_fields"
	// leafValue is the part of a value with parts that stands for it.
	leafValue = "value"
)

// integerFields hold ids, and go as JSON integers: v2 takes no text for a number (pipedrive-api-v2-migration-guide).
var integerFields = []string{"owner_id", "org_id", "person_id", "pipeline_id", "stage_id", "visible_to"}

func joinKeys(keys map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(keys)), ",") }

// snapshot gives the fields asked for in the flat spelling: those that the row holds, a null as "". It names those that are gone.
func (c *Connector) snapshot(k kind, want wanted, r row, began time.Time) record.Snapshot {
	s := record.Snapshot{Ref: c.ref(k, r.id()), Fields: make(record.Fields, len(want.fields)), ModifiedAt: r.modified(), ReadBegan: began, Archived: r.archived(), Gone: want.gone}
	for _, field := range want.fields {
		if value, told := want.value(k, r, field); told {
			s.Fields[field] = value
		}
	}
	return s
}

// value gives one field; told is false where the row says nothing about it, or holds what no field here can be.
func (w wanted) value(k kind, r row, field record.PlatformField) (value string, told bool) {
	f, known := k.Field(field)
	p := platform.ParsePath(field)
	raw, answered := r[p.Root]
	switch {
	case !known:
		return "", false
	case p.Root == "emails" || p.Root == "phones":
		list, told := r.elements(p.Root)
		return list.Pick(p.Selector).Value, told
	case p.Root == "label_ids":
		if !answered {
			return "", false
		}
		return integers(raw)
	case p.Root == rootCustom:
		d, has := w.custom[p.Selector]
		value, there := r.custom(d.Code)
		if _, isObject := raw.(map[string]any); !has || !isObject || !there && !w.whole {
			return "", false
		}
		return flatten(value, p.Leaf, catalog.Field{}) // what the account has, and a record does not hold, is blank
	case !answered:
		return "", false
	}
	return flatten(raw, p.Leaf, f)
}

// flatten spells one JSON value as record.Fields holds it: a part of one that has parts, its value where none is named.
func flatten(raw any, leaf string, f catalog.Field) (string, bool) {
	if parts, isObject := raw.(map[string]any); isObject {
		if leaf == "" {
			leaf = leafValue
		}
		if _, nested := parts[leaf].(map[string]any); nested {
			return "", false
		}
		return flatten(parts[leaf], leafValue, f)
	}
	if list, isList := raw.([]any); isList {
		return integers(list)
	}
	value, told := platform.Scalar(raw)
	if at := parseTime(value); f.Kind == catalog.Datetime && !at.IsZero() {
		value = at.Format(time.RFC3339Nano)
	}
	return strings.ReplaceAll(value, "\r\n", "\n"), told
}

// wire gives a value of a plain field as the API takes it: null for a blank, an empty list for no labels, numbers and ids as
// such. problem says why it cannot be one of its field, "" if it can.
func wire(f catalog.Field, value string) (out any, problem string) {
	switch {
	case value == "" && f.Name == "label_ids":
		return []any{}, ""
	case value == "":
		return nil, ""
	case slices.Contains(integerFields, string(f.Name)):
		return wireID(value)
	case f.Name == "label_ids":
		return wireIDs(value)
	case f.Kind == catalog.Number || f.Kind == catalog.Money:
		return wireNumber(value)
	case f.Kind == catalog.Date:
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return nil, "is no date"
		}
	case len(f.Values) > 0 && !slices.Contains(f.Values, value):
		return nil, "has none of the platform's values"
	}
	return value, ""
}

func wireID(value string) (any, string) {
	if !wellFormed(record.ExternalID(value)) {
		return nil, "is no id"
	}
	return json.Number(value), ""
}

// wireIDs gives a list of ids. A custom one is cleared by null: an empty list is refused (vendor's OpenAPI v2).
func wireIDs(value string) (any, string) {
	list := []any{}
	for part := range strings.SplitSeq(value, ",") {
		id, problem := wireID(strings.TrimSpace(part))
		if problem != "" {
			return nil, "is no list of ids"
		}
		list = append(list, id)
	}
	return list, ""
}

func wireNumber(value string) (any, string) {
	d, ok := platform.ParseNumber(value)
	if !ok {
		return nil, "is no number"
	}
	return json.Number(d.String()), ""
}

// partsOf are the parts that the types of custom fields with parts can be written by (vendor's OpenAPI v2, subfields).
// An address is taken apart by the platform.
var partsOf = map[string][]string{"monetary": {leafValue, "currency"}, "daterange": {leafValue, "until"}, "timerange": {leafValue, "until"},
	"time": {leafValue}, "address": {leafValue}}

// wireCustom gives a value of a custom field without parts as the API takes it.
func wireCustom(d definition, value string) (out any, problem string) {
	if value == "" {
		return nil, ""
	}
	switch d.Type {
	case "double", "int":
		return wireNumber(value)
	case "enum", "org", "people", "user":
		return wireID(value)
	case "set":
		return wireIDs(value)
	case "date":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return nil, "is no date"
		}
	}
	return value, ""
}

// wirePart gives a part of a custom field that has parts. The amount of money is a number, everything else text.
func wirePart(d definition, leaf, value string) (out any, problem string) {
	switch {
	case value == "":
		return nil, ""
	case d.Type == "monetary" && leaf == leafValue:
		return wireNumber(value)
	case d.Type == "daterange":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return nil, "is no date"
		}
	}
	return value, ""
}

// refuse says why a field cannot be written, "" if it can. Custom fields are judged by their type, when they are written.
func refuse(k kind, field record.PlatformField, value string, operation record.Operation) string {
	problem := platform.Unwritable(k.Object, field, value, operation)
	if problem != "" || platform.ParsePath(field).Root == rootCustom {
		return problem
	}
	f, _ := k.Field(field)
	_, problem = wire(f, value)
	return problem
}

func (c *Connector) ref(k kind, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.Name}, ID: id}
}
