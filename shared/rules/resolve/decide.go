package resolve

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Observation is what the decider is told, about one group. Exactly one of Snapshot, Absence, Receipt, Wake, Answer and
// Found is set.
type Observation struct {
	Group record.Group
	// Change is the change record that led here; zero for wake-ups and answers. Only its correlation, its lane and
	// its Deferrals and MissingSince are read.
	Change   record.Change
	Snapshot *record.Snapshot
	Absence  *record.Absence
	Receipt  *Receipt
	// Wake asks only what is due of an entity.
	Wake   record.EntityID
	Answer *Answer
	// Found is what a look-up before a create found.
	Found *Found
	// Survivors are the live records that a look-up for a record which is gone found, with LookedUp.
	Survivors []record.ExternalID
	LookedUp  bool
	// Carried marks a snapshot that was read before the state was loaded (a poll's or a backfill's). It counts only if
	// nothing happened to the link since it was read.
	Carried bool
}

// Receipt is a platform's answer to an intent, with the lease under which it was asked.
type Receipt struct {
	Entity record.EntityID
	Place  record.Place
	Intent record.Intent
	Fence  int64
	record.Receipt
}

// Answer is a person's decision about a field, a parked one as a rule.
type Answer struct {
	Entity record.EntityID
	Field  record.HubField
	Value  string
	At     time.Time
	// Force says why a field is decided that waits for nobody; "" decides parked fields alone.
	Force string
}

// OperatorConnection stands where a value's connection would, for what a person decided here.
const OperatorConnection record.Connection = "operator"

// Decision is what to do about an observation. The order is fixed: load Need and ask again, if there is any;
// otherwise commit Patch in one transaction, then send Hints, then publish Due. A Patch that lost its transaction
// means: load again and decide again.
type Decision struct {
	Need    Need
	Outcome Outcome
	Reason  record.Reason
	// Entity is the entity concerned, "" if there is none.
	Entity record.EntityID
	Type   record.Object
	// Holders are the entities that hold a key which an answer asks for, with ReasonKeyHeld.
	Holders []record.EntityID
	Patch   Patch
	Changes []FieldChange
	// Due says for every place of the entity what is due there, or what keeps it from being due.
	Due []Due
	// Hints are records to read: other fields of a receipt that differ, a parent not seen yet, a merge's survivor.
	Hints []record.Change
	// Lookups are the keys by which what a record was merged into would be found, and Siblings the records there that are known to
	// have one, with LookUp.
	Lookups  record.Fields
	Siblings []record.ExternalID
	// RetryAt says when a postponed change should come again.
	RetryAt time.Time
	// MissingSince is set with ReasonMissingOnce: the change comes again carrying it.
	MissingSince time.Time
}

// Patch is the rows to write, each expected at its Rev.
type Patch struct {
	// Owner is the entity that Entity and Links are rows of.
	Owner  EntityKey
	Entity *Entity
	Links  []*Link
	Refs   []RefPatch
	Keys   []KeyPatch
	// Alias is an entity that turned out to be Entity, or was merged into it, with its own link rows, all written in the
	// same transaction; nil in all other decisions.
	Alias      *Entity
	AliasLinks []*Link
	// Unmoved is the revision that the owner's row must still have although Entity does not replace it: an edit was judged
	// by its values. 0 for no such condition.
	Unmoved int64
}

// Empty reports that there is nothing to write.
func (p Patch) Empty() bool {
	return p.Entity == nil && len(p.Links) == 0 && len(p.Refs) == 0 && len(p.Keys) == 0
}

// RefPatch points a record at an entity.
type RefPatch struct {
	Key    RefKey
	Entity record.EntityID
	Expect int64
}

// KeyPatch replaces a match key's row; Row.Rev is the revision it must have.
type KeyPatch struct {
	Key MatchKey
	Row *KeyRow
}

