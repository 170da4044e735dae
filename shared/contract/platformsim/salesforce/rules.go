package salesforce

import (
	"encoding/json"
	"fmt"
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
	// precision of numbers, in digits.
	precision = 18
	// exponentFrom is where numbers come with an exponent, as the platform's own language writes them (unverified).
	exponentFrom = 7
)

var emailForm = regexp.MustCompile(`^[^\s@,;]+@[^\s@,;]+\.[^\s@.,;]+$`)

// parsed checks the JSON types of a record's fields: one that is of no use for its field has the whole call refused
// (unverified; the harder form).
func parsed(o schema, in map[string]any) *failure {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f, known := o.field(name)
		if !known || in[name] == nil {
			continue
		}
		value, isText := in[name].(string)
		number, isNumber := in[name].(json.Number)
		_, isBool := in[name].(bool)
		ok := isText
		switch f.kind {
		case "currency", "double", "int", "percent":
			_, err := decimal.NewFromString(value + string(number))
			ok = (isText || isNumber) && err == nil
		case "boolean":
			ok = isBool || value == "true" || value == "false"
		case "date":
			_, err := time.Parse(time.DateOnly, value)
			ok = isText && err == nil
		case "datetime":
			_, ok = parseTime(value)
		}
		if !ok {
			return failed("JSON_PARSER_ERROR", fmt.Sprintf("Cannot deserialize instance of %s from %T", f.kind, in[name]))
		}
	}
	return nil
}

// settleLocked lays what was sent over a record's values: checked, reformatted, derived. d is nil for a create.
func (s *Simulator) settleLocked(o schema, d *document, in map[string]any) (map[string]any, *failure) {
	values := map[string]any{}
	if d != nil {
		values = maps.Clone(d.Values)
	}
	var failures []*failure
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "attributes" || strings.EqualFold(name, "Id") {
			continue
		}
		f, known := o.field(name)
		if !known {
			return nil, failed("INVALID_FIELD", "No such column '"+name+"' on sobject of type "+o.name)
		}
		if d == nil && !f.create || d != nil && !f.update {
			return nil, failed("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: "+f.name+
				". Please check the security settings of this field and verify that it is read/write for your profile or permission set.", f.name)
		}
		value, problem := s.storedLocked(o, d, f, in[name])
		if problem != nil {
			failures = append(failures, problem)
			continue
		}
		if value == nil {
			delete(values, f.name)
		} else {
			values[f.name] = value
		}
	}
	if missing := missingFields(o, values); len(missing) > 0 {
		failures = append(failures, failed("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+strings.Join(missing, ", ")+"]",
			missing...))
	}
	if len(failures) > 0 {
		failures[0].also = failures[1:]
		return nil, failures[0]
	}
	derive(o, values)
	return values, s.duplicateLocked(o, d, values)
}

func missingFields(o schema, values map[string]any) []string {
	var missing []string
	for _, f := range o.fields {
		if f.required && values[f.name] == nil {
			missing = append(missing, f.name)
		}
	}
	return missing
}

// derive fills what the platform fills: an opportunity's probability by its stage.
func derive(o schema, values map[string]any) {
	if o.name != "Opportunity" || values["Probability"] != nil {
		return
	}
	stage, _ := values["StageName"].(string)
	percent := map[string]string{"Closed Won": "100", "Closed Lost": "0"}[stage]
	if percent == "" {
		percent = strconv.Itoa(10 * (1 + slices.Index(stages, stage)))
	}
	values["Probability"] = json.Number(percent)
}

// storedLocked gives a value as it is kept, nil for null. d is the record before, nil for a create.
func (s *Simulator) storedLocked(o schema, d *document, f field, in any) (any, *failure) {
	if in == nil {
		return nil, nil
	}
	value := plain(in)
	switch f.kind {
	case "currency", "double", "int", "percent":
		n, err := decimal.NewFromString(value)
		if err != nil || n.Abs().GreaterThanOrEqual(decimal.New(1, precision-f.scale)) {
			return nil, failed("NUMBER_OUTSIDE_VALID_RANGE", f.name+": value outside of valid range on numeric field", f.name)
		}
		return json.Number(n.Round(f.scale).String()), nil
	case "boolean":
		return value == "true", nil
	}
	value = strings.TrimSpace(value)
	if f.kind == "textarea" {
		value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\n", "\r\n")
	}
	if value == "" {
		return nil, nil
	}
	if utf8.RuneCountInString(value) > f.length && f.length > 0 {
		return nil, failed("STRING_TOO_LONG", f.name+": data value too large (max length="+strconv.Itoa(f.length)+")", f.name)
	}
	switch f.kind {
	case "email":
		if !emailForm.MatchString(value) {
			return nil, failed("INVALID_EMAIL_ADDRESS", f.name+": invalid email address", f.name)
		}
		value = strings.ToLower(value)
	case "picklist":
		if f.values != nil && !slices.Contains(f.values, value) {
			return nil, failed("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f.name+": bad value for restricted picklist field", f.name)
		}
	case "reference":
		return s.referenceLocked(f, value)
	}
	if f.unique {
		if other := s.holderLocked(o, f, value); other != nil && other != d {
			return nil, failed("DUPLICATE_VALUE", "duplicate value found: "+f.name+" duplicates value on record with id: "+other.ID, f.name)
		}
	}
	return value, nil
}

// referenceLocked checks that a reference names a record. Users are not simulated: any id of one will do.
func (s *Simulator) referenceLocked(f field, id string) (any, *failure) {
	switch {
	case !wellFormed(id):
		return nil, failed("MALFORMED_ID", f.name+": id value of incorrect type", f.name)
	case f.refers == "User":
		return long(id), nil
	}
	d := s.findLocked(f.refers, id)
	switch {
	case d == nil:
		return nil, failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", f.name)
	case d.Deleted:
		return nil, failed("ENTITY_IS_DELETED", "entity is deleted", f.name)
	}
	return d.ID, nil
}

// holderLocked gives the live record that holds a value in a field, compared without case.
func (s *Simulator) holderLocked(o schema, f field, value string) *document {
	for _, d := range s.state.Records {
		if held, _ := d.Values[f.name].(string); d.Object == o.name && !d.Deleted && strings.EqualFold(held, value) {
			return d
		}
	}
	return nil
}

// duplicateLocked is the duplicate rule, where it is on.
func (s *Simulator) duplicateLocked(o schema, d *document, values map[string]any) *failure {
	if !s.state.Duplicit || o.name != "Contact" || values["Email"] == nil {
		return nil
	}
	var matches []string
	for _, other := range s.state.Records {
		if other != d && other.Object == o.name && !other.Deleted && other.Values["Email"] == values["Email"] &&
			other.Values["LastName"] == values["LastName"] {
			matches = append(matches, other.ID)
		}
	}
	if len(matches) == 0 {
		return nil
	}
	f := failed("DUPLICATES_DETECTED", "Use one of these records?")
	f.matches = matches
	return f
}

// wireNumber writes a number as answers do: amounts with a point, large ones with an exponent.
func wireNumber(f field, text string) json.Number {
	d, err := decimal.NewFromString(text)
	if err != nil || f.kind == "int" {
		return json.Number(text)
	}
	digits := d.Truncate(0).Abs().String()
	if len(digits) <= exponentFrom {
		if d.IsInteger() {
			return json.Number(d.StringFixed(1))
		}
		return json.Number(d.String())
	}
	shift := int32(len(digits) - 1)
	mantissa := d.Shift(-shift).String()
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	return json.Number(mantissa + "E" + strconv.Itoa(int(shift)))
}
