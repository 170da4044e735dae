package jobber

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// spelling takes a flat field apart: root[selector].leaf, with selector and leaf perhaps missing.
var spelling = regexp.MustCompile(`^([A-Za-z]+)(?:\[(.*)\])?(?:\.([A-Za-z0-9]+))?$`)

// flatName is a flat field in parts; ok is false for one that fits no spelling.
func flatName(name record.PlatformField) (root, selector, leaf string, ok bool) {
	m := spelling.FindStringSubmatch(string(name))
	if m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

// namesLocked lists the fields of an object: the catalog's and the account's custom ones.
func (s *Simulator) namesLocked(object record.Object, appliesTo string) []record.PlatformField {
	var out []record.PlatformField
	if o, ok := catalog.Jobber().Object(object); ok {
		for _, f := range o.Fields {
			out = append(out, f.Name)
		}
	}
	for _, d := range s.state.Definitions {
		if d.AppliesTo == appliesTo {
			out = append(out, record.PlatformField("customFields["+d.Name+"]"))
		}
	}
	return out
}

func (s *Simulator) flatClientLocked(c *client) record.Fields {
	out := record.Fields{}
	for _, name := range s.namesLocked("clients", "ALL_CLIENTS") {
		root, selector, leaf, _ := flatName(name)
		switch root {
		case "emails":
			out[name] = chosenValue(c.Emails, selector)
		case "phones":
			out[name] = chosenValue(c.Phones, selector)
		case "billingAddress":
			out[name] = *c.Billing.part(leaf)
		case "properties":
			out[name] = propertyPart(c.firstProperty(), leaf)
		case "customFields":
			out[name] = c.Custom[s.definitionLocked("ALL_CLIENTS", selector).ID]
		default:
			out[name] = map[string]string{"firstName": c.FirstName, "lastName": c.LastName, "companyName": c.Company, "title": c.Title,
				"isCompany": strconv.FormatBool(c.IsCompany), "isArchived": strconv.FormatBool(c.Archived), "createdAt": writeStamp(c.Created)}[root]
		}
	}
	for _, p := range c.Properties {
		for _, leaf := range []string{"street1", "street2", "city", "province", "postalCode", "country"} {
			if p.Name != "" {
				out[record.PlatformField("properties[name:"+p.Name+"]."+leaf)] = propertyPart(p, leaf)
			}
		}
	}
	return out
}

func propertyPart(p *property, leaf string) string {
	switch {
	case p == nil:
		return ""
	case leaf == "id":
		return p.ID
	}
	return *p.Address.part(leaf)
}

func chosenValue(list []*contact, selector string) string {
	if c := chosen(list, selector); c != nil {
		return c.Value
	}
	return ""
}

// chosen is the element that a selector names: the primary one; or one of a description, better one that is not primary.
func chosen(list []*contact, selector string) *contact {
	var found *contact
	for _, c := range slices.Backward(list) {
		switch {
		case selector == "primary" && c.Primary:
			return c
		case c.Description == selector && (found == nil || !c.Primary || found.Primary):
			found = c
		}
	}
	return found
}

func (s *Simulator) flatJobLocked(j *job) record.Fields {
	first := &line{}
	if len(j.Lines) > 0 {
		first = j.Lines[0]
	}
	out := record.Fields{"title": j.Title, "instructions": j.Instructions, "client": j.Client, "property": j.Property,
		"jobNumber": strconv.Itoa(j.Number), "jobStatus": j.status(s.NowLocked()), "jobType": j.Type, "total": j.total().String(),
		"invoicingType": j.Billing, "invoicingSchedule": j.Schedule, "startAt": "", "endAt": "", "completedAt": "",
		"createdAt":         writeStamp(j.Created),
		"lineItems[0].name": first.Name, "lineItems[0].quantity": first.Quantity.String(), "lineItems[0].unitPrice": first.Price.String()}
	if len(j.Lines) == 0 {
		out["lineItems[0].quantity"], out["lineItems[0].unitPrice"] = "", ""
	}
	for name, at := range map[record.PlatformField]any{"startAt": stampOrNull(j.Start), "endAt": stampOrNull(j.End),
		"completedAt": stampOrNull(j.Completed)} {
		out[name] = text(at)
	}
	for _, name := range s.namesLocked("jobs", "ALL_JOBS") {
		if label, ok := strings.CutPrefix(string(name), "customFields["); ok {
			out[name] = j.Custom[s.definitionLocked("ALL_JOBS", strings.TrimSuffix(label, "]")).ID]
		}
	}
	return out
}
