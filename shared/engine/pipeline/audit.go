package pipeline

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// audit compares what the last reconcile of a place listed with what we link there. What was not listed is read by id:
// the list proves nothing by itself, but a deletion that no webhook and no list of changes told shows here.
type audit struct {
	began  time.Time
	seen   map[record.ExternalID]bool
	listed bool // the list is whole
}

// audits loads the lists of reconciles that were not compared yet.
func (s *Sweeper) audits(ctx context.Context, connection record.Connection) (map[record.Place]*audit, error) {
	progress, err := controltable.LoadProgress(ctx, s.Store, s.Rules.Places())
	if err != nil {
		return nil, err
	}
	out := map[record.Place]*audit{}
	for _, place := range s.Rules.Places() {
		p := progress[place]
		if p.ReconcileRun == "" || p.Reconcile != "" || p.AuditedRun == p.ReconcileRun || (connection != "" && place.Connection != connection) {
			continue
		}
		a := &audit{began: p.ReconcileBegan}
		if a.seen, a.listed, err = controltable.Seen(ctx, s.Store, p.ReconcileRun, p.ReconcilePages); err != nil {
			return nil, err
		}
		out[place] = a
	}
	return out, nil
}

// findMissing asks for the entity's records to be read that a whole list lacks.
func (s *Sweeper) findMissing(view *resolve.View, o resolve.Observation, audits map[record.Place]*audit, total *Sweep, out *outgoing) {
	rows := view.Entities[resolve.EntityKey{Group: o.Group, ID: o.Wake}]
	if rows == nil || rows.Entity == nil || rows.Entity.State == resolve.EntityMerged {
		return
	}
	for _, place := range placesOf(s.Rules, resolve.EntityKey{Group: o.Group, ID: o.Wake}) {
		a, link := audits[place], rows.Links[place]
		if a == nil || !a.listed || link == nil || link.ID == "" || a.seen[link.ID] || link.State == resolve.LinkTombstone || link.TouchedAt.After(a.began) {
			continue
		}
		s.hint(out, sweeping, record.Change{Ref: record.Ref{Place: place, ID: link.ID}, Source: record.SourceSweep, Kind: record.KindDeleted})
		total.Missing++
	}
	for _, ref := range rows.Entity.Leftovers {
		if a := audits[ref.Place]; a != nil && a.listed && !a.seen[ref.ID] {
			s.hint(out, sweeping, record.Change{Ref: ref, Source: record.SourceSweep, Kind: record.KindDeleted})
			total.Missing++
		}
	}
}

// audited notes which lists were compared. If a poll moved the row meanwhile, they are compared once more.
func (s *Sweeper) audited(ctx context.Context, audits map[record.Place]*audit) error {
	if len(audits) == 0 {
		return nil
	}
	progress, err := controltable.LoadProgress(ctx, s.Store, s.Rules.Places())
	if err != nil {
		return err
	}
	for _, place := range s.Rules.Places() {
		if a := audits[place]; a != nil && progress[place].ReconcileBegan.Equal(a.began) {
			next := progress[place]
			next.AuditedRun = next.ReconcileRun
			if _, err := controltable.SaveProgress(ctx, s.Store, place, next); err != nil && !fault.Is(err, fault.Stale) {
				return err
			}
		}
	}
	return nil
}
