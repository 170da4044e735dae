package salesforce

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	// collectionMax records of a collection (developer.salesforce.com, sObject collections), retrieveMax of a retrieve.
	collectionMax = 200
	retrieveMax   = 2000
)

// parseObject reads a body that is one object.
func parseObject(body []byte) (map[string]any, *failure) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in map[string]any
	if d.Decode(&in) != nil || in == nil {
		return nil, failed("JSON_PARSER_ERROR", "Unexpected character")
	}
	return in, nil
}

// createLocked makes a record.
func (s *Simulator) createLocked(o schema, in map[string]any) (*document, *failure) {
	values, f := s.settleLocked(o, nil, in)
	if f != nil {
		return nil, f
	}
	now := s.stampLocked()
	d := &document{Object: o.name, ID: s.nextIDLocked(o.prefix), Created: now, Modified: now, Stamp: now, Values: values}
	s.state.Records = append(s.state.Records, d)
	s.byID[d.ID] = d
	s.tellLocked(o.name, "CREATE", []string{d.ID}, values)
	return d, nil
}

// updateLocked changes a live record.
func (s *Simulator) updateLocked(o schema, d *document, in map[string]any) *failure {
	values, f := s.settleLocked(o, d, in)
	if f != nil {
		return f
	}
	changed := map[string]any{}
	for name := range in {
		if f, known := o.field(name); known && d.Values[f.name] != values[f.name] {
			changed[f.name] = values[f.name]
		}
	}
	d.Values = values
	d.Modified = s.stampLocked()
	d.Stamp = d.Modified
	s.tellLocked(o.name, "UPDATE", []string{d.ID}, changed)
	return nil
}

// deleteLocked puts a record into the recycle bin: an account takes its contacts and opportunities along
// (help.salesforce.com, considerations for deleting accounts).
func (s *Simulator) deleteLocked(d *document) {
	if d.Object == "Account" {
		for _, child := range s.childrenLocked(d.ID) {
			child.With = d.ID
			s.binLocked(child)
			s.tellLocked(child.Object, "DELETE", []string{child.ID}, nil)
		}
	}
	s.binLocked(d)
}

// binLocked marks a record as deleted. The system moves its stamp, nobody its LastModifiedDate.
func (s *Simulator) binLocked(d *document) {
	d.Deleted, d.Stamp = true, s.stampLocked()
}

// sobjectsLocked serves /sobjects/{T}[/...].
func (s *Simulator) sobjectsLocked(r *http.Request, version string, path []string, body []byte) reply {
	o, ok := schemas[path[0]]
	if len(path) == 2 && path[0] == "Organization" && r.Method == http.MethodGet && long(path[1]) == long(s.state.Org) {
		return reply{status: http.StatusOK, body: map[string]any{"Id": s.state.Org, "Name": "Example Org", "IsSandbox": false}}
	}
	if !ok {
		return failed("NOT_FOUND", "The requested resource does not exist").whole()
	}
	switch target := r.Method; {
	case len(path) == 1 && target == http.MethodPost:
		return s.postLocked(o, body)
	case len(path) == 2 && path[1] == "describe" && target == http.MethodGet:
		return reply{status: http.StatusOK, body: describe(o)}
	case len(path) == 2:
		return s.rowLocked(r, o, path[1], version, body)
	case len(path) == 3 && target == http.MethodPatch:
		return s.upsertRowLocked(r, o, path[1], path[2], body)
	}
	return failed("METHOD_NOT_ALLOWED", "HTTP Method not allowed").whole()
}

func (s *Simulator) postLocked(o schema, body []byte) reply {
	in, f := parseObject(body)
	if f == nil {
		f = parsed(o, in)
	}
	if f != nil {
		return f.whole()
	}
	d, f := s.createLocked(o, in)
	if f != nil {
		return f.whole()
	}
	return reply{status: http.StatusCreated, body: map[string]any{"id": d.ID, "success": true, "errors": []any{}}}
}

