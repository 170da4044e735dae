package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// resettle brings keys and filters in line with the entity's values, once they have changed; and keys with what its records
// show, where the entity has no value of its own.
func resettle(w *draft) {
	if !w.entityChanged {
		if len(w.linkChanged) > 0 && lacksKeyPart(w.subject) {
			moveKeys(w)
		}
		return
	}
	moveKeys(w)
	judgeFilters(w)
}

// hubValues gives an entity's values without their history.
func hubValues(e *Entity) record.HubValues {
	values := make(record.HubValues, len(e.Fields))
	for name, v := range e.Fields {
		values[name] = v.Text
	}
	return values
}

// lacksKeyPart reports whether the entity knows no value of a field by which it could be recognised.
func lacksKeyPart(x *subject) bool {
	for _, rule := range x.declared.Match {
		for _, part := range rule.Parts {
			if _, known := x.entity.Fields[part.Field]; !known {
				return true
			}
		}
	}
	return false
}

// keyValues gives the values that the entity is recognised by: its own, and where it has none, what its records show. A pair
// that flows to the spoke alone gives the entity no value, and still tells whose record it is.
func keyValues(x *subject) record.HubValues {
	values := hubValues(x.entity)
	if !lacksKeyPart(x) {
		return values
	}
	for _, place := range x.group.Places(x.entity.Type) {
		link := x.links[place]
		if link != nil && link.State == LinkLive {
			recognise(x, place, link.Base, values)
		}
	}
	return values
}

// keyNow gives the key that the entity should hold under a rule; ok is false if it should hold none: a part has no value, or
// its new value waits for a key that another holds. The key of the value before is nobody's then, or two records that
// changed places would wait for each other.
func keyNow(x *subject, rule ruleset.MatchRule) (key MatchKey, ok bool) {
	if x.entity.State == EntityLive && slices.ContainsFunc(rule.Parts, func(part ruleset.MatchPart) bool { return waitsForKey(x.entity, part.Field) }) {
		return MatchKey{}, false
	}
	return keyOf(x, rule, keyValues(x))
}

// moveKeys lets the entity hold the keys of its present values. A field whose new value would take a key held by
// another entity is parked with its old value until that is free, and the rest flows.
//
// Once the match rules have changed, the keys of the rules before are left, and a key that another holds too is held by
// both: a record that has it is ambiguous then, and held.
func moveKeys(w *draft) {
	quarantined, renewed := w.entity.State == EntityQuarantined, keysOutdated(w.subject)
	for _, rule := range w.declared.Match {
		key, ok := keyNow(w.subject, rule)
		old := w.entity.Keys[rule.Name]
		if (ok && key.Hash == old) || (!ok && old == "") {
			continue
		}
		if ok {
			row := w.keyRow(key)
			if others(row.Holders, w.entity.ID) && !quarantined {
				if parkKey(w, rule) {
					w.waitFor(key)
					hintHolders(w, row)
				}
				key, ok = keyNow(w.subject, rule)
				if ok && key.Hash == old {
					continue
				}
				if ok && !renewed { // still another's, with the old values: hold no key under this rule
					ok = false
				}
			}
		}
		if old != "" {
			w.leaveKey(MatchKey{w.group.Name, w.entity.Type, rule.Name, old})
		}
		e := w.editEntity()
		delete(e.Keys, rule.Name)
		if ok {
			w.joinKey(key)
			e.Keys[rule.Name] = key.Hash
		}
	}
	if renewed {
		dropKeys(w)
	}
}

// keysOutdated reports whether the entity's keys are those of other match rules than the present ones.
func keysOutdated(x *subject) bool {
	return x.entity.Matching != x.declared.Matching
}

// dropKeys leaves the keys of rules that are no more, and notes by which rules the keys are now.
func dropKeys(w *draft) {
	for _, name := range slices.Sorted(maps.Keys(w.entity.Keys)) {
		if slices.ContainsFunc(w.declared.Match, func(r ruleset.MatchRule) bool { return r.Name == name }) {
			continue
		}
		w.leaveKey(MatchKey{w.group.Name, w.entity.Type, name, w.entity.Keys[name]})
		delete(w.editEntity().Keys, name)
	}
	w.editEntity().Matching = w.declared.Matching
}

func others(holders []record.EntityID, self record.EntityID) bool {
	return slices.ContainsFunc(holders, func(id record.EntityID) bool { return id != self })
}

// joinKey adds the entity to a loaded key's holders.
func (w *draft) joinKey(key MatchKey) {
	row := w.editKey(key)
	if slices.Contains(row.Holders, w.entity.ID) || len(row.Holders) >= holdersMax {
		return
	}
	row.Holders = append(row.Holders, w.entity.ID)
}

// leaveKey takes the entity off a key's holders, and lets the key remember it for a while. Whose value waits for the key is
// read again, and so is who is held because of it.
func (w *draft) leaveKey(key MatchKey) {
	row := w.editKey(key)
	row.Holders = slices.DeleteFunc(row.Holders, func(id record.EntityID) bool { return id == w.entity.ID })
	row.Former = slices.DeleteFunc(row.Former, func(f Former) bool { return f.Until.Before(w.view.Now) || f.Entity == w.entity.ID })
	if w.entity.State == EntityLive && len(row.Former) < holdersMax {
		until := w.view.Now.Add(FormerKeyLife)
		row.Former = append(row.Former, Former{Entity: w.entity.ID, Until: until})
		e := w.editEntity()
		e.Left = slices.DeleteFunc(e.Left, func(k LeftKey) bool { return k.Hash == key.Hash || k.Until.Before(w.view.Now) })
		e.Left = append(e.Left, LeftKey{Rule: key.Rule, Hash: key.Hash, Until: until})
		e.Left = e.Left[max(0, len(e.Left)-leftKeysMax):]
	}
	for _, ref := range row.Waits {
		w.hint(changeOf(ref))
	}
	row.Waits = nil
	hintQuarantined(w, row)
}

// editKey gives a copy of a key's row that may be changed.
func (w *draft) editKey(key MatchKey) *KeyRow {
	for i := range w.keys {
		if w.keys[i].Key == key {
			return w.keys[i].Row
		}
	}
	row := w.keyRow(key)
	copied := &KeyRow{Holders: slices.Clone(row.Holders), Former: slices.Clone(row.Former), Waits: slices.Clone(row.Waits), Rev: row.Rev}
	w.keys = append(w.keys, KeyPatch{Key: key, Row: copied})
	return copied
}
