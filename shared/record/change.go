package record

import (
	"cmp"
	"encoding/json"
	"time"
)

// Lane separates live changes from those that are some of many: a first load's, a reconcile's, a sweep's. Each has its own
// queue, and what live changes make due is written first.
type Lane string

// The lanes. A message that names none is live.
const (
	LaneLive     Lane = ""
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
//
// A change that is put off is sent again with everything it carries, but for its snapshot and for its counts, which move.
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
	// Lane is the queue that it came by and goes back to, and the rank of what it makes due.
	Lane Lane `json:"lane,omitempty"`
	// Snapshot, on snapshot lanes only, is the record as the poll or backfill read it. Webhook queues carry none.
	Snapshot *Snapshot `json:"snapshot,omitempty"`
	// Deferrals counts how often this change was put off by a decision, Outages how often because its platform did not take the
	// read of its record. Limits read both. PutOffSince is when it was first put off.
	Deferrals   int       `json:"deferrals,omitempty"`
	Outages     int       `json:"outages,omitempty"`
	PutOffSince time.Time `json:"put_off_since,omitzero"`
	// Hops counts the messages that led to this one, one after the other, since a schedule or somebody outside began.
	Hops int `json:"hops,omitempty"`
	// MissingSince is when a read by id first found nothing; a second such read a lag bound later proves absence.
	MissingSince time.Time `json:"missing_since,omitzero"`
}

// Join gives the one change record that stands for two of the same record: one read of it answers both, and neither loses
// what it carries. It is as late as the later of the two, and of no known time where one of them is, or where they are of
// two kinds: what is known of the one may be news of the other. It is live if either is, and was listed if either was. It
// carries no snapshot.
func Join(a, b Change) Change {
	out := a
	out.Snapshot = nil
	out.ID = cmp.Or(a.ID, b.ID)
	if b.Source == SourceBackfill {
		out.Source = b.Source
	}
	switch {
	case a.OccurredAt.IsZero() || b.OccurredAt.IsZero() || a.Kind != b.Kind:
		out.OccurredAt, out.Kind = time.Time{}, KindChanged
	case b.OccurredAt.After(a.OccurredAt):
		out.OccurredAt = b.OccurredAt
	}
	if b.Lane == LaneLive {
		out.Lane = LaneLive
	}
	out.SeenAt, out.PutOffSince = earlier(a.SeenAt, b.SeenAt), earlier(a.PutOffSince, b.PutOffSince)
	out.Deferrals, out.Outages, out.Hops = max(a.Deferrals, b.Deferrals), max(a.Outages, b.Outages), max(a.Hops, b.Hops)
	if a.MissingSince.IsZero() {
		out.MissingSince = b.MissingSince
	}
	return out
}

// earlier gives the earlier of two times, leaving out one that is zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Page is the message body on a change-record queue: one or more changes, and the marks of the first loads they are of.
type Page struct {
	Marks   []Mark   `json:"marks,omitempty"`
	Changes []Change `json:"changes"`
}

// Encode gives a page as a message's body. It fails only for a time that JSON cannot hold.
func (p Page) Encode() ([]byte, error) { return json.Marshal(p) }

// UnmarshalJSON implements json.Unmarshaler. It also reads pages as they were queued before they had marks.
func (p *Page) UnmarshalJSON(text []byte) error {
	type plain Page // without this method
	var read struct {
		plain
		Run    string `json:"run"`
		Number int    `json:"number"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*p = Page(read.plain)
	if read.Run != "" {
		p.Marks = append(p.Marks, Mark{Run: read.Run, Page: read.Number})
	}
	return nil
}

// Again gives a change whose patience is new: a person asks for it once more, after it was given up on.
func (c Change) Again() Change {
	c.Deferrals, c.Outages, c.Hops, c.PutOffSince = 0, 0, 0, time.Time{}
	return c
}

// Mark names a part of a first load that is not absorbed yet: a page, or one record of it that was put off. A message bears
// the marks of what it holds, which are taken away once all of it is absorbed; the load is over when none is left.
type Mark struct {
	// Run is the first load, Page counts its pages from 1.
	Run  string `json:"run"`
	Page int    `json:"page"`
	// Record is the record that was put off, "" for the whole page.
	Record ExternalID `json:"record,omitempty"`
}

// Of gives the mark of one record of the page.
func (m Mark) Of(id ExternalID) Mark {
	m.Record = id
	return m
}
