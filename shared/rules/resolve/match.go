package resolve

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// verdict is what matching says of a record: an entity, none, or that it cannot be told.
type verdict struct {
	entity record.EntityID
	why    Reason
	held   bool // quarantine, for why
	ready  bool // false: something must be loaded first
}

// EntityIDOf gives the identity that a record founds when nothing matches it: "contacts:" and 20 letters and digits.
// It is computed, so that founding it twice is founding it once, and it names the type, so that an entity's rows can
// be addressed without reading it first.
func EntityIDOf(group record.Group, t record.Object, first record.Ref) record.EntityID {
	sum := sha256.Sum256([]byte(string(group) + "\x00" + first.String()))
	return record.EntityID(string(t) + ":" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:12])))
}

// TypeOf gives the entity type that an entity id names, "" for a text that is no id of ours.
func TypeOf(id record.EntityID) record.Object {
	t, _, ok := strings.Cut(string(id), ":")
	if !ok {
		return ""
	}
	return record.Object(t)
}

// unknown decides a record that has no entity yet: matched, quarantined, founded or left alone.
func (d *decider) unknown(s record.Snapshot) Decision {
	if s.Archived {
		return Decision{Outcome: Noop, Reason: ReasonArchivedUnknown}
	}
	if s.Lagging {
		return Decision{Outcome: ReadAgain, Reason: ReasonStaleRead}
	}
	if d.incomplete(s) && d.observation.Change.Deferrals < incompleteReadsMax {
		return Decision{Outcome: Postponed, Reason: ReasonIncompleteRead, RetryAt: d.view.Now.Add(rereadAfter)}
	}
	values := d.valuesOf(s)
	v := d.match(s, values, "")
	if !v.ready || !d.need.Empty() {
		return Decision{}
	}
	switch {
	case v.held:
		return d.quarantine(s, v.why, values)
	case v.entity != "":
		return d.link(s, v)
	case !d.founds(s.Place):
		return Decision{Outcome: Noop, Reason: ReasonUnmatched}
	}
	return d.found(s)
}

// incompleteReadsMax is how often a record is read again whose answer lacks mapped fields, before it is judged without.
const incompleteReadsMax = 6

// incomplete reports whether a read lacks a field by which the record would be recognised, or by which a filter judges it:
// what is inside at first sight can be told from what enters later only if the first sight shows it.
func (d *decider) incomplete(s record.Snapshot) bool {
	pairs := d.group.PairsAt(s.Place)
	for i := range pairs {
		if p := &pairs[i]; matchable(p) && !has(p, s.Fields) && (slices.ContainsFunc(p.Hub, d.isKeyPart) || slices.ContainsFunc(p.Hub, d.isFiltered)) {
			return true
		}
	}
	return false
}

func (d *decider) isKeyPart(name record.HubField) bool {
	for _, rule := range d.declared.Match {
		if slices.ContainsFunc(rule.Parts, func(part ruleset.MatchPart) bool { return part.Field == name }) {
			return true
		}
	}
	return false
}

// isFiltered reports whether any filter of the entity type looks at a field.
func (d *decider) isFiltered(name record.HubField) bool {
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		if m.Hub == d.declared.Type && m.Filter != nil && slices.ContainsFunc(m.Filter.Conditions, func(c ruleset.Condition) bool { return c.Field == name }) {
			return true
		}
	}
	return false
}

// founds reports whether an unmatched record at a place is worth an entity: the hub's always; a spoke's if it may be
// created on the hub, or may be recognised later by a key.
func (d *decider) founds(place record.Place) bool {
	m, spoke := d.group.MappingAt(place)
	return !spoke || m.Create.CreatesOn("to_hub") || len(d.declared.Match) > 0
}

// valuesOf translates a record to hub values for recognising it.
func (d *decider) valuesOf(s record.Snapshot) record.HubValues {
	values := record.HubValues{}
	pairs := d.group.PairsAt(s.Place)
	for i := range pairs {
		p := &pairs[i]
		if !matchable(p) || p.Reference != nil || !has(p, s.Fields) {
			continue
		}
		texts, problem := d.toHub(s.Place, p, s.Fields)
		if problem != "" {
			continue
		}
		for j, name := range p.Hub {
			values[name] = texts[j]
		}
	}
	return values
}

