// Package controltable is what the handlers remember between calls that is neither an entity nor a key: how far a place has
// been read, which backfill pages are still to be absorbed, and which connections are paused. It owns the layout of
// those rows in the control table. It decides nothing about records.
package controltable

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Phase is how far a place's first load is.
type Phase string

// The phases. Draining: every page is queued, not every page is absorbed.
const (
	PhaseListing  Phase = "listing"
	PhaseDraining Phase = "draining"
	PhaseDone     Phase = "done"
)

// Progress is how far a place has been read.
type Progress struct {
	Phase Phase `json:"phase"`
	// Run names the first load; Pages counts the pages it queued, Records their records.
	Run     string `json:"run"`
	Pages   int    `json:"pages"`
	Records int    `json:"records"`
	// Suspect is the first mark of which nobody can tell whether its message is still on its way, SuspectSince when it was first
	// seen to be; Loads counts first loads begun, for one whose page was lost begins again.
	Suspect      string    `json:"suspect,omitempty"`
	SuspectSince time.Time `json:"suspect_since,omitzero"`
	Loads        int       `json:"loads,omitempty"`
	// DrainingSince is when the last page was queued.
	DrainingSince time.Time `json:"draining_since,omitzero"`
	// List continues the listing.
	List string `json:"list,omitempty"`
	// Since is where changes begin to count: a margin before the first load began.
	Since time.Time `json:"since"`
	// Changes continues the polls; PolledAt is when the last one was whole.
	Changes  string    `json:"changes,omitempty"`
	PolledAt time.Time `json:"polled_at,omitzero"`
	// Reconcile continues a reconcile that was cut off; ReconciledAt is when the last one was whole.
	Reconcile    string    `json:"reconcile,omitempty"`
	ReconciledAt time.Time `json:"reconciled_at,omitzero"`
	// ReconcileRun names the reconcile under way or the last one, ReconcilePages how many pages it listed.
	ReconcileRun   string    `json:"reconcile_run,omitempty"`
	ReconcilePages int       `json:"reconcile_pages,omitempty"`
	ReconcileBegan time.Time `json:"reconcile_began,omitzero"`
	// AuditedRun is the reconcile whose list was last compared with our links.
	AuditedRun string `json:"audited_run,omitempty"`
	Rev        int64  `json:"-"`
}

func progressKey(place record.Place) store.Key {
	return store.Key{Table: store.Control, Partition: "progress#" + place.String(), Sort: "progress"}
}

// LoadProgress reads how far places have been read. A place never read has the zero Progress.
func LoadProgress(ctx context.Context, s store.Store, places []record.Place) (map[record.Place]Progress, error) {
	keys := make([]store.Key, len(places))
	for i, place := range places {
		keys[i] = progressKey(place)
	}
	rows, err := s.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[record.Place]Progress, len(places))
	for i, place := range places {
		if out[place], err = decodeProgress(place, rows[keys[i]]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ProgressAt reads how far one place has been read.
func ProgressAt(ctx context.Context, s store.Store, place record.Place) (Progress, error) {
	key := progressKey(place)
	rows, err := s.Get(ctx, []store.Key{key})
	if err != nil {
		return Progress{}, err
	}
	return decodeProgress(place, rows[key])
}

func decodeProgress(place record.Place, row store.Row) (p Progress, err error) {
	if row.Rev == 0 {
		return p, nil
	}
	if err := store.Decode(row, "read progress of "+place.String(), &p); err != nil {
		return Progress{}, err
	}
	p.Rev = row.Rev
	return p, nil
}

// SaveProgress writes p if nobody else has since it was read, and gives it under its new revision.
// Errors: fault.Stale, fault.Transient.
func SaveProgress(ctx context.Context, s store.Store, place record.Place, p Progress) (Progress, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return p, fmt.Errorf("encode progress of %s: %w", place, err)
	}
	if err := s.Commit(ctx, []store.Write{{Key: progressKey(place), Expect: p.Rev, Body: body}}); err != nil {
		return p, err
	}
	p.Rev++
	return p, nil
}

// Pause is why a connection is not written to or polled.
type Pause struct {
	Reason string    `json:"reason"` // PausedUnauthorized or PausedByOperator
	Since  time.Time `json:"since"`
	// By is the operator, as far as their machine knows, and Note their reason, in their words; "" for none.
	By   string `json:"by,omitempty"`
	Note string `json:"note,omitempty"`

	rev int64
}

// Why a connection is paused.
const (
	PausedUnauthorized = "not_authorised"
	PausedByOperator   = "operator"
)

// Why gives the pause as a reason that events tell.
func (p Pause) Why() record.Reason {
	if p.Reason == PausedByOperator {
		return record.ReasonPaused
	}
	return record.ReasonUnauthorized
}

func pauseKey(c record.Connection) store.Key {
	return store.Key{Table: store.Control, Partition: "pause#" + string(c), Sort: "pause"}
}

// Paused gives a connection's pause; ok is false while it runs.
func Paused(ctx context.Context, s store.Store, c record.Connection) (p Pause, ok bool, err error) {
	row, ok, err := store.One(ctx, s, pauseKey(c))
	if err != nil {
		return p, false, err
	}
	if !ok {
		return p, false, nil
	}
	if err := store.Decode(row, "read pause of "+string(c), &p); err != nil {
		return p, true, err
	}
	p.rev = row.Rev
	return p, true, nil
}

// pauseTries is how often a pause is written against others.
const pauseTries = 8

// SetPause pauses a connection. An operator's pause outranks the system's own, and neither replaces its like: the earlier
// one's time stays. Errors: fault.Stale if the row kept moving, fault.Transient.
func SetPause(ctx context.Context, s store.Store, c record.Connection, p Pause) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	for range pauseTries {
		now, ok, err := Paused(ctx, s, c)
		if err != nil {
			return err
		}
		if ok && (now.Reason == p.Reason || now.Reason == PausedByOperator) {
			return nil
		}
		err = s.Commit(ctx, []store.Write{{Key: pauseKey(c), Expect: now.rev, Body: body}})
		if !fault.Is(err, fault.Stale) {
			return err
		}
	}
	return fault.Newf(fault.Stale, "pause "+string(c), "lost %d times", pauseTries)
}

// Resume ends a connection's pause, no matter who made it; it is the operator's call. Errors: fault.Transient.
func Resume(ctx context.Context, s store.Store, c record.Connection) error {
	return s.Commit(ctx, []store.Write{{Key: pauseKey(c), Expect: store.Any, Delete: true}})
}

// EndPause ends the very pause that was read, and leaves one that took its place. Errors: fault.Transient.
func EndPause(ctx context.Context, s store.Store, c record.Connection, p Pause) error {
	err := s.Commit(ctx, []store.Write{{Key: pauseKey(c), Expect: p.rev, Delete: true}})
	if fault.Is(err, fault.Stale) {
		return nil
	}
	return err
}

// Forget removes how far places have been read: they are read from the beginning again, and nothing is created there until
// that is done. Errors: fault.Transient.
func Forget(ctx context.Context, s store.Store, places []record.Place) error {
	for _, place := range places {
		if err := s.Commit(ctx, []store.Write{{Key: progressKey(place), Expect: store.Any, Delete: true}}); err != nil {
			return err
		}
	}
	return nil
}
