package xero

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// contactLocked validates what was sent of a contact and lays it over what is held: body is what is stored. Elements
// left out stay; null is ignored; a blank clears; people are replaced as a list, an address or a phone by its type.
// Wording beyond the published examples is unverified.
func (s *Simulator) contactLocked(d *document, in map[string]any) (map[string]any, *failure) {
	body := platformsim.Clone(d.Body)
	if f := texts(body, in, written, lengths[contact]); f != nil {
		return nil, f
	}
	if f := settleElements(body, in, "Addresses", "AddressType", addressTypes, addressParts); f != nil {
		return nil, f
	}
	if f := settleElements(body, in, "Phones", "PhoneType", phoneTypes, phoneParts); f != nil {
		return nil, f
	}
	if f := settlePersons(body, in); f != nil {
		return nil, f
	}
	if f := settleStatus(body, in); f != nil {
		return nil, f
	}
	if email := get(body, "EmailAddress"); email != "" && !isEmail(email) {
		return nil, failed("EmailAddress", "The email address '%s' is not valid", email)
	}
	if code := get(body, "DefaultCurrency"); code != "" && !currencies[code] {
		return nil, failed("DefaultCurrency", "The organisation is not subscribed to currency %s", code)
	}
	if get(body, "Name") == "" {
		return nil, failed("Name", "The contact name must be specified")
	}
	return body, s.uniqueLocked(d, body)
}

// uniqueLocked keeps names apart among active contacts, and numbers among all.
func (s *Simulator) uniqueLocked(d *document, body map[string]any) *failure {
	name, number := get(body, "Name"), get(body, "ContactNumber")
	for _, other := range s.ofLocked(d.Tenant, contact) {
		switch {
		case other == d || other.ID == d.ID && d.ID != "":
		case strings.EqualFold(get(other.Body, "Name"), name) && !other.archived() && get(body, "ContactStatus") == "ACTIVE":
			return failed("Name", "The contact name %s is already assigned to another contact. The contact name must be unique across all active "+
				"contacts.", name)
		case number != "" && strings.EqualFold(get(other.Body, "ContactNumber"), number):
			return failed("ContactNumber", "The contact number %s is already assigned to another contact", number)
		}
	}
	return nil
}

// texts lays plain elements over a body.
func texts(body, in map[string]any, names []string, longest map[string]int) *failure {
	for _, name := range names {
		value, told := in[name]
		if !told || value == nil {
			continue
		}
		text, isText := value.(string)
		if !isText {
			return failed(name, "%s is not a text", name)
		}
		text = strings.TrimSpace(text)
		if limit := longest[name]; limit > 0 && utf8.RuneCountInString(text) > limit {
			return failed(name, "The value of %s exceeds the maximum length of %d", name, limit)
		}
		if body[name] = text; text == "" {
			delete(body, name)
		}
	}
	return nil
}

// settleElements lays a list that is keyed by type over a body: each element sent replaces the one of its type.
func settleElements(body, in map[string]any, list, key string, types, parts []string) *failure {
	sent, told := in[list].([]any)
	if !told {
		return nil
	}
	for _, item := range sent {
		element, _ := item.(map[string]any)
		t := get(element, key)
		if !slices.Contains(types, t) {
			return failed(list, "The %s is not valid", key)
		}
		kept := map[string]any{}
		if f := texts(kept, element, parts, partLengths); f != nil {
			return f
		}
		if strings.ContainsFunc(get(kept, "Country"), unicode.IsDigit) {
			return failed("Country", "Country may contain letters only")
		}
		kept[key] = t
		held, _ := body[list].([]any)
		held = slices.DeleteFunc(slices.Clone(held), func(o any) bool { return o.(map[string]any)[key] == t })
		body[list] = append(held, kept)
	}
	return nil
}

// settlePersons replaces the list of further people.
func settlePersons(body, in map[string]any) *failure {
	sent, told := in["ContactPersons"].([]any)
	if !told {
		return nil
	}
	if len(sent) > personsMax {
		return failed("ContactPersons", "A contact can have %d contact persons", personsMax)
	}
	list := []any{}
	for _, item := range sent {
		person, _ := item.(map[string]any)
		kept := map[string]any{"IncludeInEmails": person["IncludeInEmails"] == true}
		if f := texts(kept, person, []string{"FirstName", "LastName", "EmailAddress"}, lengths[contact]); f != nil {
			return f
		}
		if email := get(kept, "EmailAddress"); email != "" && !isEmail(email) {
			return failed("ContactPersons", "The email address '%s' is not valid", email)
		}
		list = append(list, kept)
	}
	body["ContactPersons"] = list
	return nil
}

// settleStatus archives a contact. Nothing makes it active again but a person.
func settleStatus(body, in map[string]any) *failure {
	before := get(body, "ContactStatus")
	switch status := get(in, "ContactStatus"); {
	case before == "":
		body["ContactStatus"] = "ACTIVE"
	case status == "" || status == before:
	case status == "ARCHIVED":
		body["ContactStatus"] = status
	default:
		return failed("ContactStatus", "The contact cannot be made active again")
	}
	return nil
}

func isEmail(text string) bool {
	at := strings.Index(text, "@")
	return at > 0 && at < len(text)-1 && !strings.ContainsAny(text, " ,;")
}

// flagOf reads a boolean element; told is false where it is left out or none.
func flagOf(in map[string]any, name string) (value, told bool) {
	value, told = in[name].(bool)
	return value, told
}

// textOf gives an element that may come as a text or a number.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	}
	return ""
}
