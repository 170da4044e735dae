package simtest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Invariant names one thing that must hold.
type Invariant string

// The invariants: of each write, then of the state at rest.
const (
	InvariantOwned     Invariant = "owned_fields_survive"
	InvariantFresh     Invariant = "fresh_beats_stale"
	InvariantBody      Invariant = "body_holds_due_fields_only"
	InvariantOnce      Invariant = "one_identity_one_record"
	InvariantGuess     Invariant = "never_guess"
	InvariantBounded   Invariant = "writes_are_bounded"
	InvariantQuiet     Invariant = "nothing_written_at_rest"
	InvariantForward   Invariant = "revisions_never_go_back"
	InvariantDangling  Invariant = "no_dangling_reference"
	InvariantResurrect Invariant = "no_resurrection"
	InvariantSpread    Invariant = "spread_is_limited"
	InvariantBalance   Invariant = "every_change_has_an_outcome"
	InvariantLeak      Invariant = "no_value_leaks"
	InvariantTokens    Invariant = "refresh_tokens_used_once"
	InvariantRest      Invariant = "comes_to_rest"
	InvariantAgree     Invariant = "links_agree"
	InvariantRight     Invariant = "the_right_value_stands"
	InvariantGap       Invariant = "no_silent_gap"
	InvariantDeleted   Invariant = "deletions_arrive"
	InvariantMerged    Invariant = "merges_join"
	InvariantPrompt    Invariant = "changes_arrive_without_a_sweep"
	InvariantFilter    Invariant = "filters_are_kept"
	InvariantParked    Invariant = "parked_fields_wait"
	InvariantPatience  Invariant = "writes_wait_as_asked"
	InvariantNeeded    Invariant = "every_wait_is_necessary"
	InvariantJournal   Invariant = "the_journal_tells_every_change"
	InvariantPanic     Invariant = "nothing_panics"
	InvariantMeaning   Invariant = "the_configuration_is_meant"
)

// Invariants lists them all.
func Invariants() []Invariant {
	return []Invariant{InvariantOwned, InvariantFresh, InvariantBody, InvariantOnce, InvariantGuess, InvariantBounded, InvariantQuiet, InvariantForward,
		InvariantDangling, InvariantResurrect, InvariantSpread, InvariantBalance, InvariantLeak, InvariantTokens, InvariantRest, InvariantAgree, InvariantRight,
		InvariantGap, InvariantDeleted, InvariantMerged, InvariantPrompt, InvariantFilter, InvariantParked, InvariantPatience, InvariantNeeded, InvariantJournal, InvariantPanic, InvariantMeaning}
}

// Violation is one invariant that did not hold, when it showed first, and how.
type Violation struct {
	Invariant Invariant
	At        time.Duration
	Text      string
}

// applied judges one write of ours at the moment of its effect, then lets the truth know of it.
func (w *world) applied(e memplatform.Effect) {
	w.applies++
	ref := record.Ref{Place: e.Intent.Ref.Place, ID: e.ID}
	w.fold(string(e.Intent.Operation) + string(ref.Connection) + string(ref.ID))
	if w.story != nil {
		w.say("  %s %s: %v", e.Intent.Operation, ref, e.Intent.Fields)
	}
	if w.resting {
		w.violate(InvariantQuiet, "at rest, %s %s of %v", e.Intent.Operation, ref, sortedKeys(e.Intent.Fields))
	}
	if w.history.Setup.Limits != (ruleset.Limits{}) {
		w.judgeSpread(ref, e.Intent)
	}
	switch e.Intent.Operation {
	case record.OperationCreate:
		w.judgeCreate(ref, e)
	case record.OperationUpdate:
		w.judgeUpdate(ref, e)
	case record.OperationArchive, record.OperationDelete:
		w.judgeRemoval(ref)
	case record.OperationRestore:
		w.restores = true
	}
	w.truth.applied(e)
	if e.Intent.Operation != record.OperationRestore {
		w.hint(ref, record.KindChanged) // the platform tells of our own writes too
	}
}

