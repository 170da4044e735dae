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

// receipt decides what a platform's answer means for the link that asked.
func (d *decider) receipt(r Receipt) Decision {
	d.place = r.Place
	rows := d.rows(r.Entity)
	if rows == nil {
		return Decision{}
	}
	if rows.Entity == nil || rows.Links[r.Place] == nil {
		return Decision{Outcome: Noop, Reason: ReasonNotLinked, Entity: r.Entity}
	}
	if !d.open(rows) {
		return undeclared(rows.Entity)
	}
	if link := rows.Links[r.Place]; link.Lease.Fence != r.Fence || rows.Entity.ID != r.Entity {
		// A late holder: its write is in the attempts, and the next read tells what became of it.
		if id := cmp.Or(r.ID, r.Intent.Ref.ID); id != "" {
			d.hint(record.Change{Ref: record.Ref{Place: r.Place, ID: id}, Source: record.SourceWriter, Kind: record.KindChanged})
		}
		return d.settle(Superseded, ReasonLateHolder)
	}
	if r.Snapshot != nil && r.Snapshot.Place != r.Place { // an answer speaks of the place that was asked
		s := *r.Snapshot
		s.Place = r.Place
		r.Snapshot = &s
	}
	link := d.editLink(r.Place)
	link.Lease = Lease{Fence: link.Lease.Fence}
	if r.Err != nil {
		return d.failed(link, r)
	}
	link.Failures, link.NotBefore = 0, time.Time{}
	switch r.Intent.Operation {
	case record.OperationCreate:
		return d.created(link, r)
	case record.OperationUpdate:
		d.written(link, r)
		return d.settle(Applied, ReasonWritten)
	}
	d.dropAttempt(link, r.Intent.Key)
	if r.Snapshot != nil { // so that a read of how it was before is known to be older
		link.Version = r.Snapshot.Version
		if r.Snapshot.ModifiedAt.After(link.ModifiedAt) {
			link.ModifiedAt = r.Snapshot.ModifiedAt
		}
	}
	switch r.Intent.Operation {
	case record.OperationRestore:
		link.State, link.Evidence, link.ArchivedByUs = LinkLive, "", false
		d.broughtBack(link)
		d.rejoin(link.Place)
		d.hint(d.changeOf(record.Ref{Place: link.Place, ID: link.ID}))
		return d.settle(Applied, ReasonRestored)
	case record.OperationDelete:
		link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, record.EvidenceDeleted, true
	default:
		link.State, link.Evidence, link.ArchivedByUs = LinkTombstone, record.EvidenceArchived, true
	}
	d.lent(link)
	if link.Place.Connection == d.group.Hub { // a spoke's deletion goes on from here
		d.spread(link.Place)
	}
	d.hintHeld(link.Place)
	return d.settle(Applied, ReasonArchived)
}

func (d *decider) dropAttempt(link *Link, key string) {
	link.Attempts = slices.DeleteFunc(link.Attempts, func(a Attempt) bool { return a.Key == key })
}

// written moves base and sent for the fields that were written, and for no other. Another difference in the answer
// is somebody's edit: a hint.
func (d *decider) written(link *Link, r Receipt) {
	for name, value := range r.Intent.Fields {
		link.Base[name], link.Sent[name] = value, value
		if r.Snapshot != nil {
			if answered, ok := r.Snapshot.Fields[name]; ok {
				link.Base[name] = answered
			}
		}
		delete(link.Rejected, name)
		delete(link.Waived, name)
		delete(link.Reverts, name)
		delete(link.Overtaken, name)
	}
	d.dropAttempt(link, r.Intent.Key)
	if r.Snapshot == nil {
		return
	}
	link.Version = r.Snapshot.Version
	if r.Snapshot.ModifiedAt.After(link.ModifiedAt) {
		link.ModifiedAt = r.Snapshot.ModifiedAt
	}
	d.hintDifferences(link, r)
}

