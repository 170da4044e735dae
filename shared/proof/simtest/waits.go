package simtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// checkWaits asks of everything that the system says waits, is held, is refused or may differ, whether the truth has a cause for
// it: a second record of a person, two edits that knew nothing of each other, a value that no platform takes, a rule. A cause
// that is over is none.
func (w *world) checkWaits(g *ruleset.Group, x stored) {
	if x.Entity.State == resolve.EntityQuarantined {
		w.checkHeld(g, x)
		return
	}
	declared, ok := g.Entity(x.Entity.Type)
	if !ok {
		return
	}
	for _, name := range sortedKeys(x.Entity.Parked) {
		if f, ok := declared.Field(name); ok && !w.asksRightly(g, x, f) {
			w.violate(InvariantNeeded, "%s of %s waits for a person (%s), and nobody else wants it", name, x.Entity.ID, x.Entity.Parked[name].Reason)
		}
	}
	for _, place := range g.Places(x.Entity.Type) {
		if hold, held := x.Entity.Holds[place.String()]; held && !w.holdsRightly(g, x, place, hold.Reason) {
			w.violate(InvariantNeeded, "%s is held at %s (%s), and there is no cause for it", x.Entity.ID, place, hold.Reason)
		}
		link := x.Links[place]
		if link == nil || link.State != resolve.LinkLive {
			continue
		}
		ref := record.Ref{Place: place, ID: link.ID}
		if len(link.Attempts) > 0 {
			w.violate(InvariantNeeded, "whether a write to %s was done is not known yet, and nothing is left to wait for", ref)
		}
		for _, field := range sortedKeys(link.Waived) {
			if !w.differsRightly(g, x, ref, field) {
				w.violate(InvariantNeeded, "%s may keep %s as it is, and no rule says so", ref, field)
			}
		}
		for _, field := range sortedKeys(link.Rejected) {
			if field != resolve.CreateField && !strings.Contains(link.Rejected[field].Value, refusedMark) {
				w.violate(InvariantNeeded, "%s of %s counts as refused, and its platform takes it", field, ref)
			}
		}
	}
}

// checkHeld: a record is held because its email is another record's too, or was recently.
func (w *world) checkHeld(g *ruleset.Group, x stored) {
	for place, link := range x.Links {
		ref := record.Ref{Place: place, ID: link.ID}
		l := w.truth.lives[ref]
		_, mapped := g.TypeAt(place)
		switch {
		case !mapped || link.State != resolve.LinkQuarantined || ref == w.poison:
		case l == nil || l.deletedBy != "" || l.into != "":
			w.violate(InvariantNeeded, "%s is gone, and is held still", ref)
		case l.deletedBy == "" && l.into == "" && !w.sharesKey(g, ref):
			w.violate(InvariantNeeded, "%s is held (%s), and its email is nobody else's and never was", ref, x.Entity.Why)
		}
	}
}

// sharesKey reports whether another record of the group shows a record's email, or ever did.
func (w *world) sharesKey(g *ruleset.Group, ref record.Ref) bool {
	fields, _ := w.accounts[ref.Connection].mem.Record(ref.Object, ref.ID)
	n := numberOf(fields[w.fieldName(ref, emailField)])
	return n > 0 && slices.ContainsFunc(w.truth.order, func(other record.Ref) bool {
		_, mapped := g.TypeAt(other.Place)
		mapped = mapped || w.history.Setup.Change == ChangeGone // what a place held that has left the group is remembered
		return mapped && other != ref && other.Object == ref.Object && w.truth.lives[other].emails[n]
	})
}

