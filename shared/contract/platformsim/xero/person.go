package xero

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/shopspring/decimal"
)

// Create makes a record as a person would, in the first organisation: a contact, or a sales invoice.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	return s.typedLocked(s.state.Tenants[0].ID, object, fields)
}

// CreateIn makes a record in another organisation.
func (s *Simulator) CreateIn(tenant string, object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	return s.typedLocked(tenant, object, fields)
}

// CreateBill makes a bill: an invoice that a supplier sent.
func (s *Simulator) CreateBill(supplier record.ExternalID, number string) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	d, f := s.createLocked(s.state.Tenants[0].ID, invoice, map[string]any{"Type": "ACCPAY", "InvoiceNumber": number,
		"Contact":   map[string]any{"ContactID": string(supplier)},
		"LineItems": []any{map[string]any{"Description": "Supplies", "UnitAmount": json.Number("1")}}}, false)
	if f != nil {
		return "", f
	}
	return record.ExternalID(d.ID), nil
}

func (s *Simulator) typedLocked(tenant string, object record.Object, fields record.Fields) (record.ExternalID, error) {
	k, err := kindOf(object)
	if err != nil {
		return "", err
	}
	in, err := typeIn(k, nil, fields)
	if err != nil {
		return "", err
	}
	if k == invoice {
		in["Type"] = "ACCREC"
	}
	d, f := s.createLocked(tenant, k, in, false)
	if f != nil {
		return "", f
	}
	return record.ExternalID(d.ID), nil
}

// typeIn fills a form. Read-only fields are on none, and a contact's number is shown and not changed.
func typeIn(k kind, held map[string]any, fields record.Fields) (map[string]any, error) {
	o, _ := catalog.Xero().Object(k.object())
	in := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, known := o.Field(name)
		if !known || f.ReadOnly || name == "ContactNumber" {
			return nil, fmt.Errorf("%s has no field %s to write to", o.Label, name)
		}
		form(in, held, f, fields[name])
	}
	return in, nil
}

// Edit changes fields of a record and nothing else.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked(object, id)
	if err != nil {
		return err
	}
	in, err := typeIn(d.Kind, d.Body, fields)
	if err != nil {
		return err
	}
	return s.updateLocked(d, in).asError()
}

func (s *Simulator) hereLocked(object record.Object, id record.ExternalID) (*document, error) {
	k, err := kindOf(object)
	if err != nil {
		return nil, err
	}
	d := s.byID[string(id)]
	if d == nil || d.Kind != k {
		return nil, fmt.Errorf("there is no such %s", k)
	}
	return d, nil
}

// Delete archives a contact. It deletes an invoice that is not approved and voids one that is; both stay visible.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked(object, id)
	if err != nil {
		return err
	}
	in := map[string]any{"ContactStatus": "ARCHIVED"}
	if d.Kind == invoice {
		in = map[string]any{"Status": "DELETED"}
		if get(d.Body, "Status") == "AUTHORISED" {
			in["Status"] = "VOIDED"
		}
	}
	return s.updateLocked(d, in).asError()
}

// Unarchive makes an archived contact active again, as its screen can and the API cannot.
func (s *Simulator) Unarchive(id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked("contacts", id)
	if err != nil {
		return err
	}
	body := platformsim.Clone(d.Body)
	body["ContactStatus"] = "ACTIVE"
	if f := s.uniqueLocked(d, body); f != nil {
		return f
	}
	d.Body, d.Updated = body, s.stampLocked() // whither it was once merged is still told (unverified)
	s.savedLocked(d, "UPDATE")
	return nil
}

// Number gives a contact a ContactNumber, as another app would by the API.
func (s *Simulator) Number(id record.ExternalID, number string) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked("contacts", id)
	if err != nil {
		return err
	}
	return s.updateLocked(d, map[string]any{"ContactNumber": number}).asError()
}

// SetLines replaces an invoice's lines, spelled as the API does, as a person does who types more than one.
func (s *Simulator) SetLines(id record.ExternalID, lines []any) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked("invoices", id)
	if err != nil {
		return err
	}
	return s.updateLocked(d, map[string]any{"LineItems": lines}).asError()
}

// Pay records a payment of amount, decimal text, on an approved invoice; one that is paid in full is PAID.
func (s *Simulator) Pay(id record.ExternalID, amount string) error {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked("invoices", id)
	if err != nil {
		return err
	}
	paid, err := decimal.NewFromString(amount)
	if err != nil || get(d.Body, "Status") != "AUTHORISED" || paid.GreaterThan(totalsOf(d).due) {
		return fmt.Errorf("the payment does not fit the invoice")
	}
	d.Paid = json.Number(totalsOf(d).paid.Add(paid).String())
	if totalsOf(d).due.IsZero() {
		d.Body["Status"], d.PaidOn = "PAID", s.NowLocked()
	}
	d.Updated = s.stampLocked()
	s.savedLocked(d, "UPDATE")
	return nil
}

// Merge merges two contacts: the loser is archived and names the winner, whose invoices its own become.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	if object != "contacts" || winner == loser {
		return fmt.Errorf("only two contacts can be merged")
	}
	into, err := s.hereLocked(object, winner)
	if err != nil {
		return err
	}
	from, err := s.hereLocked(object, loser)
	if err != nil {
		return err
	}
	if into.archived() || from.archived() {
		return fmt.Errorf("an archived contact cannot be merged")
	}
	from.Body["ContactStatus"], from.Merged, from.Updated = "ARCHIVED", into.ID, s.stampLocked()
	for _, d := range s.ofLocked(from.Tenant, invoice) {
		if get(d.Body, "ContactID") == from.ID {
			d.Body["ContactID"], d.Updated = into.ID, s.stampLocked()
			s.savedLocked(d, "UPDATE")
		}
	}
	into.Updated = s.stampLocked()
	s.savedLocked(into, "UPDATE")
	s.savedLocked(from, "UPDATE")
	return nil
}

// Record gives the truth of one record, all fields, blanks included.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked(object, id)
	if err != nil {
		return nil, false, false
	}
	o, _ := catalog.Xero().Object(object)
	shown := s.renderLocked(d, view{whole: true, four: true})
	fields = record.Fields{}
	for _, f := range o.Fields {
		fields[f.Name] = flat(shown, f)
	}
	return fields, d.archived(), true
}

// IDs lists the live records of the first organisation, in creation order; of invoices the sales.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	k, err := kindOf(object)
	if err != nil {
		return nil
	}
	var ids []record.ExternalID
	for _, d := range s.ofLocked(s.state.Tenants[0].ID, k) {
		if !d.archived() && get(d.Body, "Type") != "ACCPAY" {
			ids = append(ids, record.ExternalID(d.ID))
		}
	}
	return ids
}

// Raw gives a record as its API answers it, whole, for tests of what its fields do not show.
func (s *Simulator) Raw(object record.Object, id record.ExternalID) map[string]any {
	s.Lock()
	defer s.Unlock()
	d, err := s.hereLocked(object, id)
	if err != nil {
		return nil
	}
	return s.renderLocked(d, view{whole: true, four: true})
}

// Objects lists the objects it holds.
func (s *Simulator) Objects() []record.Object { return []record.Object{"contacts", "invoices"} }
