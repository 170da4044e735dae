package jobber

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// textMax is the longest text of a field, in characters (unverified).
const textMax = 255

var emailForm = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

// refusal is one business error: why a screen or a mutation does not save.
type refusal struct {
	message string
	path    []string
}

// asError is what a screen says of refusals, nil for none.
func asError(refusals []refusal) error {
	var all []error
	for _, r := range refusals {
		all = append(all, errors.New(r.message))
	}
	return errors.Join(all...)
}

// checkClient validates a client as a whole.
func checkClient(c *client) []refusal {
	var out []refusal
	if c.name() == "" {
		out = append(out, refusal{"Client must have a name", []string{"firstName"}})
	}
	for key, value := range map[string]string{"firstName": c.FirstName, "lastName": c.LastName, "companyName": c.Company} {
		if utf8.RuneCountInString(value) > textMax {
			out = append(out, refusal{"Name is too long (maximum is 255 characters)", []string{key}})
		}
	}
	slices.SortFunc(out, func(a, b refusal) int { return slices.Compare(a.path, b.path) })
	return out
}

// checkEmail and checkPhone validate one element.
func checkEmail(value string, path []string) []refusal {
	if !emailForm.MatchString(value) || utf8.RuneCountInString(value) > textMax {
		return []refusal{{"Email is invalid", append(path, "address")}}
	}
	return nil
}

func checkPhone(value string, path []string) []refusal {
	if !strings.ContainsAny(value, "0123456789") || utf8.RuneCountInString(value) > textMax {
		return []refusal{{"Phone number is invalid", append(path, "number")}}
	}
	return nil
}

// listRules are what emails and phones differ in.
type listRules struct {
	root, key, typename string
	check               func(string, []string) []refusal
	form                func(string) string
}

var (
	emailRules = listRules{root: "emails", key: "address", typename: "Email", check: checkEmail, form: strings.TrimSpace}
	phoneRules = listRules{root: "phones", key: "number", typename: "ClientPhoneNumber", check: checkPhone, form: friendlyPhone}
)

// applyClientLocked puts a mutation's input on a client, and says what does not fit.
func (s *Simulator) applyClientLocked(c *client, input map[string]any) []refusal {
	for key, target := range map[string]*string{"firstName": &c.FirstName, "lastName": &c.LastName, "companyName": &c.Company,
		"title": &c.Title} {
		if value, given := input[key]; given {
			*target = text(value)
		}
	}
	if value, ok := input["isCompany"].(bool); ok {
		c.IsCompany = value
	}
	if value, ok := input["billingAddress"].(map[string]any); ok {
		c.Billing = readAddress(value)
	}
	var out []refusal
	c.Emails, out = s.applyListLocked(c.Emails, input, emailRules)
	phones, more := s.applyListLocked(c.Phones, input, phoneRules)
	c.Phones, out = phones, append(out, more...)
	out = append(out, s.applyPropertiesLocked(c, input)...)
	out = append(out, s.applyCustomLocked("ALL_CLIENTS", &c.Custom, input)...)
	return append(out, checkClient(c)...)
}

// applyListLocked edits emails or phones by delta.
func (s *Simulator) applyListLocked(list []*contact, input map[string]any, rules listRules) ([]*contact, []refusal) {
	var out []refusal
	var chosen *contact
	for _, id := range texts(input[rules.root+"ToDelete"]) {
		list = slices.DeleteFunc(list, func(c *contact) bool { return c.ID == id })
	}
	for i, edit := range inputs(input[rules.root+"ToEdit"]) {
		path := []string{rules.root + "ToEdit", strconv.Itoa(i)}
		at := slices.IndexFunc(list, func(c *contact) bool { return c.ID == text(edit["id"]) })
		if at < 0 {
			out = append(out, refusal{"Record not found", append(path, "id")})
			continue
		}
		out = append(out, setContact(list[at], edit, rules, path)...)
		if edit["primary"] == true {
			chosen = list[at]
		}
	}
	for _, key := range []string{rules.root, rules.root + "ToAdd"} {
		for i, add := range inputs(input[key]) {
			c := &contact{ID: s.newIDLocked(rules.typename), Description: "MAIN"}
			out = append(out, setContact(c, add, rules, []string{key, strconv.Itoa(i)})...)
			list = append(list, c)
			if add["primary"] == true {
				chosen = c
			}
		}
	}
	settlePrimary(list, chosen)
	return list, out
}

