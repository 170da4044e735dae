package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Sources of the facts below, as the contract of this platform gives them.
const (
	hubspotObjects = "developers.hubspot.com contacts and properties guides, 2026-06"
	hubspotDigest  = "third-party digest of developers.hubspot.com object definitions, with quotes"
	hubspotSearch  = "developers.hubspot.com search guide, 2026-06"
)

// HubSpot describes HubSpot CRM, objects v3 and associations v4. Fields are property names; associations.contacts and
// associations.companies name the primary, or else the only, associated record. Our identity is a custom property with
// unique values, which the account's administrator or the connector's Prepare makes.
//
// Polls tell no deletions: archived records leave the search index, and the list of them has no order of time, so that
// every poll would walk all of it.
func HubSpot() *Platform {
	return &Platform{
		Name:     "hubspot",
		Label:    "HubSpot",
		Hub:      true,
		Objects:  []Object{hubspotContacts(), hubspotCompanies(), hubspotDeals()},
		Hosts:    []string{"api.hubapi.com"},
		Limits:   hubspotLimits(),
		Webhooks: Webhooks{Signed: true, Deletes: true, Sealed: true, Dated: true},
	}
}

// hubspotCustom is the form of a property's internal name.
var hubspotCustom = lazyregexp.New(`^[a-z][a-z0-9_]{0,99}$`)

// hubspotAbility is what the connector can do for every object. Batches hold 100 (guide to batch actions). Search trails
// the records by "a few moments"; half a minute bounds that with room (unverified).
func hubspotAbility(find ...record.PlatformField) Ability {
	return Ability{Create: true, Update: true, Archive: true, ReadMax: 100, WriteMax: 100, PageMax: 100, UniqueKey: true, Marker: "fluxcascade_id",
		Find: append(find, "fluxcascade_id"), Polls: true, Merges: true, LagBound: 30 * time.Second}
}

func hubspotTexts(names ...record.PlatformField) []Field {
	fields := make([]Field, len(names))
	for i, name := range names {
		fields[i] = Field{Name: name, Kind: Text, Source: hubspotDigest}
	}
	return fields
}

func hubspotStamps(stamp record.PlatformField) []Field {
	return []Field{
		{Name: "hs_object_id", Kind: Text, ReadOnly: true, Source: hubspotObjects},
		{Name: "createdate", Kind: Datetime, ReadOnly: true, Source: hubspotObjects},
		{Name: stamp, Kind: Datetime, ReadOnly: true, Source: hubspotSearch},
	}
}

func hubspotContacts() Object {
	o := Object{Name: "contacts", Label: "contact", Custom: hubspotCustom, Created: "createdate", Ability: hubspotAbility("email")}
	// An association moves no stamp (unverified), so a configuration that maps it must not rest on the stamp.
	o.Ability.StampCovers = true
	o.Fields = append(hubspotStamps("lastmodifieddate"),
		Field{Name: "email", Kind: Email, Source: hubspotObjects + "; unique"},
		Field{Name: "phone", Kind: Phone, Source: hubspotDigest},
		Field{Name: "mobilephone", Kind: Phone, Source: hubspotDigest},
		Field{Name: "lifecyclestage", Kind: Enum, Source: hubspotObjects + "; moves forward only, unless cleared"},
		Field{Name: "associations.companies", Kind: Reference, Refers: "companies", Source: "developers.hubspot.com associations v4"},
	)
	o.Ability.Reformats = []record.PlatformField{"email"}
	o.Fields = append(o.Fields, hubspotTexts("firstname", "lastname", "company", "address", "city", "state", "zip", "country", "jobtitle", "website", "hubspot_owner_id", "hs_additional_emails")...)
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansGivenName: "firstname", MeansFamilyName: "lastname", MeansEmail: "email", MeansPhone: "phone", MeansMobile: "mobilephone",
		MeansEmployer: "company", MeansJobTitle: "jobtitle", MeansWebsite: "website", MeansStreet: "address", MeansCity: "city", MeansRegion: "state", MeansPostalCode: "zip",
		MeansCompany: "associations.companies"}
	o.Extra = map[Meaning]record.PlatformField{MeansSiteStreet: "service_street", MeansSiteCity: "service_city", MeansSiteRegion: "service_state", MeansSitePostalCode: "service_zip"}
	return o
}

func hubspotCompanies() Object {
	o := Object{Name: "companies", Label: "company", Custom: hubspotCustom, Created: "createdate", Ability: hubspotAbility("domain")}
	o.Ability.StampCovers = true
	o.Fields = append(hubspotStamps("hs_lastmodifieddate"), Field{Name: "phone", Kind: Phone, Source: hubspotDigest})
	o.Fields = append(o.Fields, hubspotTexts("name", "domain", "address", "address2", "city", "state", "zip", "country", "website", "hubspot_owner_id")...)
	o.Concept = Company
	o.Means = map[Meaning]record.PlatformField{MeansName: "name", MeansPhone: "phone", MeansWebsite: "website", MeansStreet: "address", MeansCity: "city", MeansRegion: "state",
		MeansPostalCode: "zip"}
	return o
}

func hubspotDeals() Object {
	o := Object{Name: "deals", Label: "deal", Custom: hubspotCustom, Created: "createdate", Ability: hubspotAbility()}
	o.Fields = append(hubspotStamps("hs_lastmodifieddate"),
		Field{Name: "dealname", Kind: Text, Source: hubspotDigest},
		Field{Name: "amount", Kind: Money, Source: hubspotDigest},
		Field{Name: "closedate", Kind: Datetime, Source: hubspotDigest},
		Field{Name: "dealstage", Kind: Enum, Required: true, Source: hubspotDigest + "; the stage's id, not its label"},
		Field{Name: "associations.contacts", Kind: Reference, Refers: "contacts", Source: "developers.hubspot.com associations v4, deal to contact is type 3"},
		Field{Name: "associations.companies", Kind: Reference, Refers: "companies", Source: "developers.hubspot.com associations v4, deal to company is type 341"},
	)
	o.Fields = append(o.Fields, hubspotTexts("pipeline", "hubspot_owner_id", "deal_currency_code", "description", "dealtype")...)
	o.Concept, o.Won = Deal, "closedwon"
	o.Means = map[Meaning]record.PlatformField{MeansName: "dealname", MeansAmount: "amount", MeansStage: "dealstage", MeansCloseDate: "closedate",
		MeansPerson: "associations.contacts", MeansCompany: "associations.companies"}
	o.Usual = []Usual{{Field: "dealstage", Value: "appointmentscheduled", Why: "where a new deal begins, by the stage's id"}}
	return o
}
