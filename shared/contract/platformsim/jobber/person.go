package jobber

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Create adds a record as a person does. A job needs property, or client, whose first property is taken.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	switch object {
	case "clients":
		c := &client{ID: s.newIDLocked("Client"), Created: s.stampLocked(), Custom: map[string]string{}}
		if err := s.fillClientLocked(c, fields); err != nil {
			return "", err
		}
		s.commitClientLocked(nil, c, byEditor)
		return record.ExternalID(c.ID), nil
	case "jobs":
		return s.createJobLocked(fields)
	}
	return "", fmt.Errorf("no %s here, in Jobber", object)
}

func (s *Simulator) createJobLocked(fields record.Fields) (record.ExternalID, error) {
	owner, p := s.propertyLocked(fields["property"])
	if c := s.clientLocked(fields["client"]); fields["property"] == "" && c != nil {
		owner, p = c, c.firstProperty()
	}
	if owner == nil || p == nil {
		return "", fmt.Errorf("a job needs a property")
	}
	j := s.newJobLocked(owner, p)
	rest := maps.Clone(fields)
	delete(rest, "property")
	delete(rest, "client")
	if err := s.fillJobLocked(j, rest); err != nil {
		return "", err
	}
	s.commitJobLocked(nil, j)
	return record.ExternalID(j.ID), nil
}

// Edit changes a record as a person does. Of a job, jobStatus stands for the actions that lead to it, and startAt and
// completedAt for scheduling and completing it; isArchived of a client archives and restores it. A client whose
// properties alone are edited is saved through the property's form.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	switch object {
	case "clients":
		before := s.clientLocked(string(id))
		if before == nil {
			return fmt.Errorf("client not found")
		}
		after := copyOf(before)
		if err := s.fillClientLocked(after, fields); err != nil {
			return err
		}
		by := byProperty
		for name := range fields {
			if !strings.HasPrefix(string(name), "properties[") {
				by = byEditor
			}
		}
		s.commitClientLocked(before, after, by)
		return nil
	case "jobs":
		before := s.jobLocked(string(id))
		if before == nil {
			return fmt.Errorf("job not found")
		}
		after := copyOf(before)
		if err := s.fillJobLocked(after, fields); err != nil {
			return err
		}
		s.commitJobLocked(before, after)
		return nil
	}
	return fmt.Errorf("no %s here, in Jobber", object)
}

// Delete archives a client and destroys a job.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	if c := s.clientLocked(string(id)); object == "clients" && c != nil {
		after := copyOf(c)
		after.Archived = true
		s.commitClientLocked(c, after, byEditor)
		return nil
	}
	if j := s.jobLocked(string(id)); object == "jobs" && j != nil {
		s.destroyJobLocked(j)
		return nil
	}
	return fmt.Errorf("%s not found", object)
}

// Merge joins two clients: the winner takes the loser's properties, jobs, emails and phones, and the loser is
// destroyed, without a trace of the winner. Jobs cannot be merged.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	w, l := s.clientLocked(string(winner)), s.clientLocked(string(loser))
	if object != "clients" || w == nil || l == nil || w == l {
		return fmt.Errorf("only two clients can be merged")
	}
	after := copyOf(w)
	after.Properties = append(after.Properties, l.Properties...)
	for _, list := range []struct{ into, from *[]*contact }{{&after.Emails, &l.Emails}, {&after.Phones, &l.Phones}} {
		for _, c := range *list.from {
			if !slices.ContainsFunc(*list.into, func(d *contact) bool { return d.Value == c.Value }) {
				added := *c
				added.Primary = false
				*list.into = append(*list.into, &added)
			}
		}
		settlePrimary(*list.into, nil)
	}
	s.destroyClientLocked(l)
	s.commitClientLocked(w, after, byEditor)
	for _, j := range slices.Clone(s.state.Jobs) {
		if j.Client == l.ID {
			moved := copyOf(j)
			moved.Client = w.ID
			s.commitJobLocked(j, moved)
		}
	}
	return nil
}

// fillClientLocked types fields into a client's form.
func (s *Simulator) fillClientLocked(c *client, fields record.Fields) error {
	texts := map[string]*string{"firstName": &c.FirstName, "lastName": &c.LastName, "companyName": &c.Company, "title": &c.Title}
	forms := map[string]*property{} // properties by selector, found once
	var refusals []refusal
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		root, selector, leaf, _ := flatName(name)
		switch {
		case texts[root] != nil:
			*texts[root] = value
		case root == "isCompany":
			c.IsCompany = value == "true"
		case root == "isArchived":
			c.Archived = value == "true"
		case root == "emails":
			refusals = append(refusals, s.typeContactLocked(&c.Emails, selector, value, emailRules)...)
		case root == "phones":
			refusals = append(refusals, s.typeContactLocked(&c.Phones, selector, value, phoneRules)...)
		case root == "billingAddress" && c.Billing.part(leaf) != nil:
			*c.Billing.part(leaf) = value
		case root == "properties" && new(address).part(leaf) != nil:
			if forms[selector] == nil {
				forms[selector] = s.formLocked(c, selector)
			}
			*forms[selector].Address.part(leaf) = value
		case root == "customFields":
			refusals = append(refusals, s.typeCustomLocked("ALL_CLIENTS", selector, value, c.Custom)...)
		default:
			refusals = append(refusals, refusal{message: string(name) + " cannot be edited"})
		}
	}
	settlePrimary(c.Emails, nil)
	settlePrimary(c.Phones, nil)
	return asError(append(refusals, checkClient(c)...))
}