// rowLocked reads, updates or deletes one record.
func (s *Simulator) rowLocked(r *http.Request, o schema, id, version string, body []byte) reply {
	d, f := s.liveLocked(o.name, id)
	if f != nil {
		return f.whole()
	}
	switch r.Method {
	case http.MethodGet:
		fields, f := s.fieldsOf(o, strings.Split(r.URL.Query().Get("fields"), ","))
		if f != nil {
			return f.whole()
		}
		return reply{status: http.StatusOK, body: s.renderLocked(d, fields, version)}
	case http.MethodDelete:
		s.deleteLocked(d)
		s.tellLocked(o.name, "DELETE", []string{d.ID}, nil)
		return reply{status: http.StatusNoContent}
	case http.MethodPatch:
		return s.patchLocked(r, o, d, body)
	}
	return failed("METHOD_NOT_ALLOWED", "HTTP Method not allowed").whole()
}

// patchLocked updates one record, if its condition holds: weak, by LastModifiedDate in whole seconds
// (developer.salesforce.com, conditional request headers).
func (s *Simulator) patchLocked(r *http.Request, o schema, d *document, body []byte) reply {
	if condition := r.Header.Get("If-Unmodified-Since"); condition != "" {
		since, err := http.ParseTime(condition)
		if err != nil {
			return failed("INVALID_HEADER", "Invalid If-Unmodified-Since header").whole()
		}
		if d.Modified.Truncate(time.Second).After(since) {
			return reply{status: http.StatusPreconditionFailed, body: []any{map[string]any{"errorCode": "PRECONDITION_FAILED",
				"message": "precondition failed"}}}
		}
	}
	in, f := parseObject(body)
	if f == nil {
		f = parsed(o, in)
	}
	if f == nil && s.ChanceLocked(s.FaultsLocked().ItemError) {
		f = lockedRow()
	}
	if f == nil {
		f = s.updateLocked(o, d, in)
	}
	if f != nil {
		return f.whole()
	}
	return reply{status: http.StatusNoContent}
}

// upsertRowLocked creates or updates by an external id: 300 where several records hold it.
func (s *Simulator) upsertRowLocked(r *http.Request, o schema, name, value string, body []byte) reply {
	key, f := externalID(o, name)
	if f != nil {
		return f.whole()
	}
	in, f := parseObject(body)
	if f == nil {
		f = parsed(o, in)
	}
	if f != nil {
		return f.whole()
	}
	in[key.name] = value
	held := s.holdersLocked(o, key, value)
	if len(held) > 1 {
		urls := []any{}
		for _, d := range held {
			urls = append(urls, "/services/data/v66.0/sobjects/"+o.name+"/"+d.ID)
		}
		return reply{status: http.StatusMultipleChoices, body: urls}
	}
	result, f := s.upsertLocked(o, key, in)
	if f != nil {
		return f.whole()
	}
	status := http.StatusOK
	if result["created"] == true {
		status = http.StatusCreated
	}
	return reply{status: status, body: result}
}

