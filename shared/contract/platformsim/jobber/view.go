package jobber

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// clientViewLocked is a client as the API answers it.
func (s *Simulator) clientViewLocked(c *client) *object {
	if c == nil {
		return nil
	}
	return &object{typename: "Client", fields: map[string]any{
		"id": c.ID, "firstName": c.FirstName, "lastName": c.LastName, "companyName": orNull(c.Company), "name": c.name(),
		"title": orNull(c.Title), "isCompany": c.IsCompany, "isLead": false, "isArchived": c.Archived,
		"billingAddress": addressView("ClientAddress", "", c.Billing),
		"emails":         contactViews("Email", c.Emails),
		"phones":         contactViews("ClientPhoneNumber", c.Phones),
		"clientProperties": resolver(func(a map[string]any) (any, *problem) {
			return connectionView("Property", a, len(c.Properties), func(i int) *object { return s.propertyViewLocked(c, c.Properties[i]) }), nil
		}),
		"jobs": resolver(func(a map[string]any) (any, *problem) {
			var jobs []*job
			for _, j := range s.state.Jobs {
				if j.Client == c.ID {
					jobs = append(jobs, j)
				}
			}
			return connectionView("Job", a, len(jobs), func(i int) *object { return s.jobViewLocked(jobs[i]) }), nil
		}),
		"customFields": s.customViewsLocked("ALL_CLIENTS", c.Custom), "jobberWebUri": "https://secure.getjobber.com/clients/" + c.ID,
		"createdAt": writeStamp(c.Created), "updatedAt": writeStamp(c.Stamps.last()),
	}}
}

// propertyViewLocked is a property of a client. The client is resolved when it is asked for: the two name each other.
func (s *Simulator) propertyViewLocked(c *client, p *property) *object {
	if p == nil {
		return nil
	}
	return &object{typename: "Property", fields: map[string]any{
		"id": p.ID, "name": orNull(p.Name), "isBillingAddress": c.isBilling(p), "address": addressView("PropertyAddress", p.ID, p.Address),
		"client":       resolver(func(map[string]any) (any, *problem) { return s.clientViewLocked(c), nil }),
		"jobberWebUri": "https://secure.getjobber.com/properties/" + p.ID,
	}}
}

func (s *Simulator) jobViewLocked(j *job) *object {
	if j == nil {
		return nil
	}
	return &object{typename: "Job", fields: map[string]any{
		"id": j.ID, "jobNumber": j.Number, "title": orNull(j.Title), "instructions": orNull(j.Instructions),
		"jobStatus": j.status(s.NowLocked()), "jobType": j.Type, "billingType": j.Billing, "total": number(j.total()),
		"client": resolver(func(map[string]any) (any, *problem) { return s.clientViewLocked(s.clientLocked(j.Client)), nil }),
		"property": resolver(func(map[string]any) (any, *problem) {
			c, p := s.propertyLocked(j.Property)
			return s.propertyViewLocked(c, p), nil
		}),
		"startAt": stampOrNull(j.Start), "endAt": stampOrNull(j.End), "completedAt": stampOrNull(j.Completed),
		"customFields": s.customViewsLocked("ALL_JOBS", j.Custom),
		"lineItems": resolver(func(a map[string]any) (any, *problem) {
			return connectionView("JobLineItem", a, len(j.Lines), func(i int) *object { return lineView(j.Lines[i]) }), nil
		}),
		"jobberWebUri": "https://secure.getjobber.com/jobs/" + j.ID,
		"createdAt":    writeStamp(j.Created), "updatedAt": writeStamp(j.Stamps.last()),
	}}
}

func lineView(l *line) *object {
	return &object{typename: "JobLineItem", fields: map[string]any{"id": l.ID, "name": l.Name, "description": "",
		"quantity": number(l.Quantity), "unitPrice": number(l.Price), "totalPrice": number(l.total())}}
}

func addressView(typename, id string, a address) *object {
	street := strings.TrimSpace(a.Street1 + " " + a.Street2)
	return &object{typename: typename, fields: map[string]any{"id": id, "street": street, "street1": a.Street1, "street2": a.Street2,
		"city": a.City, "province": a.Province, "postalCode": a.PostalCode, "country": a.Country}}
}

func contactViews(typename string, list []*contact) []*object {
	out := make([]*object, len(list))
	for i, c := range list {
		out[i] = &object{typename: typename, fields: map[string]any{"id": c.ID, "address": c.Value, "number": c.Value, "friendly": c.Value,
			"normalizedPhoneNumber": notDigits.ReplaceAllString(c.Value, ""), "description": c.Description, "primary": c.Primary,
			"smsAllowed": c.SMS}}
	}
	return out
}

// customViewsLocked tells every custom field of an object, also those without a value.
func (s *Simulator) customViewsLocked(appliesTo string, values map[string]string) []*object {
	var out []*object
	for _, d := range s.state.Definitions {
		if d.AppliesTo == appliesTo {
			out = append(out, &object{typename: "CustomFieldText", fields: map[string]any{"id": d.ID, "label": d.Name,
				"valueText": values[d.ID], "customFieldConfiguration": definitionView(d)}})
		}
	}
	return out
}

func definitionView(d *definition) *object {
	if d == nil {
		return nil
	}
	return &object{typename: "CustomFieldConfigurationText", fields: map[string]any{"id": d.ID, "name": d.Name, "appliesTo": d.AppliesTo,
		"readOnly": d.ReadOnly, "transferable": d.Transferable, "valueType": "TEXT",
		"createdAt": writeStamp(d.Created), "updatedAt": writeStamp(d.Created)}}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return writeStamp(t)
}

func number(d decimal.Decimal) json.Number { return json.Number(d.String()) }
