package resolve

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 7: what waits for a person.

// parkField holds a field for a person: the last agreed value stays, every candidate is kept.
func parkField(w *draft, e edit, why record.Reason) {
	entity := w.editEntity()
	now := entity.Fields[e.field]
	parked, already := entity.Parked[e.field]
	candidates := make([]Candidate, 0, len(parked.Candidates)+2)
	if !already {
		parked = Parked{Reason: why, Since: w.view.Now}
		candidates = append(candidates, Candidate{Place: record.Place{Connection: now.From}, Text: now.Text, At: now.At})
	}
	for _, c := range parked.Candidates {
		if c.Place != e.place {
			candidates = append(candidates, c)
		}
	}
	parked.Candidates = append(candidates, Candidate{Place: e.place, Text: e.text, At: e.at})
	entity.Parked[e.field] = parked
	w.parked = true
	w.note(FieldChange{Field: e.field, Old: now.Text, New: e.text, Reason: why})
}

// parkKey holds the parts of a rule that changed in this decision, and gives the entity their old values back. It reports
// whether any did.
func parkKey(w *draft, rule ruleset.MatchRule) (parked bool) {
	e, was := w.editEntity(), &Entity{}
	if rows := w.loaded(w.entity.ID); rows.Entity != nil {
		was = rows.Entity
	}
	for _, part := range rule.Parts {
		for i := range w.changes {
			c := &w.changes[i]
			if c.Field != part.Field || !c.Taken {
				continue
			}
			taken := e.Fields[c.Field]
			c.Taken, c.Reason = false, record.ReasonKeyHeld
			before := was.Fields[c.Field]
			e.Fields[c.Field] = before
			w.parked, parked = true, true
			if waits, already := was.Parked[c.Field]; already { // a person chose what cannot be had: the choice stays open
				e.Parked[c.Field] = waits
				continue
			}
			e.Parked[c.Field] = Parked{Reason: record.ReasonKeyHeld, Since: w.view.Now, Candidates: []Candidate{
				{Place: record.Place{Connection: before.From}, Text: before.Text, At: before.At},
				{Place: record.Place{Connection: taken.From}, Text: taken.Text, At: taken.At}}}
		}
	}
	return parked
}
