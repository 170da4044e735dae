package pipedrive

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

const (
	textMax = 255
	// listMax bounds emails and phones of one person.
	listMax = 50
)

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// settleLocked lays a body over a record, checked as strictly as v2 does: unknown names and wrong JSON types refuse it. d is
// a copy that is thrown away where it fails.
func (s *Simulator) settleLocked(o schema, d *document, body map[string]any) *failure {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		value := body[name]
		var f *failure
		k, scalar := o.fields[name]
		switch {
		case scalar:
			f = s.scalarLocked(o, d, name, k, value)
		case name == "custom_fields":
			f = s.customValuesLocked(o, d, value)
		case name == "label_ids":
			d.Labels, f = integers(name, value)
			f = orUnknownLabel(f, d.Labels)
		case name == "address" && o.name == "organization":
			f = setAddress(d, value)
		case o.lists && name == "emails":
			d.Emails, f = elements(name, value)
		case o.lists && name == "phones":
			d.Phones, f = elements(name, value)
		default:
			f = invalid("%q is not allowed", name)
		}
		if f != nil {
			return f
		}
	}
	if text, _ := d.Values[o.title].(string); text == "" {
		return invalid("%s: is required", o.title)
	}
	return s.deriveLocked(o, d, body)
}

func orUnknownLabel(f *failure, ids []int64) *failure {
	for _, id := range ids {
		if f == nil && id != 5 && id != 6 {
			return invalid("label_ids: label %d does not exist", id)
		}
	}
	return f
}

// scalarLocked sets one plain field, null clearing it.
func (s *Simulator) scalarLocked(o schema, d *document, name string, k kind, value any) *failure {
	if value == nil {
		delete(d.Values, name)
		return nil
	}
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	flag, isBool := value.(bool)
	switch k {
	case kindText:
		if !isText {
			return invalid("%s: must be a string", name)
		}
		text = strings.TrimSpace(text)
		if utf8.RuneCountInString(text) > textMax && name != "lost_reason" {
			return invalid("%s: must be at most %d characters long", name, textMax)
		}
		if d.Values[name] = text; text == "" {
			delete(d.Values, name)
		}
	case kindInteger:
		id, err := number.Int64()
		if !isNumber || err != nil || id <= 0 {
			return invalid("%s: must be a positive integer", name)
		}
		if !s.namesLocked(name, id) {
			return &failure{400, "ERR_BAD_REFERENCE", name + ": does not exist"}
		}
		d.Values[name] = json.Number(strconv.FormatInt(id, 10))
	case kindNumber:
		n, err := decimal.NewFromString(string(number))
		if !isNumber || err != nil {
			return invalid("%s: must be a number", name)
		}
		d.Values[name] = double(n)
	case kindBool:
		if !isBool {
			return invalid("%s: must be a boolean", name)
		}
		d.Values[name] = flag
	case kindTime, kindDate:
		layout := map[kind]string{kindTime: time.RFC3339, kindDate: time.DateOnly}[k]
		if _, err := time.Parse(layout, text); !isText || err != nil {
			return invalid("%s: must be a valid date", name)
		}
		d.Values[name] = text
	}
	return nil
}

// double is a number as the platform keeps it.
func double(n decimal.Decimal) json.Number {
	return json.Number(strconv.FormatFloat(n.InexactFloat64(), 'f', -1, 64))
}

// namesLocked says that an id names something.
func (s *Simulator) namesLocked(field string, id int64) bool {
	switch field {
	case "owner_id":
		return slices.Contains(users, id)
	case "pipeline_id":
		return slices.Contains(pipelines, id)
	case "stage_id":
		_, known := stageOf(id)
		return known
	case "org_id", "person_id":
		return s.liveLocked(refers[field], id) != nil
	}
	return true
}