// formLocked finds the property that a selector names, or begins one.
func (s *Simulator) formLocked(c *client, selector string) *property {
	name, byName := strings.CutPrefix(selector, "name:")
	if p := c.firstProperty(); !byName && p != nil {
		return p
	}
	for _, p := range c.Properties {
		if byName && p.Name == name {
			return p
		}
	}
	p := &property{ID: s.newIDLocked("Property")}
	if byName {
		p.Name = name
	}
	c.Properties = append(c.Properties, p)
	return p
}

// typeContactLocked changes, adds or (by a blank) removes the element that a selector names.
func (s *Simulator) typeContactLocked(list *[]*contact, selector, value string, rules listRules) []refusal {
	found := chosen(*list, selector)
	if value == "" {
		*list = slices.DeleteFunc(*list, func(c *contact) bool { return c == found })
		return nil
	}
	if found == nil {
		found = &contact{ID: s.newIDLocked(rules.typename), Description: selector}
		if selector == "primary" {
			found.Description, found.Primary = "MAIN", true
		}
		*list = append(*list, found)
	}
	found.Value = rules.form(value)
	return rules.check(found.Value, nil)
}

// typeCustomLocked fills a custom field, which the person first sets up if the account has none of that label.
func (s *Simulator) typeCustomLocked(appliesTo, label, value string, values map[string]string) []refusal {
	d := s.definitionLocked(appliesTo, label)
	if d == nil {
		d = &definition{ID: s.newIDLocked("CustomFieldConfigurationText"), Name: label, AppliesTo: appliesTo, Created: s.stampLocked()}
		s.state.Definitions = append(s.state.Definitions, d)
	}
	if d.ReadOnly && values[d.ID] != value {
		return []refusal{{message: label + " is read-only"}}
	}
	values[d.ID] = value
	return nil
}

// fillJobLocked types fields into a job's form.
func (s *Simulator) fillJobLocked(j *job, fields record.Fields) error {
	texts := map[string]*string{"title": &j.Title, "instructions": &j.Instructions, "jobType": &j.Type, "invoicingType": &j.Billing,
		"invoicingSchedule": &j.Schedule}
	times := map[string]*time.Time{"startAt": &j.Start, "endAt": &j.End, "completedAt": &j.Completed}
	var refusals []refusal
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		root, selector, leaf, _ := flatName(name)
		switch {
		case texts[root] != nil:
			*texts[root] = value
		case times[root] != nil:
			*times[root] = readTime(value)
			j.Marked = ""
		case root == "jobStatus":
			s.actLocked(j, value)
		case root == "lineItems" && selector == "0":
			s.typeLineLocked(j, leaf, value)
		case root == "customFields":
			refusals = append(refusals, s.typeCustomLocked("ALL_JOBS", selector, value, j.Custom)...)
		case root == "createVisits":
		default:
			refusals = append(refusals, refusal{message: string(name) + " cannot be edited"})
		}
	}
	return asError(refusals)
}

func (s *Simulator) typeLineLocked(j *job, leaf, value string) {
	if len(j.Lines) == 0 {
		j.Lines = append(j.Lines, &line{ID: s.newIDLocked("JobLineItem"), Quantity: readNumber("1")})
	}
	switch leaf {
	case "name":
		j.Lines[0].Name = value
	case "quantity":
		j.Lines[0].Quantity = readNumber(value)
	case "unitPrice":
		j.Lines[0].Price = readNumber(value)
	}
}

// actLocked does what leads to a status: schedules, completes, closes, or marks what follows from visits.
func (s *Simulator) actLocked(j *job, status string) {
	now := s.stampLocked()
	j.Closed, j.Marked = false, ""
	switch status {
	case "archived":
		j.Closed = true
	case "requires_invoicing":
		j.Completed = now
	case "unscheduled":
		j.Completed, j.Start = time.Time{}, time.Time{}
	case "late":
		j.Completed, j.Start = time.Time{}, now.AddDate(0, 0, -1)
	case "today":
		j.Completed, j.Start = time.Time{}, now
	case "upcoming":
		j.Completed, j.Start = time.Time{}, now.AddDate(0, 0, 3)
	default:
		j.Completed, j.Marked = time.Time{}, status
	}
}

// readTime reads a time or a date of a form; zero for a blank or another text.
func readTime(value string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}
