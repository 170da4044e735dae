package resolve

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Backoff of failed writes of one link: doubled from the first to the last.
const (
	backoffFirst = 2 * time.Second
	backoffLast  = time.Hour
)

// createAgainAfter is how long a create of unknown outcome is left alone: it may land as late as a lease lives, and a
// list of changes trails behind that.
const createAgainAfter = 2*time.Minute + missingLag

// attemptLife is how long after it began an attempt may still show: a lease's life, and the lag of a read.
const attemptLife = 3 * time.Minute

// decideReceipt decides what a platform's answer means for the link that asked.
func decideReceipt(w *draft, r Receipt) Decision {
	if w.links[r.Place] == nil {
		return Decision{Outcome: Noop, Reason: record.ReasonNotLinked, Entity: r.Entity}
	}
	if link := w.links[r.Place]; link.Lease.Fence != r.Fence || w.entity.ID != r.Entity {
		// A late holder: its write is in the attempts, and the next read tells what became of it.
		if id := cmp.Or(r.ID, r.Intent.Ref.ID); id != "" {
			w.hint(record.Change{Ref: record.Ref{Place: r.Place, ID: id}, Source: record.SourceWriter, Kind: record.KindChanged})
		}
		return w.settle(Superseded, record.ReasonLateHolder)
	}
	if r.Snapshot != nil && r.Snapshot.Place != r.Place { // an answer speaks of the place that was asked
		s := *r.Snapshot
		s.Place = r.Place
		r.Snapshot = &s
	}
	link := w.editLink(r.Place)
	link.Lease = Lease{Fence: link.Lease.Fence}
	if r.Err != nil {
		return failed(w, link, r)
	}
	link.Failures, link.NotBefore = 0, time.Time{}
	switch r.Intent.Operation {
	case record.OperationCreate:
		return createdReceipt(w, link, r)
	case record.OperationUpdate:
		writtenReceipt(w, link, r)
		return w.settle(Applied, record.ReasonWritten)
	}
	dropAttempt(w, link, r.Intent.Key)
	if r.Snapshot != nil { // so that a read of how it was before is known to be older
		link.Version = r.Snapshot.Version
		if r.Snapshot.ModifiedAt.After(link.ModifiedAt) {
			link.ModifiedAt = r.Snapshot.ModifiedAt
		}
	}
	switch r.Intent.Operation {
	case record.OperationRestore:
		link.State, link.Evidence, link.ArchivedByUs = LinkLive, "", false
		broughtBack(w, link)
		rejoin(w, link.Place)
		w.hint(changeOf(record.Ref{Place: link.Place, ID: link.ID}))
		return w.settle(Applied, record.ReasonRestored)
	case record.OperationDelete:
		link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, record.EvidenceDeleted, true
	default:
		link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, record.EvidenceArchived, true
	}
	markLent(w, link)
	if link.Place.Connection == w.group.Hub { // a spoke's deletion goes on from here
		spreadDeletion(w, link.Place)
	}
	hintHeld(w, link.Place)
	return w.settle(Applied, record.ReasonArchived)
}

func dropAttempt(w *draft, link *Link, key string) {
	link.Attempts = slices.DeleteFunc(link.Attempts, func(a Attempt) bool { return a.Key == key })
}

// writtenReceipt moves base and sent for the fields that were written, and for no other. Another difference in the answer
// is somebody's edit: a hint.
func writtenReceipt(w *draft, link *Link, r Receipt) {
	before := maps.Clone(link.Base)
	for name, value := range r.Intent.Fields {
		link.Base[name], link.Sent[name] = value, value
		if r.Snapshot != nil {
			if answered, ok := r.Snapshot.Fields[name]; ok {
				link.Base[name] = answered
			}
		}
		delete(link.Seen, name)
		delete(link.Rejected, name)
		delete(link.Waived, name)
		delete(link.Reverts, name)
		delete(link.Overtaken, name)
	}
	dropAttempt(w, link, r.Intent.Key)
	if r.Snapshot == nil {
		return
	}
	answeredOtherwise(w, link, r.Intent.Fields, before)
	link.Version = r.Snapshot.Version
	if r.Snapshot.ModifiedAt.After(link.ModifiedAt) {
		link.ModifiedAt = r.Snapshot.ModifiedAt
	}
	hintDifferences(w, link, r)
}

