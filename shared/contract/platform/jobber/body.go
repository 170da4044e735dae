package jobber

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/shopspring/decimal"
)

// Defaults of a job's creation, where the mapping gives nothing else: an amount agreed beforehand, invoiced when the
// job is complete.
const (
	defaultInvoicingType     = "FIXED_PRICE"
	defaultInvoicingSchedule = "ON_COMPLETION"
)

// nested are the roots whose edit needs the record as it is: flat fields do not hold the ids of elements, nor the other
// parts of an address.
var nested = []string{"emails", "phones", "billingAddress", "properties"}

// reread reads, in one request, the clients whose nested parts are due, and those at whose property a job is to be made.
func (c *Connector) reread(ctx context.Context, k kind, items []*work) error {
	clients, _, _ := c.kindOf("clients")
	var ids []record.ExternalID
	var fields []record.PlatformField
	for _, w := range items {
		id, needed := rereads(k, w)
		if id == "" {
			continue
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		fields = append(fields, needed...)
	}
	if len(ids) == 0 {
		return nil
	}
	a, err := c.ask(ctx, "read clients before a write", byID(clients, fields, propertiesEdited, ids))
	if err != nil {
		return err
	}
	for _, w := range items {
		id, needed := rereads(k, w)
		if id == "" {
			continue
		}
		i := slices.Index(ids, id)
		if read := c.readOne(clients, needed, a, i, id); read.Snapshot == nil {
			w.Fail(unread(c.client.OpOf(w.Intent), k, read.Err))
			continue
		}
		if w.client, err = decodeClient(a.Data[aliasOf(i)]); err != nil {
			w.Fail(fault.New(fault.Transient, c.client.OpOf(w.Intent), err))
			continue
		}
		c.settle(k, w, a, needed)
	}
	return nil
}

// unread is the failure of an intent whose client could not be read; cause is nil where it is gone. A job then waits
// for its client.
func unread(op string, k kind, cause error) error {
	switch {
	case cause != nil:
		return cause
	case k.object == "jobs":
		return &fault.Error{Kind: fault.Waiting, Op: op, Fields: []string{"client"}}
	}
	return fault.New(fault.Gone, op, nil)
}

// settle compares an update with what was read: due fields that moved since the pre-read make it stale. What was read
// is the receipt's snapshot until the write answers its own.
func (c *Connector) settle(k kind, w *work, a answer, needed []record.PlatformField) {
	if k.object == "jobs" {
		return
	}
	now := flatten(needed, w.client.value)
	if w.Intent.Current != nil {
		for _, field := range needed {
			then, read := w.Intent.Current.Fields[field]
			if value, known := now[field]; read && known && then != value {
				w.Fail(fault.Newf(fault.Stale, c.client.OpOf(w.Intent), "moved since its pre-read"))
				return
			}
		}
	}
	w.Receipt.Snapshot = &record.Snapshot{Ref: c.ref(k, w.client.ID), Fields: now, ModifiedAt: parseTime(w.client.UpdatedAt),
		ReadBegan: a.began, Archived: w.client.IsArchived}
}

// rereads gives the client to read before an intent and the fields to read of it; "" for none.
func rereads(k kind, w *work) (record.ExternalID, []record.PlatformField) {
	if w.Done {
		return "", nil
	}
	if k.object == "jobs" {
		if w.Intent.Operation == record.OperationCreate && w.Intent.Fields["property"] == "" {
			return record.ExternalID(w.Intent.Fields["client"]), []record.PlatformField{"properties[first].id"}
		}
		return "", nil
	}
	if w.Intent.Operation != record.OperationUpdate {
		return "", nil
	}
	var needed []record.PlatformField
	for _, field := range sortedFields(w.Intent) {
		if slices.Contains(nested, platform.ParsePath(field).Root) {
			needed = append(needed, field)
		}
	}
	if len(needed) == 0 {
		return "", nil
	}
	return w.Intent.Ref.ID, needed
}

// clientInput builds ClientCreateInput or ClientEditInput.
func (c *Connector) clientInput(w *work, definitions map[string]record.ExternalID) (map[string]any, error) {
	input := map[string]any{}
	creating := w.Intent.Operation == record.OperationCreate
	for _, field := range sortedFields(w.Intent) {
		value, p := w.Intent.Fields[field], platform.ParsePath(field)
		switch {
		case value == "" && creating:
		case p.Root == "title" && value == "":
			input["title"] = nil
		case p.Root == "isCompany":
			input["isCompany"] = value == "true"
		case p.Leaf == "" && p.Selector == "":
			// A blank goes as "" (unverified that it clears; the receipt tells what the record then holds).
			input[p.Root] = value
		}
	}
	if err := c.addressInput(w, input); err != nil {
		return nil, err
	}
	c.listInput(w, input, "emails", "address")
	c.listInput(w, input, "phones", "number")
	return input, c.customInput(w, definitions, input)
}

// listInput adds the delta of emails or phones: as a list for a create, as *ToAdd, *ToEdit and *ToDelete for an update.
func (c *Connector) listInput(w *work, input map[string]any, root, key string) {
	edit := listEdit{key: key, ListEdit: platform.NewListEdit(w.Intent, root)}
	suffix := "ToAdd"
	switch {
	case w.Intent.Operation == record.OperationCreate:
		suffix = ""
	case w.client == nil:
		return
	case root == "emails":
		edit.List = w.client.emails()
	default:
		edit.List = w.client.phones()
	}
	out := edit.plan()
	if len(out.add) > 0 {
		input[root+suffix] = out.add
	}
	if len(out.edit) > 0 {
		input[root+"ToEdit"] = out.edit
	}
	if len(out.remove) > 0 {
		input[root+"ToDelete"] = out.remove
	}
}

// addressInput adds the billing address and the properties.
func (c *Connector) addressInput(w *work, input map[string]any) error {
	due := map[string]map[string]string{} // parts by selector; "" is the billing address
	for _, field := range sortedFields(w.Intent) {
		p := platform.ParsePath(field)
		if p.Root != "billingAddress" && p.Root != "properties" {
			continue
		}
		if due[p.Selector] == nil {
			due[p.Selector] = map[string]string{}
		}
		due[p.Selector][p.Leaf] = w.Intent.Fields[field]
	}
	if parts := due[""]; parts != nil {
		delete(due, "")
		if w.client != nil {
			input["billingAddress"] = merged(w.client.BillingAddress, parts)
		} else if !blank(parts) {
			input["billingAddress"] = merged(wireAddress{}, parts)
		}
	}
	return c.propertyInput(w, due, input)
}

// propertyInput edits the properties that selectors find and adds one for each that finds none. An address of blanks
// makes no property. Two selectors of one property edit it once.
func (c *Connector) propertyInput(w *work, due map[string]map[string]string, input map[string]any) error {
	var add, edit []map[string]any
	for _, selector := range sortedSelectors(due) {
		var found *wireProperty
		if w.client != nil {
			var known bool
			if found, known = w.client.Properties.find(selector); !known {
				return c.reject(c.client.OpOf(w.Intent), "the client has more properties than are read")
			}
		}
		if found == nil {
			if !blank(due[selector]) {
				property := map[string]any{"address": merged(wireAddress{}, due[selector])}
				if name, ok := strings.CutPrefix(selector, selectorName); ok {
					property["name"] = name
				}
				add = append(add, property)
			}
			continue
		}
		found.Address = changed(found.Address, due[selector])
		edit = slices.DeleteFunc(edit, func(e map[string]any) bool { return e["propertyId"] == found.ID })
		edit = append(edit, map[string]any{"propertyId": found.ID, "address": found.Address.parts()})
	}
	suffix := ""
	if w.Intent.Operation == record.OperationUpdate {
		suffix = "ToAdd"
	}
	if len(add) > 0 {
		input["properties"+suffix] = add
	}
	if len(edit) > 0 {
		input["propertiesToEdit"] = edit
	}
	return nil
}

// sortedSelectors puts first before names: the property added first is then the client's first.
func sortedSelectors(due map[string]map[string]string) []string {
	var out []string
	for selector := range due {
		if selector != selectorFirst {
			out = append(out, selector)
		}
	}
	slices.Sort(out)
	if due[selectorFirst] != nil {
		out = slices.Insert(out, 0, selectorFirst)
	}
	return out
}

// merged is an address as it goes out: every part, those due in their new form.
func merged(current wireAddress, parts map[string]string) map[string]string {
	return changed(current, parts).parts()
}

func changed(a wireAddress, parts map[string]string) wireAddress {
	targets := map[string]*string{"street1": &a.Street1, "street2": &a.Street2, "city": &a.City, "province": &a.Province,
		"postalCode": &a.PostalCode, "country": &a.Country}
	for leaf, value := range parts {
		if target := targets[leaf]; target != nil {
			*target = value
		}
	}
	return a
}

func blank(parts map[string]string) bool {
	for _, value := range parts {
		if value != "" {
			return false
		}
	}
	return true
}

// jobInput builds JobCreateAttributes or JobEditInput.
func (c *Connector) jobInput(w *work, definitions map[string]record.ExternalID) (map[string]any, error) {
	input := map[string]any{}
	fields := w.Intent.Fields
	for _, field := range []record.PlatformField{"title", "instructions"} {
		if value, due := fields[field]; due && (value != "" || w.Intent.Operation == record.OperationUpdate) {
			input[string(field)] = value
		}
	}
	if err := c.customInput(w, definitions, input); err != nil || w.Intent.Operation == record.OperationUpdate {
		return input, err
	}
	property := fields["property"]
	if property == "" && w.client != nil {
		property, _ = w.client.value(platform.ParsePath("properties[first].id"))
	}
	if property == "" {
		return nil, c.unfit(w.Intent, "should name a property, or a client that has one", "property", "client")
	}
	input["propertyId"] = property
	input["invoicing"] = map[string]any{"invoicingType": orDefault(fields["invoicingType"], defaultInvoicingType),
		"invoicingSchedule": orDefault(fields["invoicingSchedule"], defaultInvoicingSchedule)}
	// createVisits true would make visits, and may tell the team (third-party listing): only where it is asked for.
	input["scheduling"] = map[string]any{"createVisits": fields["createVisits"] == "true", "notifyTeam": false}
	item, err := c.lineItem(w.Intent)
	if item != nil {
		input["lineItems"] = []any{item}
	}
	return input, err
}

// lineItem builds the one line item, nil where none of its fields is given.
func (c *Connector) lineItem(intent record.Intent) (map[string]any, error) {
	title, quantity, price := intent.Fields["lineItems[0].name"], intent.Fields["lineItems[0].quantity"], intent.Fields["lineItems[0].unitPrice"]
	switch {
	case title == "" && quantity == "" && price == "":
		return nil, nil
	case title == "":
		return nil, c.unfit(intent, "is missing: a line item needs a name", "lineItems[0].name", "lineItems[0].quantity", "lineItems[0].unitPrice")
	}
	return map[string]any{"name": title, "quantity": json.Number(orDefault(quantity, "1")), "unitPrice": json.Number(orDefault(price, "0")),
		"saveToProductsAndServices": false}, nil
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// isNumber reports whether a value can go as a JSON number, unchanged.
func isNumber(value string) bool {
	_, err := decimal.NewFromString(value)
	return err == nil && json.Valid([]byte(value))
}
