package resolve

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

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
func unknown(w *draft, s record.Snapshot) Decision {
	if s.Archived {
		return Decision{Outcome: Noop, Reason: record.ReasonArchivedUnknown}
	}
	if s.Lagging {
		return Decision{Outcome: ReadAgain, Reason: record.ReasonStaleRead}
	}
	if incomplete(w.subject, s) && w.observation.Change.Deferrals < incompleteReadsMax {
		return Decision{Outcome: Postponed, Reason: record.ReasonIncompleteRead, RetryAt: w.view.Now.Add(rereadAfter)}
	}
	values := valuesOf(w.subject, s)
	v := matchRecord(w.subject, s, values, "")
	if w.missing() {
		return loadFirst
	}
	switch {
	case v.held:
		return quarantine(w, s, v.why, values)
	case v.entity != "":
		return tie(w, s, v)
	case !founds(w.subject, s.Place):
		return Decision{Outcome: Noop, Reason: record.ReasonUnmatched}
	}
	return foundEntity(w, s)
}

// tie ties a record to the entity that matched it.
func tie(w *draft, s record.Snapshot, v verdict) Decision {
	if rows := w.rows(v.entity); !w.open(rows) {
		return undeclared(rows.Entity)
	}
	if outdated(w.subject) {
		return tooOld(w)
	}
	if old := w.links[s.Place]; old != nil {
		if decision, put := putOff(w, old, s.ReadBegan, s.ModifiedAt); put && decision.Outcome == Postponed && decision.Reason == record.ReasonLeased {
			return decision
		}
		if tries(old, record.OperationCreate) && lacksMarker(w.subject, s) && w.observation.Change.Deferrals < incompleteReadsMax {
			return Decision{Outcome: Postponed, Reason: record.ReasonIncompleteRead, RetryAt: w.view.Now.Add(rereadAfter)}
		}
	}
	link := w.editLink(s.Place)
	made := ownCreate(w.subject, link, s)
	resetLink(w, link, s)
	if made != nil {
		// What we asked it to hold is base: what it shows otherwise is somebody's edit already, not a first sight.
		v.why = record.ReasonAdopted
		for name, value := range made.Fields {
			link.Base[name], link.Sent[name] = value, value
		}
		leftBlank(w, link)
		markOvertaken(w, link, made.Fields) // before it is absorbed: an older value of ours is not its place's choice
	}
	w.pointRef(s.Ref)
	// A deletion elsewhere is older than this tie, and was never about this record.
	_, link.Restored = removalPolicy(w.subject, s.Place)
	w.note(FieldChange{Reason: v.why, Taken: true})
	w.editEntity()
	rejoin(w, s.Place)
	absorb(w, s)
	moveKeys(w)
	judgeFilters(w)
	return settleLinked(w, v.why)
}

// settleLinked ends the decision of a record that was tied to an entity. One that names a parent not seen yet waits for
// it a while.
func settleLinked(w *draft, why record.Reason) Decision {
	if len(w.unseen) > 0 && w.observation.Change.Deferrals < parentDeferralsMax {
		return Decision{Outcome: Postponed, Reason: record.ReasonUnknownParent, RetryAt: w.view.Now.Add(rereadAfter), Hints: w.allHints()}
	}
	if w.parked {
		return w.settle(ParkedWork, why)
	}
	return w.settle(Applied, why)
}

// resetLink makes a link row the fresh link to a record; unresolved attempts of updates to an older record are dropped,
// creates are kept, for they may still land.
func resetLink(w *draft, link *Link, s record.Snapshot) {
	link.ID, link.State, link.Evidence, link.ArchivedByUs = s.ID, LinkLive, "", false
	link.Base, link.Sent, link.Waived, link.Knew = record.Fields{}, record.Fields{}, record.Fields{}, record.Fields{}
	link.Kept, link.Ours = map[record.PlatformField]int64{}, false
	link.Rejected, link.Seen = map[record.PlatformField]Rejection{}, map[record.PlatformField]Seen{}
	link.Version, link.ModifiedAt, link.Failures = s.Version, s.ModifiedAt, 0
	link.Attempts = slices.DeleteFunc(link.Attempts, func(a Attempt) bool { return a.Operation != record.OperationCreate })
}

