package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Sources of the facts below, as the contract of this platform gives them.
const (
	pdClient  = "pipedrive/client-nodejs 32.2.1, API v2"
	pdGeo     = pdClient + "; parts are filled in later from address.value (unverified)"
	pdContact = "vendor's OpenAPI v2: only where contact sync is on"
	pdStatus  = "vendor's OpenAPI v2: set with status"
)

// Values that the vendor fixes. A deal is deleted by its own call, never by its status.
var pipedriveStatuses = []string{"open", "won", "lost"}

// pipedriveEmails and pipedrivePhones are the selectors of a person's lists: the primary element, or the first of a label.
// An element that is not primary is preferred for a label; the primary one serves if it is alone. These are the labels of
// the platform's own forms; the API takes any text.
var (
	pipedriveEmails = []string{"primary", "work", "home", "other"}
	pipedrivePhones = []string{"primary", "work", "home", "mobile", "other"}
	pipedriveParts  = []string{"country", "admin_area_level_1", "admin_area_level_2", "locality", "sublocality", "route", "street_number", "subpremise", "postal_code"}
)

// pipedriveCustom matches custom_fields[Label] and custom_fields[40 hexadecimal digits], and a part of one that has parts:
// custom_fields[Budget].currency. The platform knows a field by 40 random digits, which differ in every account and which
// nobody can remember, so a configuration may name it as its people do; the digits serve where a label is not unique, or
// is changed often. The connector resolves either by the account's own field list.
var pipedriveCustom = lazyregexp.New(`^custom_fields\[[^\[\]]{1,100}\](\.[a-z][a-z0-9_]{0,39})?$`)

// Pipedrive describes Pipedrive, API v2, in the connector's flat spelling: the API's own names, and a selector in brackets
// for an element of a list. References are ids in decimal. Owners are users, which are no object here, so owner_id is text;
// so are stage_id and pipeline_id of a deal: ids of the account's own lists.
//
// It signs no webhook: what it sends carries a user name and a password of ours (HTTP Basic), so Signed is meant as for a
// secret. Ten first tries that fail ban a webhook for half an hour and lose its events, so polling stays the floor.
//
// Calls are paid in tokens of a daily budget: a page or a bulk read 10, one record 1, a search 20, a create or an update 5, a
// deletion 3 (vendor's OpenAPI, x-token-cost). A poll of persons or organizations costs 30, of deals 40.
func Pipedrive() *Platform {
	return &Platform{
		Name:  "pipedrive",
		Label: "Pipedrive",
		// Hub: creates are not idempotent, but a custom field holds our identity and can be searched exactly.
		Hub:     true,
		Objects: []Object{pipedrivePersons(), pipedriveOrganizations(), pipedriveDeals()},
		// An account is called at the api_domain of its token answer, https://acme.pipedrive.com.
		Hosts:    []string{"api.pipedrive.com", "oauth.pipedrive.com", ".pipedrive.com"},
		Limits:   pipedriveLimits(),
		Webhooks: Webhooks{Signed: true, Deletes: true, Dated: true},
	}
}

// pipedriveAbility is what all objects share. Archive and Delete of persons and organizations are one call, as Salesforce's
// are: what the API deletes is kept for 30 days, and nothing deletes harder. There is no restore of it in the API.
func pipedriveAbility(find ...record.PlatformField) Ability {
	return Ability{
		Create: true, Update: true, Archive: true, Delete: true,
		// ReadMax: ids of one read. FindMax: a search is a call for each value, of which a token may make 10 in 2 s
		// (core-api-concepts-rate-limiting); half of them leave room for people. WriteMax: each record is a call of its own, and
		// all of them end well within a lease. PageMax: the most that a page holds, since its price is the same.
		ReadMax: 100, FindMax: 5, WriteMax: 10, PageMax: 500,
		Marker: pipedriveMarker,
		Find:   append(find, pipedriveMarker),
		Polls:  true, PollsDeletes: true, // recents, and deals of status deleted
		// LagBound: whether lists trail the records is not documented; generous, because it only costs repeats.
		LagBound: 30 * time.Second,
		// StampCovers is false: whether every edit (a merge, a geocoded address) moves update_time is not documented.
		StampCovers: false,
	}
}

// pipedriveMarker is the usual field for our identity, which the connector makes.
const pipedriveMarker = "custom_fields[FluxCascade ID]"

// pipedriveStamps are the fields that every object has.
func pipedriveStamps() []Field {
	return []Field{
		{Name: "id", Kind: Text, ReadOnly: true, Source: pdClient},
		{Name: "add_time", Kind: Datetime, ReadOnly: true, Source: pdClient},
		{Name: "update_time", Kind: Datetime, ReadOnly: true, Source: pdClient},
		{Name: "owner_id", Kind: Text, Source: pdClient},
		{Name: "visible_to", Kind: Enum, Source: pdClient + "; ids of the account's visibility groups"},
		// label_ids is a list of ids, written in ascending order with commas between.
		{Name: "label_ids", Kind: Text, Source: pdClient},
	}
}

