package pipeline

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func spreadRow(k resolve.SpreadKey) store.Key {
	return store.Key{Table: store.Control, Partition: "spread#" + string(k.Group) + "#" + string(k.Connection), Sort: "spread"}
}

// loadSpread tells the view what has been written recently, for the groups that limit it.
func (s *Shell) loadSpread(ctx context.Context, view *resolve.View) error {
	var wanted []resolve.SpreadKey
	var keys []store.Key
	seen := map[resolve.SpreadKey]bool{}
	for i := range s.Rules.Groups {
		g := &s.Rules.Groups[i]
		if g.Limits == (ruleset.Limits{}) {
			continue
		}
		for _, e := range g.Entities {
			for _, place := range g.Places(e.Type) {
				if k := (resolve.SpreadKey{Group: g.Name, Connection: place.Connection}); !seen[k] {
					seen[k] = true
					wanted, keys = append(wanted, k), append(keys, spreadRow(k))
				}
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := s.Store.Get(ctx, keys)
	if err != nil {
		return err
	}
	for i, k := range wanted {
		budget := &resolve.Spread{}
		if err := decode(rows[keys[i]], budget); err != nil {
			return err
		}
		budget.Rev = rows[keys[i]].Rev
		view.Spread[k] = budget
	}
	return nil
}

// reserve counts jobs of one place against the budget of their group, before anything is written, and gives those that
// may be. The others stay due and are held until a person releases the limit.
func (w *Writer) reserve(ctx context.Context, jobs []*job) []*job {
	var allowed []*job
	for _, group := range groupsOf(jobs) {
		g, ok := w.Rules.Group(group)
		var mine []*job
		for _, j := range jobs {
			if j.notice.Group == group {
				mine = append(mine, j)
			}
		}
		if !ok || g.Limits == (ruleset.Limits{}) {
			allowed = append(allowed, mine...)
			continue
		}
		granted, err := w.reserveIn(ctx, g, mine)
		if err != nil {
			failJobs(mine, err)
			continue
		}
		allowed = append(allowed, granted...)
	}
	return allowed
}

func groupsOf(jobs []*job) []record.Group {
	var out []record.Group
	seen := map[record.Group]bool{}
	for _, j := range jobs {
		if !seen[j.notice.Group] {
			seen[j.notice.Group] = true
			out = append(out, j.notice.Group)
		}
	}
	return out
}

func (w *Writer) reserveIn(ctx context.Context, g *ruleset.Group, jobs []*job) ([]*job, error) {
	key := resolve.SpreadKey{Group: g.Name, Connection: jobs[0].notice.Place.Connection}
	for range staleTriesMax {
		rows, err := w.Store.Get(ctx, []store.Key{spreadRow(key)})
		if err != nil {
			return nil, err
		}
		budget := &resolve.Spread{}
		if err := decode(rows[spreadRow(key)], budget); err != nil {
			return nil, err
		}
		budget.Rev = rows[spreadRow(key)].Rev
		next, counted := budget, false
		granted := map[*job]bool{}
		for _, j := range jobs {
			if len(j.due.Kinds) == 0 {
				granted[j] = true
				continue
			}
			next, granted[j] = resolve.Reserve(next, g.Limits, j.due.Kinds, w.Now())
			counted = true
		}
		if counted {
			body, err := json.Marshal(next)
			if err != nil {
				return nil, err
			}
			err = w.Store.Commit(ctx, []store.Write{{Key: spreadRow(key), Expect: budget.Rev, Body: body}})
			if fault.Is(err, fault.Stale) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		var out []*job
		for _, j := range jobs {
			if granted[j] {
				out = append(out, j)
				continue
			}
			j.done = true
			w.tell(Event{Kind: EventHeld, Group: j.notice.Group, Entity: j.key.ID, Ref: j.intent.Ref, Operation: j.intent.Operation, Outcome: resolve.ParkedWork, Reason: record.ReasonSpreadLimit})
		}
		return out, nil
	}
	return nil, fault.Newf(fault.Stale, "reserve writes of "+string(key.Group)+" on "+string(key.Connection), "lost %d times", staleTriesMax)
}

// Release lets writes of a kind go on that reached their limit; "" releases all kinds. The next sweep sends them, and
// the hour is counted from now. leave is how many writes of each kind may pass beside the limit; nil for none.
// Errors: fault.Stale if the row kept moving, fault.Transient.
func (o *Operator) Release(ctx context.Context, group record.Group, c record.Connection, kind string, leave map[string]int) error {
	key := spreadRow(resolve.SpreadKey{Group: group, Connection: c})
	for range staleTriesMax {
		rows, err := o.Store.Get(ctx, []store.Key{key})
		if err != nil {
			return err
		}
		budget := &resolve.Spread{}
		if err := decode(rows[key], budget); err != nil {
			return err
		}
		budget.Hour, budget.Counts, budget.Leave = o.Now(), map[string]int{}, leave
		if kind == "" {
			budget.Tripped = nil
		}
		delete(budget.Tripped, kind)
		body, err := json.Marshal(budget)
		if err != nil {
			return err
		}
		err = o.Store.Commit(ctx, []store.Write{{Key: key, Expect: rows[key].Rev, Body: body}})
		if !fault.Is(err, fault.Stale) {
			return err
		}
	}
	return fault.Newf(fault.Stale, "release writes of "+string(group)+" on "+string(c), "lost %d times", staleTriesMax)
}
