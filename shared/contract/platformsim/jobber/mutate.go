package jobber

import (
	"slices"
)

// mutationsLocked are the root fields of mutations.
func (s *Simulator) mutationsLocked() map[string]any {
	out := map[string]any{
		"clientCreate":                       resolver(s.clientCreateLocked),
		"clientEdit":                         resolver(s.clientEditLocked),
		"clientArchive":                      s.archiveLocked(true),
		"clientUnarchive":                    s.archiveLocked(false),
		"propertyCreate":                     resolver(s.propertyCreateLocked),
		"propertyEdit":                       resolver(s.propertyEditLocked),
		"jobCreate":                          resolver(s.jobCreateLocked),
		"jobEdit":                            resolver(s.jobEditLocked),
		"jobClose":                           resolver(s.jobCloseLocked),
		"customFieldConfigurationCreateText": resolver(s.definitionCreateLocked),
		"webhookEndpointCreate":              resolver(s.endpointCreateLocked),
		"webhookEndpointDelete":              resolver(s.endpointDeleteLocked),
		"appDisconnect":                      resolver(s.disconnectLocked),
	}
	for name, r := range out {
		out[name] = s.itemFaultLocked(name, r)
	}
	return out
}

// payload is a mutation's answer: a null entity and the reasons, or the entity and none.
func payload(typename, key string, entity *object, refusals []refusal) *object {
	errs := make([]*object, len(refusals))
	for i, r := range refusals {
		errs[i] = &object{typename: "MutationErrors", fields: map[string]any{"message": r.message, "path": r.path}}
	}
	if len(refusals) > 0 {
		entity = nil
	}
	return &object{typename: typename, fields: map[string]any{key: entity, "properties": []*object{}, "userErrors": errs}}
}

func notFound(what string) *problem {
	return &problem{message: what + " not found", code: "NOT_FOUND"}
}

func (s *Simulator) clientCreateLocked(a map[string]any) (any, *problem) {
	c := &client{ID: s.newIDLocked("Client"), Created: s.stampLocked(), Custom: map[string]string{}}
	refusals := s.applyClientLocked(c, child(a, "input"))
	if len(refusals) == 0 {
		s.commitClientLocked(nil, c, byEditor)
	}
	return payload("ClientPayload", "client", s.clientViewLocked(c), refusals), nil
}

func (s *Simulator) clientEditLocked(a map[string]any) (any, *problem) {
	before := s.clientLocked(text(a["clientId"]))
	if before == nil {
		return nil, notFound("Client")
	}
	after := copyOf(before)
	refusals := s.applyClientLocked(after, child(a, "input"))
	if len(refusals) == 0 {
		s.commitClientLocked(before, after, byEditor)
	}
	return payload("ClientPayload", "client", s.clientViewLocked(after), refusals), nil
}

func (s *Simulator) archiveLocked(archived bool) resolver {
	return func(a map[string]any) (any, *problem) {
		before := s.clientLocked(text(a["clientId"]))
		if before == nil {
			return nil, notFound("Client")
		}
		after := copyOf(before)
		after.Archived = archived
		s.commitClientLocked(before, after, byEditor)
		return payload("ClientPayload", "client", s.clientViewLocked(after), nil), nil
	}
}

func (s *Simulator) propertyCreateLocked(a map[string]any) (any, *problem) {
	before := s.clientLocked(text(a["clientId"]))
	if before == nil {
		return nil, notFound("Client")
	}
	after := copyOf(before)
	refusals := s.applyPropertiesLocked(after, map[string]any{"properties": child(a, "input")["properties"]})
	s.commitClientLocked(before, after, byProperty)
	out := payload("PropertyCreatePayload", "client", s.clientViewLocked(after), refusals)
	var made []*object
	for _, p := range after.Properties[len(before.Properties):] {
		made = append(made, s.propertyViewLocked(after, p))
	}
	out.fields["properties"] = made
	return out, nil
}

