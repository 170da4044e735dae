package pipeline

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Rekeyer makes every entity hold the keys of match rules that are about to be activated, so that from their first moment
// on a record is recognised by them. It publishes nothing. What is decided meanwhile under the rules before has its keys
// made again by the first sweep under the new ones; a record that only a left key would tell is held, never created twice.
type Rekeyer struct{ Shell }

// Run goes over all entities, and tells how many it rekeyed. Run again, it does what is left. Errors: fault.Transient.
func (r *Rekeyer) Run(ctx context.Context) (int, error) {
	total, cursor := 0, ""
	for range sweepPagesMax {
		rows, next, err := r.Store.Scan(ctx, store.Scan{Table: store.Versions, Cursor: cursor, Limit: sweepPageRows, Segments: 1})
		if err != nil {
			return total, err
		}
		n, err := r.page(ctx, rows)
		total += n
		if err != nil || next == "" {
			return total, err
		}
		cursor = next
	}
	return total, nil
}

func (r *Rekeyer) page(ctx context.Context, rows []store.Row) (int, error) {
	view, wakes, err := r.wakesOf(ctx, rows)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, o := range wakes {
		done, err := r.entity(ctx, view, o)
		if err != nil {
			return total, err
		}
		if done {
			total++
		}
	}
	return total, nil
}

// entity renews one entity's keys, if they are of other rules.
func (r *Rekeyer) entity(ctx context.Context, view *resolve.View, o resolve.Observation) (bool, error) {
	key := resolve.EntityKey{Group: o.Group, ID: o.Wake}
	for range staleTriesMax {
		decision, err := r.decide(ctx, view, o)
		if err != nil {
			return false, err
		}
		before := view.Entities[key]
		if decision.Patch.Entity == nil || before == nil || before.Entity == nil || before.Entity.Matching == decision.Patch.Entity.Matching {
			return false, nil
		}
		err = r.commit(ctx, view, decision.Patch)
		if err == nil {
			return true, nil
		}
		if !fault.Is(err, fault.Stale) {
			return false, err
		}
		forget(view, decision.Patch)
	}
	return false, fault.Newf(fault.Stale, "renew the keys of "+string(o.Wake), "lost %d times", staleTriesMax)
}
