package record

import (
	"time"
)

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
