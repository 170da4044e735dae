// Package catalog is what is known of each platform without asking it: objects, fields, kinds, limits, abilities.
// It is data, pure, and light enough for infra and the webhook to link. Configurations are checked against it
// before anything is deployed; connectors read it rather than repeat it. It never reads a live account:
// custom fields are accepted by their form (Object.Custom) and checked against the account by the connector.
package catalog

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Platform is one vendor.
type Platform struct {
	Name  record.Platform
	Label string // as a person writes it: "QuickBooks"
	// Hub says that the platform can be a hub: it has a field for our identity or idempotent creates.
	Hub     bool
	Objects []Object
	// Hosts lists the only host names a connector may call (suffixes begin with a dot).
	Hosts []string
	// Webhooks describes how it tells of changes.
	Webhooks Webhooks
	// Limits are on what one account may call; the first counts every call but those that another counts apart.
	Limits []Limit
}

// Webhooks is a platform's way to tell of changes.
type Webhooks struct {
	// Signed says that requests carry a signature (or a secret) that we verify; unsigned ones are refused.
	Signed bool
	// Deletes says that deletions are told.
	Deletes bool
	// Silent says that answers must have no body, whatever their status.
	Silent bool
	// Relayed says that the platform calls no URL: its events come by an event bus of AWS, which a rule hands to our route
	// with RelayHeader. The connection's option OptionEventSource names the bus; without it only polls tell of changes.
	Relayed bool
	// Sealed says that what is signed covers the body, so that an altered one is refused. Where it does not, the sender is
	// proved by a secret alone, and TLS carries the body.
	Sealed bool
	// Dated says that a request tells when it was made, so that an old one is refused as replayed. Where it does not, a
	// replay is accepted: it is only a hint.
	Dated bool
}

// What relayed webhooks take, the same for every platform.
const (
	// RelayHeader carries the relay's secret: the webhook_secret of the platform's app.
	RelayHeader = "X-FluxCascade-Relay-Secret"
	// OptionEventSource is the connection option that names a partner event source: aws.partner/salesforce.com/ORG/CHANNEL.
	OptionEventSource = "event_source"
)

// EventSourceForm is the form of a partner event source's name
// (docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html, EventSourceName, 2026).
var EventSourceForm = lazyregexp.New(`^aws\.partner(/[.\-_A-Za-z0-9]+){2,}$`)

// Object is one kind of record of a platform.
type Object struct {
	Name   record.Object // as our connector spells it
	Label  string        // singular, as a person says it: "client"
	Fields []Field
	// Custom matches the spelling of fields that an account may define itself; nil if it cannot.
	Custom *lazyregexp.Regexp
	// Needs are what a create must hold beside the required fields: one of several, or what a reference stands for.
	Needs []Need
	// Created is the read-only field that tells when a record was made; "" where the platform tells it nowhere.
	Created record.PlatformField
	// Ability is what the connector can do for this object. An inability is declared here and asserted by the suite.
	Ability Ability
	// Concept and Means say what the records are and what their fields say, in words that platforms share.
	Concept Concept
	Means   map[Meaning]record.PlatformField
	// Extra are fields that serve a hub for what the platform has no field for, such as where the work is done: fields of
	// the account's own, or ones that the platform leaves to the account. A spoke's are left as they are.
	Extra map[Meaning]record.PlatformField
	// Won is the value of the field of MeansStage by which a deal is won, or a job is ready for its invoice; "" for others.
	Won string
	// Usual are values that creates are usually given.
	Usual []Usual
	// Decided are the fields about money that an account's people decide: nothing about money has a default.
	Decided []Decided
}

// Decided is a field about money whose value is chosen from the account's own lists, or mapped, before anything is made.
type Decided struct {
	Field record.PlatformField
	// What says what is decided, for a person: "the product or service that the line sells".
	What string
	// Left says what comes about where the field is left out on purpose.
	Left string
}

// Values that stand for a decision in a configuration: one not taken yet, and one to leave the field out.
const (
	Choose   = "choose"
	LeaveOut = "leave_out"
)

