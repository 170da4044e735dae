package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Sources of the facts below.
const (
	sfAccount     = "Account describe of a recorded org (SFDO-Tooling/CumulusCI cassettes, commit 598cda5)"
	sfContact     = "Contact describe of a recorded org (SFDO-Tooling/CumulusCI cassettes, commit 598cda5)"
	sfOpportunity = "Opportunity describe of a recorded org (SFDO-Tooling/CumulusCI cassettes, commit 598cda5)"
)

// Salesforce describes Salesforce Sales Cloud, REST API, in the API's own field names. A reference is the id it holds, 18
// characters long. Our identity is a custom text field that is an external id with unique values; an administrator makes
// it, since a field is of no use until a permission set grants it to the integration user, which no call of ours can.
//
// Leads are left out: a converted lead stays, read-only, beside the contact, account and opportunity that it became, and
// no absence, merge or archive says that. Owners are users, which are no object here, so OwnerId is text.
//
// It is told of changes by its event bus, relayed with a secret of ours (see the connector's Receive): Signed in the
// sense of a secret, not of a signature. Relays can lose events for good, so polling stays the floor.
func Salesforce() *Platform {
	return &Platform{
		Name:    "salesforce",
		Label:   "Salesforce",
		Hub:     true,
		Objects: []Object{salesforceContacts(), salesforceAccounts(), salesforceOpportunities()},
		// An org is called at the instance_url of its token answer: https://MyDomain.my.salesforce.com (developer.
		// salesforce.com, OAuth 2.0 refresh token flow).
		Hosts:    []string{"login.salesforce.com", "test.salesforce.com", ".salesforce.com", ".force.com"},
		Limits:   salesforceLimits(),
		Webhooks: Webhooks{Signed: true, Deletes: true, Relayed: true, Dated: true},
	}
}

// salesforceCustom is the form of a custom field's API name, with the namespace of a package if it is of one. The name
// has at most 40 characters, a namespace 15 (help.salesforce.com, custom field attributes and namespaces). Not
// compounds, formulas and fields of related records: the platform says on a write what cannot be written.
var salesforceCustom = lazyregexp.New(`^([A-Za-z][A-Za-z0-9]{0,14}__)?[A-Za-z][A-Za-z0-9_]{0,39}__c$`)

// salesforceMarker is the usual name of the field for our identity.
const salesforceMarker = "FluxCascade_Id__c"

// salesforceAbility is what the connector can do for every object.
//
// Archive and Delete are one call: what the API deletes is kept in the recycle bin for 15 days, as HubSpot keeps what it
// archives, and nothing deletes harder over REST. Restore is false: undelete is a call of SOAP and Apex, not of the REST
// API (developer.salesforce.com, undelete()). Conditional is false: only an update of one record alone can be conditional
// (If-Unmodified-Since, in whole seconds; conditional request headers), and updates in bulk, which are the rule, cannot.
func salesforceAbility(find ...record.PlatformField) Ability {
	return Ability{
		Create: true, Update: true, Archive: true, Delete: true,
		// ReadMax: ids of one query, whose text travels in a URL of at most 16,384 bytes (API request limits).
		ReadMax: 200,
		// WriteMax: records of one collection (sObject collections).
		WriteMax: 200,
		// PageMax: a query answers up to 2,000 rows at once; 500 keep a page of long descriptions within what is read.
		PageMax:   500,
		UniqueKey: true, // upsert on an external id
		Marker:    salesforceMarker,
		Find:      append(find, salesforceMarker),
		Polls:     true, PollsDeletes: true, // queryAll
		// LagBound: a row shows when its transaction commits, and is stamped before; a transaction may take ten minutes
		// (Apex governor limits, maximum execution time).
		LagBound: 10 * time.Minute,
		// StampCovers: SystemModstamp, in whole seconds, moves with every save. Formulas change without it, and no event
		// tells of them either; whether it moves where a merge of accounts hands their contacts on is unverified.
		StampCovers: true,
	}
}

// salesforceStamps are the fields that every object has and nobody writes.
func salesforceStamps(source string) []Field {
	return []Field{
		{Name: "Id", Kind: Text, ReadOnly: true, Source: source},
		{Name: "CreatedDate", Kind: Datetime, ReadOnly: true, Source: source},
		{Name: "LastModifiedDate", Kind: Datetime, ReadOnly: true, Source: source},
		{Name: "SystemModstamp", Kind: Datetime, ReadOnly: true, Source: source},
	}
}

