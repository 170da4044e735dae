package resolve

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// absorb compares a record with what its link remembers and merges what differs, pair by pair.
func (d *decider) absorb(s record.Snapshot) {
	pairs := d.group.PairsAt(s.Place)
	var before remembered
	if d.group.SharedAt(s.Place) {
		before = remember(d.links[s.Place])
	}
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || !has(p, s.Fields) || d.silent(s, p) {
			continue
		}
		if before.base != nil {
			d.absorbShared(s, p, before)
			continue
		}
		d.absorbPair(s, p)
	}
	d.absorbRaw(s)
	d.forgetAttempts(s)
	if link := d.links[s.Place]; d.linkChanged[s.Place] {
		link.Version = s.Version
		if s.ModifiedAt.After(link.ModifiedAt) {
			link.ModifiedAt = s.ModifiedAt
		}
	} else if link != nil && !s.ModifiedAt.IsZero() && s.ModifiedAt.Equal(link.ModifiedAt) {
		d.echo = true
	}
}

// remembered is what a link held of a record when a decision began.
type remembered struct{ base, sent record.Fields }

func remember(link *Link) remembered {
	r := remembered{base: maps.Clone(link.Base), sent: maps.Clone(link.Sent)}
	if r.base == nil {
		r.base = record.Fields{}
	}
	return r
}

// absorbShared absorbs a pair that may share spoke fields with another: what the other has noted of this same read would
// hide an edit from it.
func (d *decider) absorbShared(s record.Snapshot, p *ruleset.Pair, before remembered) {
	link, noted := d.links[s.Place], record.Fields{}
	for _, name := range p.Spoke {
		was, knew := before.base[name]
		if now, knows := link.Base[name]; now != was || knows != knew {
			noted[name] = now
		}
	}
	if len(noted) == 0 {
		d.absorbPair(s, p)
		return
	}
	sent := maps.Clone(link.Sent)
	link = d.editLink(s.Place)
	for name := range noted {
		put(link.Base, before.base, name)
		put(link.Sent, before.sent, name)
	}
	d.absorbPair(s, p)
	link = d.editLink(s.Place)
	for name, value := range noted {
		link.Base[name] = value
		put(link.Sent, sent, name)
	}
}

// put makes a field in one set what it is in another.
func put(into, from record.Fields, name record.PlatformField) {
	if value, ok := from[name]; ok {
		into[name] = value
		return
	}
	delete(into, name)
}

// forgetAttempts drops the attempts that can no longer show: this read would have shown them.
func (d *decider) forgetAttempts(s record.Snapshot) {
	old := func(a Attempt) bool { return a.over(s) }
	if slices.ContainsFunc(d.links[s.Place].Attempts, old) {
		link := d.editLink(s.Place)
		link.Attempts = slices.DeleteFunc(link.Attempts, old)
	}
}

// over reports whether a read would have shown what an attempt did: it can no longer take effect.
func (a *Attempt) over(s record.Snapshot) bool { return a.At.Add(attemptLife).Before(s.ReadBegan) }

// absorbRaw keeps what no pair translates: the parents' fields that children name, and markers.
func (d *decider) absorbRaw(s record.Snapshot) {
	names := d.group.ViaFieldsAt(s.Place)
	if marker := d.marker(s.Place); marker != "" {
		names = append(names, marker)
	}
	for _, name := range names {
		value, read := s.Fields[name]
		if old, known := d.links[s.Place].Base[name]; read && (!known || old != value) {
			link := d.editLink(s.Place)
			link.Base[name], link.Sent[name] = value, value
		}
	}
}

// marker gives the field of a place that holds our identity, "" for none.
func (d *decider) marker(place record.Place) record.PlatformField {
	if place.Connection == d.group.Hub {
		return d.declared.Marker
	}
	if m, ok := d.group.MappingAt(place); ok {
		return m.Marker
	}
	return ""
}

func (d *decider) absorbPair(s record.Snapshot, p *ruleset.Pair) {
	link := d.links[s.Place]
	known := has(p, link.Base)
	if known && d.same(s.Place, p, s.Fields, link.Base) {
		d.ownerShows(s, p)
		return
	}
	if !known {
		d.firstSight(s, p)
		return
	}
	if a := d.ours(link, p, s); a != nil {
		overtaken := link.Overtaken[p.Spoke[0]]
		d.observe(s, p)
		link = d.editLink(s.Place)
		for _, name := range p.Spoke {
			link.Sent[name] = a.Fields[name]
		}
		if overtaken && !d.holds(link, p) { // what it shows is the older value of ours still, in its own spelling
			for _, name := range p.Spoke {
				link.Overtaken[name] = true
			}
		}
		return
	}
	before := make(record.Fields, len(p.Spoke)) // a copy: observe writes to the link's own
	for _, name := range p.Spoke {
		before[name] = link.Base[name]
	}
	current := d.current(link, p)
	if !readable(p) {
		d.observe(s, p)
		d.foreignEdit(s, p)
		return
	}
	after, problem := d.toHub(s.Place, p, s.Fields)
	if problem == problemUnknownParent {
		return // base stays, so that the edit is seen again once the parent is known
	}
	d.observe(s, p)
	if problem != "" { // the rule asks for a person
		d.parkInvalid(s, p)
		return
	}
	old, problemBefore := d.toHub(s.Place, p, before)
	for i, name := range p.Hub {
		if problemBefore == "" && old[i] == after[i] {
			continue
		}
		d.edit(edit{field: name, text: after[i], place: s.Place, at: stamp(s, p), current: current, pair: p, raw: s.Fields})
	}
}

