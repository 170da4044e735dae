package record

import (
	"strings"
	"time"
)

// Names. Two strings side by side want two types: a hub field in a platform map does not compile.
type (
	// Platform names a vendor, in lower case: "hubspot".
	Platform string
	// Connection names one authorised account, as the configuration does: "jobber-north".
	Connection string
	// Group names one data domain: "customer".
	Group string
	// Object names a platform's kind as our connector spells it: "contacts", "clients", "customers".
	Object string
	// EntityID is our key of an entity, unique within its group. Never a platform's key.
	EntityID string
	// ExternalID is a platform's key of a record, opaque, compared byte by byte.
	ExternalID string
	// HubField names a field of an entity; it is spelled as the hub platform spells it.
	HubField string
	// PlatformField names a field of a platform's record in that connector's flat spelling:
	// "email", "emails[primary].address", "BillAddr.City".
	PlatformField string
)

// Fields holds a record's values in the platform's spelling. A missing key was not read and says nothing;
// "" is a blank. Numbers are decimal text, booleans "true" or "false", dates ISO 8601. Treat as immutable once shared.
type Fields map[PlatformField]string

// HubValues holds an entity's values in hub fields. A missing key is unknown; "" is a blank.
type HubValues map[HubField]string

// Place is where a link can be: an object of a connection.
type Place struct {
	Connection Connection `json:"connection"`
	Object     Object     `json:"object"`
}

// String gives "connection/object", the spelling used in keys, logs and the command line.
func (p Place) String() string { return string(p.Connection) + "/" + string(p.Object) }

// Compare orders places by connection, then object.
func (p Place) Compare(q Place) int {
	if c := strings.Compare(string(p.Connection), string(q.Connection)); c != 0 {
		return c
	}
	return strings.Compare(string(p.Object), string(q.Object))
}

// Ref names one record.
type Ref struct {
	Place
	ID ExternalID `json:"id"`
}

// String gives "connection/object/id".
func (r Ref) String() string { return r.Place.String() + "/" + string(r.ID) }

// Snapshot is one record as read.
type Snapshot struct {
	Ref
	// Fields holds every requested field that the platform returned. A field the record lacks is absent, a null is "".
	Fields Fields `json:"fields"`
	// Version is the platform's token for a conditional update (SyncToken); "" where it has none.
	Version string `json:"version,omitempty"`
	// ModifiedAt is the platform's own stamp of the record's last change, by its clock; zero where it tells none.
	ModifiedAt time.Time `json:"modified_at,omitzero"`
	// FieldTimes holds, per field, when the platform says that it last changed. Nil where it does not say.
	FieldTimes map[PlatformField]time.Time `json:"field_times,omitempty"`
	// ReadBegan is our clock just before the request left.
	ReadBegan time.Time `json:"read_began"`
	// Lagging marks a read from an index that trails the records (a search): it serves as a hint only.
	Lagging bool `json:"lagging,omitempty"`
	// Archived marks a record that the platform keeps but hides from its users.
	Archived bool `json:"archived,omitempty"`
}

// Evidence says how an absence was proved.
type Evidence string

// The ways in which a record can be shown to be gone. Only EvidenceNotFound needs a second read to count.
const (
	EvidenceNotFound Evidence = "not_found" // a read by id found nothing
	EvidenceDeleted  Evidence = "deleted"   // the platform's own deletion event or list, confirmed by a read
	EvidenceArchived Evidence = "archived"  // the record is kept but archived or inactive
	EvidenceMerged   Evidence = "merged"    // the record was merged into another
)

// Absence says that a record is gone, and how we know.
type Absence struct {
	Ref
	Evidence Evidence `json:"evidence"`
	// Into is the surviving record of a merge; "" where the platform does not tell.
	Into      ExternalID `json:"into,omitempty"`
	ReadBegan time.Time  `json:"read_began"`
}

// Lane separates live changes from the first load, so that neither starves the other.
type Lane string

// The lanes.
const (
	LaneLive     Lane = "live"
	LaneBackfill Lane = "backfill"
)

// Source says who queued a change record.
type Source string

// The sources of change records.
const (
	SourceWebhook  Source = "webhook"
	SourcePoll     Source = "poll"
	SourceBackfill Source = "backfill"
	SourceSweep    Source = "sweep"
	SourceWriter   Source = "writer"   // the writer saw an edit that it must not overwrite
	SourceOperator Source = "operator" // an answer of a person
)