// judgeUpdate looks at each field of a write: may it be written here, was it due, and what did it replace.
func (w *world) judgeUpdate(ref record.Ref, e memplatform.Effect) {
	t := w.writing
	readAt := t.reads[ref]
	if setup := w.accounts[ref.Connection].setup; !setup.Conditional {
		readAt = readAt.Add(-setup.Replica) // the look may have been stale, and nothing can tell
	}
	changed := false
	for _, name := range sortedKeys(e.After) {
		before, after := e.Before[name], e.After[name]
		_, asked := e.Intent.Fields[name]
		was := w.truth.cells[ref][name]
		raced := was.at.After(readAt) // it changed between our look and our write
		switch {
		case !asked && before != after && raced:
			w.windowed++
		case !asked && before != after:
			w.violate(InvariantBody, "a write to %s changes %s, which it was not asked to", ref, name)
		case !asked:
		case before == after && !raced && !t.late && !(w.accounts[ref.Connection].setup.Rewords && meaning(name) == "street"):
			// (Where a platform's spelling cannot be undone, a write of unknown outcome may be asked for once more.)
			w.violate(InvariantBody, "a write to %s holds %s, which had that value already", ref, name)
		}
		if !asked || before == after {
			continue
		}
		changed = true
		w.judgeField(t, ref, name, e, was, raced)
		w.judgeAgain(t, ref, name, numberOf(after), was)
	}
	if changed {
		w.ourChanges++
	}
}

func (w *world) judgeField(t *task, ref record.Ref, name record.PlatformField, e memplatform.Effect, was cell, raced bool) {
	mapped, owned, keeps := w.standing(t.rules, ref.Place, name)
	if !mapped {
		w.violate(InvariantBody, "a write to %s holds %s, which nothing maps there", ref, name)
		return
	}
	w.judgeParked(t, ref, name)
	before := e.Before[name]
	edit := w.truth.edits[was.edit]
	if before == "" && (w.history.Setup.Change == ChangeOwner || w.hasAlias(ref) || edit != nil && edit.parent > 0 && w.truth.edits[edit.parent].decided.IsZero()) {
		owned = false // it was not its to empty yet, or nobody had seen what it emptied: a blank as at first sight
	}
	if before == "" && (w.truth.lives[ref].bornAt.After(was.at) || w.truth.lives[ref].backAt.After(was.at) || edit != nil && edit.undetectable) {
		owned = false // the record was away meanwhile, and somebody else gave a value; or nothing shows that it was emptied
	}
	if w.truth.answers[numberOf(e.After[name])] {
		owned = false // an operator decided against it
	}
	if owned && t.rules == w.rules && was.person && (before != "" || edit != nil && !edit.birth && !keeps) && !raced {
		w.violate(InvariantOwned, "a write to %s replaces %q in %s, which it owns", ref, before, name)
		return
	}
	if !was.person || was.edit == 0 {
		return
	}
	switch {
	case raced && (!w.accounts[ref.Connection].setup.Conditional || e.Intent.Current == nil):
		w.windowed++
		edit.clobbered = true
	case raced:
		w.violate(InvariantFresh, "a write to %s replaces %s, edited at %s, after our look at %s, though the platform offers conditional updates", ref, name, was.at.Sub(epoch), t.reads[ref].Sub(epoch))
	case !w.absorbed(t.rules, ref, name, before) && !w.hasAlias(ref):
		w.violate(InvariantFresh, "a write to %s replaces %q in %s, an edit that nobody has taken in", ref, before, name)
	}
}