// hintDifferences asks for a read where an answer shows mapped fields, not written by it, that differ from base.
// Fields of no pair (a child's via field, a marker) are simply kept.
func (d *decider) hintDifferences(link *Link, r Receipt) {
	d.absorbRaw(*r.Snapshot)
	pairs := d.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || !has(p, r.Snapshot.Fields) {
			continue
		}
		wrote := slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { _, w := r.Intent.Fields[name]; return w })
		if wrote || (has(p, link.Base) && d.same(link.Place, p, r.Snapshot.Fields, link.Base)) {
			continue
		}
		if !has(p, link.Base) && (!readable(p) || blankIn(p.Spoke, r.Snapshot.Fields)) {
			d.observe(*r.Snapshot, p)
			continue
		}
		d.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
	}
}

func blankIn(names []record.PlatformField, fields record.Fields) bool {
	return !slices.ContainsFunc(names, func(name record.PlatformField) bool { return fields[name] != "" })
}

// created ties the new record to the entity, or judges a record that was there already.
func (d *decider) created(link *Link, r Receipt) Decision {
	if r.Existing && !d.carriesMarker(r) {
		// Somebody's record holds the key. Whether it is this entity's is for the matching rules to say once it is
		// read; until then this create is not due again.
		d.dropAttempt(link, r.Intent.Key)
		link.State = LinkNone
		link.Rejected[CreateField] = Rejection{Value: createDigest(r.Intent.Fields), Code: string(ReasonExists), At: d.view.Now}
		d.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: r.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
		return d.settle(Applied, ReasonExists)
	}
	ref := record.Ref{Place: link.Place, ID: r.ID}
	key := RefKey{d.group.Name, ref}
	row, loaded := d.view.Refs[key]
	if !loaded {
		d.need.Refs = append(d.need.Refs, key)
		return Decision{}
	}
	if row.Entity != "" && row.Entity != d.entity.ID {
		// The record was taken for another entity's meanwhile: a person must say.
		d.dropAttempt(link, r.Intent.Key)
		link.State = LinkNone
		link.Rejected[CreateField] = Rejection{Value: createDigest(r.Intent.Fields), Code: string(ReasonSlotTaken), At: d.view.Now}
		return d.settle(ParkedWork, ReasonSlotTaken)
	}
	if !d.pointRef(ref) {
		return Decision{}
	}
	link.ID, link.State, link.Evidence = r.ID, LinkLive, ""
	link.Base, link.Sent = record.Fields{}, record.Fields{}
	link.Rejected = map[record.PlatformField]Rejection{}
	repeated := false
	for _, a := range link.Attempts {
		if a.Key == r.Intent.Key {
			repeated, link.Restored = a.Tries > 1, d.outlives(link.Place, a.At)
		}
	}
	d.written(link, r)
	if repeated || r.Existing {
		d.lookAgain(link, r)
	}
	d.leftBlank(link)
	d.overtaken(link, r.Intent.Fields)
	return d.settle(Applied, ReasonCreated)
}

// lookAgain asks for a record to be read that an earlier try made: it may have been edited since, and what its answer
// shows otherwise than we asked is then no platform's spelling but somebody's edit.
func (d *decider) lookAgain(link *Link, r Receipt) {
	if r.Snapshot == nil {
		return
	}
	pairs := d.group.PairsAt(link.Place)
	for i := range pairs {
		for _, name := range pairs[i].Spoke {
			if value, asked := r.Intent.Fields[name]; asked && essence(value) != essence(link.Base[name]) {
				link.Base[name] = value
			}
		}
	}
	d.hint(d.changeOf(record.Ref{Place: link.Place, ID: r.ID}))
}

// leftBlank notes that a record just made is blank where we sent nothing and its answer says nothing: what shows there
// later is somebody's edit.
func (d *decider) leftBlank(link *Link) {
	pairs := d.group.PairsAt(link.Place)
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
			if _, known := d.entity.Fields[name]; !known {
				d.takeFirst(edit{field: name, place: link.Place, at: d.view.Now}, ReasonFirstSight)
			}
		}
	}
}