func pipedrivePersons() Object {
	o := Object{Name: "persons", Label: "person", Custom: pipedriveCustom, Created: "add_time", Ability: pipedriveAbility("emails[primary].value", "name")}
	o.Fields = append(pipedriveStamps(),
		Field{Name: "name", Kind: Text, Required: true, MaxLength: 255, Source: pdClient},
		// The platform parts the name by itself; no call writes the parts.
		Field{Name: "first_name", Kind: Text, ReadOnly: true, Source: pdClient},
		Field{Name: "last_name", Kind: Text, ReadOnly: true, Source: pdClient},
		Field{Name: "org_id", Kind: Reference, Refers: "organizations", Source: pdClient},
		Field{Name: "job_title", Kind: Text, ReadOnly: true, Source: pdContact},
		Field{Name: "birthday", Kind: Date, ReadOnly: true, Source: pdContact},
		Field{Name: "notes", Kind: Text, ReadOnly: true, Source: pdContact},
		Field{Name: "postal_address.value", Kind: Text, ReadOnly: true, Source: pdContact},
	)
	for _, selector := range pipedriveEmails {
		o.Fields = append(o.Fields, Field{Name: record.PlatformField("emails[" + selector + "].value"), Kind: Email, Source: pdClient})
	}
	for _, selector := range pipedrivePhones {
		o.Fields = append(o.Fields, Field{Name: record.PlatformField("phones[" + selector + "].value"), Kind: Phone, Source: pdClient})
	}
	o.Ability.Reformats = []record.PlatformField{"name"} // trimmed (unverified)
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansName: "name", MeansEmail: "emails[primary].value", MeansPhone: "phones[primary].value", MeansMobile: "phones[mobile].value", MeansCompany: "org_id"}
	o.Extra = map[Meaning]record.PlatformField{MeansSiteStreet: "custom_fields[Service street]", MeansSiteCity: "custom_fields[Service city]",
		MeansSiteRegion: "custom_fields[Service state]", MeansSitePostalCode: "custom_fields[Service zip]"}
	return o
}

func pipedriveOrganizations() Object {
	o := Object{Name: "organizations", Label: "organization", Custom: pipedriveCustom, Created: "add_time", Ability: pipedriveAbility("name")}
	o.Fields = append(pipedriveStamps(),
		Field{Name: "name", Kind: Text, Required: true, MaxLength: 255, Source: pdClient},
		Field{Name: "address.value", Kind: Text, Source: pdClient},
	)
	for _, part := range pipedriveParts {
		o.Fields = append(o.Fields, Field{Name: record.PlatformField("address." + part), Kind: Text, ReadOnly: true, Source: pdGeo})
	}
	o.Ability.Reformats = []record.PlatformField{"name", "address.value"} // trimmed (unverified)
	o.Concept = Company
	o.Means = map[Meaning]record.PlatformField{MeansName: "name"}
	return o
}

func pipedriveDeals() Object {
	o := Object{Name: "deals", Label: "deal", Custom: pipedriveCustom, Created: "add_time", Ability: pipedriveAbility("title")}
	o.Fields = append(pipedriveStamps(),
		Field{Name: "title", Kind: Text, Required: true, MaxLength: 255, Source: pdClient},
		Field{Name: "value", Kind: Money, Default: "0", Source: pdClient + "; a deal without a value has 0"},
		Field{Name: "currency", Kind: Text, MaxLength: 3, Source: pdClient + "; the account's own where it is not given"},
		Field{Name: "status", Kind: Enum, Values: pipedriveStatuses, Source: pdClient},
		Field{Name: "person_id", Kind: Reference, Refers: "persons", Source: pdClient},
		Field{Name: "org_id", Kind: Reference, Refers: "organizations", Source: pdClient},
		Field{Name: "pipeline_id", Kind: Enum, Source: pdClient},
		Field{Name: "stage_id", Kind: Enum, Source: pdClient + "; a stage belongs to one pipeline"},
		Field{Name: "probability", Kind: Number, Source: pdClient},
		Field{Name: "lost_reason", Kind: Text, Source: pdClient + "; of a lost deal only"},
		Field{Name: "expected_close_date", Kind: Date, Source: pdClient},
		Field{Name: "won_time", Kind: Datetime, ReadOnly: true, Source: pdStatus},
		Field{Name: "lost_time", Kind: Datetime, ReadOnly: true, Source: pdStatus},
		Field{Name: "close_time", Kind: Datetime, ReadOnly: true, Source: pdStatus},
		Field{Name: "stage_change_time", Kind: Datetime, ReadOnly: true, Source: pdClient},
		Field{Name: "is_archived", Kind: Bool, ReadOnly: true, Source: pdClient + "; set by archiving and restoring"},
	)
	// A deal is archived beside the pipelines, and brought back, by is_archived; deleting it is another call. While it is
	// archived nothing else of it can be edited (developers.pipedrive.com changelog, effective 2025-07-15).
	o.Ability.Restore = true
	// An amount is a double on the platform (unverified), so a very large one may come back rounded; titles are trimmed (unverified).
	o.Ability.Reformats = []record.PlatformField{"value", "title"}
	o.Concept, o.Won = Deal, "won"
	o.Means = map[Meaning]record.PlatformField{MeansName: "title", MeansAmount: "value", MeansStage: "status", MeansCloseDate: "expected_close_date", MeansPerson: "person_id", MeansCompany: "org_id"}
	return o
}
