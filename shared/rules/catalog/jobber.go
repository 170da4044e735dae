package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Sources of the facts below, as the contract of this platform gives them.
const (
	jobberOutput  = "amp-labs/connectors providers/jobber at version 2025-01-20; 2022-03-10 schema"
	jobberInput   = "third-party listing of introspected inputs, version 2025-01-20"
	jobberUnsure  = "2022-03-10 schema; unverified for later versions"
	jobberDerived = "third-party reference, verified live 2026-05-19"
	jobberOurs    = "set by our connector, not by the platform's schema"
)

// Values that the vendor fixes (amp-labs/connectors, third-party listing).
var (
	jobberTitles    = []string{"DR", "MISS", "MR", "MRS", "MS"}
	jobberStatuses  = []string{"active", "late", "today", "upcoming", "action_required", "on_hold", "unscheduled", "requires_invoicing", "archived", "expiring_within_30_days"}
	jobberTypes     = []string{"ONE_OFF", "RECURRING"}
	jobberBilling   = []string{"FIXED_PRICE", "VISIT_BASED"}
	jobberFrequency = []string{"NEVER", "ON_COMPLETION", "PERIODIC", "PER_VISIT"}
)

// jobberEmails and jobberPhones are the selectors of a client's lists: the primary element, or the first of a
// description. An element that is not primary is preferred for a description; the primary one serves if it is alone.
var (
	jobberEmails = []string{"primary", "MAIN", "WORK", "PERSONAL", "OTHER"}
	jobberPhones = []string{"primary", "MAIN", "WORK", "MOBILE", "HOME", "FAX", "OTHER"}
	jobberParts  = []string{"street1", "street2", "city", "province", "postalCode", "country"}
)

// jobberCustomClient matches customFields[Label], and properties[name:Cabin].city: a property by its name.
var (
	jobberCustomClient = lazyregexp.New(`^(customFields\[[^\[\]]{1,100}\]|properties\[name:[^\[\]]{1,100}\]\.(id|street1|street2|city|province|postalCode|country))$`)
	jobberCustomJob    = lazyregexp.New(`^customFields\[[^\[\]]{1,100}\]$`)
)

// Jobber describes Jobber's GraphQL API, versions 2025-01-20 to 2026-04-16, in the connector's flat spelling: the path
// of GraphQL names, a selector in brackets for an element of a list.
//
// properties[first] is the client's first property that is not its billing address, else its first.
func Jobber() *Platform {
	return &Platform{
		Name:  "jobber",
		Label: "Jobber",
		// Hub: creates are not idempotent, but a custom field holds our identity.
		Hub:     true,
		Objects: []Object{jobberClients(), jobberJobs()},
		Hosts:   []string{"api.getjobber.com"},
		Limits:  jobberLimits(),
		// developer.getjobber.com setting_up_webhooks. A deletion carries no more than the id.
		Webhooks: Webhooks{Signed: true, Deletes: true, Sealed: true},
	}
}

func jobberClients() Object {
	o := Object{
		Name:    "clients",
		Label:   "client",
		Custom:  jobberCustomClient,
		Created: "createdAt",
		Ability: jobberAbility(),
		Fields: []Field{
			{Name: "firstName", Kind: Text, Source: jobberInput},
			{Name: "lastName", Kind: Text, Source: jobberInput},
			{Name: "companyName", Kind: Text, Source: jobberInput},
			// isCompany says which name leads on screens and papers.
			{Name: "isCompany", Kind: Bool, Source: jobberInput},
			{Name: "title", Kind: Enum, Values: jobberTitles, Source: jobberInput},
			{Name: "isArchived", Kind: Bool, ReadOnly: true, Source: jobberOutput},
			{Name: "createdAt", Kind: Datetime, ReadOnly: true, Source: jobberOutput},
		},
	}
	for _, selector := range jobberEmails {
		o.Fields = append(o.Fields, Field{Name: record.PlatformField("emails[" + selector + "].address"), Kind: Email, Source: jobberInput})
	}
	for _, selector := range jobberPhones {
		name := record.PlatformField("phones[" + selector + "].number")
		o.Fields = append(o.Fields, Field{Name: name, Kind: Phone, Source: jobberInput})
		o.Ability.Reformats = append(o.Ability.Reformats, name)
	}
	o.Fields = append(o.Fields, Field{Name: "properties[first].id", Kind: Text, ReadOnly: true, Source: jobberOutput})
	for _, part := range jobberParts {
		o.Fields = append(o.Fields,
			Field{Name: record.PlatformField("billingAddress." + part), Kind: Text, Source: jobberInput},
			Field{Name: record.PlatformField("properties[first]." + part), Kind: Text, Source: jobberInput})
	}
	o.Ability.Archive = true // clientArchive; clients cannot be deleted through the API
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansGivenName: "firstName", MeansFamilyName: "lastName", MeansEmployer: "companyName", MeansEmail: "emails[primary].address",
		MeansPhone: "phones[primary].number", MeansStreet: "billingAddress.street1", MeansCity: "billingAddress.city", MeansRegion: "billingAddress.province",
		MeansPostalCode: "billingAddress.postalCode", MeansSiteStreet: "properties[first].street1", MeansSiteCity: "properties[first].city",
		MeansSiteRegion: "properties[first].province", MeansSitePostalCode: "properties[first].postalCode"}
	return o
}

