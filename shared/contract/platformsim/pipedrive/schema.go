package pipedrive

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// schema is one object: its names in the two versions of the API, and what a body of it may hold.
type schema struct {
	name   string // "person"
	plural string // "persons"
	title  string // the field that names it
	// fields are those of a body that are no list, address or custom field, with their JSON types; read are those that answers
	// hold beside them.
	fields map[string]kind
	read   []string
	lists  bool // emails and phones
}

type kind int

const (
	kindText kind = iota
	kindInteger
	kindNumber
	kindBool
	kindTime
	kindDate
)

var schemas = []schema{
	{name: "person", plural: "persons", title: "name", lists: true, read: []string{"first_name", "last_name"},
		fields: map[string]kind{"name": kindText, "owner_id": kindInteger, "org_id": kindInteger, "add_time": kindTime, "update_time": kindTime,
			"visible_to": kindInteger, "marketing_status": kindText}},
	{name: "organization", plural: "organizations", title: "name",
		fields: map[string]kind{"name": kindText, "owner_id": kindInteger, "add_time": kindTime, "update_time": kindTime,
			"visible_to": kindInteger}},
	{name: "deal", plural: "deals", title: "title", read: []string{"stage_change_time"},
		fields: map[string]kind{"title": kindText, "owner_id": kindInteger, "person_id": kindInteger, "org_id": kindInteger,
			"pipeline_id": kindInteger,
			"stage_id":    kindInteger, "value": kindNumber, "currency": kindText, "add_time": kindTime, "update_time": kindTime,
			"is_deleted":  kindBool,
			"is_archived": kindBool, "archive_time": kindTime, "status": kindText, "probability": kindNumber, "lost_reason": kindText,
			"visible_to": kindInteger, "close_time": kindTime, "won_time": kindTime, "lost_time": kindTime, "expected_close_date": kindDate}},
}

// schemaOf finds an object by its singular or plural name.
func schemaOf(name string) (schema, bool) {
	i := slices.IndexFunc(schemas, func(o schema) bool { return o.name == name || o.plural == name })
	if i < 0 {
		return schema{}, false
	}
	return schemas[i], true
}

// refers are the objects that ids in bodies name.
var refers = map[string]string{"org_id": "organization", "person_id": "person"}

// references of other things: any of these ids is one.
var (
	users     = []int64{ourUser, personUser}
	pipelines = []int64{1, 2}
	stages    = []stage{{1, 1, "Qualified"}, {2, 1, "Contact Made"}, {3, 1, "Negotiations Started"}, {4, 2, "Signed"}, {5, 2, "Delivered"}}
)

type stage struct {
	id, pipeline int64
	name         string
}

func stageOf(id int64) (stage, bool) {
	i := slices.IndexFunc(stages, func(s stage) bool { return s.id == id })
	if i < 0 {
		return stage{}, false
	}
	return stages[i], true
}

// definition is one field as the fields endpoints tell it.
type definition struct {
	Code    string   `json:"field_code"`
	Name    string   `json:"field_name"`
	Type    string   `json:"field_type"`
	Options []option `json:"options"`
	custom  bool
}

type option struct {
	ID    any    `json:"id"` // a number, but for the platform's own lists
	Label string `json:"label"`
}

// subfields are the parts of the types that have some (vendor's OpenAPI v2).
var subfields = map[string][]string{"monetary": {"value", "currency"}, "address": append([]string{"value"}, addressParts...),
	"daterange": {"value", "until"}, "timerange": {"value", "until", "timezone_id"}, "time": {"value", "timezone_id"}}

var addressParts = []string{"country", "admin_area_level_1", "admin_area_level_2", "locality", "sublocality", "route", "street_number",
	"subpremise", "postal_code"}

// searchable are the types of custom fields that searches look at.
var searchable = []string{"address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"}

// fieldTypes are those that a custom field may be made with.
var fieldTypes = []string{"varchar", "text", "double", "phone", "date", "daterange", "time", "timerange", "set", "enum", "varchar_auto",
	"address", "monetary", "org", "people", "user"}