// Field is one field in the connector's flat spelling. A list-valued vendor field appears with its selectors:
// emails[primary].address is a Field whose Name holds "[primary]".
type Field struct {
	Name record.PlatformField
	Kind Kind
	// ReadOnly: the platform derives it or sets it; never written.
	ReadOnly bool
	// CreateOnly: may be given at creation and not changed after.
	CreateOnly bool
	// Required: a create without it is refused.
	Required bool
	// MaxLength in characters, 0 where unknown. Longer values are refused by the platform.
	MaxLength int
	// Values lists an enum's values when the vendor fixes them; nil otherwise.
	Values []string
	// Refers is the object a reference names; "" for others.
	Refers record.Object
	// Default is what the platform fills in where nothing is set; "" where it leaves a blank. It is no value of anybody's.
	Default string
	// Source says where the fact is from: a contract's key, a URL and its date.
	Source string
}

// Need is a choice of fields of which a create must give one, and why.
type Need struct {
	OneOf  []record.PlatformField
	Why    string
	Source string
}

// Kind is a field's kind of value. Values are text in every case; the kind says how they compare and which transforms fit.
type Kind string

// The kinds.
const (
	Text      Kind = "text"
	Email     Kind = "email"
	Phone     Kind = "phone"
	Number    Kind = "number"
	Money     Kind = "money"
	Bool      Kind = "bool"
	Date      Kind = "date"
	Datetime  Kind = "datetime"
	Enum      Kind = "enum"
	Reference Kind = "reference"
)

// Ability is what a connector can do for an object.
type Ability struct {
	Create, Update, Archive, Delete bool
	// Restore: an archived record can be made live again, as the same record.
	Restore bool
	// ReadMax, WriteMax are how many records one call reads by id and writes.
	ReadMax, WriteMax int
	// FindMax is how many look-ups one call of Find takes; 0 is ReadMax. Less where the vendor takes a call for each.
	FindMax int
	// PageMax is how many records one page of changes or of a listing holds.
	PageMax int
	// Merges: a read by id of a record that was merged away names its survivor.
	Merges bool
	// Conditional: an update can be made to fail if the record moved since the pre-read (SyncToken).
	Conditional bool
	// UniqueKey: a create can carry our identity in a unique field, so that repeating it is harmless.
	UniqueKey bool
	// RequestKey: a create can carry a request key, so that repeating it within the vendor's window is harmless.
	RequestKey bool
	// Marker is the usual field for our identity, as a configuration would name it ("fluxcascade_id",
	// "customFields[HubSpot ID]"); "" where the platform has none to offer.
	Marker record.PlatformField
	// Find lists the fields by which a record can be looked up (equality, case-insensitive for emails).
	Find []record.PlatformField
	// Polls: changes since a cursor can be listed. PollsDeletes: that list tells deletions.
	Polls, PollsDeletes bool
	// LagBound is how far the list of changes may trail the records; polls overlap by it, and an absence or a
	// look-up that found nothing counts only when this much later.
	LagBound time.Duration
	// StampCovers: ModifiedAt moves with every mapped field, so that an event no newer than it needs no read.
	StampCovers bool
	// FieldTimes: reads tell when each field changed.
	FieldTimes bool
	// Reformats lists fields whose read value may differ in form from what was written (reformatting).
	Reformats []record.PlatformField
}

// Finds gives how many look-ups one call of Find takes.
func (a Ability) Finds() int {
	if a.FindMax > 0 {
		return a.FindMax
	}
	return a.ReadMax
}

// Object finds an object by name.
func (p *Platform) Object(name record.Object) (*Object, bool) {
	i := slices.IndexFunc(p.Objects, func(o Object) bool { return o.Name == name })
	if i < 0 {
		return nil, false
	}
	return &p.Objects[i], true
}

// Ability gives what can be done with an object, the zero value for one that the platform does not have.
func (p *Platform) Ability(name record.Object) Ability {
	if o, known := p.Object(name); known {
		return o.Ability
	}
	return Ability{}
}

// Field finds a field by its spelling; a custom field of fitting form is answered as writable text.
func (o *Object) Field(name record.PlatformField) (Field, bool) {
	for _, f := range o.Fields {
		if f.Name == name {
			return f, true
		}
	}
	if o.Custom != nil && o.Custom.MatchString(string(name)) {
		return Field{Name: name, Kind: Text, Source: "custom field of the account"}, true
	}
	return Field{}, false
}

// Required lists the fields without which a create is refused.
func (o *Object) Required() []Field {
	var out []Field
	for _, f := range o.Fields {
		if f.Required {
			out = append(out, f)
		}
	}
	return out
}