// match finds the entity of a record: by the id stored on it, then by the rules in their order. self is left out of
// every key's holders.
func (d *decider) match(s record.Snapshot, values record.HubValues, self record.EntityID) verdict {
	if v := d.matchMarker(s); !v.ready || v.entity != "" || v.held {
		return v
	}
	for _, rule := range d.declared.Match {
		key, ok := d.keyOf(rule, values)
		if !ok {
			continue
		}
		row := d.keyRow(key)
		if row == nil {
			return verdict{}
		}
		holders := slices.DeleteFunc(slices.Clone(row.Holders), func(id record.EntityID) bool { return id == self })
		if len(holders) > 1 {
			return verdict{held: true, why: ReasonAmbiguous, ready: true}
		}
		if len(holders) == 1 {
			return d.slot(s, holders[0], ReasonMatched)
		}
		if slices.ContainsFunc(row.Former, func(f Former) bool {
			return f.Entity != self && f.Until.After(d.view.Now) && d.slotFree(f.Entity, s.Place)
		}) {
			return verdict{held: true, why: ReasonFormerKey, ready: d.need.Empty()}
		}
	}
	return verdict{ready: true}
}

// slotFree reports whether an entity could take another record at a place. A former holder that has its record there
// is not what a new record with its old key is.
func (d *decider) slotFree(id record.EntityID, place record.Place) bool {
	rows := d.rows(id)
	if rows == nil || rows.Entity == nil {
		return false
	}
	link := rows.Links[place]
	return link == nil || (link.State != LinkLive && link.State != LinkQuarantined && link.State != LinkUnlinked)
}

// matchMarker reads the identity stored on a record: the hub's record id on a spoke, our own on the hub.
func (d *decider) matchMarker(s record.Snapshot) verdict {
	marker := d.marker(s.Place)
	stored := s.Fields[marker]
	if marker == "" || stored == "" {
		return verdict{ready: true}
	}
	id := record.EntityID(stored)
	if s.Place.Connection != d.group.Hub {
		var loaded bool
		id, loaded = d.ref(record.Ref{Place: d.group.HubPlace(d.declared.Type), ID: record.ExternalID(stored)})
		if !loaded {
			return verdict{}
		}
		if id == "" {
			return verdict{ready: true}
		}
	}
	rows := d.rows(id)
	if rows == nil {
		return verdict{}
	}
	if rows.Entity == nil || rows.Entity.Type != d.declared.Type {
		return verdict{ready: true} // a copied or foreign value: it proves nothing
	}
	if v := d.slot(s, id, ReasonMatchedMarker); v.entity != "" || !v.ready {
		return v
	}
	// The stored id is another record's: a person copied the record. The rules decide.
	return verdict{ready: true}
}

// slot checks that the entity's place for this record is free.
func (d *decider) slot(s record.Snapshot, id record.EntityID, why Reason) verdict {
	rows := d.rows(id)
	if rows == nil {
		return verdict{}
	}
	if rows.Entity == nil {
		return verdict{ready: true}
	}
	if rows.Entity.State == EntityQuarantined {
		return verdict{held: true, why: ReasonAmbiguous, ready: true}
	}
	link := rows.Links[s.Place]
	if link != nil && link.ID != s.ID && (link.State == LinkLive || link.State == LinkQuarantined || link.State == LinkUnlinked) {
		return verdict{held: true, why: ReasonSlotTaken, ready: true}
	}
	return verdict{entity: rows.Entity.ID, why: why, ready: true}
}

