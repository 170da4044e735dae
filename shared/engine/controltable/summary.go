package controltable

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Summary is what a sweep of a connection found to wait for a person, and what was reverted there recently. The sweep
// reads every entity anyhow, so that whoever looks at the Syncs page or at the digest reads one row of a few kilobytes
// instead: a look costs the same with ten records and with ten million. The price is its age, which is shown: at most one
// sweep's period. Counts that decisions keep in step were the alternative; they would put a contended write behind every
// decision, and drift.
type Summary struct {
	// At is when the sweep ended.
	At       time.Time `json:"at"`
	Entities int       `json:"entities"` // looked at
	Linked   int       `json:"linked"`   // with a live record on this connection
	// Waiting counts the pieces of work that wait for a person; Breakers those records among them that rest because they
	// were written too often.
	Waiting  int `json:"waiting"`
	Breakers int `json:"breakers,omitempty"`
	// Scheduled counts records that wait for the next run of a mapping that does not write in real time, the first of which is
	// expected at NextRun.
	Scheduled int       `json:"scheduled,omitempty"`
	NextRun   time.Time `json:"next_run,omitzero"`
	// Children counts records that wait for one that they name.
	Children int `json:"children,omitempty"`
	// Parked counts by kind, the longest waiting first, at most KindsMax kinds; Items are the longest waiting, oldest first,
	// at most ItemsMax.
	Parked []ParkedKind `json:"parked,omitempty"`
	Items  []ParkedItem `json:"items,omitempty"`
	// Reverted counts edits of the last day that were undone, by field.
	Reverted []Reverted `json:"reverted,omitempty"`
}

// Limits of a summary: its row stays under 60 KB, far from what a row may hold.
const (
	KindsMax = 100
	ItemsMax = 100
	// RevertedFor is how long an undone edit is told.
	RevertedFor = 24 * time.Hour
)

// ParkedKind is work that waits for one reason.
type ParkedKind struct {
	Group  record.Group  `json:"group"`
	Object record.Object `json:"object"`
	// Field is "" where the whole record waits.
	Field  string        `json:"field,omitempty"`
	Reason record.Reason `json:"reason"`
	Count  int           `json:"n"`
	Oldest time.Time     `json:"oldest"`
}

// ParkedItem is one piece of work that waits. It holds no value.
type ParkedItem struct {
	Group  record.Group    `json:"group"`
	Entity record.EntityID `json:"entity"`
	// Records are those that it is about, the one on this connection first; one that is not made yet has no ID.
	Records []record.Ref  `json:"records"`
	Field   string        `json:"field,omitempty"`
	Reason  record.Reason `json:"reason"`
	Since   time.Time     `json:"since"`
}

// Reverted counts the undone edits of one field.
type Reverted struct {
	Group  record.Group  `json:"group"`
	Object record.Object `json:"object"`
	Field  string        `json:"field"`
	Count  int           `json:"n"`
	Newest time.Time     `json:"newest"`
	// Records are the newest, at most RevertedRecordsMax.
	Records []record.Ref `json:"records,omitempty"`
}

// RevertedRecordsMax is how many records are named for each field.
const RevertedRecordsMax = 5

func summaryKey(c record.Connection) store.Key {
	return store.Key{Table: store.Control, Partition: "summary#" + string(c), Sort: "summary"}
}

// SaveSummary replaces a connection's summary; the last sweep to end is right.
func SaveSummary(ctx context.Context, s store.Store, c record.Connection, summary Summary) error {
	body, err := json.Marshal(summary)
	if err != nil {
		return err
	}
	return s.Commit(ctx, []store.Write{{Key: summaryKey(c), Expect: store.Any, Body: body}})
}

// LoadSummary reads a connection's summary; the zero Summary if none was written yet.
func LoadSummary(ctx context.Context, s store.Store, c record.Connection) (Summary, error) {
	var out Summary
	rows, err := s.Get(ctx, []store.Key{summaryKey(c)})
	if err != nil {
		return out, err
	}
	if row, ok := rows[summaryKey(c)]; ok {
		if err := store.Decode(row, "read summary of "+string(c), &out); err != nil {
			return Summary{}, err
		}
	}
	return out, nil
}