// integers reads a list of ids, in ascending order, each once.
func integers(name string, value any) ([]int64, *failure) {
	list, isList := value.([]any)
	if !isList && value != nil {
		return nil, invalid("%s: must be an array", name)
	}
	var out []int64
	for _, item := range list {
		n, isNumber := item.(json.Number)
		id, err := n.Int64()
		if !isNumber || err != nil {
			return nil, invalid("%s: must be an array of integers", name)
		}
		out = append(out, id)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// elements reads a whole list of emails or phones. Exactly one is primary in the end: the first that says so, or the first.
func elements(name string, value any) ([]element, *failure) {
	list, isList := value.([]any)
	if !isList || len(list) > listMax {
		return nil, invalid("%s: must be an array", name)
	}
	var out []element
	for _, item := range list {
		one, isObject := item.(map[string]any)
		if !isObject {
			return nil, invalid("%s: must be an array of objects", name)
		}
		e := element{Label: "other"}
		for key, part := range one {
			text, isText := part.(string)
			flag, isBool := part.(bool)
			switch {
			case key == "value" && isText:
				e.Value = strings.TrimSpace(text)
			case key == "label" && isText:
				e.Label = text
			case key == "primary" && isBool:
				e.Primary = flag
			default:
				return nil, invalid("%s: %q is not allowed, or of a wrong type", name, key)
			}
		}
		if e.Value != "" {
			out = append(out, e)
		}
	}
	return onePrimary(out), nil
}

func onePrimary(list []element) []element {
	first := max(slices.IndexFunc(list, func(e element) bool { return e.Primary }), 0)
	for i := range list {
		list[i].Primary = i == first
	}
	return list
}

// setAddress sets an address. A text is taken apart at once, as far as this simulator knows addresses: by its commas.
func setAddress(d *document, value any) *failure {
	parts, isObject := value.(map[string]any)
	if !isObject && value != nil {
		return invalid("address: must be an object")
	}
	d.Address = map[string]string{}
	for name, part := range parts {
		text, isText := part.(string)
		if !isText && part != nil || name != "value" && !slices.Contains(addressParts, name) {
			return invalid("address: %q is not allowed, or of a wrong type", name)
		}
		if text = strings.TrimSpace(text); text != "" {
			d.Address[name] = text
		}
	}
	pieces := strings.Split(d.Address["value"], ",")
	if len(pieces) == 3 {
		d.Address["route"], d.Address["locality"], d.Address["country"] = strings.TrimSpace(pieces[0]), strings.TrimSpace(pieces[1]),
			strings.TrimSpace(pieces[2])
	}
	return nil
}

// deriveLocked fills what the platform fills, and checks what belongs together.
func (s *Simulator) deriveLocked(o schema, d *document, body map[string]any) *failure {
	setDefault := func(name string, value any) {
		if d.Values[name] == nil {
			d.Values[name] = value
		}
	}
	setDefault("owner_id", json.Number(strconv.Itoa(ourUser)))
	setDefault("visible_to", json.Number("3"))
	if o.name == "person" {
		name, _ := d.Values["name"].(string)
		first, last, _ := strings.Cut(name, " ")
		d.Values["first_name"], d.Values["last_name"] = first, strings.TrimSpace(last)
		if last == "" {
			d.Values["last_name"] = nil
		}
	}
	if o.name != "deal" {
		return nil
	}
	setDefault("currency", accountCurrency)
	setDefault("value", json.Number("0"))
	setDefault("status", "open")
	if text, _ := d.Values["currency"].(string); !currencyForm.MatchString(text) {
		return invalid("currency: must be a currency code")
	}
	return s.columnLocked(d, body)
}

// columnLocked settles a deal's stage, status and times.
func (s *Simulator) columnLocked(d *document, body map[string]any) *failure {
	now := writeStamp(s.stampLocked())
	if _, moved := body["pipeline_id"]; moved && body["stage_id"] == nil {
		for _, st := range stages {
			if st.pipeline == d.number("pipeline_id") {
				d.Values["stage_id"] = json.Number(strconv.FormatInt(st.id, 10))
				break
			}
		}
	}
	if d.Values["stage_id"] == nil {
		d.Values["stage_id"] = json.Number("1")
	}
	st, _ := stageOf(d.number("stage_id"))
	if body["pipeline_id"] != nil && d.number("pipeline_id") != st.pipeline {
		return invalid("stage_id: is not of this pipeline")
	}
	d.Values["pipeline_id"] = json.Number(strconv.FormatInt(st.pipeline, 10))
	if _, moved := body["stage_id"]; moved || d.Values["stage_change_time"] == nil {
		d.Values["stage_change_time"] = now
	}
	status, _ := d.Values["status"].(string)
	if !slices.Contains([]string{"open", "won", "lost"}, status) {
		return invalid("status: must be one of open, won, lost")
	}
	if text, given := body["lost_reason"]; given && text != nil && status != "lost" {
		return invalid("lost_reason: can be set only when the deal is lost")
	}
	if status != "lost" {
		delete(d.Values, "lost_reason")
	}
	for name, of := range map[string]string{"won_time": "won", "lost_time": "lost"} {
		switch {
		case status != of:
			delete(d.Values, name)
		case d.Values[name] == nil:
			d.Values[name] = now
		}
	}
	if d.Values["close_time"] == nil && status != "open" {
		d.Values["close_time"] = now
	} else if status == "open" {
		delete(d.Values, "close_time")
	}
	return nil
}