// externalID gives the field to upsert by.
func externalID(o schema, name string) (field, *failure) {
	if f, known := o.field(name); known && f.external {
		return f, nil
	}
	return field{}, failed("NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+name)
}

func (s *Simulator) holdersLocked(o schema, key field, value string) []*document {
	var held []*document
	for _, d := range s.state.Records {
		if text, _ := d.Values[key.name].(string); d.Object == o.name && !d.Deleted && value != "" && strings.EqualFold(text, value) {
			held = append(held, d)
		}
	}
	return held
}

// upsertLocked creates or updates one record.
func (s *Simulator) upsertLocked(o schema, key field, in map[string]any) (map[string]any, *failure) {
	value, _ := in[key.name].(string)
	held := s.holdersLocked(o, key, strings.TrimSpace(value))
	switch {
	case value == "":
		return nil, failed("MISSING_ARGUMENT", key.name+" not specified")
	case len(held) > 1:
		return nil, failed("DUPLICATE_EXTERNAL_ID", key.name+": more than one record found for external id field")
	case len(held) == 1:
		if f := s.updateLocked(o, held[0], in); f != nil {
			return nil, f
		}
		return map[string]any{"id": held[0].ID, "success": true, "errors": []any{}, "created": false}, nil
	}
	d, f := s.createLocked(o, in)
	if f != nil {
		return nil, f
	}
	return map[string]any{"id": d.ID, "success": true, "errors": []any{}, "created": true}, nil
}

func lockedRow() *failure {
	return failed("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
}

// collectionLocked serves /composite/sobjects[/{T}[/{ExternalIdField}]].
func (s *Simulator) collectionLocked(r *http.Request, version string, path []string, body []byte) reply {
	switch {
	case len(path) == 0 && r.Method == http.MethodDelete:
		return s.deleteAllLocked(r)
	case len(path) == 1 && r.Method == http.MethodPost:
		return s.retrieveLocked(path[0], version, body)
	case len(path) == 0 && (r.Method == http.MethodPost || r.Method == http.MethodPatch):
		return s.saveAllLocked(body, func(o schema, in map[string]any) (map[string]any, *failure) { return s.saveLocked(r.Method, o, in) })
	case len(path) == 2 && r.Method == http.MethodPatch:
		o, known := schemas[path[0]]
		if !known {
			return failed("NOT_FOUND", "The requested resource does not exist").whole()
		}
		key, f := externalID(o, path[1])
		if f != nil {
			return f.whole()
		}
		return s.saveAllLocked(body, func(of schema, in map[string]any) (map[string]any, *failure) {
			if of.name != o.name {
				return nil, failed("INVALID_TYPE", "records of another type")
			}
			return s.upsertLocked(o, key, in)
		})
	}
	return failed("METHOD_NOT_ALLOWED", "HTTP Method not allowed").whole()
}

// saveLocked creates (POST) or updates (PATCH) one record of a collection.
func (s *Simulator) saveLocked(method string, o schema, in map[string]any) (map[string]any, *failure) {
	if method == http.MethodPost {
		d, f := s.createLocked(o, in)
		if f != nil {
			return nil, f
		}
		return map[string]any{"id": d.ID, "success": true, "errors": []any{}}, nil
	}
	id := plain(in["Id"]) + plain(in["id"])
	if id == "" {
		return nil, failed("MISSING_ARGUMENT", "Id not specified in an update call")
	}
	if !wellFormed(id) {
		return nil, failed("MALFORMED_ID", "malformed id "+id)
	}
	d := s.findLocked(o.name, id)
	switch {
	case d == nil:
		return nil, failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	case d.Deleted:
		return nil, failed("ENTITY_IS_DELETED", "entity is deleted")
	}
	if f := s.updateLocked(o, d, in); f != nil {
		return nil, f
	}
	return map[string]any{"id": d.ID, "success": true, "errors": []any{}}, nil
}

// saveAllLocked runs a collection. With allOrNone it saves all or nothing.
func (s *Simulator) saveAllLocked(body []byte, save func(schema, map[string]any) (map[string]any, *failure)) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.whole()
	}
	list, _ := in["records"].([]any)
	switch {
	case len(list) == 0:
		return failed("REQUIRED_FIELD_MISSING", "At least 1 record is required").whole()
	case len(list) > collectionMax:
		return failed("INVALID_BATCH_SIZE", "no more than 200 records").whole()
	}
	if in["allOrNone"] == true {
		return failed("NOT_SIMULATED", "allOrNone is not simulated").whole()
	}
	records := make([]map[string]any, len(list))
	objects := make([]schema, len(list))
	for i, item := range list {
		one, _ := item.(map[string]any)
		attributes, _ := one["attributes"].(map[string]any)
		o, known := schemas[plain(attributes["type"])]
		if !known {
			return failed("INVALID_TYPE", "sObject type is missing or not supported").whole()
		}
		if f := parsed(o, one); f != nil {
			return f.whole()
		}
		records[i], objects[i] = one, o
	}
	results := []any{}
	for i, one := range records {
		if s.ChanceLocked(s.FaultsLocked().ItemError) {
			results = append(results, lockedRow().item())
			continue
		}
		result, f := save(objects[i], one)
		if f != nil {
			result = f.item()
		}
		results = append(results, result)
	}
	return reply{status: http.StatusOK, body: results}
}