// hintDifferences asks for a read where an answer shows mapped fields, not written by it, that differ from base.
// Fields of no pair (a child's via field, a marker) are simply kept.
func hintDifferences(w *draft, link *Link, r Receipt) {
	absorbRaw(w, *r.Snapshot)
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || !has(p, r.Snapshot.Fields) {
			continue
		}
		wrote := slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { _, w := r.Intent.Fields[name]; return w })
		if wrote || (has(p, link.Base) && sameReading(w.subject, link.Place, p, r.Snapshot.Fields, link.Base)) {
			continue
		}
		if !has(p, link.Base) && (!readable(p) || blankIn(p.Spoke, r.Snapshot.Fields)) {
			w.observe(*r.Snapshot, p)
			continue
		}
		w.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
	}
}

func blankIn(names []record.PlatformField, fields record.Fields) bool {
	return !slices.ContainsFunc(names, func(name record.PlatformField) bool { return fields[name] != "" })
}

// createdReceipt ties the new record to the entity, or judges a record that was there already.
func createdReceipt(w *draft, link *Link, r Receipt) Decision {
	if r.Existing && !carriesMarker(w.subject, r) {
		// Somebody's record holds the key. Whether it is this entity's is for the matching rules to say once it is
		// read; until then this create is not due again.
		dropAttempt(w, link, r.Intent.Key)
		link.State = LinkNone
		link.Rejected[CreateField] = Rejection{Value: createDigest(r.Intent.Fields), Code: string(record.ReasonExists), At: w.view.Now}
		w.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: r.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
		return w.settle(Applied, record.ReasonExists)
	}
	ref := record.Ref{Place: link.Place, ID: r.ID}
	if id := w.ref(ref); id != "" && id != w.entity.ID {
		// The record was taken for another entity's meanwhile: a person must say.
		dropAttempt(w, link, r.Intent.Key)
		link.State = LinkNone
		link.Rejected[CreateField] = Rejection{Value: createDigest(r.Intent.Fields), Code: string(record.ReasonSlotTaken), At: w.view.Now}
		return w.settle(ParkedWork, record.ReasonSlotTaken)
	}
	w.pointRef(ref)
	link.ID, link.State, link.Evidence = r.ID, LinkLive, ""
	link.Base, link.Sent = record.Fields{}, record.Fields{}
	link.Rejected = map[record.PlatformField]Rejection{}
	repeated := false
	for _, a := range link.Attempts {
		if a.Key == r.Intent.Key {
			repeated, link.Restored = a.Tries > 1, outlives(w.subject, link.Place, a.At)
		}
	}
	link.Seen = map[record.PlatformField]Seen{}
	if !repeated && !r.Existing {
		filledIn(w, link, r)
	}
	writtenReceipt(w, link, r)
	if repeated || r.Existing {
		lookAgain(w, link, r)
	}
	leftBlank(w, link)
	markOvertaken(w, link, r.Intent.Fields)
	return w.settle(Applied, record.ReasonCreated)
}

// lookAgain asks for a record to be read that an earlier try made: it may have been edited since, and what its answer
// shows otherwise than we asked is then no platform's spelling but somebody's edit.
func lookAgain(w *draft, link *Link, r Receipt) {
	if r.Snapshot == nil {
		return
	}
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		for j, name := range pairs[i].Spoke {
			if value, asked := r.Intent.Fields[name]; asked && !mapping.Equal(mapping.TypeOfSpoke(w.declared, &pairs[i], j), value, link.Base[name]) {
				link.Base[name] = value
			}
		}
	}
	w.hint(changeOf(record.Ref{Place: link.Place, ID: r.ID}))
}

// leftBlank notes that a record just made is blank where we sent nothing and its answer says nothing: what shows there
// later is somebody's edit.
func leftBlank(w *draft, link *Link) {
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || p.Reference != nil || has(p, link.Base) {
			continue
		}
		for _, name := range p.Spoke {
			if _, known := link.Base[name]; !known {
				link.Base[name], link.Sent[name] = "", ""
			}
		}
		if !readable(p) {
			continue
		}
		for _, name := range p.Hub {
			if _, known := w.entity.Fields[name]; !known {
				applyRuling(w, edit{field: name, place: link.Place, at: w.view.Now}, takeFirst, record.ReasonFirstSight)
			}
		}
	}
}

// markOvertaken marks the fields of a record just made that still hold what we made it with, and no longer what the entity
// has: their place may own them, and yet it never chose them.
func markOvertaken(w *draft, link *Link, asked record.Fields) {
	markPairs(w, link, func(p *ruleset.Pair) bool {
		return has(p, asked) && sameReading(w.subject, link.Place, p, asked, link.Sent) && !knewValue(w.subject, link, p)
	})
}