func setContact(c *contact, input map[string]any, rules listRules, path []string) []refusal {
	if value := text(input["description"]); value != "" {
		c.Description = value
	}
	if value, ok := input["primary"].(bool); ok {
		c.Primary = value
	}
	if value, ok := input["smsAllowed"].(bool); ok {
		c.SMS = value
	}
	value, given := input[rules.key]
	if !given && c.Value != "" {
		return nil
	}
	c.Value = rules.form(text(value))
	return rules.check(c.Value, path)
}

// applyPropertiesLocked adds, edits and deletes properties. An address that is given replaces the whole.
func (s *Simulator) applyPropertiesLocked(c *client, input map[string]any) []refusal {
	var out []refusal
	for _, id := range texts(input["propertiesToDelete"]) {
		c.Properties = slices.DeleteFunc(c.Properties, func(p *property) bool { return p.ID == id })
	}
	for i, edit := range inputs(input["propertiesToEdit"]) {
		at := slices.IndexFunc(c.Properties, func(p *property) bool { return p.ID == text(edit["propertyId"]) })
		if at < 0 {
			out = append(out, refusal{"Property not found", []string{"propertiesToEdit", strconv.Itoa(i), "propertyId"}})
			continue
		}
		setProperty(c.Properties[at], edit)
	}
	for _, key := range []string{"properties", "propertiesToAdd"} {
		for _, add := range inputs(input[key]) {
			p := &property{ID: s.newIDLocked("Property")}
			setProperty(p, add)
			c.Properties = append(c.Properties, p)
		}
	}
	return out
}

func setProperty(p *property, input map[string]any) {
	if value, given := input["name"]; given {
		p.Name = text(value)
	}
	if value, ok := input["address"].(map[string]any); ok {
		p.Address = readAddress(value)
	}
}

func readAddress(input map[string]any) address {
	var a address
	for key, value := range input {
		if target := a.part(key); target != nil {
			*target = text(value)
		}
	}
	return a
}

// applyCustomLocked sets custom fields by the id of their configuration.
func (s *Simulator) applyCustomLocked(appliesTo string, values *map[string]string, input map[string]any) []refusal {
	var out []refusal
	for i, set := range inputs(input["customFields"]) {
		id := text(set["customFieldConfigurationId"])
		if id == "" {
			id = text(set["id"])
		}
		if !slices.ContainsFunc(s.state.Definitions, func(d *definition) bool { return d.ID == id && d.AppliesTo == appliesTo }) {
			out = append(out, refusal{"Custom field not found", []string{"customFields", strconv.Itoa(i), "customFieldConfigurationId"}})
			continue
		}
		if *values == nil {
			*values = map[string]string{}
		}
		(*values)[id] = text(set["valueText"])
	}
	return out
}

// applyJobLocked puts a mutation's input on a job.
func (s *Simulator) applyJobLocked(j *job, input map[string]any) []refusal {
	var out []refusal
	for key, target := range map[string]*string{"title": &j.Title, "instructions": &j.Instructions} {
		if value, given := input[key]; given {
			*target = text(value)
		}
	}
	if utf8.RuneCountInString(j.Title) > textMax {
		out = append(out, refusal{"Title is too long (maximum is 255 characters)", []string{"title"}})
	}
	if frame := child(input, "timeframe"); frame != nil {
		j.Start = readTime(text(frame["startAt"]))
	}
	for i, item := range inputs(input["lineItems"]) {
		l := &line{ID: s.newIDLocked("JobLineItem"), Name: text(item["name"]), Quantity: readNumber(item["quantity"]),
			Price: readNumber(item["unitPrice"])}
		if l.Name == "" {
			out = append(out, refusal{"Name can't be blank", []string{"lineItems", strconv.Itoa(i), "name"}})
		}
		j.Lines = append(j.Lines, l)
	}
	return append(out, s.applyCustomLocked("ALL_JOBS", &j.Custom, input)...)
}

func readNumber(value any) decimal.Decimal {
	switch v := value.(type) {
	case json.Number:
		d, err := decimal.NewFromString(v.String())
		if err == nil {
			return d
		}
	case string:
		d, err := decimal.NewFromString(v)
		if err == nil {
			return d
		}
	case float64:
		return decimal.NewFromFloat(v)
	case int64:
		return decimal.NewFromInt(v)
	}
	return decimal.Zero
}

// inputs and texts read a list of an input.
func inputs(value any) []map[string]any {
	list, _ := value.([]any)
	var out []map[string]any
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func texts(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, item := range list {
		out = append(out, text(item))
	}
	return out
}
