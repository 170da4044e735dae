// Package store is the contract for durable state: rows with revisions, compare-and-swap, transactions.
// It owns no meaning: what a row holds is its caller's. It never retries; callers see fault.Stale when a condition
// is lost and fault.Transient when the store did not answer (the outcome may then be either).
//
// Rows are bytes under a revision rather than typed records, so that three implementations stay small, one suite
// (storetest) pins them, and every row, of any kind, is written under the same one rule: the revision has not moved.
package store

import (
	"context"
	"time"
)

// Table names one of the three tables.
type Table string

// The tables.
const (
	Versions       Table = "versions"        // entities and their links, one partition per entity
	CrossReference Table = "cross-reference" // link keys and match keys to entities
	Control        Table = "control"         // cursors, tokens, runs, waiters, pauses
)

// Tables lists every table, in order.
func Tables() []Table { return []Table{Versions, CrossReference, Control} }

// Limits that every implementation keeps; each is DynamoDB's own, with some room.
const (
	// WritesMax is how many writes one Commit takes. DynamoDB: 100 items a transaction.
	WritesMax = 100
	// BodyBytesMax is the largest body. DynamoDB: 400 KB an item.
	BodyBytesMax = 380 << 10
	// KeyBytesMax is the longest partition or sort key. DynamoDB: 2048 and 1024.
	KeyBytesMax = 1000
	// GetMax is how many keys one Get takes; implementations split it as they must.
	GetMax = 10_000
)

// Key addresses one row. Partition and Sort are never empty.
type Key struct {
	Table     Table
	Partition string
	Sort      string
}

// Row is one row as read. Body must not be changed by the reader.
type Row struct {
	Key
	// Rev counts the row's writes from 1; 0 never occurs in a row read.
	Rev  int64
	Body []byte
	// ExpiresAt is when the row may vanish, to the second; zero is never. A reader may still see it later.
	ExpiresAt time.Time
}

// Write puts or deletes one row if its revision is the expected one.
type Write struct {
	Key
	// Expect is the revision the row must have; 0: it must not exist; Any: no condition.
	Expect int64
	// Delete removes the row; Body and ExpiresAt are then ignored.
	Delete    bool
	Body      []byte
	ExpiresAt time.Time
	// CheckOnly tests the condition and leaves the row as it is; Body and ExpiresAt are ignored.
	CheckOnly bool
}

// Any, as Write.Expect, writes whatever the row's revision is. The new revision is still one more than the old.
const Any int64 = -1

// Store is the contract. Safe for concurrent use. Every method honours ctx.
type Store interface {
	// Get reads rows strongly: it sees every Commit that returned before it began. Absent keys are simply missing
	// from the answer, which is in no order. At most GetMax keys; a repeated key is answered once.
	// Rows of one answer are not read at one instant. Errors: fault.Transient.
	Get(ctx context.Context, keys []Key) (map[Key]Row, error)

	// Query reads strongly the rows of one partition whose sort key begins with prefix and is greater than after
	// ("" for both: all), in order of sort key (bytes), at most limit (1 to 1000). Fewer than limit means the end.
	// Errors: fault.Transient.
	Query(ctx context.Context, q Query) ([]Row, error)

	// Scan reads a table, every row at least once unless it is written meanwhile, in no order, in pages of about
	// limit rows. cursor is "" to begin; next is "" at the end. A page may be empty before the end. segment of
	// segments splits the table for parallel scans; use 0 of 1 for all of it. Errors: fault.Transient.
	Scan(ctx context.Context, s Scan) (rows []Row, next string, err error)

	// Commit applies all writes or none. Keys within one call are distinct. One to WritesMax writes.
	// Errors: fault.Stale if any condition failed: nothing was written. fault.Transient: perhaps all was written,
	// perhaps nothing; reload to know. Contention that may pass is reported as Stale too.
	Commit(ctx context.Context, writes []Write) error
}

// Query selects a range of one partition.
type Query struct {
	Table     Table
	Partition string
	Prefix    string
	After     string
	Limit     int
}

// Scan selects a page of a table.
type Scan struct {
	Table             Table
	Cursor            string
	Limit             int
	Segment, Segments int
}
