package xero

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// derivedOf is what the platform works out of a part of a line: sent back beside a new one it would contradict it
// (xero_accounting.yaml 16.1.0, LineItem). Beside an old one it goes back, for people may have set it: a tax amount, say.
var derivedOf = map[string][]string{"Quantity": {"LineAmount", "TaxAmount"}, "UnitAmount": {"LineAmount", "TaxAmount"}, "TaxType": {"TaxAmount"},
	"ItemCode": {"Item", "LineAmount", "TaxAmount"}, "AccountCode": {"AccountID"}}

// judgements are what answers add to records and their parts, and no request takes.
var judgements = []string{"ValidationErrors", "HasValidationErrors", "StatusAttributeString", "Warnings"}

// needsRecord reports whether an intent cannot be written from its fields alone: flat fields do not hold the rest of a list,
// an address or a phone, nor the state that says how an invoice is done away with.
func needsRecord(k kind, intent record.Intent) bool {
	switch intent.Operation {
	case record.OperationCreate:
		return false
	case record.OperationArchive:
		return k == invoices
	}
	for name := range intent.Fields {
		if pathOf(name).selector != "" || name == "ContactNumber" {
			return true
		}
	}
	return false
}

// body builds what is sent for one intent: its due fields, what identifies the record, and the siblings in current, the
// record as read (nil where needsRecord says that it is not needed). Lists are sent whole, also those that are keyed by
// type: right whether the platform replaces a list, an element or a part.
//
// A blank is sent as "", which clears the field (unverified; the receipt tells what the record then holds, so a field that
// was not cleared shows as a difference and is never taken for cleared). null would not: it is taken for left out.
func (c *Connector) body(k kind, intent record.Intent, current entity) (map[string]any, error) {
	body := map[string]any{}
	switch intent.Operation {
	case record.OperationCreate:
		if k == invoices {
			body["Type"] = "ACCREC"
		}
	case record.OperationArchive:
		body[k.key()] = string(canonical(intent.Ref.ID))
		return body, c.archive(k, intent, body, current)
	default:
		body[k.key()] = string(canonical(intent.Ref.ID))
	}
	if name := clashes(intent.Fields); name != "" {
		return nil, c.client.Unfit(intent, name, "is asked for as a whole and in parts")
	}
	for _, name := range slices.Sorted(maps.Keys(intent.Fields)) {
		value := intent.Fields[name]
		if value == "" && intent.Operation == record.OperationCreate {
			continue
		}
		if problem := refuse(c.object(k), name, value, intent.Operation); problem != "" {
			return nil, c.client.Unfit(intent, name, problem)
		}
		if problem := taken(intent, name, value, current); problem != "" {
			return nil, c.client.Unfit(intent, name, problem)
		}
		f, _ := c.object(k).Field(name)
		typed, _ := wire(f, value)
		set(body, pathOf(name), typed, current)
	}
	return body, nil
}

// archive says how a record is done away with: a contact is archived; an invoice is deleted while it is no more than
// submitted, and voided once it is approved.
func (c *Connector) archive(k kind, intent record.Intent, body map[string]any, current entity) error {
	if k == contacts {
		body["ContactStatus"] = "ARCHIVED"
		return nil
	}
	switch current.text("Status") {
	case "DRAFT", "SUBMITTED":
		body["Status"] = "DELETED"
	case "AUTHORISED":
		body["Status"] = "VOIDED"
	default:
		return c.client.Unfit(intent, "Status", "does not let it be deleted or voided")
	}
	return nil
}

// taken says why a field cannot be written over what the record holds: a ContactNumber with another value, which is another app's,
// or an older one of ours that nobody can tell from one; a line beside others, for it may not be ours.
func taken(intent record.Intent, name record.PlatformField, value string, current entity) string {
	if intent.Operation != record.OperationUpdate {
		return ""
	}
	if lines, _ := current[lineItems].([]any); pathOf(name).list == lineItems && len(lines) > 1 {
		return "is of one of several lines, and cannot be told from the others: correct the document there"
	}
	if name != "ContactNumber" {
		return ""
	}
	held := current.text("ContactNumber")
	if held != "" && held != value {
		return "holds a value that is not ours: another app numbers contacts; leave hub_id out, or clear it there"
	}
	return ""
}

// set puts one field into a body.
func set(body map[string]any, p path, value any, current entity) {
	switch {
	case p.selector == "" && p.part == "":
		body[p.list] = value
	case p.selector == "":
		body[p.list] = map[string]any{p.part: value}
	case p.wholePhone():
		// In one piece: nobody knows which of its digits are a country's, or an area's.
		element := elementIn(body, p, current)
		for _, part := range phoneParts {
			element[part] = ""
		}
		element["PhoneNumber"] = value
	default:
		element := elementIn(body, p, current)
		if p.list == "LineItems" {
			for _, name := range derivedOf[p.part] {
				delete(element, name)
			}
		}
		element[p.part] = value
	}
}

// elementIn gives the element of a body's list that a selector names, our own copy of the record's or a new one. The list
// begins as the record has it.
func elementIn(body map[string]any, p path, current entity) map[string]any {
	list, begun := body[p.list].([]any)
	if !begun {
		held, _ := current[p.list].([]any)
		list = sendable(held)
	}
	element := pick(list, p)
	if element == nil {
		element = map[string]any{}
		if key := typeKey(p.list); key != "" {
			element[key] = p.selector
		}
		list = append(list, element)
	}
	body[p.list] = list
	return element
}

// sendable copies a list's elements as they can be sent back. What is no element stays as it is: the platform judges.
func sendable(held []any) []any {
	list := make([]any, 0, len(held)+1)
	for _, item := range held {
		element, isElement := item.(map[string]any)
		if !isElement {
			list = append(list, item)
			continue
		}
		element = maps.Clone(element)
		for _, name := range judgements {
			delete(element, name)
		}
		list = append(list, element)
	}
	return list
}