// judgePatience: what was put off until a time, because the platform asked for it or a write had failed, is not asked before.
func (w *world) judgePatience(intent *record.Intent) {
	for _, g := range w.rules.GroupsAt(intent.Ref.Place) {
		link := w.linkOf(g.Name, intent.Ref)
		if intent.Operation == record.OperationCreate {
			_, link = w.attempted(g, intent)
		}
		if link != nil && link.NotBefore.After(w.now.Add(2*skewMax)) && slices.ContainsFunc(link.Attempts, func(a resolve.Attempt) bool { return a.Key == intent.Key }) {
			w.violate(InvariantPatience, "%s of %s is asked for, and it waits until %s", intent.Operation, intent.Ref, link.NotBefore.Sub(epoch))
		}
	}
}

// attempted finds the entity and the link that a create was recorded on.
func (w *world) attempted(g *ruleset.Group, intent *record.Intent) (stored, *resolve.Link) {
	for _, x := range w.entities() {
		link := x.Links[intent.Ref.Place]
		if x.Entity.Group == g.Name && link != nil && slices.ContainsFunc(link.Attempts, func(a resolve.Attempt) bool { return a.Key == intent.Key }) {
			return x, link
		}
	}
	return stored{}, nil
}

// cellKey names a field of a record.
type cellKey struct {
	ref  record.Ref
	name record.PlatformField
}

// shownByHeld reports whether a record that was held for a person shows an edit's value: it may have come into its own since.
func (w *world) shownByHeld(n int) bool {
	for ref := range w.heldOnce {
		for _, c := range w.truth.cells[ref] {
			if c.edit == n {
				return true
			}
		}
	}
	return false
}

// judgeAgain: a value of an edit is written to a field once, and again only where a person changed the field since. Where
// we replaced it ourselves and then come back to it, two of our processes disagree.
func (w *world) judgeAgain(t *task, ref record.Ref, name record.PlatformField, n int, was cell) {
	if n == 0 || ref.Connection == ledgerName {
		return // what one group undoes on its spoke, the next has carried on already
	}
	key := cellKey{ref, name}
	if w.written[key] == nil {
		w.written[key] = map[int]bool{}
	}
	if w.written[key][n] && was.edit != n && !was.person && w.lateWrites == 0 && !w.mergers && !w.restores && w.history.Setup.Change != ChangeOwner && !w.truth.answers[n] && !w.truth.answers[was.edit] && !w.shownByHeld(n) && !w.undated {
		w.violate(InvariantBounded, "a write to %s brings %s back to edit %d, which we had replaced ourselves", ref, name, n)
	}
	w.written[key][n] = true
}

// standing says whether a field may be written at a place under some rules, whether the place owns what it means, and
// whether blanks of it are kept full.
func (w *world) standing(rules *ruleset.Rules, place record.Place, name record.PlatformField) (mapped, owned, keeps bool) {
	for _, g := range rules.GroupsAt(place) {
		t, _ := g.TypeAt(place)
		declared, _ := g.Entity(t)
		if m, ok := g.MappingAt(place); ok && m.Marker == name || place.Connection == g.Hub && declared.Marker == name {
			mapped = true
		}
		for _, p := range g.PairsAt(place) {
			if !slices.Contains(p.Spoke, name) || p.Direction == ruleset.ToHub {
				continue
			}
			mapped = true
			for _, h := range p.Hub {
				f, _ := declared.Field(h)
				owned = owned || f.Owner.Connection == place.Connection
				keeps = keeps || f.Blank == ruleset.BlankKeep
			}
		}
	}
	return mapped, owned, keeps
}

