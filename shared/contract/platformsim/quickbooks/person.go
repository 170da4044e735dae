package quickbooks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/shopspring/decimal"
)

// Create makes a record as a person would.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return "", err
	}
	body := map[string]any{}
	for _, definition := range customFields[k] {
		list, _ := body["CustomField"].([]any)
		body["CustomField"] = append(list, map[string]any{"DefinitionId": definition[0], "Name": definition[1]})
	}
	if err := typeIn(k, body, fields); err != nil {
		return "", err
	}
	d, f := s.createLocked(k, body)
	if f != nil {
		return "", f
	}
	return record.ExternalID(d.ID), nil
}

// typeIn puts fields into a form. Read-only ones are on no screen.
func typeIn(k entityKind, body map[string]any, fields record.Fields) error {
	o, _ := catalog.QuickBooks().Object(k.object())
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, known := o.Field(name)
		if !known || f.ReadOnly {
			return fmt.Errorf("%s has no field %s to write to", o.Label, name)
		}
		setFlat(body, f, fields[name])
	}
	return nil
}

// Edit changes fields of a record and nothing else.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return err
	}
	d, f := s.liveLocked(k, string(id))
	if f != nil {
		return f
	}
	body := platformsim.Clone(d.Body)
	if err := typeIn(k, body, fields); err != nil {
		return err
	}
	_, f = s.updateLocked(d, body)
	return f.asError()
}

// Delete makes a customer inactive, and destroys an invoice.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return err
	}
	d, f := s.liveLocked(k, string(id))
	if f != nil {
		return f
	}
	if k == invoice {
		s.removeLocked(d)
		return nil
	}
	_, f = s.updateLocked(d, map[string]any{"sparse": true, "Active": false})
	return f.asError()
}

// Void voids an invoice: kept, with every amount zero.
func (s *Simulator) Void(id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d, f := s.liveLocked(invoice, string(id))
	if f != nil {
		return f
	}
	return s.voidLocked(d).asError()
}

// Pay records a payment of amount, decimal text, on an invoice.
func (s *Simulator) Pay(id record.ExternalID, amount string) error {
	s.Lock()
	defer s.Unlock()
	d, f := s.liveLocked(invoice, string(id))
	if f != nil {
		return f
	}
	paid, err := decimal.NewFromString(amount)
	if err != nil {
		return fmt.Errorf("amount is not a number")
	}
	if before, err := decimal.NewFromString(string(d.Paid)); err == nil {
		paid = paid.Add(before)
	}
	d.Paid = json.Number(paid.String())
	s.raiseLocked(d)
	s.savedLocked(d, "Update")
	return nil
}

// Merge merges two customers: the winner's fields stay, the loser is gone and its invoices are the winner's. Invoices
// cannot be merged.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	if object != "customers" || winner == loser {
		return fmt.Errorf("only two customers can be merged")
	}
	into, f := s.liveLocked(customer, string(winner))
	if f != nil {
		return f
	}
	from, f := s.liveLocked(customer, string(loser))
	if f != nil {
		return f
	}
	from.Deleted, s.owed = true, nil
	s.raiseLocked(from)
	s.raiseLocked(into)
	for _, d := range s.state.Records {
		if d.Kind == invoice && !d.Deleted && refOf(d.Body, "CustomerRef") == from.ID {
			d.Body["CustomerRef"] = map[string]any{"value": into.ID, "name": get(into.Body, "DisplayName")}
			s.raiseLocked(d)
			s.noteLocked(event{Kind: invoice, ID: d.ID, Operation: "Update"})
		}
	}
	s.noteLocked(event{Kind: customer, ID: into.ID, Operation: "Merge", DeletedID: from.ID})
	s.TouchLocked()
	return nil
}

// Record gives the truth of one record, all fields, blanks included. An inactive customer and a voided invoice are archived.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return nil, false, false
	}
	d, f := s.liveLocked(k, string(id))
	if f != nil {
		return nil, false, false
	}
	o, _ := catalog.QuickBooks().Object(object)
	shown := s.renderLocked(d, view{enhanced: true})
	fields = record.Fields{}
	for _, field := range o.Fields {
		fields[field.Name] = flat(shown, string(field.Name))
	}
	for _, definition := range customFields[k] {
		name := "CustomField[" + definition[1] + "]"
		fields[record.PlatformField(name)] = flat(shown, name)
	}
	return fields, archivedNow(d), true
}

func archivedNow(d *document) bool {
	if d.Kind == customer {
		return d.Body["Active"] == false
	}
	note := get(d.Body, "PrivateNote")
	return get(d.Body, "TotalAmt") == "0" && len(note) >= 6 && note[:6] == "Voided"
}

// IDs lists the live records, in creation order.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	var ids []record.ExternalID
	for _, d := range s.state.Records {
		if d.Kind.object() == object && !d.Deleted && !archivedNow(d) {
			ids = append(ids, record.ExternalID(d.ID))
		}
	}
	return ids
}

// Version gives a record's SyncToken, "" if there is no such record.
func (s *Simulator) Version(object record.Object, id record.ExternalID) string {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return ""
	}
	d, f := s.liveLocked(k, string(id))
	if f != nil {
		return ""
	}
	return strconv.Itoa(d.Token)
}

// Objects lists the objects it holds.
func (s *Simulator) Objects() []record.Object { return []record.Object{"customers", "invoices"} }