// Kind is what a hint claims happened. It never decides: the record is read.
type Kind string

// The kinds of hints.
const (
	KindChanged Kind = "changed"
	KindDeleted Kind = "deleted"
	KindMerged  Kind = "merged"
)

// Change is a change record: record Ref may have changed. Many may speak of one change, and one may be lost.
type Change struct {
	// ID correlates log lines and metrics; it decides nothing.
	ID     string `json:"change,omitempty"`
	Ref           // the record; its id is Ref.ID
	Source Source `json:"source"`
	Kind   Kind   `json:"kind,omitempty"`
	// Into is the surviving record a merge event names; "" otherwise.
	Into ExternalID `json:"into,omitempty"`
	// OccurredAt is the platform's clock; zero where it does not say.
	OccurredAt time.Time `json:"occurred_at,omitzero"`
	// SeenAt is our clock when the change was first seen; lag is measured from it.
	SeenAt time.Time `json:"seen_at"`
	// Snapshot, on snapshot lanes only, is the record as the poll or backfill read it. Webhook queues carry none.
	Snapshot *Snapshot `json:"snapshot,omitempty"`
	// Deferrals counts how often this change was put off by a decision, Outages how often because its platform did not take the
	// read of its record. Limits read both.
	Deferrals int `json:"deferrals,omitempty"`
	Outages   int `json:"outages,omitempty"`
	// MissingSince is when a read by id first found nothing; a second such read a lag bound later proves absence.
	MissingSince time.Time `json:"missing_since,omitzero"`
}

// Page is the message body on a change-record queue: one or more changes, and, in a backfill, the page they came from.
type Page struct {
	// Run and Number name the backfill page, so that the first load knows when every page was absorbed. Run is "" otherwise.
	Run     string   `json:"run,omitempty"`
	Number  int      `json:"number,omitempty"`
	Changes []Change `json:"changes"`
}

// DueNotice says that an entity may be due at a place. It carries no value: the writer reads the state.
type DueNotice struct {
	Group  Group    `json:"group"`
	Entity EntityID `json:"entity"`
	Place  Place    `json:"place"`
	// ChangeID and SeenAt correlate the write with the change that led to it; both may be empty after a sweep.
	ChangeID string    `json:"change_id,omitempty"`
	SeenAt   time.Time `json:"seen_at,omitzero"`
	// Load: a first load or a sweep found it, one of many at once. Live edits are written before it, and it spends no more
	// of a limit than such work may.
	Load bool `json:"load,omitempty"`
	// Deferrals counts how often it was put off. Past a limit it is not sent again: the sweep finds what is due.
	Deferrals int `json:"deferrals,omitempty"`
}

// Operation is what an intent asks of a platform.
type Operation string

// The operations.
const (
	OperationCreate  Operation = "create"
	OperationUpdate  Operation = "update"
	OperationArchive Operation = "archive"
	OperationDelete  Operation = "delete"
	OperationRestore Operation = "restore" // of a record that we archived
)

// Intent is a decided write not yet done.
type Intent struct {
	// Key is the idempotency key: the same on each attempt of one intent, at most 50 characters of [0-9a-z-].
	Key       string
	Operation Operation
	// Ref names the target; its ID is "" for a create.
	Ref Ref
	// Marker names the field of Fields that holds our identity on the record: the hub's record id on a spoke, the
	// entity id on the hub. "" where the platform or the configuration offers none.
	Marker PlatformField
	// Fields holds the due fields and nothing else. A blank asks for the field to be cleared.
	Fields Fields
	// Current is the record as pre-read just before, nil for a create: its Version serves a conditional update,
	// its siblings go back where the API replaces whole lists.
	Current *Snapshot
	// AttemptsBegan is when the first attempt of this create began, zero for the first; a connector without
	// idempotent creates looks for its own earlier result from then on.
	AttemptsBegan time.Time
}

// Receipt is the platform's answer to one intent, in the order of the intents.
type Receipt struct {
	Key string
	// ID is the record written; for a create, the new (or found) record.
	ID ExternalID
	// Snapshot is the record as the platform answered it, nil where it answers none. ReadBegan is when the call began.
	Snapshot *Snapshot
	// Existing marks a create that wrote nothing because the record with this key already exists (a conflict that
	// names it, or a look-up): ID is a candidate for a match, to be read and judged, never assumed.
	Existing bool
	// Err is nil or classified by package fault: per item, so that one bad item fails alone.
	Err error
}
