package pipeline

import (
	"context"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Operator takes the decisions of people: what a parked field should hold.
type Operator struct{ Shell }

// Answer decides a parked field, commits, and publishes what it makes due. Errors: fault.Stale if others kept moving
// the entity, fault.Rejected if the answer cannot be taken, which the text explains, fault.Transient. After an error of
// the first two kinds nothing has changed.
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
		if decision.Outcome != resolve.Applied {
			return decision, fault.Newf(fault.Rejected, op, "%s", refusal(decision))
		}
		if err := o.commit(ctx, view, decision.Patch); err != nil {
			if fault.Is(err, fault.Stale) {
				continue
			}
			return decision, err
		}
		var out outgoing
		if err := o.publish(ctx, view, group, decision, trail{}, record.Place{}, &out); err != nil {
			return decision, err
		}
		return decision, out.send(ctx, &o.Shell)
	}
	return resolve.Decision{}, fault.Newf(fault.Stale, op, "lost %d times", staleTriesMax)
}

// refusal says why an answer was not taken. It names no value.
func refusal(d resolve.Decision) string {
	switch d.Reason {
	case record.ReasonBlankKept:
		return "by its policy the field is never emptied; give it a value"
	case record.ReasonInvalidValue:
		return "the value is not of the field's form; correct it"
	case record.ReasonKeyHeld:
		return "another record has this key: " + joined(d.Holders) + "; correct that record, or merge the two on the platform"
	case record.ReasonNotParked:
		return "the field waits for nobody; to decide it all the same, give a reason with --force"
	case record.ReasonQuarantined:
		return "the whole record is held, and no field of it can be decided; status says why it is held"
	case record.ReasonOldRules:
		return "a newer configuration has decided this record; try again with that one"
	}
	return "there is no such entity or field"
}

func joined(ids []record.EntityID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ", ")
}