// link ties a record to the entity that matched it.
func (d *decider) link(s record.Snapshot, v verdict) Decision {
	if rows := d.rows(v.entity); !d.open(rows) {
		return undeclared(rows.Entity)
	}
	if d.outdated() {
		return d.tooOld()
	}
	if old := d.links[s.Place]; old != nil {
		if decision, put := d.putOff(old, s.ReadBegan, s.ModifiedAt); put && decision.Outcome == Postponed && decision.Reason == ReasonLeased {
			return decision
		}
		if tries(old, record.OperationCreate) && d.lacksMarker(s) && d.observation.Change.Deferrals < incompleteReadsMax {
			return Decision{Outcome: Postponed, Reason: ReasonIncompleteRead, RetryAt: d.view.Now.Add(rereadAfter)}
		}
	}
	link := d.editLink(s.Place)
	made := d.ownCreate(link, s)
	d.reset(link, s)
	if made != nil {
		// What we asked it to hold is base: what it shows otherwise is somebody's edit already, not a first sight.
		v.why = ReasonAdopted
		for name, value := range made.Fields {
			link.Base[name], link.Sent[name] = value, value
		}
		d.leftBlank(link)
		d.overtaken(link, made.Fields) // before it is absorbed: an older value of ours is not its place's choice
	}
	if !d.pointRef(s.Ref) {
		return Decision{}
	}
	// A deletion elsewhere is older than this tie, and was never about this record.
	_, link.Restored = d.removalPolicy(s.Place)
	d.note(FieldChange{Reason: v.why, Taken: true})
	d.editEntity()
	d.rejoin(s.Place)
	d.absorb(s)
	d.moveKeys()
	d.judgeFilters()
	return d.settleLinked(v.why)
}

// lacksMarker reports whether a read leaves out the field that would show our identity.
func (d *decider) lacksMarker(s record.Snapshot) bool {
	marker := d.marker(s.Place)
	_, shown := s.Fields[marker]
	return marker != "" && !shown
}

// ownCreate gives the attempt that made a record, known by our identity on it; where the place has no field for that, or
// does not show it, a record that matched while a create is in doubt is taken for it, if it shows more of what we asked for
// than the key. Nil if there is none.
func (d *decider) ownCreate(link *Link, s record.Snapshot) *Attempt {
	marker := d.marker(s.Place)
	if d.lacksMarker(s) {
		marker = ""
	}
	for i := range link.Attempts {
		a := &link.Attempts[i]
		if a.Operation != record.OperationCreate {
			continue
		}
		if marker == "" && d.resembles(s, a) || marker != "" && a.Fields[marker] != "" && a.Fields[marker] == s.Fields[marker] {
			return a
		}
	}
	return nil
}

// resembles reports whether a record shows anything that a create asked for beyond the match keys; where it asked for no
// more, the keys are enough.
func (d *decider) resembles(s record.Snapshot, a *Attempt) bool {
	asked := false
	pairs := d.group.PairsAt(s.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || !has(p, a.Fields) || blankIn(p.Spoke, a.Fields) || slices.ContainsFunc(p.Hub, d.isKeyPart) {
			continue
		}
		asked = true
		if has(p, s.Fields) && (d.same(s.Place, p, s.Fields, a.Fields) || alike(p, s.Fields, a.Fields)) {
			return true
		}
	}
	return !asked
}

// settleLinked ends the decision of a record that was tied to an entity. One that names a parent not seen yet waits for
// it a while.
func (d *decider) settleLinked(why Reason) Decision {
	if d.unknownParent && d.observation.Change.Deferrals < parentDeferralsMax {
		return Decision{Outcome: Postponed, Reason: ReasonUnknownParent, RetryAt: d.view.Now.Add(rereadAfter), Hints: d.hints}
	}
	if d.parked {
		return d.settle(ParkedWork, why)
	}
	return d.settle(Applied, why)
}

// reset makes a link row the fresh link to a record; unresolved attempts of updates to an older record are dropped,
// creates are kept, for they may still land.
func (d *decider) reset(link *Link, s record.Snapshot) {
	link.ID, link.State, link.Evidence, link.ArchivedByUs = s.ID, LinkLive, "", false
	link.Base, link.Sent, link.Waived = record.Fields{}, record.Fields{}, record.Fields{}
	link.Rejected = map[record.PlatformField]Rejection{}
	link.Version, link.ModifiedAt, link.Failures = s.Version, s.ModifiedAt, 0
	link.Attempts = slices.DeleteFunc(link.Attempts, func(a Attempt) bool { return a.Operation != record.OperationCreate })
}

// pointRef points a record at the working entity; false if the key must be loaded first.
func (d *decider) pointRef(r record.Ref) bool {
	key := RefKey{d.group.Name, r}
	row, ok := d.view.Refs[key]
	if !ok {
		d.need.Refs = append(d.need.Refs, key)
		return false
	}
	if row.Entity != d.entity.ID {
		d.refs = append(d.refs, RefPatch{Key: key, Entity: d.entity.ID, Expect: row.Rev})
	}
	return true
}

