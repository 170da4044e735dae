package pipedrive

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// searchFields are what an object's search may look at.
var searchFields = map[string][]string{"person": {"custom_fields", "email", "notes", "phone", "name"},
	"organization": {"address", "custom_fields", "notes", "name"},
	"deal":         {"custom_fields", "notes", "title"}}

// searchLocked answers a search of one object, without case, in the fields asked for. The index trails the records: what
// changed within the lag is not found at all.
func (s *Simulator) searchLocked(o schema, q url.Values) reply {
	exact, f := exactOf(q, "exact_match", "true")
	if f != nil {
		return f.reply()
	}
	fields := searchFields[o.name]
	if text := q.Get("fields"); text != "" {
		fields = strings.Split(text, ",")
		for _, name := range fields {
			if !slices.Contains(searchFields[o.name], name) {
				return invalid("fields: %q is not one of %v", name, searchFields[o.name]).reply()
			}
		}
	}
	term := strings.ToLower(q.Get("term"))
	return s.foundLocked(q, func(d *document) any {
		if d.Object != o.name || !slices.ContainsFunc(s.textsLocked(o, d, fields),
			func(text string) bool { return fits(strings.ToLower(text), term, exact) }) {
			return nil
		}
		return map[string]any{"result_score": 0.5, "item": s.itemLocked(o, d)}
	}, true)
}

// searchFieldLocked answers an exact search of one field, with case.
func (s *Simulator) searchFieldLocked(q url.Values) reply {
	o, known := schemaOf(q.Get("entity_type"))
	if !known || o.name != q.Get("entity_type") {
		return invalid("entity_type: must be one of deal, lead, person, organization, product, project").reply()
	}
	exact, f := exactOf(q, "match", "exact")
	if f != nil {
		return f.reply()
	}
	code := q.Get("field")
	definition, custom := s.customLocked(o, code)
	if !custom && code != o.title || custom && !slices.Contains(searchable, definition.Type) {
		return invalid("field: is not a field that can be searched").reply()
	}
	term := q.Get("term")
	return s.foundLocked(q, func(d *document) any {
		text, _ := d.Values[code].(string)
		if custom {
			text = plain(d.Custom[code])
		}
		if d.Object != o.name || text == "" || !fits(text, term, exact) {
			return nil
		}
		return map[string]any{"result_score": 1, "item": map[string]any{"id": d.ID, "name": d.Values[o.title]}}
	}, false)
}

// exactOf reads how a term is to match, and checks its length.
func exactOf(q url.Values, name, value string) (bool, *failure) {
	exact := q.Get(name) == value
	term := []rune(q.Get("term"))
	if len(term) == 0 || len(term) < 2 && !exact {
		return false, invalid("term: must be at least %d characters long", map[bool]int{true: 1, false: 2}[exact])
	}
	return exact, nil
}

func fits(text, term string, exact bool) bool {
	return text == term || !exact && strings.Contains(text, term)
}

// foundLocked answers what of the index fits, a page at a time. items says that the answer's data has them under that name.
func (s *Simulator) foundLocked(q url.Values, fit func(*document) any, items bool) reply {
	limit, f := limitOf(q, limitMax)
	if f != nil {
		return f.reply()
	}
	start := 0
	if text := q.Get("cursor"); text != "" { // a place among the records
		var err error
		if start, err = strconv.Atoi(text); err != nil || start < 0 {
			return invalid("cursor: is not valid").reply()
		}
	}
	rows := []any{}
	var next any
	for i := start; i < len(s.state.Records); i++ {
		d := s.state.Records[i]
		if d.Deleted || d.archived() || !s.settledLocked(d) {
			continue
		}
		row := fit(d)
		if row == nil {
			continue
		}
		if len(rows) == limit {
			next = strconv.Itoa(i)
			break
		}
		rows = append(rows, row)
	}
	if items {
		return pageOf(map[string]any{"items": rows}, next)
	}
	return pageOf(rows, next)
}

// textsLocked are the texts that a search looks at.
func (s *Simulator) textsLocked(o schema, d *document, fields []string) []string {
	var out []string
	for _, name := range fields {
		switch name {
		case "email":
			out = append(out, valuesOf(d.Emails)...)
		case "phone":
			out = append(out, valuesOf(d.Phones)...)
		case "address":
			out = append(out, d.Address["value"])
		case "custom_fields":
			for _, f := range s.state.Fields[o.name] {
				if slices.Contains(searchable, f.Type) {
					out = append(out, plain(d.Custom[f.Code]))
				}
			}
		default:
			text, _ := d.Values[name].(string)
			out = append(out, text)
		}
	}
	return slices.DeleteFunc(out, func(text string) bool { return text == "" })
}

func valuesOf(list []element) []string {
	out := []string{}
	for _, e := range list {
		out = append(out, e.Value)
	}
	return out
}

// itemLocked is a record as a search shows it.
func (s *Simulator) itemLocked(o schema, d *document) map[string]any {
	item := map[string]any{"id": d.ID, "type": o.name, o.title: d.Values[o.title], "visible_to": d.Values["visible_to"],
		"owner":         map[string]any{"id": d.Values["owner_id"]},
		"custom_fields": []string{}, "notes": []string{}}
	switch o.name {
	case "person":
		item["emails"], item["phones"] = valuesOf(d.Emails), valuesOf(d.Phones)
	case "organization":
		item["address"] = d.Address["value"]
	case "deal":
		item["value"], item["currency"], item["status"] = d.Values["value"], d.Values["currency"], d.Values["status"]
	}
	return item
}

// plain gives a scalar, or the value of a custom field with parts, as text.
func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case map[string]any:
		return plain(v["value"])
	}
	return ""
}