// ownerShows takes what an unchanged record shows of the fields that its place owns, where the entity has something
// else: its place came to own them by a new configuration, or the record came back. A value of ours there says nothing.
func (d *decider) ownerShows(s record.Snapshot, p *ruleset.Pair) {
	link := d.links[s.Place]
	if !readable(p) || blankIn(p.Spoke, s.Fields) || link.Overtaken[p.Spoke[0]] {
		return
	}
	if slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return has(p, a.Fields) && !a.over(s) }) {
		return
	}
	ours := !d.same(s.Place, p, link.Base, link.Sent) // the platform spells what we wrote in a way of its own
	if ours && !alike(p, link.Base, link.Sent) {
		return
	}
	values, problem := d.toHub(s.Place, p, s.Fields)
	if problem != "" {
		return
	}
	for i, name := range p.Hub {
		f, ok := d.declared.Field(name)
		now := d.entity.Fields[name].Text
		if _, parked := d.entity.Parked[name]; !ok || parked || d.owner(f) != s.Place.Connection || now == values[i] || ours && essence(now) == essence(values[i]) {
			continue
		}
		if _, refused := link.Rejected[p.Spoke[0]]; !refused {
			d.take(edit{field: name, text: values[i], place: s.Place, at: stamp(s, p)}, ReasonOwnerEdit)
		}
	}
}

// stamp gives when a pair was edited, as far as the platform tells: per field if it can, else the record's, never
// later than our own read.
func stamp(s record.Snapshot, p *ruleset.Pair) time.Time {
	at := s.ModifiedAt
	for _, name := range p.Spoke {
		if t, ok := s.FieldTimes[name]; ok {
			at = t
		}
	}
	if at.IsZero() || at.After(s.ReadBegan) {
		at = s.ReadBegan
	}
	return at
}

// observe sets base and sent of a pair to what was read; refusals and waivers of older values are over.
func (d *decider) observe(s record.Snapshot, p *ruleset.Pair) {
	link := d.editLink(s.Place)
	for _, name := range p.Spoke {
		link.Base[name], link.Sent[name] = s.Fields[name], s.Fields[name]
		delete(link.Waived, name)
		delete(link.Rejected, name)
		delete(link.Reverts, name)
		delete(link.Overtaken, name)
	}
}

// ours gives the attempt of unknown outcome that a difference came from, nil if none did. The platform may spell it in a
// way of its own, so letters and digits alone are compared: taking that for somebody's edit would carry the spelling
// everywhere, and beat real edits with it.
func (d *decider) ours(link *Link, p *ruleset.Pair, s record.Snapshot) *Attempt {
	for i := len(link.Attempts) - 1; i >= 0; i-- {
		if a := &link.Attempts[i]; has(p, a.Fields) && (d.same(s.Place, p, s.Fields, a.Fields) || alike(p, s.Fields, a.Fields)) {
			return a
		}
	}
	return nil
}

// alike reports whether two readings of a pair have the same letters and digits, and any.
func alike(p *ruleset.Pair, a, b record.Fields) bool {
	for _, name := range p.Spoke {
		if left := essence(a[name]); left == "" || left != essence(b[name]) {
			return false
		}
	}
	return true
}

// essence keeps the letters and digits of a text, in lower case.
func essence(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// current reports whether a link had been told the entity's present value of a pair: an edit there was then made
// knowing it. A pair that never writes there cannot tell, and its edits compare by stamp.
func (d *decider) current(link *Link, p *ruleset.Pair) bool {
	if p.Direction == ruleset.ToHub && link.Place.Connection != d.group.Hub {
		return false
	}
	texts, problem, known, _ := d.toSpoke(link.Place, p)
	if !known || problem != "" {
		return true
	}
	want := withTexts(p, texts)
	if d.same(link.Place, p, want, link.Sent) {
		return true
	}
	// A write of it may have arrived there before the edit. If it has, the edit was made knowing it; if it has not, the
	// edit is still what a person did last at that place. Where a person is to decide conflicts, doubt is one.
	if slices.ContainsFunc(p.Hub, func(name record.HubField) bool {
		f, ok := d.declared.Field(name)
		return ok && f.Conflict == ruleset.ConflictManual
	}) {
		return false
	}
	return slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return has(p, a.Fields) && d.same(link.Place, p, want, a.Fields) })
}

// holds reports whether what a link was last known to be asked for is the entity's present value of a pair, or says nothing
// against it.
func (d *decider) holds(link *Link, p *ruleset.Pair) bool {
	texts, problem, known, _ := d.toSpoke(link.Place, p)
	return !known || problem != "" || d.same(link.Place, p, withTexts(p, texts), link.Sent)
}