// standard gives the platform's own fields of an object.
func standard(o schema) []*definition {
	add := func(code, name, kind string, options ...option) *definition {
		return &definition{Code: code, Name: name, Type: kind, Options: options}
	}
	common := []*definition{add("id", "ID", "int"), add("add_time", "Created", "date"), add("update_time", "Updated", "date"),
		add("owner_id", "Owner", "user"),
		add("visible_to", "Visible to", "visible_to", option{int64(1), "Item owner"}, option{int64(3), "All users"}),
		add("label_ids", "Labels", "set", option{int64(5), "Hot lead"}, option{int64(6), "Customer"})}
	switch o.name {
	case "person":
		return append(common, add("name", "Name", "varchar"), add("first_name", "First name", "varchar"),
			add("last_name", "Last name", "varchar"),
			add("emails", "Email", "varchar"), add("phones", "Phone", "phone"), add("org_id", "Organization", "org"))
	case "organization":
		return append(common, add("name", "Name", "varchar"), add("address", "Address", "address"))
	}
	return append(common, add("title", "Title", "varchar"), add("value", "Value", "monetary"), add("currency", "Currency", "varchar"),
		add("status", "Status", "status", option{"open", "Open"}, option{"won", "Won"}, option{"lost", "Lost"}, option{"deleted", "Deleted"}),
		add("stage_id", "Stage", "stage"), add("pipeline_id", "Pipeline", "double"), add("person_id", "Contact person", "people"),
		add("org_id", "Organization", "org"),
		add("probability", "Probability", "int"), add("lost_reason", "Lost reason", "varchar_options"),
		add("expected_close_date", "Expected close date", "date"),
		add("won_time", "Won time", "date"), add("lost_time", "Lost time", "date"), add("close_time", "Close time", "date"),
		add("stage_change_time", "Last stage change", "date"), add("is_archived", "Archived", "boolean"))
}

// fieldsLocked are all fields of an object, the platform's own first.
func (s *Simulator) fieldsLocked(o schema) []*definition {
	all := standard(o)
	for _, d := range s.state.Fields[o.name] {
		d.custom = true
		all = append(all, d)
	}
	return all
}

// customLocked finds a custom field by its key.
func (s *Simulator) customLocked(o schema, code string) (*definition, bool) {
	for _, d := range s.state.Fields[o.name] {
		if d.Code == code {
			return d, true
		}
	}
	return nil, false
}

// AddField makes a custom field, as an administrator would in the settings, and gives its key.
func (s *Simulator) AddField(object record.Object, name, kind string, options ...string) string {
	s.Lock()
	defer s.Unlock()
	o, known := schemaOf(string(object))
	if !known {
		return ""
	}
	return s.addFieldLocked(o, name, kind, options).Code
}

// RenameField changes what people see of a custom field.
func (s *Simulator) RenameField(object record.Object, code, name string) {
	s.Lock()
	defer s.Unlock()
	o, _ := schemaOf(string(object))
	if d, known := s.customLocked(o, code); known {
		d.Name = name
		s.TouchLocked()
	}
}

// DropField deletes a custom field, and what records hold in it.
func (s *Simulator) DropField(object record.Object, name string) {
	s.Lock()
	defer s.Unlock()
	o, _ := schemaOf(string(object))
	s.state.Fields[o.name] = slices.DeleteFunc(s.state.Fields[o.name], func(d *definition) bool { return d.Name == name })
	s.TouchLocked()
}

func (s *Simulator) addFieldLocked(o schema, name, kind string, options []string) *definition {
	d := &definition{Code: s.SecretLocked("", 20), Name: name, Type: kind, custom: true}
	for _, label := range options {
		s.state.Serial["option"]++
		d.Options = append(d.Options, option{s.state.Serial["option"] + 20, label})
	}
	s.state.Fields[o.name] = append(s.state.Fields[o.name], d)
	s.TouchLocked()
	return d
}