func (s *Simulator) deleteAllLocked(r *http.Request) reply {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if ids[0] == "" || len(ids) > collectionMax {
		return failed("INVALID_BATCH_SIZE", "1 to 200 ids").whole()
	}
	results, gone := []any{}, map[string][]string{}
	for _, id := range ids {
		d := s.byID[long(id)]
		switch {
		case s.ChanceLocked(s.FaultsLocked().ItemError):
			results = append(results, lockedRow().item())
		case !wellFormed(id):
			results = append(results, failed("MALFORMED_ID", "malformed id "+id).item())
		case d == nil:
			results = append(results, failed("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").item())
		case d.Deleted:
			results = append(results, failed("ENTITY_IS_DELETED", "entity is deleted").item())
		default:
			s.deleteLocked(d)
			gone[d.Object] = append(gone[d.Object], d.ID)
			results = append(results, map[string]any{"id": d.ID, "success": true, "errors": []any{}})
		}
	}
	for _, object := range objectNames {
		if len(gone[object]) > 0 {
			s.tellLocked(object, "DELETE", gone[object], nil) // one event for what happened alike at once
		}
	}
	return reply{status: http.StatusOK, body: results}
}

// retrieveLocked reads records by id, null where there is none.
func (s *Simulator) retrieveLocked(object, version string, body []byte) reply {
	o, known := schemas[object]
	in, f := parseObject(body)
	if !known || f != nil {
		return failed("NOT_FOUND", "The requested resource does not exist").whole()
	}
	ids, _ := in["ids"].([]any)
	names, _ := in["fields"].([]any)
	if len(ids) == 0 || len(ids) > retrieveMax {
		return failed("INVALID_BATCH_SIZE", "1 to 2000 ids").whole()
	}
	var wanted []string
	for _, name := range names {
		wanted = append(wanted, plain(name))
	}
	fields, f := s.fieldsOf(o, wanted)
	if f != nil {
		return f.whole()
	}
	rows := make([]any, len(ids))
	for i, id := range ids {
		if d := s.findLocked(object, plain(id)); d != nil && !d.Deleted {
			rows[i] = s.renderLocked(d, fields, version)
		}
	}
	return reply{status: http.StatusOK, body: rows}
}

// fieldsOf resolves names; none means all.
func (s *Simulator) fieldsOf(o schema, names []string) ([]field, *failure) {
	if len(names) == 0 || len(names) == 1 && names[0] == "" {
		return o.fields, nil
	}
	id, _ := o.field("Id")
	out := []field{id}
	for _, name := range names {
		f, known := o.field(name)
		if !known {
			return nil, noColumn(o, name)
		}
		out = append(out, f)
	}
	return out, nil
}

// describe tells an object's fields.
func describe(o schema) map[string]any {
	fields := []any{}
	for _, f := range o.fields {
		refers := []any{}
		if f.refers != "" {
			refers = append(refers, f.refers)
		}
		fields = append(fields, map[string]any{"name": f.name, "type": f.kind, "length": f.length, "createable": f.create, "updateable": f.update,
			"nillable": !f.required, "externalId": f.external, "unique": f.unique, "idLookup": f.idLookup, "filterable": !f.unfiltered,
			"referenceTo": refers, "scale": f.scale, "custom": strings.HasSuffix(f.name, "__c"),
			"label":             strings.TrimSuffix(strings.ReplaceAll(f.name, "_", " "), "  c"),
			"defaultedOnCreate": f.kind == "boolean", "restrictedPicklist": f.values != nil, "picklistValues": picklist(f.values)})
	}
	return map[string]any{"name": o.name, "keyPrefix": o.prefix, "mergeable": o.mergeable, "undeletable": true, "fields": fields}
}

func picklist(values []string) []any {
	out := []any{}
	for _, v := range values {
		out = append(out, map[string]any{"value": v, "label": v, "active": true, "defaultValue": false})
	}
	return out
}
