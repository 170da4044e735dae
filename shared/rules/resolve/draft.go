package resolve

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// draft is a decision in the making. It is the one place where rows are changed, and those are copies: rules say what
// should become of a value, and the draft notes it. Its subject shows the rows as they have become so far.
type draft struct {
	*subject
	observation Observation

	entityChanged bool
	linkChanged   map[record.Place]bool
	changes       []FieldChange
	refs          []RefPatch
	hints         []record.Change
	parked        bool
	echo          bool
}

func newDraft(view *View, g *ruleset.Group, rules *ruleset.Rules, o Observation) *draft {
	return &draft{subject: &subject{reader: &reader{view: view, name: g.Name}, rules: rules, group: g}, observation: o}
}

// open makes rows the working state. It is false, and does nothing, for an entity whose type has left the configuration:
// no rule speaks of it.
func (w *draft) open(rows *Rows) bool {
	declared, ok := w.group.Entity(rows.Entity.Type)
	if !ok {
		return false
	}
	w.entity = rows.Entity
	w.links = rows.Links
	w.entityChanged = false
	w.linkChanged = map[record.Place]bool{}
	w.declared = declared
	return true
}

// editEntity gives a copy of the entity that may be changed.
func (w *draft) editEntity() *Entity {
	if !w.entityChanged {
		w.entity = w.entity.clone()
		w.entityChanged = true
	}
	return w.entity
}

// editLink gives a copy of the link at a place that may be changed, a new one if there is none.
func (w *draft) editLink(place record.Place) *Link {
	if w.linkChanged[place] {
		return w.links[place]
	}
	link := &Link{Place: place, State: LinkNone}
	if old := w.links[place]; old != nil {
		link = old.clone()
	}
	links := make(map[record.Place]*Link, len(w.links)+1)
	for p, l := range w.links {
		links[p] = l
	}
	links[place] = link
	w.links = links
	w.linkChanged[place] = true
	return link
}

func (w *draft) note(c FieldChange) { w.changes = append(w.changes, c) }

// settle computes what is due, holds what cannot be, and makes the decision.
func (w *draft) settle(outcome Outcome, reason record.Reason) Decision {
	unlinkDeleted(w)
	noteUnspoken(w)
	for place := range w.linkChanged { // rule 15 asks when something was last seen there
		w.links[place].TouchedAt = w.view.Now
	}
	due := dueEverywhere(w.subject)
	noteHolds(w, due)
	decision := Decision{Outcome: outcome, Reason: reason, Entity: w.entity.ID, Type: w.entity.Type,
		Changes: w.changes, Due: due, Hints: w.allHints()}
	decision.Patch.Owner = EntityKey{w.group.Name, w.entity.ID}
	told := w.entityChanged
	if cameOrWent(w) {
		w.editEntity()
	}
	if w.entityChanged {
		if !outdated(w.subject) { // what a platform did is noted, no matter who asked for it
			w.entity.Config, w.entity.ConfigVersion = w.rules.Digest, w.rules.Version
		}
		if told && outcome != Noop {
			w.entity.Journal = &Entry{Rev: w.entity.Rev + 1, At: w.view.Now, Change: w.observation.Change.ID, Record: w.observation.Change.Ref,
				Outcome: outcome, Reason: reason, Config: w.rules.Digest, Changes: w.changes}
		}
		decision.Patch.Entity = w.entity
	} else if len(w.linkChanged) > 0 && len(w.changes) > 0 {
		decision.Patch.Unmoved = w.entity.Rev
	}
	for _, place := range w.group.Places(w.entity.Type) {
		if w.linkChanged[place] {
			decision.Patch.Links = append(decision.Patch.Links, w.links[place])
		}
	}
	decision.Patch.Refs, decision.Patch.Keys = w.refs, w.keys
	return decision
}

// cameOrWent reports whether a record of the entity became live or ceased to be. The entity's row moves with it: who owns
// a field hangs on which records are live, so an edit that was judged by that meanwhile must be judged again.
func cameOrWent(w *draft) bool {
	was := w.loaded(w.entity.ID)
	for place := range w.linkChanged {
		before := was.Links[place]
		if live := before != nil && before.State == LinkLive; live != (w.links[place].State == LinkLive) {
			return true
		}
	}
	return false
}

// hint asks for a record to be read, once a decision.
func (w *draft) hint(c record.Change) {
	for _, h := range w.hints {
		if h.Ref == c.Ref {
			return
		}
	}
	c.SeenAt = w.view.Now
	c.ID = w.observation.Change.ID
	w.hints = append(w.hints, c)
}

// allHints gives the records to read: those asked for, and the parents that nobody has seen yet.
func (w *draft) allHints() []record.Change {
	for _, ref := range w.unseen {
		w.hint(record.Change{Ref: ref, Source: record.SourceSweep, Kind: record.KindChanged})
	}
	return w.hints
}