// asksRightly reports whether there is something that a person must say of a field: an email that is somebody else's, or one of
// several values that were given in different places, each without knowing the others.
func (w *world) asksRightly(g *ruleset.Group, x stored, f *ruleset.Field) bool {
	if f.Name == w.emailOf(g) {
		for _, c := range x.Entity.Parked[f.Name].Candidates {
			n := numberOf(c.Text)
			if n > 0 && slices.ContainsFunc(w.truth.order, func(other record.Ref) bool {
				return w.truth.lives[other].emails[n] && w.entityOf(g.Name, other) != x.Entity.ID
			}) {
				return true
			}
		}
		return w.excuse(excuseJoined, w.joined[x.Entity.ID])
	}
	if f.Conflict != ruleset.ConflictManual {
		return false
	}
	before := g
	if w.history.Setup.Change != ChangeNothing {
		if was, ok := w.history.Setup.rules(false).Group(g.Name); ok {
			before = was
		}
	}
	edits := w.editsOf(g, x, f)
	if w.history.Setup.Change == ChangeGone { // what people of a place asked for that has left the group is asked still
		edits = w.editsOf(before, x, f)
	}
	for i, a := range edits {
		for _, b := range edits[i+1:] {
			if a.ref != b.ref && a.value != b.value && !w.truth.follows(b, a) && !w.truth.follows(a, b) {
				return true
			}
		}
	}
	if declared, ok := before.Entity(x.Entity.Type); ok {
		was, _ := declared.Field(f.Name)
		if w.excuse(excuseStoodApart, was != nil && was.Owner != f.Owner) {
			return true
		}
	}
	survived := func(p record.Place) bool {
		l := w.truth.lives[record.Ref{Place: p, ID: x.Links[p].ID}]
		return l != nil && l.winner
	}
	return w.excuse(excuseDoubt, w.unknown > 0 || len(w.owed) > 0) ||
		w.excuse(excuseJoined, w.joined[x.Entity.ID] || slices.ContainsFunc(slices.Collect(maps.Keys(x.Links)), survived))
}

// follows reports whether an edit was made in the place of another, or of one that was.
func (t *truth) follows(later, earlier *edit) bool {
	for n := later.parent; n != 0; n = t.edits[n].parent {
		if n == earlier.number {
			return true
		}
	}
	return false
}

// holdsRightly reports whether there is a cause for an operation to wait for a person.
func (w *world) holdsRightly(g *ruleset.Group, x stored, place record.Place, why record.Reason) bool {
	limits := w.history.Setup.Limits
	switch why {
	case record.ReasonContested:
		return w.isContested(g, x, place, false) || w.isInQuestion(g, x)
	case record.ReasonRejected: // refused by the platform; or held because a record with its key was there when it was looked up last
		return w.showsRefused(g, x) || w.isContested(g, x, place, true) || w.excuse(excuseMergedMeanwhile, w.mergers)
	case record.ReasonMissingRequired:
		return children[x.Entity.Type].hubRef != ""
	case record.ReasonSpreadLimit:
		return limits != (ruleset.Limits{})
	case record.ReasonCannotRestore:
		link := x.Links[place]
		m, spoke := g.MappingAt(place)
		if link == nil || w.accounts[place.Connection].setup.Restores && spoke && m.Delete == ruleset.DeleteArchive {
			return false
		}
		ref := record.Ref{Place: place, ID: link.ID}
		return w.truth.lives[ref].deletedBy == "us" || w.excuse(excuseDoubtfulRemoval, w.removing[resolve.RefKey{Group: g.Name, Ref: ref}])
	case record.ReasonMergedThere:
		return w.mergedThere(g, x, place)
	case record.ReasonAttemptsFull:
		return w.unknown >= resolve.AttemptsMax
	}
	return false
}

// isContested reports whether a record at a place that is not the entity's shares an email with one of the entity's, or did once;
// within a day also one that is gone: a create is looked up again after that.
func (w *world) isContested(g *ruleset.Group, x stored, place record.Place, withinADay bool) bool {
	return slices.ContainsFunc(w.truth.order, func(other record.Ref) bool {
		l := w.truth.lives[other]
		gone := (l.deletedBy != "" || l.into != "") && other != w.poison // of which no read ever tells
		return other.Place == place && w.entityOf(g.Name, other) != x.Entity.ID && w.sharesWith(g, x, l) &&
			(!gone || withinADay)
	})
}

