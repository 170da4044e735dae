package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 9: which entity a record is of.

// verdict is what matching says of a record: an entity, none, or that it cannot be told.
type verdict struct {
	entity record.EntityID
	why    record.Reason
	held   bool // quarantine, for why
}

// incompleteReadsMax is how often a record is read again whose answer lacks mapped fields, before it is judged without.
const incompleteReadsMax = 6

// incomplete reports whether a read lacks a field by which the record would be recognised, or by which a filter judges it:
// what is inside at first sight can be told from what enters later only if the first sight shows it.
func incomplete(x *subject, s record.Snapshot) bool {
	pairs := x.group.PairsAt(s.Place)
	for i := range pairs {
		p := &pairs[i]
		if !has(p, s.Fields) && !gonePair(p, s) && decides(x, p) {
			return true
		}
	}
	return false
}

// decides reports whether a record is recognised by a field of a pair, or judged by a filter on it.
func decides(x *subject, p *ruleset.Pair) bool {
	return (matchable(p) || recognises(x, p)) && slices.ContainsFunc(p.Hub, func(name record.HubField) bool { return isKeyPart(x, name) || isFiltered(x, name) })
}

// blind reports whether the platform has a field no longer by which a record would be recognised or judged: who it is cannot
// be told, so it must not count as somebody new.
func blind(x *subject, s record.Snapshot) bool {
	pairs := x.group.PairsAt(s.Place)
	return slices.ContainsFunc(pairs, func(p ruleset.Pair) bool { return gonePair(&p, s) && decides(x, &p) })
}

func isKeyPart(x *subject, name record.HubField) bool {
	for _, rule := range x.declared.Match {
		if slices.ContainsFunc(rule.Parts, func(part ruleset.MatchPart) bool { return part.Field == name }) {
			return true
		}
	}
	return false
}

// isFiltered reports whether any filter of the entity type looks at a field.
func isFiltered(x *subject, name record.HubField) bool {
	for i := range x.group.Mappings {
		m := &x.group.Mappings[i]
		if m.Hub != x.declared.Type || m.Filter == nil {
			continue
		}
		if slices.ContainsFunc(m.Filter.Tests(), func(c ruleset.Condition) bool { return c.Field == name }) {
			return true
		}
	}
	return false
}

// founds reports whether an unmatched record at a place is worth an entity: the hub's always; a spoke's if it may be
// created on the hub, or may be recognised later by a key.
func founds(x *subject, place record.Place) bool {
	m, spoke := x.group.MappingAt(place)
	return !spoke || m.Create.CreatesOn("to_hub") || len(x.declared.Match) > 0
}

// valuesOf translates a record to hub values for recognising it.
func valuesOf(x *subject, s record.Snapshot) record.HubValues {
	values := record.HubValues{}
	recognise(x, s.Place, s.Fields, values)
	return values
}

// matchRecord finds the entity of a record: by the id stored on it, then by the rules in their order. self is left out of
// every key's holders.
func matchRecord(x *subject, s record.Snapshot, values record.HubValues, self record.EntityID) verdict {
	if v := matchMarker(x, s); v.entity != "" || v.held || x.missing() {
		return v
	}
	for i, rule := range x.declared.Match {
		key, ok := keyOf(x, rule, values)
		if !ok {
			continue
		}
		row := x.keyRow(key)
		holders := slices.DeleteFunc(slices.Clone(row.Holders), func(id record.EntityID) bool { return id == self })
		if len(holders) > 1 {
			return verdict{held: true, why: record.ReasonAmbiguous}
		}
		if len(holders) == 1 && contradicts(x, holders[0], x.declared.Match[:i], values) {
			return verdict{held: true, why: record.ReasonKeysDiffer}
		}
		if len(holders) == 1 {
			return slot(x, s, holders[0], record.ReasonMatched)
		}
		if slices.ContainsFunc(row.Former, func(f Former) bool {
			return f.Entity != self && f.Until.After(x.view.Now) && slotFree(x, f.Entity, s.Place)
		}) {
			return verdict{held: true, why: record.ReasonFormerKey}
		}
	}
	if blind(x, s) {
		return verdict{held: true, why: record.ReasonFieldGone}
	}
	return verdict{}
}

// contradicts reports whether values have another key than an entity under one of some rules: two people who share a telephone
// and have an address each are not one.
func contradicts(x *subject, id record.EntityID, rules []ruleset.MatchRule, values record.HubValues) bool {
	if len(rules) == 0 {
		return false
	}
	e := x.rows(id).Entity
	if e == nil {
		return false
	}
	for _, rule := range rules {
		key, ok := keyOf(x, rule, values)
		if !ok {
			continue
		}
		theirs := ""
		if held, has := keyOf(x, rule, hubValues(e)); has {
			theirs = held.Hash
		} else if e.Matching == x.declared.Matching {
			theirs = e.Keys[rule.Name]
		}
		if theirs != "" && theirs != key.Hash {
			return true
		}
	}
	return false
}