// overtaken marks the fields of a record just made that still hold what we made it with, and no longer what the entity
// has: their place may own them, and yet it never chose them.
func (d *decider) overtaken(link *Link, asked record.Fields) {
	d.mark(link, func(p *ruleset.Pair) bool {
		return has(p, asked) && d.same(link.Place, p, asked, link.Sent) && !d.current(link, p)
	})
}

// lent marks the fields of a record that we removed whose values its place did not give: should we bring it back, they are
// older values of ours.
func (d *decider) lent(link *Link) {
	d.mark(link, func(p *ruleset.Pair) bool {
		return slices.ContainsFunc(p.Hub, func(name record.HubField) bool { return d.entity.Fields[name].From != link.Place.Connection })
	})
}

// mark marks those of a link's pairs as overtaken that are.
func (d *decider) mark(link *Link, is func(*ruleset.Pair) bool) {
	pairs := d.group.PairsAt(link.Place)
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
func (d *decider) broughtBack(link *Link) {
	pairs := d.group.PairsAt(link.Place)
	for i := range pairs {
		if p := &pairs[i]; link.Overtaken[p.Spoke[0]] && d.holds(link, p) {
			for _, name := range p.Spoke {
				delete(link.Overtaken, name)
			}
		}
	}
}

// carriesMarker reports whether a record that was there already holds our own identity: it is an earlier try's.
func (d *decider) carriesMarker(r Receipt) bool {
	marker := r.Intent.Marker
	return marker != "" && r.Snapshot != nil && r.Snapshot.Fields[marker] != "" && r.Snapshot.Fields[marker] == r.Intent.Fields[marker]
}

// failed records why a write was not done, or that nobody knows whether it was.
func (d *decider) failed(link *Link, r Receipt) Decision {
	kind := fault.KindOf(r.Err)
	link.Failures++
	link.NotBefore = d.view.Now.Add(backoff(link.Failures))
	if r.Intent.Operation == record.OperationCreate && (kind == fault.InDoubt || kind == fault.Unclassified) {
		link.NotBefore = d.view.Now.Add(max(backoff(link.Failures), createAgainAfter))
	}
	tried := slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return a.Key == r.Intent.Key && a.Tries > 1 })
	if kind != fault.InDoubt && kind != fault.Unclassified && (!tried || kind == fault.Rejected) {
		d.dropAttempt(link, r.Intent.Key)
		if link.State == LinkCreating && len(link.Attempts) == 0 {
			link.State = LinkNone
		}
	}
	switch kind {
	case fault.RateLimited:
		link.Failures--
		link.NotBefore = d.view.Now.Add(fault.After(r.Err, backoff(1)))
		return d.settle(Postponed, ReasonRateLimited)
	case fault.Stale:
		link.NotBefore = time.Time{}
		d.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindChanged})
		return d.settle(Postponed, ReasonConflict409)
	case fault.Gone:
		d.hint(record.Change{Ref: record.Ref{Place: link.Place, ID: link.ID}, Source: record.SourceWriter, Kind: record.KindDeleted})
		return d.settle(Postponed, ReasonDeleted)
	case fault.Rejected:
		d.reject(link, r)
		return d.settle(DeadLetter, ReasonRejected)
	case fault.Unauthorized:
		return d.settle(Postponed, ReasonUnauthorized)
	case fault.Waiting:
		return d.settle(Postponed, ReasonWaitsForParent)
	case fault.InDoubt, fault.Unclassified:
		return d.settle(Postponed, ReasonInDoubt)
	}
	return d.settle(Postponed, ReasonTransient)
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
func (d *decider) reject(link *Link, r Receipt) {
	link.NotBefore = time.Time{}
	code, named := rejectionOf(r.Err)
	if r.Intent.Operation != record.OperationUpdate {
		value := createDigest(r.Intent.Fields)
		if r.Intent.Operation != record.OperationCreate {
			value = string(r.Intent.Operation)
		}
		link.Rejected[CreateField] = Rejection{Value: value, Code: code, At: d.view.Now}
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
			link.Rejected[name] = Rejection{Value: r.Intent.Fields[name], Code: code, At: d.view.Now}
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