// salesforceAddress are the parts of an address. In orgs with state and country picklists the names must be of the list
// (unverified); a value that is not is refused.
func salesforceAddress(prefix record.PlatformField, source string) []Field {
	return []Field{
		{Name: prefix + "Street", Kind: Text, MaxLength: 255, Source: source + "; several lines"},
		{Name: prefix + "City", Kind: Text, MaxLength: 40, Source: source},
		{Name: prefix + "State", Kind: Text, MaxLength: 80, Source: source},
		{Name: prefix + "PostalCode", Kind: Text, MaxLength: 20, Source: source},
		{Name: prefix + "Country", Kind: Text, MaxLength: 80, Source: source},
	}
}

// salesforceReformats are the fields whose text comes back otherwise: trimmed, lines ended by \r\n, emails in lower case,
// and phones, which the screens write in the form of their country.
func salesforceReformats(o Object) []record.PlatformField {
	var names []record.PlatformField
	for _, f := range o.Fields {
		if !f.ReadOnly && (f.Kind == Text || f.Kind == Email || f.Kind == Phone) {
			names = append(names, f.Name)
		}
	}
	return names
}

func salesforceContacts() Object {
	o := Object{Name: "Contact", Label: "contact", Custom: salesforceCustom, Created: "CreatedDate", Ability: salesforceAbility("Email")}
	o.Fields = append(salesforceStamps(sfContact),
		Field{Name: "LastName", Kind: Text, Required: true, MaxLength: 80, Source: sfContact},
		Field{Name: "FirstName", Kind: Text, MaxLength: 40, Source: sfContact},
		Field{Name: "Salutation", Kind: Enum, MaxLength: 40, Source: sfContact},
		Field{Name: "Name", Kind: Text, ReadOnly: true, MaxLength: 121, Source: sfContact},
		Field{Name: "Email", Kind: Email, MaxLength: 80, Source: sfContact},
		Field{Name: "Phone", Kind: Phone, MaxLength: 40, Source: sfContact},
		Field{Name: "MobilePhone", Kind: Phone, MaxLength: 40, Source: sfContact},
		Field{Name: "HomePhone", Kind: Phone, MaxLength: 40, Source: sfContact},
		Field{Name: "Title", Kind: Text, MaxLength: 128, Source: sfContact},
		Field{Name: "Department", Kind: Text, MaxLength: 80, Source: sfContact},
		Field{Name: "Birthdate", Kind: Date, Source: sfContact},
		Field{Name: "LeadSource", Kind: Enum, MaxLength: 255, Source: sfContact},
		Field{Name: "Description", Kind: Text, MaxLength: 32000, Source: sfContact},
		Field{Name: "AccountId", Kind: Reference, Refers: "Account", Source: sfContact},
		Field{Name: "OwnerId", Kind: Text, MaxLength: 18, Source: sfContact},
	)
	o.Fields = append(o.Fields, salesforceAddress("Mailing", sfContact)...)
	o.Fields = append(o.Fields, salesforceAddress("Other", sfContact)...)
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansGivenName: "FirstName", MeansFamilyName: "LastName", MeansEmail: "Email", MeansPhone: "Phone", MeansMobile: "MobilePhone",
		MeansJobTitle: "Title", MeansStreet: "MailingStreet", MeansCity: "MailingCity", MeansRegion: "MailingState", MeansPostalCode: "MailingPostalCode", MeansCompany: "AccountId"}
	// A contact's other address is whatever an org makes it; a hub that needs a place of work has no better one.
	o.Extra = map[Meaning]record.PlatformField{MeansSiteStreet: "OtherStreet", MeansSiteCity: "OtherCity", MeansSiteRegion: "OtherState", MeansSitePostalCode: "OtherPostalCode"}
	o.Ability.Merges = true
	o.Ability.Reformats = salesforceReformats(o)
	return o
}

