package jobber

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// propertiesRead and propertiesEdited are how many properties of a client are read: the first for snapshots, the
	// second before an edit. A connection multiplies the cost by what it asks for.
	propertiesRead   = 5
	propertiesEdited = 20
	// selectorFirst and selectorName pick elements of lists, beside platform.SelectorPrimary.
	selectorFirst = "first"
	selectorName  = "name:"
)

// leaves are the parts of the roots that have some.
var leaves = map[string][]string{
	"emails":         {"address"},
	"phones":         {"number"},
	"billingAddress": addressParts,
	"properties":     append([]string{"id"}, addressParts...),
	"lineItems":      {"name", "quantity", "unitPrice"},
}

var addressParts = []string{"street1", "street2", "city", "province", "postalCode", "country"}

// fragment selects, on one type, what fields need; the id, the stamps and the archived mark always come too.
func fragment(k kind, fields []record.PlatformField, properties int) string {
	wanted := map[string]bool{"id": true, "updatedAt": true}
	if k.object == "clients" {
		wanted["isArchived"] = true
	}
	for _, field := range fields {
		if text := selection(k, platform.ParsePath(field), properties); text != "" {
			wanted[text] = true
		}
	}
	texts := make([]string, 0, len(wanted))
	for text := range wanted {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return "fragment F on " + k.typename + " {\n" + strings.Join(texts, "\n") + "\n}"
}

// customSelection reads the values of every type of custom field that version 2025-01-20 names so.
const customSelection = `customFields { ... on CustomFieldText { label valueText } ... on CustomFieldNumeric { label valueNumeric }` +
	` ... on CustomFieldTrueFalse { label valueTrueFalse } ... on CustomFieldDropdown { label valueDropdown } }`

// selection is the text that reads one field, "" for one that cannot be read.
func selection(k kind, p platform.Path, properties int) string {
	if p.Root == "customFields" {
		return customSelection
	}
	if k.object == "jobs" {
		return jobSelections[p.Root]
	}
	address := "{ " + strings.Join(addressParts, " ") + " }"
	switch p.Root {
	case "firstName", "lastName", "companyName", "isCompany", "title", "isArchived", "createdAt":
		return p.Root
	case "emails":
		return "emails { id address description primary }"
	case "phones":
		return "phones { id number description primary }"
	case "billingAddress":
		return "billingAddress " + address
	case "properties":
		return "clientProperties(first: " + strconv.Itoa(properties) + ") { nodes { id name isBillingAddress address " + address +
			" } pageInfo { hasNextPage } }"
	}
	return ""
}

// jobSelections are the texts for a job's fields. lineItems is unverified after 2022-03-10, so it is asked for only
// where a mapping names it. createVisits and invoicingSchedule cannot be read.
var jobSelections = map[string]string{
	"title": "title", "instructions": "instructions", "client": "client { id }", "property": "property { id }",
	"jobNumber": "jobNumber", "createdAt": "createdAt", "jobStatus": "jobStatus", "jobType": "jobType", "total": "total",
	"startAt": "startAt", "endAt": "endAt", "completedAt": "completedAt", "invoicingType": "billingType",
	"lineItems": "lineItems(first: 1) { nodes { name quantity unitPrice } }",
}

// flatten gives the fields that value knows.
func flatten(fields []record.PlatformField, value func(platform.Path) (string, bool)) record.Fields {
	out := make(record.Fields, len(fields))
	for _, field := range fields {
		if v, ok := value(platform.ParsePath(field)); ok {
			out[field] = v
		}
	}
	return out
}

func decodeClient(raw json.RawMessage) (*wireClient, error) {
	var client wireClient
	if err := json.Unmarshal(raw, &client); err != nil {
		return nil, fmt.Errorf("client is not the JSON expected (%T)", err)
	}
	if client.ID == "" {
		return nil, fmt.Errorf("client without an id")
	}
	return &client, nil
}

func decodeJob(raw json.RawMessage) (*wireJob, error) {
	var job wireJob
	if err := json.Unmarshal(raw, &job); err != nil {
		return nil, fmt.Errorf("job is not the JSON expected (%T)", err)
	}
	if job.ID == "" {
		return nil, fmt.Errorf("job without an id")
	}
	return &job, nil
}

// value reads one field, "" where the record has no such element; ok is false where that is not known.
func (w *wireClient) value(p platform.Path) (value string, ok bool) {
	switch p.Root {
	case "firstName":
		return w.FirstName, true
	case "lastName":
		return w.LastName, true
	case "companyName":
		return w.CompanyName, true
	case "title":
		return w.Title, true
	case "isCompany":
		return strconv.FormatBool(w.IsCompany), true
	case "isArchived":
		return strconv.FormatBool(w.IsArchived), true
	case "createdAt":
		return utc(w.CreatedAt), true
	case "emails":
		return w.emails().Pick(p.Selector).Value, true
	case "phones":
		return w.phones().Pick(p.Selector).Value, true
	case "billingAddress":
		return w.BillingAddress.part(p.Leaf)
	case "properties":
		return w.Properties.value(p)
	case "customFields":
		return customValue(w.CustomFields, p.Selector), true
	}
	return "", false
}

func (w *wireClient) emails() platform.Elements {
	out := make(platform.Elements, len(w.Emails))
	for i, e := range w.Emails {
		out[i] = platform.Element{ID: e.ID, Value: e.Address, Label: e.Description, Primary: e.Primary}
	}
	return out
}

func (w *wireClient) phones() platform.Elements {
	out := make(platform.Elements, len(w.Phones))
	for i, e := range w.Phones {
		out[i] = platform.Element{ID: e.ID, Value: e.Number, Label: e.Description, Primary: e.Primary}
	}
	return out
}

// part reads one part of an address.
func (a wireAddress) part(leaf string) (string, bool) {
	switch leaf {
	case "street1":
		return a.Street1, true
	case "street2":
		return a.Street2, true
	case "city":
		return a.City, true
	case "province":
		return a.Province, true
	case "postalCode":
		return a.PostalCode, true
	case "country":
		return a.Country, true
	}
	return "", false
}

// parts is the address as it goes back: every part.
func (a wireAddress) parts() map[string]string {
	out := make(map[string]string, len(addressParts))
	for _, leaf := range addressParts {
		out[leaf], _ = a.part(leaf)
	}
	return out
}

// find gives the property that a selector picks, nil if there is none. known is false where it may be among those
// that were not read.
func (l propertyList) find(selector string) (found *wireProperty, known bool) {
	if selector == selectorFirst {
		for i := range l.Nodes {
			if !l.Nodes[i].IsBilling {
				return &l.Nodes[i], true
			}
		}
		if len(l.Nodes) > 0 {
			// Where all that were read are billing addresses, one beyond them may not be.
			return &l.Nodes[0], !l.PageInfo.HasNextPage
		}
		return nil, !l.PageInfo.HasNextPage
	}
	wanted := strings.TrimPrefix(selector, selectorName)
	for i := range l.Nodes {
		if l.Nodes[i].Name == wanted {
			return &l.Nodes[i], true
		}
	}
	return nil, !l.PageInfo.HasNextPage
}

func (l propertyList) value(p platform.Path) (string, bool) {
	found, known := l.find(p.Selector)
	switch {
	case !known:
		return "", false
	case found == nil:
		return "", slices.Contains(leaves["properties"], p.Leaf)
	case p.Leaf == "id":
		return string(found.ID), true
	}
	return found.Address.part(p.Leaf)
}

// customValue reads the custom field of a label; "" where the record has none.
func customValue(fields []wireCustom, label string) string {
	for _, f := range fields {
		switch {
		case f.Label != label:
		case f.Text != nil:
			return *f.Text
		case f.Dropdown != nil:
			return *f.Dropdown
		case f.TrueFalse != nil:
			return strconv.FormatBool(*f.TrueFalse)
		default:
			return f.Numeric.String()
		}
	}
	return ""
}

// value reads one field, as wireClient.value.
func (w *wireJob) value(p platform.Path) (value string, ok bool) {
	switch p.Root {
	case "title":
		return w.Title, true
	case "instructions":
		return w.Instructions, true
	case "client":
		return string(w.Client.ID), true
	case "property":
		return string(w.Property.ID), true
	case "jobNumber":
		return w.Number.String(), true
	case "jobStatus":
		return w.Status, true
	case "jobType":
		return w.Type, true
	case "total":
		return w.Total.String(), true
	case "startAt":
		return utc(w.StartAt), true
	case "endAt":
		return utc(w.EndAt), true
	case "completedAt":
		return utc(w.CompletedAt), true
	case "createdAt":
		return utc(w.CreatedAt), true
	case "invoicingType":
		return w.Billing, true
	case "lineItems":
		return w.lineItem(p.Leaf)
	case "customFields":
		return customValue(w.CustomFields, p.Selector), true
	}
	return "", false
}

func (w *wireJob) lineItem(leaf string) (string, bool) {
	var item wireLineItem
	if len(w.LineItems.Nodes) > 0 {
		item = w.LineItems.Nodes[0]
	}
	switch leaf {
	case "name":
		return item.Name, true
	case "quantity":
		return item.Quantity.String(), true
	case "unitPrice":
		return item.UnitPrice.String(), true
	}
	return "", false
}

// utc spells a time in UTC, so that an account's change of offset is no change of the record; other text stays.
func utc(text string) string {
	if t := parseTime(text); !t.IsZero() {
		return formatTime(t)
	}
	return text
}

func (c *Connector) ref(k kind, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.object}, ID: id}
}

// snapshot decodes one record. The error tells no value.
func (c *Connector) snapshot(k kind, raw json.RawMessage, fields []record.PlatformField, began time.Time) (*record.Snapshot, error) {
	if k.object == "clients" {
		client, err := decodeClient(raw)
		if err != nil {
			return nil, err
		}
		return &record.Snapshot{Ref: c.ref(k, client.ID), Fields: flatten(fields, client.value),
			ModifiedAt: parseTime(client.UpdatedAt), ReadBegan: began, Archived: client.IsArchived}, nil
	}
	job, err := decodeJob(raw)
	if err != nil {
		return nil, err
	}
	return &record.Snapshot{Ref: c.ref(k, job.ID), Fields: flatten(fields, job.value),
		ModifiedAt: parseTime(job.UpdatedAt), ReadBegan: began}, nil
}
