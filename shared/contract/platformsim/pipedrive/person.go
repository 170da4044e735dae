package pipedrive

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/shopspring/decimal"
)

// Create makes a record as a person would.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	o, known := schemaOf(string(object))
	if !known {
		return "", errNoObject
	}
	in, err := s.typeInLocked(o, &document{}, fields)
	if err != nil {
		return "", err
	}
	d, f := s.createLocked(o, in, personUser)
	if f != nil {
		return "", f
	}
	return record.ExternalID(strconv.FormatInt(d.ID, 10)), nil
}

// Edit changes fields of a record and nothing else.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	o, d, err := s.openLocked(object, id)
	if err != nil {
		return err
	}
	in, err := s.typeInLocked(o, d, fields)
	if err != nil {
		return err
	}
	return s.updateLocked(o, d, in, personUser).asError()
}

// openLocked opens a record's screen.
func (s *Simulator) openLocked(object record.Object, id record.ExternalID) (schema, *document, error) {
	o, known := schemaOf(string(object))
	n, err := strconv.ParseInt(string(id), 10, 64)
	d := s.liveLocked(o.name, n)
	switch {
	case !known:
		return o, nil, errNoObject
	case err != nil || d == nil:
		return o, nil, notFound()
	}
	return o, d, nil
}

// Delete does what the delete button does. An archived deal is deleted too.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	o, d, err := s.openLocked(object, id)
	if err != nil {
		return err
	}
	s.deleteLocked(o, d, personUser, nil)
	return nil
}

// Archive takes a deal out of its pipeline, or brings it back.
func (s *Simulator) Archive(id record.ExternalID, archived bool) error {
	s.Lock()
	defer s.Unlock()
	o, d, err := s.openLocked("deals", id)
	if err != nil {
		return err
	}
	return s.updateLocked(o, d, map[string]any{"is_archived": archived}, personUser).asError()
}

// Merge merges two records.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	o, into, err := s.openLocked(object, winner)
	if err != nil {
		return err
	}
	_, from, err := s.openLocked(object, loser)
	if err != nil {
		return err
	}
	return s.mergeLocked(o, into.ID, from.ID, personUser).asError()
}

// Restore brings a deleted record back, as people can within thirty days.
func (s *Simulator) Restore(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	o, _ := schemaOf(string(object))
	n, _ := strconv.ParseInt(string(id), 10, 64)
	d := s.byID[keyOf(o.name, n)]
	if d == nil || !d.Deleted {
		return notFound()
	}
	d.Deleted, d.Updated = false, s.stampLocked()
	s.tellLocked(o, event{action: "change", d: d, user: personUser, previous: map[string]any{"is_deleted": true}})
	return nil
}

// Purge ends the thirty days of every deleted record.
func (s *Simulator) Purge() {
	s.Lock()
	defer s.Unlock()
	s.purgeLocked(s.NowLocked().AddDate(1, 0, 0))
	s.TouchLocked()
}

// typeInLocked fills a form: the body that the flat fields come to, laid over what d holds of lists and parts.
func (s *Simulator) typeInLocked(o schema, d *document, fields record.Fields) (map[string]any, error) {
	in := map[string]any{}
	emails, phones := slices.Clone(d.Emails), slices.Clone(d.Phones)
	custom := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		root, selector, leaf := parted(string(name))
		k, scalar := o.fields[root]
		switch {
		case root == "emails" && o.lists && leaf == "value":
			emails = put(emails, selector, value)
			in["emails"] = wireList(emails)
		case root == "phones" && o.lists && leaf == "value":
			phones = put(phones, selector, value)
			in["phones"] = wireList(phones)
		case root == "custom_fields":
			if err := s.typeCustomLocked(o, d, custom, selector, leaf, value); err != nil {
				return nil, err
			}
			in["custom_fields"] = custom
		case root == "address" && leaf == "value":
			in["address"] = map[string]any{"value": value}
		case root == "label_ids":
			in["label_ids"] = numbers(value)
		case scalar && leaf == "" && selector == "":
			in[root] = typed(k, value)
		default:
			return nil, fmt.Errorf("a %s has no field %s to write to", o.name, name)
		}
	}
	return in, nil
}

// typed is a value with the JSON type of its field.
func typed(k kind, value string) any {
	switch {
	case value == "":
		return nil
	case k == kindInteger || k == kindNumber:
		return json.Number(value)
	case k == kindBool:
		return value == "true"
	}
	return value
}

func numbers(text string) any {
	list := []any{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, json.Number(part))
		}
	}
	return list
}

// typeCustomLocked fills in one custom field, named by its label or its key.
func (s *Simulator) typeCustomLocked(o schema, d *document, custom map[string]any, label, leaf, value string) error {
	i := slices.IndexFunc(s.state.Fields[o.name], func(f *definition) bool { return f.Code == label || f.Name == label })
	if i < 0 {
		return fmt.Errorf("a %s has no custom field %s", o.name, label)
	}
	f := s.state.Fields[o.name][i]
	parts := subfields[f.Type]
	switch {
	case parts == nil && value == "":
		custom[f.Code] = nil
	case f.Type == "set":
		custom[f.Code] = numbers(value)
	case slices.Contains([]string{"double", "enum", "org", "people", "user"}, f.Type):
		custom[f.Code] = json.Number(value)
	case parts == nil:
		custom[f.Code] = value
	default:
		held, _ := custom[f.Code].(map[string]any)
		if held == nil {
			kept, _ := d.Custom[f.Code].(map[string]any)
			held = maps.Clone(kept)
		}
		if held == nil {
			held = map[string]any{}
		}
		if leaf == "" {
			leaf = "value"
		}
		held[leaf] = any(value)
		if f.Type == "monetary" && leaf == "value" {
			held[leaf] = json.Number(value)
		}
		if f.Type == "monetary" && held["currency"] == nil {
			held["currency"] = accountCurrency
		}
		custom[f.Code] = held
		if leaf == "value" && value == "" {
			custom[f.Code] = nil
		}
	}
	return nil
}

