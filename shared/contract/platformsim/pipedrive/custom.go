package pipedrive

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// customValuesLocked lays custom values over a record's, by their keys; null clears.
func (s *Simulator) customValuesLocked(o schema, d *document, value any) *failure {
	values, isObject := value.(map[string]any)
	if !isObject {
		return invalid("custom_fields: must be an object")
	}
	d.Custom = maps.Clone(d.Custom)
	if d.Custom == nil {
		d.Custom = map[string]any{}
	}
	for _, code := range slices.Sorted(maps.Keys(values)) {
		definition, known := s.customLocked(o, code)
		if !known {
			return invalid("custom_fields: %q is not allowed", code)
		}
		if values[code] == nil {
			delete(d.Custom, code)
			continue
		}
		kept, ok := customValue(definition, values[code])
		if !ok {
			return invalid("custom_fields: the value of %s is not of type %s", code, definition.Type)
		}
		if d.Custom[code] = kept; kept == nil {
			delete(d.Custom, code)
		}
	}
	return nil
}

// customValue is a custom value as it is kept, nil for a blank.
func customValue(f *definition, value any) (kept any, ok bool) {
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	parts, isObject := value.(map[string]any)
	switch f.Type {
	case "varchar", "varchar_auto", "text", "phone":
		if text = strings.TrimSpace(text); text == "" {
			return nil, isText
		}
		return text, isText && (f.Type == "text" || utf8.RuneCountInString(text) <= textMax)
	case "double":
		n, err := decimal.NewFromString(string(number))
		return double(n), isNumber && err == nil
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return text, isText && err == nil
	case "enum":
		id, err := number.Int64()
		return number, isNumber && err == nil && f.has(id)
	case "set":
		ids, bad := integers(f.Code, value)
		if bad != nil || len(ids) == 0 || slices.ContainsFunc(ids, func(id int64) bool { return !f.has(id) }) {
			return nil, false
		}
		var list []any
		for _, id := range ids {
			list = append(list, json.Number(strconv.FormatInt(id, 10)))
		}
		return list, true
	case "org", "people", "user":
		_, err := number.Int64()
		return number, isNumber && err == nil
	}
	return partsOf(f, parts), isObject && partsFit(f, parts)
}

// partsOf fills a value with parts up to all of its type's.
func partsOf(f *definition, parts map[string]any) map[string]any {
	out := map[string]any{}
	for _, name := range subfields[f.Type] {
		out[name] = parts[name]
	}
	if n, isNumber := parts["value"].(json.Number); isNumber && f.Type == "monetary" {
		if d, err := decimal.NewFromString(string(n)); err == nil {
			out["value"] = double(d)
		}
	}
	return out
}

func partsFit(f *definition, parts map[string]any) bool {
	for name, part := range parts {
		if !slices.Contains(subfields[f.Type], name) {
			return false
		}
		_, isText := part.(string)
		_, isNumber := part.(json.Number)
		if wantsNumber := f.Type == "monetary" && name == "value" || name == "timezone_id"; part != nil && isNumber != wantsNumber ||
			part != nil && isText == wantsNumber {
			return false
		}
	}
	currency, _ := parts["currency"].(string)
	return parts["value"] != nil && (f.Type != "monetary" || currencyForm.MatchString(currency))
}

func (f *definition) has(id int64) bool {
	return slices.ContainsFunc(f.Options, func(o option) bool { return idOf(o.ID) == id })
}

// idOf reads an option's id, which has another type after a restart.
func idOf(id any) int64 {
	switch v := id.(type) {
	case int64:
		return v
	case json.Number:
		n, _ := v.Int64()
		return n
	}
	return 0
}

// routeFields finds what a request asks of an object's fields.
func routeFields(method string, path []string) (route, bool) {
	name, isFields := strings.CutSuffix(path[0], "Fields")
	o, known := schemaOf(name)
	if !isFields || !known || o.name != name {
		return route{}, false
	}
	switch {
	case len(path) == 1 && method == http.MethodGet:
		return route{cost: 10, serve: func(s *Simulator, r *http.Request, _ []byte) reply { return s.listFieldsLocked(o, r) }}, true
	case len(path) == 1 && method == http.MethodPost:
		return route{cost: 5, changes: true, serve: func(s *Simulator, _ *http.Request, body []byte) reply { return s.makeFieldLocked(o, body) }},
			true
	case len(path) == 2 && method == http.MethodGet:
		return route{cost: 1, serve: func(s *Simulator, _ *http.Request, _ []byte) reply {
			for _, f := range s.fieldsLocked(o) {
				if f.Code == path[1] {
					return fine(f.render(o))
				}
			}
			return notFound().reply()
		}}, true
	}
	return route{}, false
}

func (f *definition) render(o schema) map[string]any {
	out := map[string]any{"field_name": f.Name, "field_code": f.Code, "field_type": f.Type, "is_custom_field": f.custom,
		"is_optional_response_field": false,
		"options":                    nil, "subfields": nil}
	if o.name == "deal" {
		out["description"] = ""
	}
	if f.Options != nil {
		out["options"] = f.Options
	}
	if parts := subfields[f.Type]; parts != nil {
		list := []any{}
		for _, name := range parts {
			list = append(list, map[string]any{"field_code": name, "field_name": f.Name + " " + name, "field_type": "varchar"})
		}
		out["subfields"] = list
	}
	return out
}

// listFieldsLocked answers a page of an object's fields; cursors are places in the list.
func (s *Simulator) listFieldsLocked(o schema, r *http.Request) reply {
	limit, f := limitOf(r.URL.Query(), limitMax)
	if f != nil {
		return f.reply()
	}
	start := 0
	if text := r.URL.Query().Get("cursor"); text != "" {
		var err error
		if start, err = strconv.Atoi(text); err != nil || start < 0 {
			return invalid("cursor: is not valid").reply()
		}
	}
	all := s.fieldsLocked(o)
	rows := []any{}
	for _, f := range all[min(start, len(all)):min(start+limit, len(all))] {
		rows = append(rows, f.render(o))
	}
	if start+limit < len(all) {
		return pageOf(rows, strconv.Itoa(start+limit))
	}
	return pageOf(rows, nil)
}

// makeFieldLocked makes a custom field under a random key. Names need not be unique.
func (s *Simulator) makeFieldLocked(o schema, body []byte) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.reply()
	}
	name, _ := in["field_name"].(string)
	kind, _ := in["field_type"].(string)
	switch {
	case strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > textMax:
		return invalid("field_name: is required").reply()
	case !slices.Contains(fieldTypes, kind):
		return invalid("field_type: must be one of %v", fieldTypes).reply()
	}
	var labels []string
	options, _ := in["options"].([]any)
	for _, item := range options {
		one, _ := item.(map[string]any)
		if label, _ := one["label"].(string); label != "" {
			labels = append(labels, label)
		}
	}
	if (kind == "enum" || kind == "set") != (len(labels) > 0) {
		return invalid("options: are required for enum and set, and for no other").reply()
	}
	return fine(s.addFieldLocked(o, strings.TrimSpace(name), kind, labels).render(o))
}
