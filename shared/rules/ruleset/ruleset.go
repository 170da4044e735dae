// Package ruleset is the user's configuration as the program uses it: connections, groups, entities, mappings, owners,
// policies, filters and schedules, loaded from one YAML file and checked as a whole. It is pure. It names transforms
// and never runs them (package mapping does), and it decides nothing.
package ruleset

import (
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Rules is one whole configuration, immutable once loaded.
type Rules struct {
	// Digest identifies the content: equal files give equal digests, whatever their comments.
	Digest string
	// Version numbers the activated artefact; 0 until activated.
	Version     int64
	Connections []Connection
	Groups      []Group
	// MatchSecret keys the hashes of match keys. Not in the file: boot sets it.
	MatchSecret []byte
}

// Connection is one authorised account.
type Connection struct {
	Name     record.Connection
	Platform record.Platform
	// Account is the vendor's account id: portal, realm; "" where it is learnt when connecting.
	Account string
	// Zone is the account's IANA time zone, in which its moments have their day and its clocks hang; "" where the file gives none.
	Zone string
	// Options are platform-specific settings, known to the catalog.
	Options map[string]string
	// MaxConcurrency bounds concurrent resolver and writer calls for this connection; 0 takes the default.
	MaxConcurrency int
	// Reserve is the share of the platform's limits left for people and other programs, in percent.
	Reserve int
	// DayLimit is what the account's plan allows a day, where the vendor's answers do not tell; 0 takes the least documented.
	DayLimit int
}

// DefaultReserve is left for people where the file says nothing.
const DefaultReserve = 10

// Group is one data domain around one hub.
type Group struct {
	Name record.Group
	Hub  record.Connection
	// Entities declares the hub's objects that take part, parents before children (contacts before deals).
	Entities []Entity
	Mappings []Mapping
	// Limits bound how far a mistake can spread through the group.
	Limits Limits

	places map[record.Object][]record.Place // see Index
	shared map[record.Place]bool            // a field there is named by two pairs; see Index
}

// Limits of spread: how many writes of a kind one connection may take in one hour from one group. Above a limit
// nothing more of that kind is written there, and the work is parked until a person releases it. 0 means no limit.
type Limits struct {
	// Deletes counts records archived or deleted, Creates records made.
	Deletes, Creates int
	// Blanks counts fields emptied, Overrides edits of another than the owner that are undone.
	Blanks, Overrides int
	// FieldUpdates counts writes of any one field.
	FieldUpdates int
}

// DefaultLimits are in force where the file names none: what takes something away is bounded, what adds is not.
func DefaultLimits() Limits {
	return Limits{Deletes: 50, Blanks: 500, Overrides: 500}
}

// Entity declares one entity type: a hub object and its fields. What belongs to the hub field, whatever spoke it
// travels to, is declared here once: form, owner, policies, match rules.
type Entity struct {
	Type   record.Object
	Fields []Field // in the file's order
	Match  []MatchRule
	// Matching is the digest of Match: keys made by other rules are made again.
	Matching string
	// Marker is the hub's unique field that holds our entity id, "" where the hub offers none.
	Marker record.PlatformField
	// RestoresHub: the hub's archived records of this type can be made live again (catalog Ability.Restore).
	RestoresHub bool

	hubPairs []Pair // see Index
}

// Field is one hub field.
type Field struct {
	Name record.HubField
	Kind catalog.Kind
	// Default is what the hub fills in where nothing is set, "" where it leaves a blank.
	Default string
	// Form is the canonical form: transforms applied to every value of this field, from wherever it comes.
	Form []Transform
	// Owner may set the field; LastWriteWins lets every writer set it.
	Owner  Owner
	Reason string // why this owner, in the user's words; never empty
	// NonOwner says what happens to an edit by another than the owner.
	NonOwner NonOwner
	Conflict Conflict
	Blank    Blank
	// Refers is the entity type this field names a record of; "" for plain values. An entity then holds an EntityID.
	Refers record.Object
	// ReadOnly: the hub does not accept writes to it.
	ReadOnly bool
}

// Owner names who may set a field.
type Owner struct {
	LastWriteWins bool
	// Connection is the owner, already resolved ("hub" is the hub's name); "" with LastWriteWins.
	Connection record.Connection
}

// NonOwner is a policy.
type NonOwner string

// What happens to an edit by another than the owner. Propose and flag leave a waiver on the link.
const (
	NonOwnerRevert  NonOwner = "revert"
	NonOwnerPropose NonOwner = "propose"
	NonOwnerFlag    NonOwner = "flag"
)

// Conflict is the resolution when both sides left base for different values.
type Conflict string

// The resolutions.
const (
	ConflictOwner  Conflict = "owner"
	ConflictHub    Conflict = "hub"
	ConflictSpoke  Conflict = "spoke"
	ConflictNewest Conflict = "newest"
	ConflictManual Conflict = "manual"
)

// Blank says what an emptied field means.
type Blank string

// The blank policies. BlankClear lets a blank travel as a value. BlankKeep never lets a blank replace a value: the
// emptied field is filled again.
const (
	BlankClear Blank = "clear"
	BlankKeep  Blank = "keep"
)

// MatchRule makes one key of several parts; all parts must be present for the key to exist.
type MatchRule struct {
	Name  string
	Parts []MatchPart
}

// MatchPart is one part: a hub field, through transforms. Keys compare by Unicode case folding and trimmed.
type MatchPart struct {
	Field      record.HubField
	Transforms []Transform
}

// Direction of a mapping or pair.
type Direction string

// The directions.
const (
	Both    Direction = "both"
	ToSpoke Direction = "to_spoke"
	ToHub   Direction = "to_hub"
)

// Create says who may create records through a mapping.
type Create string

// The create policies: CreateToSpoke lets hub-born records be created on the spoke, CreateToHub the reverse.
const (
	CreateBoth    Create = "both"
	CreateToSpoke Create = "to_spoke"
	CreateToHub   Create = "to_hub"
	CreateNone    Create = "none"
)

// Delete says what a deletion on one side does to the other.
type Delete string

// The delete policies.
const (
	DeleteIgnore  Delete = "ignore"  // the other side stays, linked to nothing on this side, and is not created again
	DeleteUnlink  Delete = "unlink"  // as ignore, and the other side leaves the entity too
	DeleteArchive Delete = "archive" // archive the other side
	DeleteDelete  Delete = "delete"  // delete the other side
)

// Mapping ties a hub object to an object of one spoke.
type Mapping struct {
	Name  string // unique in the group; by default "contacts-jobber-clients"
	Hub   record.Object
	Spoke record.Place
	// Direction is the pairs' default, and the way deletions travel.
	Direction Direction
	Create    Create
	Delete    Delete
	Existing  Existing
	AfterExit AfterExit
	OnLink    OnLink
	Filter    *Filter
	Pairs     []Pair
	// Marker is the spoke's field that holds the hub's record id; "" where the platform can hold none.
	Marker record.PlatformField
	// RestoresSpoke: the spoke's archived records can be made live again (catalog Ability.Restore).
	RestoresSpoke bool

	ToSpoke Schedule
	ToHub   Schedule
	// Undecided are the fields about money of a document that the mapping makes, on which nobody has decided yet: with any,
	// it is activated for no real account.
	Undecided []Undecided `json:",omitempty"`
	Line      int         // in the file, for messages
}

// Undecided is one decision about money that is still to be taken.
type Undecided struct {
	Field record.PlatformField
	What  string // what is decided, for a person
	// Placeholder says that the file asks for the choice (value: choose); else it does not name the field at all, or takes a
	// day from a moment without saying in which zone.
	Placeholder, Zone bool
	CreateOnly        bool // the platform takes the field at creation alone
	Line              int
}

// Existing says whether records that are inside the filter at first sight count as having entered.
type Existing string

// The values of Existing.
const (
	ExistingSkip  Existing = "skip"
	ExistingEnter Existing = "enter"
)

// AfterExit says what becomes of a record that was made while its entity was inside the filter, once it is outside.
type AfterExit string

// The values of AfterExit.
const (
	AfterExitStop   AfterExit = "stop"   // it is left as it is until the entity enters again
	AfterExitFollow AfterExit = "follow" // it keeps being updated
)

// OnLink says what becomes of values that a record held before it was linked, where the pair cannot bring them to the hub.
type OnLink string

// The values of OnLink.
const (
	OnLinkKeep      OnLink = "keep"      // they stay until somebody edits the value that they come from
	OnLinkOverwrite OnLink = "overwrite" // they are replaced at the link
)

// Filter holds when all its conditions hold.
type Filter struct {
	Conditions []Condition
	// Digest identifies the filter, so that a changed one does not make entries of records already inside.
	Digest string
}

// Condition tests one hub field by its type, or holds where any of several does.
type Condition struct {
	Field record.HubField
	Op    ConditionOp
	// Values: one or more for in, not_in and has, two for between, one for the other comparisons, none for present and blank.
	Values []string
	// Any holds conditions of which one is enough; then the rest is empty. None of them has an Any.
	Any []Condition `json:",omitempty"`
}

// Tests lists the conditions that test a field, those under any among them.
func (f *Filter) Tests() []Condition {
	var out []Condition
	for _, c := range f.Conditions {
		if len(c.Any) == 0 {
			out = append(out, c)
		}
		out = append(out, c.Any...)
	}
	return out
}

// ConditionOp is a comparison. equals and becomes are spelled "in" with one value once loaded.
type ConditionOp string

// The comparisons.
const (
	OpIn      ConditionOp = "in"
	OpNotIn   ConditionOp = "not_in"
	OpPresent ConditionOp = "present"
	OpBlank   ConditionOp = "blank"
	OpAbove   ConditionOp = "above"
	OpAtLeast ConditionOp = "at_least"
	OpBelow   ConditionOp = "below"
	OpAtMost  ConditionOp = "at_most"
	OpBetween ConditionOp = "between" // both ends count
	OpHas     ConditionOp = "has"     // one of the options of a value that holds several
)

// Pair translates between hub fields and spoke fields. One side has exactly one field. A pair with a constant or a
// reference through a parent's field has rules of its own, below.
type Pair struct {
	Hub       []record.HubField
	Spoke     []record.PlatformField
	Direction Direction
	// Kinds says what the platform holds in each field of Spoke, as far as the catalog knows.
	Kinds []catalog.Kind
	// Default is what the platform fills in where nothing is set in the field of Spoke, "" where it leaves a blank.
	Default string
	// ToSpokeTransforms turn hub values into spoke values; ToHubTransforms the reverse. Nil is identity.
	ToSpokeTransforms []Transform
	ToHubTransforms   []Transform
	// Constant, with no Hub field, is written at creation only.
	Constant string
	// Reference is set where the hub field names another entity.
	Reference *Reference
	// OnCreateOnly: written when the record is created and never after (the spoke's field is create-only).
	OnCreateOnly bool
	// Required: a create without a value here is parked.
	Required bool
	Line     int
}

// Reference says how a parent is named on the spoke.
type Reference struct {
	// To is the parent's entity type.
	To record.Object
	// Object is the parent's object on the spoke.
	Object record.Object
	// Via is the field of the parent's record whose value is written, "properties[first].id"; "" writes the parent's
	// external id. A pair with Via is to_spoke.
	Via record.PlatformField
}

// Transform is one step, by name, with arguments.
type Transform struct {
	Name string
	Args map[string]string // sorted when iterated
	// Map is value_map's table.
	Map map[string]string
}

// Schedule says when changes travel in one direction.
type Schedule struct {
	// RealTime: by webhook and due notice, at once.
	RealTime bool
	// Every is the period of polls (towards the hub) or of sweeps that send what is due; 0 for none.
	Every time.Duration
	// Active bounds polls and sweeps; it bounds nothing that is in real time.
	Active Active
	// Offset staggers runs that share a period; the program sets it.
	Offset time.Duration
}

// CreatesOn reports whether a record may be created at the spoke's side.
func (c Create) CreatesOn(toSpoke Direction) bool {
	return c == CreateBoth || (toSpoke == ToSpoke && c == CreateToSpoke) || (toSpoke == ToHub && c == CreateToHub)
}

// Words says what is to be decided, and how it is.
func (u Undecided) Words() (what, do string) {
	switch {
	case u.Zone:
		return u.What + ", is a day taken from a moment, and nothing says in which time zone",
			"write {date_iso: {zone: America/Chicago}} with your own, or give the hub's connection a zone"
	case u.Placeholder:
		return u.What + ", is not chosen yet", "write one of what `fluxcascade check` lists of the account, or value: " + catalog.LeaveOut
	}
	return u.What + ", is not in the mapping", fmt.Sprintf("map it, or add {spoke: %q, value: %s}, or value: %s if the account is to decide",
		u.Field, catalog.Choose, catalog.LeaveOut)
}