// judgeCreate looks for a record that the new one doubles, and at the parent that it names.
func (w *world) judgeCreate(ref record.Ref, e memplatform.Effect) {
	mail := w.fieldName(ref, emailField)
	left := len(w.rules.GroupsAt(ref.Place)) == 0 // the place has left its groups, and who still runs by the old rules is told nothing of it
	if email := e.After[mail]; ref.Object == people && email != "" && !left {
		setup := w.accounts[ref.Connection].setup
		for _, other := range w.truth.order {
			l := w.truth.lives[other]
			if other.Place != ref.Place || l.deletedBy != "" || l.into != "" || other == w.poison {
				continue
			}
			fields, _ := w.accounts[ref.Connection].mem.Record(people, other.ID)
			first := l.bornAt.Equal(epoch) && w.truth.cells[other][mail].at.Equal(epoch) // in the first load
			known := first || setup.Find && l.bornAt.Before(w.writing.began.Add(-setup.Lag-time.Second)) || w.taken(other, mail)
			if sameText(fields[mail], email) && known && !w.asks(other) && !w.renamed(other) && !w.overtaken(ref, e.Intent) && w.truth.cells[other][mail].at.Before(w.writing.began.Add(-setup.Lag-time.Second)) {
				w.violate(InvariantOnce, "%s is made with the email of %s, which was there before", ref, other)
			}
		}
	}
	w.judgeReference(ref, e.Intent.Fields)
	if kind, ok := children[ref.Object]; ok && ref.Connection != hubName && e.Intent.Fields[kind.spokeRef] == "" {
		w.violate(InvariantDangling, "%s is made without what it belongs to", ref)
	}
}

// taken reports whether the email that a hub's record shows was decided about before the present write began.
func (w *world) taken(ref record.Ref, mail record.PlatformField) bool {
	edit := w.truth.edits[w.truth.cells[ref][mail].edit]
	return ref.Connection == hubName && edit != nil && !edit.told.IsZero() && edit.told.Before(w.writing.began)
}

// asks reports whether whose email a record shows is a question that waits for a person, or did.
func (w *world) asks(ref record.Ref) bool {
	for _, g := range w.rules.GroupsAt(ref.Place) {
		id := w.entityOf(g.Name, ref)
		for _, x := range w.entities() {
			if x.Entity.Group == g.Name && x.Entity.ID == id && (len(x.Entity.Parked) > 0 || w.truth.asked[id]) {
				return true
			}
		}
	}
	return false
}

// overtaken reports whether a create repeats, word for word, one of unknown outcome whose entity goes by another email by
// now: that is due once it is known what became of the create.
func (w *world) overtaken(ref record.Ref, intent record.Intent) bool {
	name := w.fieldName(ref, emailField)
	for _, g := range w.rules.GroupsAt(ref.Place) {
		x, _ := w.attempted(g, &intent)
		if x.Entity != nil && !sameText(x.Entity.Fields[w.hubName(g, ref.Place, name)].Text, intent.Fields[name]) {
			return true
		}
	}
	return false
}

// hubName gives what a field of a place is called in a group.
func (w *world) hubName(g *ruleset.Group, place record.Place, name record.PlatformField) record.HubField {
	for _, p := range g.PairsAt(place) {
		if slices.Contains(p.Spoke, name) && len(p.Hub) == 1 {
			return p.Hub[0]
		}
	}
	return ""
}

// renamed reports whether a record's person has another email on the hub by now, which is still under way to it.
func (w *world) renamed(ref record.Ref) bool {
	mine, _ := w.accounts[ref.Connection].mem.Record(people, ref.ID)
	for _, g := range w.rules.GroupsAt(ref.Place) {
		id := w.entityOf(g.Name, ref)
		for _, x := range w.entities() {
			hub := x.Links[g.HubPlace(ref.Object)]
			if x.Entity.Group != g.Name || x.Entity.ID != id || hub == nil || hub.State != resolve.LinkLive || hub.Place == ref.Place {
				continue
			}
			theirs, live := w.accounts[hub.Place.Connection].mem.Record(people, hub.ID)
			if live && !sameText(theirs[w.fieldName(record.Ref{Place: hub.Place}, emailField)], mine[w.fieldName(ref, emailField)]) {
				return true
			}
		}
	}
	return false
}

func sameText(a, b string) bool {
	return numberOf(a) != 0 && numberOf(a) == numberOf(b)
}