// found makes a new entity of a record.
func (d *decider) found(s record.Snapshot) Decision {
	if !d.openNew(s, EntityLive) {
		return Decision{}
	}
	d.note(FieldChange{Reason: ReasonNewEntity, Taken: true})
	d.reset(d.editLink(s.Place), s)
	if !d.pointRef(s.Ref) {
		return Decision{}
	}
	d.absorb(s)
	d.moveKeys()
	d.judgeFilters()
	return d.settleLinked(ReasonNewEntity)
}

// openNew makes the working entity a new one, under the id that the record founds; false if it must be loaded first.
func (d *decider) openNew(s record.Snapshot, state EntityState) bool {
	key := EntityKey{d.group.Name, EntityIDOf(d.group.Name, d.declared.Type, s.Ref)}
	rows, ok := d.view.Entities[key]
	if !ok {
		d.need.Entities = append(d.need.Entities, key)
		return false
	}
	e := &Entity{Group: d.group.Name, ID: key.ID, Type: d.declared.Type, State: state, Born: s.Place, Matching: d.declared.Matching}
	links := map[record.Place]*Link{}
	if rows.Entity != nil {
		e.Rev, e.Keys, e.Matching = rows.Entity.Rev, rows.Entity.Keys, rows.Entity.Matching
		links = rows.Links
	}
	d.open(&Rows{Entity: e.clone(), Links: links})
	d.entityChanged = true
	return true
}

// quarantine holds a record whole: it gets an entity of its own that nothing is due from, and shows its keys as
// contested, so that a third record does not choose between the two.
func (d *decider) quarantine(s record.Snapshot, why Reason, values record.HubValues) Decision {
	if !d.openNew(s, EntityQuarantined) {
		return Decision{}
	}
	d.hints = nil
	d.entity.Why = why
	for name, text := range values {
		d.entity.Fields[name] = Value{Text: text, From: s.Place.Connection, At: s.ReadBegan, First: true}
	}
	link := d.editLink(s.Place)
	d.reset(link, s)
	link.State = LinkQuarantined
	if !d.pointRef(s.Ref) {
		return Decision{}
	}
	d.moveKeys()
	if !d.need.Empty() {
		return Decision{}
	}
	d.note(FieldChange{Reason: why})
	return d.settle(ParkedWork, why)
}

// rejudge looks again at a quarantined record that changed.
func (d *decider) rejudge(s record.Snapshot) Decision {
	self, own := d.entity, d.links
	if d.outdated() {
		return d.tooOld()
	}
	if d.incomplete(s) && d.observation.Change.Deferrals < incompleteReadsMax {
		return Decision{Outcome: Postponed, Reason: ReasonIncompleteRead, RetryAt: d.view.Now.Add(rereadAfter)}
	}
	values := d.valuesOf(s)
	v := d.match(s, values, self.ID)
	if !v.ready || !d.need.Empty() {
		return Decision{}
	}
	if s.Archived {
		return d.settle(Noop, ReasonArchivedUnknown)
	}
	if v.held {
		if maps.Equal(values, hubValues(self)) && self.Why == v.why {
			return d.settle(Noop, ReasonQuarantined)
		}
		return d.quarantine(s, v.why, values)
	}
	if v.entity == "" {
		return d.found(s)
	}
	// It is one of ours after all: the quarantined entity becomes an alias, and gives its keys up.
	alias := d.editEntity()
	for _, rule := range slices.Sorted(maps.Keys(self.Keys)) {
		if !d.leaveKey(MatchKey{d.group.Name, self.Type, rule, self.Keys[rule]}) {
			return Decision{}
		}
	}
	alias.Keys, alias.State, alias.Into = map[string]string{}, EntityMerged, v.entity
	decision := d.link(s, v)
	if !d.need.Empty() {
		return Decision{}
	}
	if decision.Outcome == Postponed {
		return decision
	}
	decision.Patch.Keys = d.keys
	decision.Patch.Alias = alias
	if old := own[s.Place]; old != nil {
		gone := old.clone()
		gone.State, gone.ID = LinkNone, ""
		decision.Patch.AliasLinks = []*Link{gone}
	}
	return decision
}