// parted splits root[selector].leaf.
func parted(name string) (root, selector, leaf string) {
	root, rest, bracketed := strings.Cut(name, "[")
	if bracketed {
		end := strings.LastIndex(rest, "]")
		if end < 0 {
			return name, "", ""
		}
		return root, rest[:end], strings.TrimPrefix(rest[end+1:], ".")
	}
	root, leaf, _ = strings.Cut(name, ".")
	return root, "", leaf
}

// put changes the element that a selector shows, adds one, or takes it out.
func put(list []element, selector, value string) []element {
	i := shown(list, selector)
	switch {
	case i < 0 && value == "":
		return list
	case i < 0:
		e := element{Value: value, Label: selector}
		if selector == "primary" {
			e.Label, e.Primary = "work", true
		}
		return append(list, e)
	case value == "":
		return onePrimary(slices.Delete(list, i, i+1))
	}
	list[i].Value = value
	return list
}

// shown is the element that a selector shows, -1 for none: the primary one, or the first of a label, one that is not primary
// before the one that is.
func shown(list []element, selector string) int {
	if selector == "primary" {
		return slices.IndexFunc(list, func(e element) bool { return e.Primary })
	}
	i := slices.IndexFunc(list, func(e element) bool { return e.Label == selector && !e.Primary })
	if i < 0 {
		i = slices.IndexFunc(list, func(e element) bool { return e.Label == selector })
	}
	return i
}

func wireList(list []element) []any {
	out := []any{}
	for _, e := range list {
		out = append(out, map[string]any{"value": e.Value, "primary": e.Primary, "label": e.Label})
	}
	return out
}

// Record gives the truth of one record, all fields, blanks included, custom ones by label and by key.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	o, d, err := s.openLocked(object, id)
	if err != nil {
		return nil, false, false
	}
	out := record.Fields{"id": string(id), "add_time": writeStamp(d.Created), "update_time": writeStamp(d.Updated)}
	for name, k := range o.fields {
		switch name {
		case "add_time", "update_time", "is_deleted", "archive_time", "marketing_status":
			continue
		}
		if out[record.PlatformField(name)] = flat(d.Values[name]); k == kindBool {
			out[record.PlatformField(name)] = strconv.FormatBool(d.Values[name] == true)
		}
	}
	for _, name := range o.read {
		out[record.PlatformField(name)] = flat(d.Values[name])
	}
	labels := make([]string, len(d.Labels))
	for i, n := range d.Labels {
		labels[i] = strconv.FormatInt(n, 10)
	}
	out["label_ids"] = strings.Join(labels, ",")
	s.showListsLocked(o, d, out)
	for _, f := range s.state.Fields[o.name] {
		for _, name := range []string{f.Name, f.Code} {
			path := "custom_fields[" + name + "]"
			out[record.PlatformField(path)] = flat(d.Custom[f.Code])
			for _, part := range subfields[f.Type] {
				parts, _ := d.Custom[f.Code].(map[string]any)
				out[record.PlatformField(path+"."+part)] = flat(parts[part])
			}
		}
	}
	return out, d.archived(), true
}

func (s *Simulator) showListsLocked(o schema, d *document, out record.Fields) {
	if o.lists {
		for _, selector := range []string{"primary", "work", "home", "mobile", "other"} {
			for name, list := range map[string][]element{"emails": d.Emails, "phones": d.Phones} {
				value := ""
				if i := shown(list, selector); i >= 0 {
					value = list[i].Value
				}
				out[record.PlatformField(name+"["+selector+"].value")] = value
			}
		}
	}
	if o.name == "organization" {
		for _, part := range append([]string{"value"}, addressParts...) {
			out[record.PlatformField("address."+part)] = d.Address[part]
		}
	}
}

// flat spells a value as a connector would.
func flat(value any) string {
	switch v := value.(type) {
	case json.Number:
		if n, err := decimal.NewFromString(string(v)); err == nil {
			return n.String()
		}
	case map[string]any:
		return flat(v["value"])
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, flat(one))
		}
		return strings.Join(parts, ",")
	}
	return plain(value)
}

// List gives a person's emails or phones as their screen shows them: value, label, and whether it is the primary one.
func (s *Simulator) List(id record.ExternalID, name string) []string {
	s.Lock()
	defer s.Unlock()
	_, d, err := s.openLocked("persons", id)
	if err != nil {
		return nil
	}
	list := d.Emails
	if name == "phones" {
		list = d.Phones
	}
	out := []string{}
	for _, e := range list {
		text := e.Value + " " + e.Label
		if e.Primary {
			text += " primary"
		}
		out = append(out, text)
	}
	return out
}

// IDs lists the live records, in creation order.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	o, _ := schemaOf(string(object))
	var ids []record.ExternalID
	for _, d := range s.state.Records {
		if d.Object == o.name && !d.Deleted && !d.archived() {
			ids = append(ids, record.ExternalID(strconv.FormatInt(d.ID, 10)))
		}
	}
	return ids
}