func jobberJobs() Object {
	return Object{
		Name:    "jobs",
		Label:   "job",
		Custom:  jobberCustomJob,
		Needs:   []Need{{OneOf: []record.PlatformField{"property", "client"}, Why: "a job is made at a property; named by its client, it is the client's first", Source: jobberInput}},
		Created: "createdAt",
		Ability: jobberAbility(),
		Concept: Job,
		Means:   map[Meaning]record.PlatformField{MeansName: "title", MeansAmount: "total", MeansStage: "jobStatus", MeansPerson: "client"},
		Won:     "requires_invoicing",
		Usual:   []Usual{{Field: "createVisits", Value: "false", Why: "visits would notify the team"}},
		Fields: []Field{
			{Name: "title", Kind: Text, Source: jobberInput},
			{Name: "instructions", Kind: Text, Source: jobberInput},
			{Name: "property", Kind: Text, CreateOnly: true, Source: jobberInput},
			{Name: "client", Kind: Reference, Refers: "clients", CreateOnly: true, Source: jobberOurs},
			{Name: "jobNumber", Kind: Number, ReadOnly: true, Source: jobberOutput},
			{Name: "jobStatus", Kind: Enum, ReadOnly: true, Values: jobberStatuses, Source: jobberDerived},
			{Name: "jobType", Kind: Enum, ReadOnly: true, Values: jobberTypes, Source: jobberOutput},
			// total derives from the line items. In the account's currency, which the API does not tell.
			{Name: "total", Kind: Money, ReadOnly: true, Source: jobberOutput},
			{Name: "startAt", Kind: Datetime, ReadOnly: true, Source: jobberOutput},
			{Name: "endAt", Kind: Datetime, ReadOnly: true, Source: jobberOutput},
			{Name: "completedAt", Kind: Datetime, ReadOnly: true, Source: jobberOutput},
			{Name: "createdAt", Kind: Datetime, ReadOnly: true, Source: jobberOutput},
			{Name: "createVisits", Kind: Bool, CreateOnly: true, Source: jobberInput},
			{Name: "invoicingType", Kind: Enum, CreateOnly: true, Values: jobberBilling, Source: jobberInput},
			{Name: "invoicingSchedule", Kind: Enum, CreateOnly: true, Values: jobberFrequency, Source: jobberInput},
			{Name: "lineItems[0].name", Kind: Text, CreateOnly: true, Source: jobberUnsure},
			{Name: "lineItems[0].quantity", Kind: Number, CreateOnly: true, Source: jobberUnsure},
			{Name: "lineItems[0].unitPrice", Kind: Money, CreateOnly: true, Source: jobberUnsure},
		},
	}
}

// jobberAbility is what both objects share.
func jobberAbility() Ability {
	return Ability{
		Create: true, Update: true,
		// Sizes keep the requested cost of one call under a half of the bucket of 10,000 (developer.getjobber.com
		// api_rate_limits): a page of 50 clients with every field costs 4,951.
		ReadMax: 25, WriteMax: 10, PageMax: 50,
		// No filter searches a custom field (third-party listing), so Marker is found only by listing.
		Marker: "customFields[HubSpot ID]",
		Polls:  true,
		// LagBound: whether lists trail the records is not documented; generous, because it only costs repeats.
		LagBound: 30 * time.Second,
		// StampCovers is false: whether edits of properties and custom fields move updatedAt is not documented.
		StampCovers: false,
	}
}