// slotFree reports whether an entity could take another record at a place. A former holder that has its record there
// is not what a new record with its old key is.
func slotFree(x *subject, id record.EntityID, place record.Place) bool {
	rows := x.rows(id)
	if rows.Entity == nil {
		return false
	}
	link := rows.Links[place]
	return link == nil || (link.State != LinkLive && link.State != LinkQuarantined && link.State != LinkUnlinked)
}

// matchMarker reads the identity stored on a record: the hub's record id on a spoke, our own on the hub.
func matchMarker(x *subject, s record.Snapshot) verdict {
	marker := markerAt(x, s.Place)
	stored := s.Fields[marker]
	if marker == "" || stored == "" {
		return verdict{}
	}
	id := record.EntityID(stored)
	if s.Place.Connection != x.group.Hub {
		if id = x.ref(record.Ref{Place: x.group.HubPlace(x.declared.Type), ID: record.ExternalID(stored)}); id == "" {
			return verdict{}
		}
	}
	rows := x.rows(id)
	if rows.Entity == nil || rows.Entity.Type != x.declared.Type {
		return verdict{} // a copied or foreign value: it proves nothing
	}
	if v := slot(x, s, id, record.ReasonMatchedMarker); v.entity != "" {
		return v
	}
	// The stored id is another record's: a person copied the record. The rules decide.
	return verdict{}
}

// slot checks that the entity's place for this record is free.
func slot(x *subject, s record.Snapshot, id record.EntityID, why record.Reason) verdict {
	rows := x.rows(id)
	if rows.Entity == nil {
		return verdict{}
	}
	if rows.Entity.State == EntityQuarantined {
		return verdict{held: true, why: record.ReasonAmbiguous}
	}
	link := rows.Links[s.Place]
	if link != nil && link.ID != s.ID && (link.State == LinkLive || link.State == LinkQuarantined || link.State == LinkUnlinked) {
		return verdict{held: true, why: record.ReasonSlotTaken}
	}
	return verdict{entity: rows.Entity.ID, why: why}
}

// lacksMarker reports whether a read leaves out the field that would show our identity.
func lacksMarker(x *subject, s record.Snapshot) bool {
	marker := markerAt(x, s.Place)
	_, shown := s.Fields[marker]
	return marker != "" && !shown
}

// ownCreate gives the attempt that made a record, known by our identity on it; where the place has no field for that, or
// does not show it, a record that matched while a create is in doubt is taken for it, if it shows more of what we asked for
// than the key. Nil if there is none.
func ownCreate(x *subject, link *Link, s record.Snapshot) *Attempt {
	marker := markerAt(x, s.Place)
	if lacksMarker(x, s) {
		marker = ""
	}
	for i := range link.Attempts {
		a := &link.Attempts[i]
		if a.Operation != record.OperationCreate {
			continue
		}
		if marker == "" && resembles(x, s, a) || marker != "" && a.Fields[marker] != "" && a.Fields[marker] == s.Fields[marker] {
			return a
		}
	}
	return nil
}

// resembles reports whether a record shows anything that a create asked for beyond the match keys; where it asked for no
// more, the keys are enough.
func resembles(x *subject, s record.Snapshot, a *Attempt) bool {
	asked := false
	pairs := x.group.PairsAt(s.Place)
	for i := range pairs {
		p := &pairs[i]
		key := slices.ContainsFunc(p.Hub, func(name record.HubField) bool { return isKeyPart(x, name) })
		if key || constant(p) || via(p) || !has(p, a.Fields) || blankIn(p.Spoke, a.Fields) {
			continue
		}
		asked = true
		if has(p, s.Fields) && sameReading(x, s.Place, p, s.Fields, a.Fields) {
			return true
		}
	}
	return !asked
}

// keyOf gives the key that values have under a rule; ok is false if a part is missing.
func keyOf(x *subject, rule ruleset.MatchRule, values record.HubValues) (MatchKey, bool) {
	text, ok := mapping.Key(rule, values)
	if !ok {
		return MatchKey{}, false
	}
	hash := mapping.Hash(x.rules.MatchSecret, x.group.Name, x.declared.Type, rule.Name, text)
	return MatchKey{Group: x.group.Name, Type: x.declared.Type, Rule: rule.Name, Hash: hash}, true
}
