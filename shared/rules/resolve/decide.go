package resolve

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Observation is what the decider is told, about one group. Exactly one of Snapshot, Absence, Receipt, Wake and
// Answer is set.
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
	Reason  Reason
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
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped}
	}
	d := &decider{view: view, rules: rules, group: g, observation: o}
	var decision Decision
	switch {
	case o.Snapshot != nil:
		decision = d.snapshot(*o.Snapshot)
	case o.Absence != nil:
		decision = d.absence(*o.Absence)
	case o.Receipt != nil:
		decision = d.receipt(*o.Receipt)
	case o.Answer != nil:
		decision = d.answer(*o.Answer)
	case o.Wake != "":
		decision = d.wake(o.Wake)
	default:
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped}
	}
	if !d.need.Empty() {
		return Decision{Need: d.need}
	}
	return decision
}

// decider is the working state of one decision: copies of the rows it changes, and what it found missing.
type decider struct {
	view        *View
	rules       *ruleset.Rules
	group       *ruleset.Group
	observation Observation
	place       record.Place
	declared    *ruleset.Entity // the entity type's declaration

	need          Need
	entity        *Entity                // working copy
	links         map[record.Place]*Link // working copies where changed, the view's own otherwise
	entityChanged bool
	linkChanged   map[record.Place]bool
	changes       []FieldChange
	refs          []RefPatch
	keys          []KeyPatch
	hints         []record.Change
	parked        bool
	echo          bool
	unknownParent bool
}

// open makes rows the working state. It is false, and does nothing, for an entity whose type has left the configuration:
// no rule speaks of it.
func (d *decider) open(rows *Rows) bool {
	declared, ok := d.group.Entity(rows.Entity.Type)
	if !ok {
		return false
	}
	d.entity = rows.Entity
	d.links = rows.Links
	d.entityChanged = false
	d.linkChanged = map[record.Place]bool{}
	d.declared = declared
	return true
}

// undeclared decides what is seen of an entity whose type has left the configuration: nothing changes. A write that was on
// its way stays an attempt of unknown outcome, so that a read tells what became of it should the type come back.
func undeclared(e *Entity) Decision {
	return Decision{Outcome: Unsupported, Reason: ReasonNotMapped, Entity: e.ID, Type: e.Type}
}

// editEntity gives a copy of the entity that may be changed.
func (d *decider) editEntity() *Entity {
	if !d.entityChanged {
		d.entity = d.entity.clone()
		d.entityChanged = true
	}
	return d.entity
}

// editLink gives a copy of the link at a place that may be changed, a new one if there is none.
func (d *decider) editLink(place record.Place) *Link {
	if d.linkChanged[place] {
		return d.links[place]
	}
	link := &Link{Place: place, State: LinkNone}
	if old := d.links[place]; old != nil {
		link = old.clone()
	}
	links := make(map[record.Place]*Link, len(d.links)+1)
	for p, l := range d.links {
		links[p] = l
	}
	links[place] = link
	d.links = links
	d.linkChanged[place] = true
	return link
}

// snapshot decides a record as read.
func (d *decider) snapshot(s record.Snapshot) Decision {
	d.place = s.Place
	t, ok := d.group.TypeAt(s.Place)
	if !ok {
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped}
	}
	if d.declared, ok = d.group.Entity(t); !ok {
		return Decision{Outcome: Unsupported, Reason: ReasonNotMapped}
	}
	id, loaded := d.ref(s.Ref)
	if !loaded {
		return Decision{}
	}
	if id == "" {
		return d.unknown(s)
	}
	rows := d.rows(id)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		// The key row outlived its entity (erased): the record is unknown again.
		return d.unknown(s)
	}
	if !d.open(rows) {
		return undeclared(rows.Entity)
	}
	if rows.Entity.State == EntityQuarantined {
		return d.rejudge(s)
	}
	if d.outdated() {
		return d.tooOld()
	}
	link := rows.Links[s.Place]
	if link == nil || link.ID != s.ID {
		return d.another(s, link)
	}
	if decision, put := d.putOff(link, s.ReadBegan, s.ModifiedAt); put {
		return decision
	}
	if link.State == LinkUnlinked {
		return d.settle(Noop, ReasonUnlinked)
	}
	if s.Archived {
		return d.gone(link, record.EvidenceArchived)
	}
	if link.State == LinkTombstone {
		if counts := link.TouchedAt.Add(missingLag); s.ReadBegan.Before(counts) {
			// A lagging replica may still have what is gone: a read counts as a restore once it would show the deletion.
			return Decision{Outcome: Postponed, Reason: ReasonStaleRead, Entity: d.entity.ID, RetryAt: counts}
		}
		d.restored(s.Place)
	}
	d.absorb(s)
	d.resettle()
	return d.settleAbsorbed()
}

