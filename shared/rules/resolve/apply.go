package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// What rules 1 to 5 say of a record's fields is applied here, and nowhere else.

// absorb compares a record with what its link remembers and merges what differs, pair by pair.
func absorb(w *draft, s record.Snapshot) {
	pairs := w.group.PairsAt(s.Place)
	var before remembered
	if w.group.SharedAt(s.Place) {
		before = remember(w.links[s.Place])
	}
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) {
			continue
		}
		if before.base != nil {
			absorbShared(w, s, p, before)
			continue
		}
		absorbPair(w, s, p)
	}
	absorbRaw(w, s)
	forgetAttempts(w, s)
	seen := func(p ruleset.Pair) bool { return constant(&p) || via(&p) || has(&p, w.links[s.Place].Base) }
	if w.links[s.Place].Ours && !slices.ContainsFunc(pairs, func(p ruleset.Pair) bool { return !seen(p) }) {
		w.editLink(s.Place).Ours = false // not before: a read may leave out a field
	}
	if link := w.links[s.Place]; w.linkChanged[s.Place] {
		link.Version = s.Version
		if s.ModifiedAt.After(link.ModifiedAt) {
			link.ModifiedAt = s.ModifiedAt
		}
	} else if link != nil && !s.ModifiedAt.IsZero() && s.ModifiedAt.Equal(link.ModifiedAt) {
		w.echo = true
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
func absorbShared(w *draft, s record.Snapshot, p *ruleset.Pair, before remembered) {
	link, noted := w.links[s.Place], record.Fields{}
	for _, name := range p.Spoke {
		was, knew := before.base[name]
		if now, knows := link.Base[name]; now != was || knows != knew {
			noted[name] = now
		}
	}
	if len(noted) == 0 {
		absorbPair(w, s, p)
		return
	}
	sent := maps.Clone(link.Sent)
	link = w.editLink(s.Place)
	for name := range noted {
		put(link.Base, before.base, name)
		put(link.Sent, before.sent, name)
	}
	absorbPair(w, s, p)
	link = w.editLink(s.Place)
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
func forgetAttempts(w *draft, s record.Snapshot) {
	old := func(a Attempt) bool { return a.over(s) }
	if slices.ContainsFunc(w.links[s.Place].Attempts, old) {
		link := w.editLink(s.Place)
		link.Attempts = slices.DeleteFunc(link.Attempts, old)
	}
}

// absorbRaw keeps what no pair translates: the parents' fields that children name, and markers.
func absorbRaw(w *draft, s record.Snapshot) {
	names := w.group.ViaFieldsAt(s.Place)
	if marker := markerAt(w.subject, s.Place); marker != "" {
		names = append(names, marker)
	}
	for _, name := range names {
		value, read := s.Fields[name]
		if old, known := w.links[s.Place].Base[name]; read && (!known || old != value) {
			link := w.editLink(s.Place)
			link.Base[name], link.Sent[name] = value, value
		}
	}
}

// absorbPair takes in what one pair of a record says.
func absorbPair(w *draft, s record.Snapshot, p *ruleset.Pair) {
	r := read(w.subject, w.links[s.Place], p, s)
	switch r.kind {
	case readUnchanged:
		forgetSeen(w, s.Place, p, s.Fields)
		for _, e := range ownerShows(w.subject, w.links[s.Place], p, s) {
			applyRuling(w, e, take, record.ReasonOwnerEdit)
		}
	case readOurs:
		resolved(w, s, p, r.attempt)
	case readSaysNothing:
		absorbNothing(w, s, p, r)
	case readFirstSight:
		w.observe(s, p)
		if !readable(p) {
			keepAsFound(w, s, p)
		}
		if r.byDefault {
			noteDefault(w, s.Place, p, s.Fields, s.ReadBegan)
		}
		for _, e := range editsOf(s, p, r) {
			if f, ok := w.declared.Field(e.field); ok {
				ruling, why := judgeFirst(w.subject, f, e)
				applyRuling(w, e, ruling, why)
			}
		}
	case readEdit:
		kept := !readable(p) && keptAsFound(w.subject, p, w.links[s.Place])
		since, shown := w.links[s.Place].Kept[p.Spoke[0]], maps.Clone(w.links[s.Place].Sent)
		w.observe(s, p)
		switch {
		case kept: // what stands there is theirs still, until its source is edited
			for _, name := range p.Spoke {
				w.editLink(s.Place).Kept[name] = since
			}
		case !readable(p):
			answerForeign(w, s, p)
		}
		for _, e := range editsOf(s, p, r) {
			if f, ok := w.declared.Field(e.field); ok {
				ruling, why := judge(w.subject, f, e)
				applyRuling(w, e, ruling, why)
				if why == record.ReasonBlankKept && e.knowing {
					for _, name := range p.Spoke {
						w.editLink(s.Place).Knew[name] = shown[name]
					}
				}
			}
		}
	}
}

func editsOf(s record.Snapshot, p *ruleset.Pair, r reading) []edit {
	var out []edit
	for _, v := range r.said {
		out = append(out, edit{field: v.field, text: v.text, place: s.Place, at: stamp(s, p), knowing: r.knowing, pair: p, raw: s.Fields})
	}
	return out
}

// absorbNothing takes in a pair that says nothing: base and sent stay, so that it is read again once its parent is known, or the
// rules can read it, and it is kept as seen (rule 14). Where the rule asks for a person, the field waits for one.
func absorbNothing(w *draft, s record.Snapshot, p *ruleset.Pair, r reading) {
	switch {
	case r.why == record.ReasonInvalidValue:
		w.observe(s, p)
		for _, name := range p.Hub {
			parkField(w, edit{field: name, text: s.Fields[p.Spoke[0]], place: s.Place, at: stamp(s, p)}, r.why)
		}
	case gonePair(p, s):
		keepSeen(w, s.Place, p, s.Fields, Seen{Why: record.ReasonFieldGone, Words: wordsOf(record.ReasonFieldGone, s.Place, p.Spoke[0]), At: s.ReadBegan})
	case r.why != record.ReasonIncompleteRead && r.why != record.ReasonUnknownParent:
		keepSeen(w, s.Place, p, s.Fields, Seen{Why: r.why, Words: r.words, At: stamp(s, p)})
	}
}

// resolved takes in that a write whose outcome was unknown has arrived.
func resolved(w *draft, s record.Snapshot, p *ruleset.Pair, a *Attempt) {
	asked, overtaken := a.Fields, w.links[s.Place].Overtaken[p.Spoke[0]]
	w.observe(s, p)
	link := w.editLink(s.Place)
	for _, name := range p.Spoke {
		link.Sent[name] = asked[name]
	}
	if overtaken && !holds(w.subject, link, p) { // what it shows is the older value of ours still, in its own spelling
		for _, name := range p.Spoke {
			link.Overtaken[name] = true
		}
	}
}

// keepAsFound notes that a record holds values that were there before the link (rule 2).
func keepAsFound(w *draft, s record.Snapshot, p *ruleset.Pair) {
	if w.links[s.Place].Ours || !standsAsFound(w.subject, s.Place, p) || blankIn(p.Spoke, s.Fields) {
		return
	}
	link := w.editLink(s.Place)
	for _, name := range p.Spoke {
		link.Kept[name] = w.entity.Rev + 1
	}
}

// answerForeign answers an edit of a field that flows only towards the spoke.
func answerForeign(w *draft, s record.Snapshot, p *ruleset.Pair) {
	if f, ok := foreign(w.subject, s.Place, p); ok {
		ruling, why := refusal(f)
		applyRuling(w, edit{field: p.Hub[0], text: s.Fields[p.Spoke[0]], place: s.Place, pair: p, raw: s.Fields}, ruling, why)
	}
}

// applyRuling does what was ruled on an edit.
func applyRuling(w *draft, e edit, r ruling, why record.Reason) {
	was := w.entity.Fields[e.field]
	note := FieldChange{Field: e.field, Old: was.Text, New: e.text, Reason: why}
	switch r {
	case park:
		parkField(w, e, why)
		return
	case take, takeFirst:
		note.Taken = true
		w.editEntity().Fields[e.field] = Value{Text: e.text, From: e.place.Connection, At: e.at, First: r == takeFirst, Edited: was.Edited}
		if r == take {
			value := w.entity.Fields[e.field]
			value.Edited = w.entity.Rev + 1
			w.entity.Fields[e.field] = value
		}
		if r == takeFirst && e.text == "" {
			return // a blank at first sight is no news
		}
	case agree:
		if was.First { // it has been confirmed
			was.First = false
			w.editEntity().Fields[e.field] = was
		}
	case refuse:
		link := w.editLink(e.place)
		for _, name := range e.pair.Spoke {
			link.Reverts[name] = true
		}
	case waive:
		link := w.editLink(e.place)
		for _, name := range e.pair.Spoke {
			link.Waived[name] = e.raw[name]
		}
	case keep:
		if why == "" {
			return
		}
	}
	w.note(note)
}

// observe sets base and sent of a pair to what was read; refusals and waivers of older values are over.
func (w *draft) observe(s record.Snapshot, p *ruleset.Pair) {
	link := w.editLink(s.Place)
	for _, name := range p.Spoke {
		link.Base[name], link.Sent[name] = s.Fields[name], s.Fields[name]
		delete(link.Seen, name)
		delete(link.Waived, name)
		delete(link.Rejected, name)
		delete(link.Reverts, name)
		delete(link.Overtaken, name)
		delete(link.Kept, name)
		delete(link.Knew, name)
	}
}
