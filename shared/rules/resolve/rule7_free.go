package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 7, its end without a person: a value that waits for a key is taken once the key is free.

// waitsForKey reports whether a field has a value that waits for a key which another entity holds.
func waitsForKey(e *Entity, name record.HubField) bool {
	parked, waits := e.Parked[name]
	return waits && parked.Reason == record.ReasonKeyHeld
}

// wanted gives the value that a field waits to take: what last came from a place that may set it.
func wanted(x *subject, name record.HubField) (Candidate, bool) {
	f, ok := x.declared.Field(name)
	if !ok || !waitsForKey(x.entity, name) {
		return Candidate{}, false
	}
	owner := ownerOf(x, f)
	candidates := x.entity.Parked[name].Candidates
	for i := len(candidates) - 1; i > 0; i-- { // the first is the value before
		if owner == "" || candidates[i].Place.Connection == owner {
			return candidates[i], true
		}
	}
	return Candidate{}, false
}

// freed gives the values that the entity can take, for the keys that they waited for are free. blocked is called with each key
// that is another's still.
func freed(x *subject, blocked func(MatchKey)) map[record.HubField]Candidate {
	if len(x.entity.Parked) == 0 {
		return nil
	}
	values, want := keyValues(x), map[record.HubField]Candidate{}
	for name := range x.entity.Parked {
		if c, ok := wanted(x, name); ok {
			want[name] = c
			values[name] = c.Text
		}
	}
	if len(want) == 0 {
		return nil
	}
	for _, rule := range x.declared.Match {
		key, ok := keyOf(x, rule, values)
		if !ok || !others(x.keyRow(key).Holders, x.entity.ID) {
			continue
		}
		for _, part := range rule.Parts {
			if _, waits := want[part.Field]; waits {
				delete(want, part.Field)
				blocked(key)
			}
		}
	}
	return want
}

// takeFreed takes the values whose keys have become free. One whose key is another's still goes on waiting for that.
func takeFreed(w *draft) {
	take := freed(w.subject, w.waitFor)
	for _, name := range slices.Sorted(maps.Keys(take)) {
		c, e := take[name], w.editEntity()
		w.note(FieldChange{Field: name, Old: e.Fields[name].Text, New: c.Text, Reason: record.ReasonKeyFree, Taken: true})
		e.Fields[name] = Value{Text: c.Text, From: c.Place.Connection, At: c.At, Edited: e.Rev + 1}
		delete(e.Parked, name)
	}
	if len(take) > 0 && len(w.entity.Parked) == 0 {
		w.parked = false
	}
}

// hintFreed asks for the records to be read again whose values could be taken now: nobody woke them.
func hintFreed(w *draft) {
	if w.entity.State != EntityLive {
		return
	}
	take := freed(w.subject, func(MatchKey) {})
	for _, name := range slices.Sorted(maps.Keys(take)) {
		for _, place := range w.group.Places(w.entity.Type) {
			if link := w.links[place]; place.Connection == take[name].Place.Connection && link != nil && link.State == LinkLive {
				w.hint(changeOf(record.Ref{Place: place, ID: link.ID}))
			}
		}
	}
}

// waitFor lets a key remember the record that is being decided: it is read again when the key becomes free. Without a record,
// and beyond as many as are remembered, the next sweep finds it.
func (w *draft) waitFor(key MatchKey) {
	s := w.observation.Snapshot
	if s == nil {
		return
	}
	if waits := w.keyRow(key).Waits; slices.Contains(waits, s.Ref) || len(waits) >= holdersMax {
		return
	}
	row := w.editKey(key)
	row.Waits = append(row.Waits, s.Ref)
}

// hintHolders asks for the records to be read again, at the place of the one that is being decided, of those who hold a key
// which its value asks for: they may have given it up, and nobody may have told us yet.
func hintHolders(w *draft, row *KeyRow) {
	s := w.observation.Snapshot
	if s == nil {
		return
	}
	for _, id := range row.Holders {
		if link := w.rows(id).Links[s.Place]; id != w.entity.ID && link != nil && link.State == LinkLive {
			w.hint(changeOf(record.Ref{Place: s.Place, ID: link.ID}))
		}
	}
}

// hintQuarantined asks for the records to be read again that are held, of those who still hold a key that another has left.
func hintQuarantined(w *draft, row *KeyRow) {
	for _, id := range row.Holders {
		rows := w.rows(id)
		if rows.Entity == nil || rows.Entity.ID == w.entity.ID || rows.Entity.State != EntityQuarantined {
			continue
		}
		for _, place := range w.group.Places(w.entity.Type) {
			if link := rows.Links[place]; link != nil && link.State == LinkQuarantined {
				w.hint(changeOf(record.Ref{Place: place, ID: link.ID}))
			}
		}
	}
}

// forOthers reports whether a field that waits for a key is edited by somebody who may not set it: that is answered as ever.
func forOthers(x *subject, f *ruleset.Field, e edit) bool {
	owner := ownerOf(x, f)
	return waitsForKey(x.entity, f.Name) && owner != "" && owner != e.place.Connection
}