// another decides a live record that is known as the entity's, while its link holds another one or none: it came back
// after a merge, or after another took its place.
func (d *decider) another(s record.Snapshot, link *Link) Decision {
	if s.Archived || s.Lagging || slices.Contains(d.entity.Leftovers, s.Ref) {
		return d.settle(Noop, ReasonNotLinked)
	}
	if link == nil || link.State == LinkNone && len(link.Attempts) == 0 || link.State == LinkTombstone {
		return d.link(s, verdict{entity: d.entity.ID, why: ReasonRestored, ready: true})
	}
	e := d.editEntity()
	e.Leftovers = append(e.Leftovers, s.Ref)
	d.note(FieldChange{Reason: ReasonSlotTaken, Taken: true})
	return d.settle(ParkedWork, ReasonSlotTaken)
}

// putOff says whether an observation of a link cannot be taken now: a write is in progress, or the read is too old.
func (d *decider) putOff(link *Link, readBegan, modifiedAt time.Time) (Decision, bool) {
	if link.Lease.Until.After(d.view.Now) {
		return Decision{Outcome: Postponed, Reason: ReasonLeased, Entity: d.entity.ID, RetryAt: link.Lease.Until.Add(leaseGrace)}, true
	}
	if d.observation.Carried && !link.TouchedAt.Before(readBegan.Add(-carriedMargin)) {
		return Decision{Outcome: ReadAgain, Reason: ReasonStaleRead, Entity: d.entity.ID}, true
	}
	if !modifiedAt.IsZero() && modifiedAt.Before(link.ModifiedAt) && d.observation.Change.Deferrals < staleReadsMax {
		return Decision{Outcome: Postponed, Reason: ReasonStaleRead, Entity: d.entity.ID, RetryAt: d.view.Now.Add(rereadAfter)}, true
	}
	if !link.Lease.Until.IsZero() {
		// An expired lease: whoever held it may still come back, and is refused by the fence.
		link = d.editLink(link.Place)
		link.Lease = Lease{Fence: link.Lease.Fence + 1}
	}
	return Decision{}, false
}

// settleAbsorbed ends a snapshot's decision with the outcome that its changes speak of.
func (d *decider) settleAbsorbed() Decision {
	if d.unknownParent && d.observation.Change.Deferrals < parentDeferralsMax {
		return Decision{Outcome: Postponed, Reason: ReasonUnknownParent, Entity: d.entity.ID, RetryAt: d.view.Now.Add(rereadAfter), Hints: d.hints}
	}
	if d.parked {
		return d.settle(ParkedWork, d.firstReason())
	}
	if d.entityChanged || len(d.linkChanged) > 0 {
		return d.settle(Applied, d.firstReason())
	}
	if d.echo {
		return d.settle(Noop, ReasonEcho)
	}
	return d.settle(Noop, ReasonUnchanged)
}

func (d *decider) firstReason() Reason {
	for _, c := range d.changes {
		if c.Taken {
			return c.Reason
		}
	}
	if len(d.changes) > 0 {
		return d.changes[0].Reason
	}
	return ReasonEcho
}

// settle computes what is due, holds what cannot be, and makes the decision.
func (d *decider) settle(outcome Outcome, reason Reason) Decision {
	d.unlink()
	due := d.dueEverywhere()
	d.hold(due)
	decision := Decision{Outcome: outcome, Reason: reason, Entity: d.entity.ID, Type: d.entity.Type, Changes: d.changes, Due: due, Hints: d.hints}
	decision.Patch.Owner = EntityKey{d.group.Name, d.entity.ID}
	told := d.entityChanged
	if d.cameOrWent() {
		d.editEntity()
	}
	if d.entityChanged {
		if !d.outdated() { // what a platform did is noted whoever asked for it
			d.entity.Config, d.entity.ConfigVersion = d.rules.Digest, d.rules.Version
		}
		if told && outcome != Noop {
			d.entity.Journal = &Entry{Rev: d.entity.Rev + 1, At: d.view.Now, Change: d.observation.Change.ID, Record: d.observation.Change.Ref,
				Outcome: outcome, Reason: reason, Config: d.rules.Digest, Changes: d.changes}
		}
		decision.Patch.Entity = d.entity
	} else if len(d.linkChanged) > 0 && len(d.changes) > 0 {
		decision.Patch.Unmoved = d.entity.Rev
	}
	for _, place := range d.group.Places(d.entity.Type) {
		if d.linkChanged[place] {
			d.links[place].TouchedAt = d.view.Now
			decision.Patch.Links = append(decision.Patch.Links, d.links[place])
		}
	}
	decision.Patch.Refs, decision.Patch.Keys = d.refs, d.keys
	return decision
}

