package pipeline

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Operator takes the decisions of people: what a parked field should hold.
type Operator struct{ Shell }

// Answer decides a parked field, commits, and publishes what it makes due. Errors: fault.Stale if others kept moving
// the entity (nothing was written), fault.Rejected if there is no such entity or field, fault.Transient.
func (o *Operator) Answer(ctx context.Context, group record.Group, answer resolve.Answer) (resolve.Decision, error) {
	op := "answer for " + string(answer.Field) + " of " + string(answer.Entity)
	for range staleTriesMax {
		view := resolve.NewView(o.Now())
		if err := o.circumstances(ctx, view); err != nil {
			return resolve.Decision{}, err
		}
		decision, err := o.decide(ctx, view, resolve.Observation{Group: group, Answer: &answer, Change: record.Change{Source: record.SourceOperator}})
		if err != nil {
			return decision, err
		}
		if decision.Reason == resolve.ReasonBlankKept {
			return decision, fault.Newf(fault.Rejected, op, "by its policy the field is never emptied; give it a value")
		}
		if decision.Outcome == resolve.Unsupported || decision.Reason == resolve.ReasonNotLinked {
			return decision, fault.Newf(fault.Rejected, op, "there is no such entity or field")
		}
		if err := o.commit(ctx, view, decision.Patch); err != nil {
			if fault.Is(err, fault.Stale) {
				continue
			}
			return decision, err
		}
		var out outgoing
		if err := o.publish(ctx, view, group, decision, record.Change{}, record.Place{}, &out); err != nil {
			return decision, err
		}
		return decision, out.send(ctx, o.Queue)
	}
	return resolve.Decision{}, fault.Newf(fault.Stale, op, "lost %d times", staleTriesMax)
}