// pointRef points a record at the working entity.
func (w *draft) pointRef(r record.Ref) {
	if row := w.refRow(r); row.Entity != w.entity.ID {
		w.refs = append(w.refs, RefPatch{Key: RefKey{w.group.Name, r}, Entity: w.entity.ID, Expect: row.Rev})
	}
}

// foundEntity makes a new entity of a record.
func foundEntity(w *draft, s record.Snapshot) Decision {
	openNew(w, s, EntityLive)
	w.note(FieldChange{Reason: record.ReasonNewEntity, Taken: true})
	resetLink(w, w.editLink(s.Place), s)
	w.pointRef(s.Ref)
	absorb(w, s)
	moveKeys(w)
	judgeFilters(w)
	return settleLinked(w, record.ReasonNewEntity)
}

// openNew makes the working entity a new one, under the id that the record founds.
func openNew(w *draft, s record.Snapshot, state EntityState) {
	id := EntityIDOf(w.group.Name, w.declared.Type, s.Ref)
	rows := w.own(id)
	e := &Entity{Group: w.group.Name, ID: id, Type: w.declared.Type, State: state, Born: s.Place, Matching: w.declared.Matching}
	links := map[record.Place]*Link{}
	if rows.Entity != nil {
		e.Rev, e.Keys, e.Matching = rows.Entity.Rev, rows.Entity.Keys, rows.Entity.Matching
		links = rows.Links
	}
	w.open(&Rows{Entity: e.clone(), Links: links})
	w.entityChanged = true
}

// quarantine holds a record whole: it gets an entity of its own that nothing is due from, and shows its keys as
// contested, so that a third record does not choose between the two.
func quarantine(w *draft, s record.Snapshot, why record.Reason, values record.HubValues) Decision {
	openNew(w, s, EntityQuarantined)
	w.hints, w.unseen = nil, nil
	w.entity.Why = why
	for name, text := range values {
		w.entity.Fields[name] = Value{Text: text, From: s.Place.Connection, At: s.ReadBegan, First: true}
	}
	link := w.editLink(s.Place)
	resetLink(w, link, s)
	link.State = LinkQuarantined
	w.pointRef(s.Ref)
	moveKeys(w)
	w.note(FieldChange{Reason: why})
	return w.settle(ParkedWork, why)
}

// rejudge looks again at a quarantined record that changed.
func rejudge(w *draft, s record.Snapshot) Decision {
	self, own := w.entity, w.links
	if outdated(w.subject) {
		return tooOld(w)
	}
	link := own[s.Place]
	if s.Archived {
		if link == nil || link.ID != s.ID {
			return w.settle(Noop, record.ReasonNotLinked)
		}
		return gone(w, link, record.EvidenceArchived)
	}
	if incomplete(w.subject, s) && w.observation.Change.Deferrals < incompleteReadsMax {
		return Decision{Outcome: Postponed, Reason: record.ReasonIncompleteRead, RetryAt: w.view.Now.Add(rereadAfter)}
	}
	values := valuesOf(w.subject, s)
	v := matchRecord(w.subject, s, values, self.ID)
	if w.missing() {
		return loadFirst
	}
	if v.held {
		if maps.Equal(values, hubValues(self)) && self.Why == v.why && link != nil && link.State == LinkQuarantined {
			return w.settle(Noop, record.ReasonQuarantined)
		}
		return quarantine(w, s, v.why, values)
	}
	if v.entity == "" {
		return foundEntity(w, s)
	}
	// It is one of ours after all: the quarantined entity becomes an alias, and gives its keys up.
	alias := w.editEntity()
	for _, rule := range slices.Sorted(maps.Keys(self.Keys)) {
		w.leaveKey(MatchKey{w.group.Name, self.Type, rule, self.Keys[rule]})
	}
	alias.Keys, alias.State, alias.Into = map[string]string{}, EntityMerged, v.entity
	decision := tie(w, s, v)
	if decision.Outcome == Postponed {
		return decision
	}
	decision.Patch.Keys = w.keys
	decision.Patch.Alias = alias
	if link != nil {
		left := link.clone()
		left.State, left.ID = LinkNone, ""
		decision.Patch.AliasLinks = []*Link{left}
	}
	return decision
}