// isInQuestion reports whether a person must say whose an entity's email is: it asks so itself, or a record of another one shows it.
func (w *world) isInQuestion(g *ruleset.Group, x stored) bool {
	email := w.emailOf(g)
	if declared, ok := g.Entity(x.Entity.Type); ok && x.Entity.Parked[email].Reason != "" {
		f, ok := declared.Field(email)
		return ok && w.asksRightly(g, x, f)
	}
	n := numberOf(x.Entity.Fields[email].Text)
	return w.excuse(excuseShownElsewhere, n > 0 && slices.ContainsFunc(w.truth.order, func(other record.Ref) bool {
		l := w.truth.lives[other]
		_, mapped := g.TypeAt(other.Place)
		shown, _ := w.accounts[other.Connection].mem.Record(other.Object, other.ID)
		return mapped && l.deletedBy == "" && l.into == "" && w.entityOf(g.Name, other) != x.Entity.ID && numberOf(shown[w.fieldName(other, emailField)]) == n
	}))
}

// mergedThere reports whether a person merged an entity's record at a place into another, or whether it is gone and another
// record there shows its email: then it cannot be told from a merge.
func (w *world) mergedThere(g *ruleset.Group, x stored, place record.Place) bool {
	link := x.Links[place]
	if link == nil {
		return false
	}
	mine := w.truth.lives[record.Ref{Place: place, ID: link.ID}]
	if mine == nil || mine.deletedBy == "" && mine.into == "" {
		return false
	}
	return mine.into != "" || slices.ContainsFunc(w.truth.order, func(other record.Ref) bool {
		l := w.truth.lives[other]
		return other.Place == place && l != mine && sharesEmail(mine, l)
	})
}

// sharesWith reports whether any record that is or was an entity's ever showed an email of a record's.
func (w *world) sharesWith(g *ruleset.Group, x stored, l *life) bool {
	for place, link := range x.Links {
		if mine := w.truth.lives[record.Ref{Place: place, ID: link.ID}]; mine != nil && sharesEmail(mine, l) {
			return true
		}
	}
	return slices.ContainsFunc(w.truth.order, func(ref record.Ref) bool {
		mine := w.truth.lives[ref]
		return mine.deletedBy != "" && sharesEmail(mine, l) && w.entityOf(g.Name, ref) == x.Entity.ID
	})
}

// showsRefused reports whether a record of an entity shows a value that platforms do not take from us, or whether a person gave
// one to a record of it that is gone since.
func (w *world) showsRefused(g *ruleset.Group, x stored) bool {
	if slices.ContainsFunc(w.truth.edits, func(e *edit) bool {
		return e != nil && strings.Contains(e.value, refusedMark) && w.entityOf(g.Name, e.ref) == x.Entity.ID
	}) {
		return true
	}
	for place, link := range x.Links {
		fields, _ := w.accounts[place.Connection].mem.Record(place.Object, link.ID)
		for _, text := range fields {
			if strings.Contains(text, refusedMark) {
				return true
			}
		}
	}
	return false
}

// differsRightly reports whether a field of a record may keep what a person gave it there: somebody else owns it, and the rule
// for others is to let it differ.
func (w *world) differsRightly(g *ruleset.Group, x stored, ref record.Ref, name record.PlatformField) bool {
	declared, _ := g.Entity(x.Entity.Type)
	pairs := g.PairsAt(ref.Place)
	for i := range pairs {
		if !slices.Contains(pairs[i].Spoke, name) {
			continue
		}
		for _, h := range pairs[i].Hub {
			f, ok := declared.Field(h)
			if ok && f.Owner.Connection == ref.Connection {
				return true // a changed configuration made it the owner, who needs no leave
			}
			if ok && !f.Owner.LastWriteWins && f.Owner.Connection != ref.Connection && f.NonOwner != ruleset.NonOwnerRevert && w.chosen(ref, name) {
				return true
			}
		}
	}
	return false
}

// chosen reports whether a person chose what a field of a record shows: set it, merged others into the record, or brought it back.
func (w *world) chosen(ref record.Ref, name record.PlatformField) bool {
	l := w.truth.lives[ref]
	return w.truth.cells[ref][name].person || l.winner || l.restored
}
