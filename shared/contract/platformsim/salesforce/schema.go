package salesforce

import "strings"

// field is one field as a describe tells it. Source of all: describes of a recorded org (SFDO-Tooling/CumulusCI cassettes,
// commit 598cda5), of which only some fields are here; the custom ones are those that an administrator made.
type field struct {
	name, kind string // kind as the API's type
	length     int
	scale      int32
	create     bool
	update     bool
	required   bool // neither null nor defaulted
	refers     string
	external   bool // an external id
	unique     bool
	idLookup   bool
	// unfiltered: long text cannot be in a WHERE clause.
	unfiltered bool
	values     []string // of a restricted list
}

// schema is one object.
type schema struct {
	name, prefix string
	mergeable    bool
	fields       []field
}

// field finds a field; names are compared without case.
func (o schema) field(name string) (field, bool) {
	for _, f := range o.fields {
		if strings.EqualFold(f.name, name) {
			return f, true
		}
	}
	return field{}, false
}

// schemas are the objects by name.
var schemas = map[string]schema{"Contact": contactSchema(), "Account": accountSchema(), "Opportunity": opportunitySchema()}

// objectNames is their order.
var objectNames = []string{"Contact", "Account", "Opportunity"}

// stages are the sales stages of the recorded org.
var stages = []string{"Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers", "Perception Analysis",
	"Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"}

func text(name string, length int) field {
	return field{name: name, kind: "string", length: length, create: true, update: true}
}

// of gives texts another type.
func of(kind string, fields ...field) []field {
	for i := range fields {
		fields[i].kind = kind
	}
	return fields
}

func needed(f field) field { f.required = true; return f }

// system are the fields that every object has.
func system() []field {
	return []field{{name: "Id", kind: "id", length: 18, idLookup: true}, {name: "IsDeleted", kind: "boolean"},
		{name: "CreatedDate", kind: "datetime"},
		{name: "LastModifiedDate", kind: "datetime"}, {name: "SystemModstamp", kind: "datetime"}}
}

// custom are the fields that an administrator made for the sync, an external id that is not unique, and a unique text that
// is no external id.
func custom() []field {
	ours, legacy, badge := text("FluxCascade_Id__c", 64), text("Legacy_Id__c", 40), text("Badge__c", 40)
	badge.unique = true
	ours.external, ours.unique, ours.idLookup = true, true, true
	legacy.external, legacy.idLookup = true, true
	return []field{ours, legacy, badge, {name: "Score__c", kind: "double", scale: 2, create: true, update: true}}
}

func address(prefix string) []field {
	street := text(prefix+"Street", 255)
	street.kind = "textarea"
	return []field{street, text(prefix+"City", 40), text(prefix+"State", 80), text(prefix+"PostalCode", 20), text(prefix+"Country", 80)}
}

func reference(name, to string) field {
	return field{name: name, kind: "reference", length: 18, create: true, update: true, refers: to}
}

func description() field {
	f := text("Description", 32000)
	f.kind, f.unfiltered = "textarea", true
	return f
}

func contactSchema() schema {
	o := schema{name: "Contact", prefix: "003", mergeable: true, fields: system()}
	email := text("Email", 80)
	email.kind, email.idLookup = "email", true
	o.fields = append(o.fields, field{name: "MasterRecordId", kind: "reference", length: 18, refers: "Contact"},
		reference("AccountId", "Account"),
		needed(text("LastName", 80)), text("FirstName", 40), field{name: "Name", kind: "string", length: 121}, email, text("Title", 128),
		text("Department", 80),
		field{name: "Birthdate", kind: "date", create: true, update: true}, description(), reference("OwnerId", "User"))
	o.fields = append(o.fields, of("phone", text("Phone", 40), text("MobilePhone", 40), text("HomePhone", 40))...)
	o.fields = append(o.fields, of("picklist", text("Salutation", 40), text("LeadSource", 255))...)
	o.fields = append(o.fields, address("Mailing")...)
	o.fields = append(o.fields, address("Other")...)
	o.fields = append(o.fields, custom()...)
	return o
}

func accountSchema() schema {
	o := schema{name: "Account", prefix: "001", mergeable: true, fields: system()}
	o.fields = append(o.fields, field{name: "MasterRecordId", kind: "reference", length: 18, refers: "Account"}, needed(text("Name", 255)),
		reference("ParentId", "Account"),
		text("AccountNumber", 40), field{name: "AnnualRevenue", kind: "currency", create: true, update: true},
		field{name: "NumberOfEmployees", kind: "int", create: true, update: true}, description(), reference("OwnerId", "User"))
	o.fields = append(o.fields, of("phone", text("Phone", 40))...)
	o.fields = append(o.fields, of("url", text("Website", 255))...)
	o.fields = append(o.fields, of("picklist", text("Type", 40), text("Industry", 40))...)
	o.fields = append(o.fields, address("Billing")...)
	o.fields = append(o.fields, address("Shipping")...)
	o.fields = append(o.fields, custom()...)
	return o
}

func opportunitySchema() schema {
	o := schema{name: "Opportunity", prefix: "006", fields: system()}
	stage := needed(text("StageName", 255))
	stage.kind, stage.values = "picklist", stages
	name := needed(text("Name", 120))
	name.idLookup = true
	contact := reference("ContactId", "Contact")
	contact.update = false
	o.fields = append(o.fields, reference("AccountId", "Account"), contact, name, stage,
		field{name: "CloseDate", kind: "date", create: true, update: true, required: true},
		field{name: "Amount", kind: "currency", scale: 2, create: true, update: true}, field{name: "Probability", kind: "percent", create: true,
			update: true},
		text("NextStep", 255), description(), field{name: "IsClosed", kind: "boolean"}, field{name: "IsWon", kind: "boolean"},
		reference("OwnerId", "User"))
	o.fields = append(o.fields, of("picklist", text("Type", 255), text("LeadSource", 255))...)
	o.fields = append(o.fields, custom()...)
	return o
}