// Limits of postponing, each with its reason.
const (
	// leaseGrace is added to a live lease before an observation of its link comes again.
	leaseGrace = 2 * time.Second
	// rereadAfter is how long a stale read waits for the platform's replicas.
	rereadAfter = 5 * time.Second
	// parentDeferralsMax is how often a child waits for a parent that was not seen yet; then it goes on without.
	parentDeferralsMax = 6
	// carriedMargin is how much older than a read the last event of its link must be for the read to count.
	carriedMargin = 5 * time.Second
	// staleReadsMax is how often a stale read is tried again before it is taken as it is.
	staleReadsMax = 20
)

// Decide says what an observation means. It is total and pure: every input has an answer and a reason, and the same
// input has the same answer. It changes none of its arguments.
func Decide(view *View, o Observation, rules *ruleset.Rules) Decision {
	g, ok := rules.Group(o.Group)
	if !ok {
		return notMapped
	}
	w := newDraft(view, g, rules, o)
	decision := decide(w, o)
	if w.missing() {
		return Decision{Need: w.need}
	}
	return decision
}

// notMapped answers what is seen of nothing configured.
var notMapped = Decision{Outcome: Unsupported, Reason: record.ReasonNotMapped}

// loadFirst answers where going on without a row that is not loaded would only ask for rows in vain. Decide gives what is
// needed in its stead.
var loadFirst = Decision{}

// decide finds the entity that an observation is of, and hands both to the rules for that kind of observation.
func decide(w *draft, o Observation) Decision {
	var home *Rows
	switch {
	case o.Snapshot != nil || o.Absence != nil:
		ref := seen(o)
		t, _ := w.group.TypeAt(ref.Place)
		declared, ok := w.group.Entity(t)
		if !ok {
			return notMapped
		}
		w.declared = declared
		home = w.home(ref)
	case o.Receipt != nil:
		home = w.rows(o.Receipt.Entity)
	case o.Answer != nil:
		home = w.rows(o.Answer.Entity)
	case o.Found != nil:
		home = w.rows(o.Found.Entity)
	case o.Wake != "":
		home = w.rows(o.Wake)
	default:
		return notMapped
	}
	if w.missing() {
		return loadFirst
	}
	if o.Snapshot != nil {
		s := Chosen(home.Links[o.Snapshot.Place], *o.Snapshot)
		o.Snapshot, w.observation.Snapshot = &s, &s
	}
	if home.Entity == nil {
		return decideStranger(w, o)
	}
	if !w.open(home) {
		return undeclared(home.Entity)
	}
	switch {
	case o.Snapshot != nil:
		return decideSnapshot(w, *o.Snapshot)
	case o.Absence != nil:
		return decideAbsence(w, *o.Absence)
	case o.Receipt != nil:
		return decideReceipt(w, *o.Receipt)
	case o.Answer != nil:
		return decideAnswer(w, *o.Answer)
	case o.Found != nil:
		return decideFound(w, *o.Found)
	}
	return decideWake(w)
}

// seen gives the record that a snapshot or an absence is of.
func seen(o Observation) record.Ref {
	if o.Snapshot != nil {
		return o.Snapshot.Ref
	}
	return o.Absence.Ref
}

// decideStranger decides what is seen of a record or an entity that we do not have; a key row may have outlived its entity,
// which was erased.
func decideStranger(w *draft, o Observation) Decision {
	switch {
	case o.Snapshot != nil:
		return unknown(w, *o.Snapshot)
	case o.Absence != nil && w.ref(o.Absence.Ref) == "":
		return absentStranger(w, *o.Absence)
	case o.Receipt != nil:
		return Decision{Outcome: Noop, Reason: record.ReasonNotLinked, Entity: o.Receipt.Entity}
	}
	return Decision{Outcome: Noop, Reason: record.ReasonNotLinked}
}

// undeclared decides what is seen of an entity whose type has left the configuration: nothing changes. A write that was on
// its way stays an attempt of unknown outcome, so that a read tells what became of it should the type come back.
func undeclared(e *Entity) Decision {
	return Decision{Outcome: Unsupported, Reason: record.ReasonNotMapped, Entity: e.ID, Type: e.Type}
}
