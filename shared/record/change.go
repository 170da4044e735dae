package record

import (
	"encoding/json"
	"time"
)

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

// Encode gives a page as a message's body. It fails only for a time that JSON cannot hold.
func (p Page) Encode() ([]byte, error) { return json.Marshal(p) }