func salesforceAccounts() Object {
	// To archive or delete an account takes its contacts and opportunities into the recycle bin too, as its screen does, and
	// is refused where some of them may not go (help.salesforce.com, considerations for deleting accounts).
	o := Object{Name: "Account", Label: "account", Custom: salesforceCustom, Created: "CreatedDate", Ability: salesforceAbility("Name", "Website", "AccountNumber")}
	o.Fields = append(salesforceStamps(sfAccount),
		// Read-only on a person account, whose name is made of its contact's (unverified): a write is refused there.
		Field{Name: "Name", Kind: Text, Required: true, MaxLength: 255, Source: sfAccount},
		Field{Name: "Phone", Kind: Phone, MaxLength: 40, Source: sfAccount},
		Field{Name: "Website", Kind: Text, MaxLength: 255, Source: sfAccount},
		Field{Name: "AccountNumber", Kind: Text, MaxLength: 40, Source: sfAccount},
		Field{Name: "Type", Kind: Enum, MaxLength: 40, Source: sfAccount},
		Field{Name: "Industry", Kind: Enum, MaxLength: 40, Source: sfAccount},
		Field{Name: "AnnualRevenue", Kind: Money, Source: sfAccount + "; 18 digits, none after the point"},
		Field{Name: "NumberOfEmployees", Kind: Number, Source: sfAccount},
		Field{Name: "Description", Kind: Text, MaxLength: 32000, Source: sfAccount},
		Field{Name: "ParentId", Kind: Reference, Refers: "Account", Source: sfAccount},
		Field{Name: "OwnerId", Kind: Text, MaxLength: 18, Source: sfAccount},
	)
	o.Fields = append(o.Fields, salesforceAddress("Billing", sfAccount)...)
	o.Fields = append(o.Fields, salesforceAddress("Shipping", sfAccount)...)
	o.Concept = Company
	o.Means = map[Meaning]record.PlatformField{MeansName: "Name", MeansPhone: "Phone", MeansWebsite: "Website", MeansStreet: "BillingStreet", MeansCity: "BillingCity",
		MeansRegion: "BillingState", MeansPostalCode: "BillingPostalCode", MeansSiteStreet: "ShippingStreet", MeansSiteCity: "ShippingCity", MeansSiteRegion: "ShippingState",
		MeansSitePostalCode: "ShippingPostalCode"}
	o.Ability.Merges = true
	o.Ability.Reformats = append(salesforceReformats(o), "AnnualRevenue", "NumberOfEmployees")
	return o
}

func salesforceOpportunities() Object {
	o := Object{Name: "Opportunity", Label: "opportunity", Custom: salesforceCustom, Created: "CreatedDate", Ability: salesforceAbility("Name")}
	o.Fields = append(salesforceStamps(sfOpportunity),
		Field{Name: "Name", Kind: Text, Required: true, MaxLength: 120, Source: sfOpportunity},
		Field{Name: "StageName", Kind: Enum, Required: true, MaxLength: 255, Source: sfOpportunity + "; a list of the org's own"},
		Field{Name: "CloseDate", Kind: Date, Required: true, Source: sfOpportunity},
		// A write is refused once the opportunity has line items, whose sum it then is.
		Field{Name: "Amount", Kind: Money, Source: sfOpportunity + "; 18 digits, two after the point"},
		Field{Name: "Probability", Kind: Number, Source: sfOpportunity},
		Field{Name: "Type", Kind: Enum, MaxLength: 255, Source: sfOpportunity},
		Field{Name: "NextStep", Kind: Text, MaxLength: 255, Source: sfOpportunity},
		Field{Name: "LeadSource", Kind: Enum, MaxLength: 255, Source: sfOpportunity},
		Field{Name: "Description", Kind: Text, MaxLength: 32000, Source: sfOpportunity},
		Field{Name: "IsClosed", Kind: Bool, ReadOnly: true, Source: sfOpportunity},
		Field{Name: "IsWon", Kind: Bool, ReadOnly: true, Source: sfOpportunity},
		Field{Name: "AccountId", Kind: Reference, Refers: "Account", Source: sfOpportunity},
		// The contact of the primary contact role: given at creation, and moved after only by the roles themselves.
		Field{Name: "ContactId", Kind: Reference, Refers: "Contact", CreateOnly: true, Source: sfOpportunity},
		Field{Name: "OwnerId", Kind: Text, MaxLength: 18, Source: sfOpportunity},
	)
	o.Concept, o.Won = Deal, "Closed Won"
	o.Means = map[Meaning]record.PlatformField{MeansName: "Name", MeansAmount: "Amount", MeansStage: "StageName", MeansCloseDate: "CloseDate", MeansPerson: "ContactId", MeansCompany: "AccountId"}
	o.Usual = []Usual{{Field: "StageName", Value: "Prospecting", Why: "where a new opportunity begins, by the stage's label"}}
	o.Ability.Reformats = append(salesforceReformats(o), "Amount")
	// A change of contact roles moves ContactId and perhaps not the stamp (unverified).
	o.Ability.StampCovers = false
	return o
}
