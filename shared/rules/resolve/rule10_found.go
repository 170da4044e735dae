package resolve

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Found is a record that has a key of a create that is about to be made: a look-up on the platform found it.
type Found struct {
	Entity   record.EntityID // whose create it is
	Due      Due             // the create
	Snapshot record.Snapshot // the find
	At       time.Time
	// Find are the fields that the platform can be searched by.
	Find []record.PlatformField
}

// givesUpTries is how often a create waits for a record to be rewritten or read before it is held: one that cannot be read would
// be waited for without an end. The observation's Change counts them.
const givesUpTries = 6

// decideFound rules on a record that a create would double. The entity's own is none of that: Noop, and the create goes on. A
// record that nobody knows, or that gives the key up, is read, and the create looks it up again (Postponed). Another's record, or
// one that is held, is read too, for it may have changed without our knowing, and the create is held (ParkedWork): who that
// record is must be known first.
func decideFound(w *draft, f Found) Decision {
	w.home(f.Snapshot.Ref)
	if w.missing() {
		return loadFirst
	}
	standing, id := standingOf(w.view, w.group.Name, f.Snapshot.Ref)
	if standing == standingLinked && id == w.entity.ID {
		return Decision{Outcome: Noop, Reason: record.ReasonUnchanged, Entity: w.entity.ID}
	}
	waits := standing == standingUnknown ||
		standing == standingLinked && w.observation.Change.Deferrals < givesUpTries && givesUp(w, f, id)
	if w.missing() {
		return loadFirst
	}
	decision := Decision{Outcome: Postponed, Reason: record.ReasonExists, Entity: w.entity.ID, Hints: []record.Change{
		{Ref: f.Snapshot.Ref, Source: record.SourceWriter, Kind: record.KindChanged}}}
	if waits {
		return decision
	}
	link := &Link{Place: f.Due.Place, State: LinkNone}
	if old := w.links[f.Due.Place]; old != nil {
		link = old
	}
	link = link.clone()
	link.Rejected[CreateField] = Rejection{Value: createDigest(f.Due.Fields), Code: string(record.ReasonExists), At: f.At}
	link.TouchedAt = f.At
	decision.Outcome = ParkedWork
	decision.Patch = Patch{Owner: EntityKey{w.group.Name, w.entity.ID}, Links: []*Link{link}}
	return decision
}

// givesUp reports whether another entity's record has a key of a create only until a write that is due there is done, or had it
// when it was found, by an index that trails, and not when it was read last.
func givesUp(w *draft, f Found, id record.EntityID) bool {
	other := Decide(w.view, Observation{Group: w.group.Name, Wake: id}, w.rules)
	if !other.Need.Empty() {
		w.need = other.Need
		return false
	}
	asked := func(name record.PlatformField) string {
		if value := f.Due.Intent.Fields[name]; value == f.Snapshot.Fields[name] {
			return value
		}
		return ""
	}
	if rows := w.view.Entities[EntityKey{w.group.Name, id}]; rows != nil && rows.Links[f.Snapshot.Place] != nil {
		for name := range f.Due.Intent.Fields {
			base, known := rows.Links[f.Snapshot.Place].Base[name]
			if known && asked(name) != "" && base != asked(name) && slices.Contains(f.Find, name) {
				return true
			}
		}
	}
	return slices.ContainsFunc(other.Due, func(d Due) bool {
		if d.Place != f.Snapshot.Place || d.Operation != record.OperationUpdate || d.Blocked.Holds() {
			return false
		}
		for name, value := range d.Fields {
			if asked(name) != "" && value != asked(name) {
				return true
			}
		}
		return false
	})
}
