package salesforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/shopspring/decimal"
)

// Create makes a record as a person would.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	o, err := objectOf(object)
	if err != nil {
		return "", err
	}
	in, err := typeIn(o, fields)
	if err != nil {
		return "", err
	}
	d, f := s.createLocked(o, in)
	if f != nil {
		return "", f
	}
	return record.ExternalID(d.ID), nil
}

// typeIn fills a form. Read-only fields are on none.
func typeIn(o schema, fields record.Fields) (map[string]any, error) {
	in := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f, known := o.field(string(name))
		if !known || !f.create {
			return nil, fmt.Errorf("%s has no field %s to write to", o.name, name)
		}
		switch value := fields[name]; {
		case value == "":
			in[f.name] = nil
		case f.kind == "phone":
			in[f.name] = phoneForm(value)
		default:
			in[f.name] = value
		}
	}
	if f := parsed(o, in); f != nil {
		return nil, f
	}
	return in, nil
}

// phoneForm is what a screen makes of ten digits: (415) 555-1234.
func phoneForm(value string) string {
	if len(value) != 10 || strings.ContainsFunc(value, func(r rune) bool { return r < '0' || r > '9' }) {
		return value
	}
	return "(" + value[:3] + ") " + value[3:6] + "-" + value[6:]
}

// Edit changes fields of a record and nothing else.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	o, err := objectOf(object)
	if err != nil {
		return err
	}
	d, f := s.liveLocked(o.name, string(id))
	if f != nil {
		return f
	}
	in, err := typeIn(o, fields)
	if err != nil {
		return err
	}
	return s.updateLocked(o, d, in).asError()
}

// Delete puts a record into the recycle bin, an account with its contacts and opportunities.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	o, err := objectOf(object)
	if err != nil {
		return err
	}
	d, f := s.liveLocked(o.name, string(id))
	if f != nil {
		return f
	}
	s.deleteLocked(d)
	s.tellLocked(o.name, "DELETE", []string{d.ID}, nil)
	return nil
}

// Undelete takes a record out of the recycle bin, an account with what was deleted along.
func (s *Simulator) Undelete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d := s.findLocked(string(object), string(id))
	if d == nil || !d.Deleted || d.Master != "" {
		return fmt.Errorf("the recycle bin does not hold %s %s", object, id)
	}
	for _, one := range s.state.Records {
		if one == d || one.With == d.ID {
			one.Deleted, one.With, one.Stamp = false, "", s.stampLocked()
			s.tellLocked(one.Object, "UNDELETE", []string{one.ID}, nil)
		}
	}
	return nil
}

// Purge empties the recycle bin of one record: no read tells of it any more.
func (s *Simulator) Purge(id record.ExternalID) {
	s.Lock()
	defer s.Unlock()
	d := s.byID[long(string(id))]
	if d == nil || !d.Deleted {
		return
	}
	delete(s.byID, d.ID)
	s.state.Records = slices.DeleteFunc(s.state.Records, func(one *document) bool { return one == d })
	s.TouchLocked()
}

// Merge merges two contacts or two accounts: the winner's fields stay, the loser goes to the recycle bin with its winner's
// id, and what named it names the winner. Opportunities cannot be merged.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	o, err := objectOf(object)
	if err != nil {
		return err
	}
	into, f := s.liveLocked(o.name, string(winner))
	if f != nil {
		return f
	}
	from, f := s.liveLocked(o.name, string(loser))
	if f != nil {
		return f
	}
	if !o.mergeable || into == from {
		return fmt.Errorf("only two contacts or two accounts can be merged")
	}
	for _, d := range s.state.Records {
		for _, name := range []string{"AccountId", "ContactId", "ParentId"} {
			if !d.Deleted && d != from && d.Values[name] == from.ID {
				d.Values[name] = into.ID
				d.Modified, d.Stamp = s.stampLocked(), s.stampLocked()
				s.tellLocked(d.Object, "UPDATE", []string{d.ID}, map[string]any{name: into.ID})
			}
		}
	}
	from.Master = into.ID
	s.binLocked(from)
	into.Modified, into.Stamp = s.stampLocked(), s.stampLocked()
	s.tellLocked(o.name, "DELETE", []string{from.ID}, nil)
	s.tellLocked(o.name, "UPDATE", []string{into.ID}, nil)
	return nil
}

// Touch moves a record's SystemModstamp alone, as work of the platform's own does.
func (s *Simulator) Touch(object record.Object, id record.ExternalID) {
	s.Lock()
	defer s.Unlock()
	if d := s.findLocked(string(object), string(id)); d != nil {
		d.Stamp = s.stampLocked()
		s.TouchLocked()
	}
}

// Record gives the truth of one record, all fields, blanks included. What is in the recycle bin is not there.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	o, err := objectOf(object)
	if err != nil {
		return nil, false, false
	}
	d, f := s.liveLocked(o.name, string(id))
	if f != nil {
		return nil, false, false
	}
	fields = record.Fields{}
	for _, f := range o.fields {
		fields[record.PlatformField(f.name)] = s.flatLocked(d, f)
	}
	return fields, false, true
}

// flatLocked spells a value as a connector would.
func (s *Simulator) flatLocked(d *document, f field) string {
	value := s.valueLocked(d, f)
	if n, ok := value.(json.Number); ok {
		if number, err := decimal.NewFromString(string(n)); err == nil {
			return number.String()
		}
	}
	flat := plain(value)
	if f.kind == "datetime" && flat != "" {
		if at, ok := parseTime(flat); ok {
			return at.Format(time.RFC3339)
		}
	}
	return strings.ReplaceAll(flat, "\r\n", "\n")
}

// IDs lists the live records, in creation order.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	var ids []record.ExternalID
	for _, d := range s.state.Records {
		if d.Object == string(object) && !d.Deleted {
			ids = append(ids, record.ExternalID(d.ID))
		}
	}
	return ids
}

// Objects lists the objects it holds.
func (s *Simulator) Objects() []record.Object {
	return []record.Object{"Contact", "Account", "Opportunity"}
}