// judgeReference checks that what a write names exists on that platform, or did.
func (w *world) judgeReference(ref record.Ref, fields record.Fields) {
	kind, ok := children[ref.Object]
	parent, given := fields[kind.spokeRef]
	if !ok || !given {
		return
	}
	if _, known := w.truth.lives[record.Ref{Place: record.Place{Connection: ref.Connection, Object: kind.parent}, ID: record.ExternalID(parent)}]; !known {
		w.violate(InvariantDangling, "%s names %q, which its platform does not know", ref, parent)
	}
}

// judgeRemoval looks for the person's deletion that a removal carries on.
func (w *world) judgeRemoval(ref record.Ref) {
	if len(w.rules.GroupsAt(ref.Place)) == 0 {
		return
	}
	switch all := w.removed(ref); {
	case len(all) == 0:
		w.violate(InvariantDeleted, "%s is removed, and no person removed a record of its entity", ref)
	case !w.mergers && !w.removedSince(all, ref):
		w.violate(InvariantDeleted, "%s is removed, and what was removed of its entity was so before it belonged to it", ref)
	}
}

// removedSince reports whether a removal of any of these was taken in, by a group that has both, once a record belonged to
// its entity there; or is not taken in yet.
func (w *world) removedSince(all []record.Ref, ref record.Ref) bool {
	asked := false
	for _, g := range w.rules.GroupsAt(ref.Place) {
		for _, gone := range all {
			if _, mapped := g.TypeAt(gone.Place); !mapped {
				continue
			}
			asked = true
			if buried := w.buried[resolve.RefKey{Group: g.Name, Ref: gone}]; buried.IsZero() || !buried.Add(w.slack()).Before(w.belongs(g.Name, ref)) {
				return true
			}
		}
	}
	return !asked
}

// slack is how far apart two processes of ours may date one moment.
func (w *world) slack() time.Duration {
	if w.history.Setup.Skewed {
		return 2 * skewMax
	}
	return 0
}

// belongs gives when a record came to belong to its entity in a group: when it was tied to it, or, if we made it, when that
// was decided.
func (w *world) belongs(group record.Group, ref record.Ref) time.Time {
	tied := w.tied[resolve.RefKey{Group: group, Ref: ref}]
	if asked := w.truth.lives[ref].asked; !asked.IsZero() && asked.Before(tied) {
		return asked
	}
	return tied
}

// askedAt gives when a create was first recorded, the zero time if it is not.
func (w *world) askedAt(place record.Place, intent *record.Intent) (at time.Time) {
	for _, g := range w.rules.GroupsAt(place) {
		if _, link := w.attempted(g, intent); link != nil {
			for _, a := range link.Attempts {
				if a.Key == intent.Key {
					at = a.At
				}
			}
		}
	}
	return at
}

// removed lists the records of the same entity that a person ever removed, or that we did because of another group's.
func (w *world) removed(ref record.Ref) []record.Ref { return w.removedBy(ref, map[record.Ref]bool{}) }

func (w *world) removedBy(ref record.Ref, seen map[record.Ref]bool) (out []record.Ref) {
	seen[ref] = true
	var ours []record.Ref
	for _, g := range w.rules.GroupsAt(ref.Place) {
		id := w.entityOf(g.Name, ref)
		for _, other := range w.truth.order {
			l := w.truth.lives[other]
			same := other != ref && w.entityOf(g.Name, other) == id
			if same && l.deletedBy == "us" {
				ours = append(ours, other)
			}
			switch {
			case l.removed && (other == ref || same || w.history.Setup.Finance && sharesEmail(l, w.truth.lives[ref])):
				out = append(out, other)
			case same && l.deletedBy == "us" && !seen[other] && len(w.removedBy(other, seen)) > 0:
				out = append(out, other) // a deletion that one group carried on is the next group's to carry on
			}
		}
	}
	if len(out) > 0 {
		out = append(out, ours...) // links of the same chain
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any, M ~map[K]V](m M) []K { return slices.Sorted(maps.Keys(m)) }