func (s *Simulator) propertyEditLocked(a map[string]any) (any, *problem) {
	before, p := s.propertyLocked(text(a["propertyId"]))
	if before == nil {
		return nil, notFound("Property")
	}
	after := copyOf(before)
	at := slices.IndexFunc(after.Properties, func(q *property) bool { return q.ID == p.ID })
	setProperty(after.Properties[at], child(a, "input"))
	s.commitClientLocked(before, after, byProperty)
	return payload("PropertyEditPayload", "property", s.propertyViewLocked(after, after.Properties[at]), nil), nil
}

func (s *Simulator) jobCreateLocked(a map[string]any) (any, *problem) {
	input := child(a, "input")
	owner, p := s.propertyLocked(text(input["propertyId"]))
	if owner == nil {
		return nil, notFound("Property")
	}
	j := s.newJobLocked(owner, p)
	invoicing := child(input, "invoicing")
	j.Billing, j.Schedule = text(invoicing["invoicingType"]), text(invoicing["invoicingSchedule"])
	refusals := s.applyJobLocked(j, input)
	if len(refusals) == 0 {
		s.commitJobLocked(nil, j)
	}
	return payload("JobPayload", "job", s.jobViewLocked(j), refusals), nil
}

// newJobLocked begins a job at a property; its number is taken when it is saved.
func (s *Simulator) newJobLocked(owner *client, p *property) *job {
	return &job{ID: s.newIDLocked("Job"), Client: owner.ID, Property: p.ID, Type: "ONE_OFF", Billing: "FIXED_PRICE",
		Schedule: "ON_COMPLETION", Custom: map[string]string{}, Created: s.stampLocked()}
}

func (s *Simulator) jobEditLocked(a map[string]any) (any, *problem) {
	before := s.jobLocked(text(a["jobId"]))
	if before == nil {
		return nil, notFound("Job")
	}
	after := copyOf(before)
	refusals := s.applyJobLocked(after, child(a, "input"))
	if len(refusals) == 0 {
		s.commitJobLocked(before, after)
	}
	return payload("JobPayload", "job", s.jobViewLocked(after), refusals), nil
}

func (s *Simulator) jobCloseLocked(a map[string]any) (any, *problem) {
	before := s.jobLocked(text(a["jobId"]))
	if before == nil {
		return nil, notFound("Job")
	}
	after := copyOf(before)
	after.Closed = true
	s.commitJobLocked(before, after)
	return payload("JobPayload", "job", s.jobViewLocked(after), nil), nil
}

func (s *Simulator) definitionCreateLocked(a map[string]any) (any, *problem) {
	input := child(a, "input")
	readOnly, _ := input["readOnly"].(bool)
	transferable, _ := input["transferable"].(bool)
	d := &definition{ID: s.newIDLocked("CustomFieldConfigurationText"), Name: text(input["name"]), AppliesTo: text(input["appliesTo"]),
		ReadOnly: readOnly, Transferable: transferable, Created: s.stampLocked()}
	var refusals []refusal
	if d.Name == "" {
		refusals = append(refusals, refusal{"Name can't be blank", []string{"name"}})
	}
	if s.definitionLocked(d.AppliesTo, d.Name) != nil {
		refusals = append(refusals, refusal{"Name has already been taken", []string{"name"}})
	}
	if len(refusals) == 0 {
		s.state.Definitions = append(s.state.Definitions, d)
		s.TouchLocked()
	}
	return payload("CustomFieldConfigurationCreateTextPayload", "customFieldConfiguration", definitionView(d), refusals), nil
}

func (s *Simulator) definitionLocked(appliesTo, name string) *definition {
	i := slices.IndexFunc(s.state.Definitions, func(d *definition) bool { return d.AppliesTo == appliesTo && d.Name == name })
	if i < 0 {
		return nil
	}
	return s.state.Definitions[i]
}