// cameOrWent reports whether a record of the entity became live or ceased to be. The entity's row moves with it: who owns
// a field hangs on which records are live, so whoever judged an edit by that meanwhile must judge it again.
func (d *decider) cameOrWent() bool {
	was := d.view.Entities[EntityKey{d.group.Name, d.entity.ID}]
	for place := range d.linkChanged {
		var before *Link
		if was != nil {
			before = was.Links[place]
		}
		if live := before != nil && before.State == LinkLive; live != (d.links[place].State == LinkLive) {
			return true
		}
	}
	return false
}

// outdated reports whether the entity was last decided under a newer configuration than ours: an older one, still
// running somewhere, must not undo that.
func (d *decider) outdated() bool { return d.entity.ConfigVersion > d.rules.Version }

func (d *decider) tooOld() Decision {
	return Decision{Outcome: Postponed, Reason: ReasonOldRules, Entity: d.entity.ID, RetryAt: d.view.Now.Add(rereadAfter)}
}

// wake says what is due of an entity, and changes nothing but holds, and the keys of match rules that have changed: so one
// sweep renews every key.
func (d *decider) wake(id record.EntityID) Decision {
	rows := d.rows(id)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked}
	}
	if !d.open(rows) {
		return undeclared(rows.Entity)
	}
	if d.outdated() {
		return Decision{Outcome: Noop, Reason: ReasonOldRules, Entity: id, Type: rows.Entity.Type}
	}
	if d.keysOutdated() {
		d.moveKeys()
	}
	if rows.Entity.State != EntityLive {
		held := Decision{Outcome: Noop, Reason: ReasonQuarantined, Entity: id, Type: rows.Entity.Type}
		if d.entityChanged {
			held.Patch = Patch{Owner: EntityKey{d.group.Name, id}, Entity: d.entity, Keys: d.keys}
		}
		return held
	}
	return d.settle(Noop, ReasonUnchanged)
}

// ref looks a record up; loaded is false if it must be loaded first.
func (d *decider) ref(r record.Ref) (id record.EntityID, loaded bool) {
	key := RefKey{d.group.Name, r}
	row, ok := d.view.Refs[key]
	if !ok {
		d.need.Refs = append(d.need.Refs, key)
	}
	return row.Entity, ok
}

// rows gives an entity's rows, following aliases; nil if they must be loaded first.
func (d *decider) rows(id record.EntityID) *Rows {
	for range aliasesMax {
		key := EntityKey{d.group.Name, id}
		rows, ok := d.view.Entities[key]
		if !ok {
			d.need.Entities = append(d.need.Entities, key)
			return nil
		}
		if rows.Entity == nil || rows.Entity.State != EntityMerged {
			return rows
		}
		id = rows.Entity.Into
	}
	return &Rows{}
}

// aliasesMax bounds a chain of merges; a longer one is taken as no entity.
const aliasesMax = 8

func (d *decider) note(c FieldChange) { d.changes = append(d.changes, c) }

// rank orders connections at ties: the hub, then spokes in the file's order, then all others.
func (d *decider) rank(c record.Connection) int {
	places := d.group.Places(d.declared.Type)
	i := slices.IndexFunc(places, func(p record.Place) bool { return p.Connection == c })
	if i < 0 {
		return len(places)
	}
	return i
}

// Knows reports whether a committed read or receipt of a record has seen a state at least as new as at, by the
// platform's own clock; strictly newer, for stamps are coarse. A record with writes of unknown outcome is not known.
// The rows must be in the view; what is not counts as not known.
func Knows(view *View, group record.Group, ref record.Ref, at time.Time) bool {
	row, ok := view.Refs[RefKey{group, ref}]
	if !ok || row.Entity == "" {
		return false
	}
	rows := view.Entities[EntityKey{group, row.Entity}]
	if rows == nil || rows.Entity == nil || rows.Entity.State != EntityLive {
		return false
	}
	link := rows.Links[ref.Place]
	return link != nil && link.ID == ref.ID && link.State == LinkLive && len(link.Attempts) == 0 && link.Lease.Until.IsZero() && link.ModifiedAt.After(at)
}