// markLent marks the fields of a record that we removed whose values its place did not give: should we bring it back, they are
// older values of ours.
func markLent(w *draft, link *Link) {
	markPairs(w, link, func(p *ruleset.Pair) bool {
		return slices.ContainsFunc(p.Hub, func(name record.HubField) bool { return w.entity.Fields[name].From != link.Place.Connection })
	})
}

// markPairs marks those of a link's pairs as overtaken that are.
func markPairs(w *draft, link *Link, is func(*ruleset.Pair) bool) {
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || p.Reference != nil || !has(p, link.Sent) || !is(p) {
			continue
		}
		for _, name := range p.Spoke {
			link.Overtaken[name] = true
		}
	}
}

// broughtBack keeps the marks of fields that the entity has other values for by now.
func broughtBack(w *draft, link *Link) {
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		if p := &pairs[i]; link.Overtaken[p.Spoke[0]] && holds(w.subject, link, p) {
			for _, name := range p.Spoke {
				delete(link.Overtaken, name)
			}
		}
	}
}

// carriesMarker reports whether a record that was there already holds our own identity: it is an earlier try's.
func carriesMarker(x *subject, r Receipt) bool {
	marker := r.Intent.Marker
	return marker != "" && r.Snapshot != nil && r.Snapshot.Fields[marker] != "" && r.Snapshot.Fields[marker] == r.Intent.Fields[marker]
}

// failed records why a write was not done, or that nobody knows whether it was.
func failed(w *draft, link *Link, r Receipt) Decision {
	kind := fault.KindOf(r.Err)
	link.Failures++
	link.NotBefore = w.view.Now.Add(backoff(link.Failures))
	if r.Intent.Operation == record.OperationCreate && (kind == fault.InDoubt || kind == fault.Unclassified) {
		link.NotBefore = w.view.Now.Add(max(backoff(link.Failures), createAgainAfter))
	}
	tried := slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return a.Key == r.Intent.Key && a.Tries > 1 })
	if kind != fault.InDoubt && kind != fault.Unclassified && (!tried || kind == fault.Rejected) {
		dropAttempt(w, link, r.Intent.Key)
		if link.State == LinkCreating && len(link.Attempts) == 0 {
			link.State = LinkNone
		}
	}
	switch kind {
	case fault.RateLimited:
		link.Failures--
		link.NotBefore = w.view.Now.Add(fault.After(r.Err, backoff(1)))
		return w.settle(Postponed, record.ReasonRateLimited)
	case fault.Stale:
		link.NotBefore = time.Time{}
		w.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
		return w.settle(Postponed, record.ReasonConflict409)
	case fault.Gone:
		w.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindDeleted})
		return w.settle(Postponed, record.ReasonDeleted)
	case fault.Rejected:
		reject(w, link, r)
		return w.settle(DeadLetter, record.ReasonRejected)
	case fault.Unauthorized:
		return w.settle(Postponed, record.ReasonUnauthorized)
	case fault.Waiting:
		return w.settle(Postponed, record.ReasonWaitsForParent)
	case fault.InDoubt, fault.Unclassified:
		return w.settle(Postponed, record.ReasonInDoubt)
	}
	return w.settle(Postponed, record.ReasonTransient)
}

func backoff(failures int) time.Duration {
	after := backoffFirst
	for range failures - 1 {
		if after *= 2; after >= backoffLast {
			return backoffLast
		}
	}
	return after
}

// reject records the refused values, so that they are not due again until they change. Where the platform names the
// fields at fault, the others stay due.
func reject(w *draft, link *Link, r Receipt) {
	link.NotBefore = time.Time{}
	code, named := rejectionOf(r.Err)
	if r.Intent.Operation != record.OperationUpdate {
		value := createDigest(r.Intent.Fields)
		if r.Intent.Operation != record.OperationCreate {
			value = string(r.Intent.Operation)
		}
		link.Rejected[CreateField] = Rejection{Value: value, Code: code, At: w.view.Now}
		return
	}
	at := map[record.PlatformField]bool{}
	for _, name := range named {
		if _, sent := r.Intent.Fields[record.PlatformField(name)]; sent {
			at[record.PlatformField(name)] = true
		}
	}
	for name := range maps.Keys(r.Intent.Fields) {
		if len(at) == 0 || at[name] {
			link.Rejected[name] = Rejection{Value: r.Intent.Fields[name], Code: code, At: w.view.Now}
		}
	}
}

func rejectionOf(err error) (code string, fields []string) {
	var e *fault.Error
	if asFault(err, &e) {
		return e.Code, e.Fields
	}
	return "", nil
}
