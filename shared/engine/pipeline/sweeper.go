package pipeline

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Sweeper re-sends what is due: the scheduled way of connections that do not write in real time, and the cure for
// every lost message.
type Sweeper struct{ Shell }

// sweeping is the beginning of what a sweep sends: it comes after live changes.
var sweeping = trail{lane: record.LaneBackfill}

// Limits of a sweep.
const (
	sweepPageRows = 500
	// sweepPagesMax bounds one run; a million rows of 2 KB cost about 3 cents to scan.
	sweepPagesMax = 20_000
)

// Sweep is what a sweep did.
type Sweep struct {
	Entities int // looked at
	Notices  int // sent
	Held     int // due, but waiting for a person
	Missing  int // linked records that the last reconcile did not list: they are read
	Woken    int // kept changes, sent again
	Kept     int // changes that go on waiting, of connections that are not paused
}

// Run sends the kept changes of a connection, or of all if connection is "", whose time has come; then it scans all entities,
// sends a notice for everything that can be written now there, and leaves a summary of what waits for a person. At rest it
// sends nothing.
// Errors: fault.Transient; what was sent stays sent.
func (s *Sweeper) Run(ctx context.Context, connection record.Connection) (Sweep, error) {
	var total Sweep
	if err := s.beginRuns(ctx, connection); err != nil {
		return total, err
	}
	if err := s.wakeAll(ctx, connection, &total); err != nil {
		return total, err
	}
	audits, err := s.audits(ctx, connection)
	if err != nil {
		return total, err
	}
	found := newGathering(s.Rules, connection, s.Now())
	cursor := ""
	for range sweepPagesMax {
		rows, next, err := s.Store.Scan(ctx, store.Scan{Table: store.Versions, Cursor: cursor, Limit: sweepPageRows, Segment: 0, Segments: 1})
		if err != nil {
			return total, err
		}
		if err := s.page(ctx, rows, connection, audits, found, &total); err != nil {
			return total, err
		}
		if next == "" {
			if err := s.keepSummaries(ctx, found, &total); err != nil {
				return total, err
			}
			return total, s.audited(ctx, audits)
		}
		cursor = next
	}
	return total, nil
}

func (s *Sweeper) page(ctx context.Context, rows []store.Row, connection record.Connection, audits map[record.Place]*audit, found *gathering, total *Sweep) error {
	for _, row := range rows {
		found.row(row)
	}
	view, wakes, err := s.wakesOf(ctx, rows)
	if err != nil {
		return err
	}
	var out outgoing
	for _, o := range wakes {
		decision, err := s.decide(ctx, view, o)
		if err != nil {
			return err
		}
		total.Entities++
		s.findMissing(view, o, audits, total, &out)
		key := resolve.EntityKey{Group: o.Group, ID: o.Wake}
		current := view.Entities[key]
		// Holds that the wake-up found or cleared are kept, so that the Syncs page shows what waits.
		if !decision.Patch.Empty() {
			if err := s.commit(ctx, view, decision.Patch); err != nil {
				forget(view, decision.Patch)
			} else {
				current = view.Entities[key]
			}
		}
		s.hints(&out, sweeping, decision.Hints)
		found.entity(key, current)
		for _, due := range decision.Due {
			if connection != "" && due.Place.Connection != connection {
				continue
			}
			switch due.Blocked {
			case record.ReasonWaitsForRun, record.ReasonWaitsForParent:
				found.scheduled(due)
			case "":
				s.sendNotice(&out, sweeping.notice(o.Group, decision.Entity, due.Place), s.Now())
				total.Notices++
			case record.ReasonAttemptsFull:
				// A read says what became of them.
				s.hint(&out, sweeping, record.Change{Ref: record.Ref{Place: due.Place, ID: due.ID}, Source: record.SourceSweep, Kind: record.KindChanged})
			}
			if due.Blocked.Holds() {
				total.Held++
			}
		}
	}
	return out.send(ctx, &s.Shell)
}
