package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// resettle brings keys and filters in line with the entity's values, once they have changed.
func (d *decider) resettle() {
	if !d.entityChanged {
		return
	}
	d.moveKeys()
	d.judgeFilters()
}

// hubValues gives an entity's values without their history.
func hubValues(e *Entity) record.HubValues {
	values := make(record.HubValues, len(e.Fields))
	for name, v := range e.Fields {
		values[name] = v.Text
	}
	return values
}

// keyOf gives the key that values have under a rule; ok is false if a part is missing.
func (d *decider) keyOf(rule ruleset.MatchRule, values record.HubValues) (MatchKey, bool) {
	text, ok := mapping.Key(rule, values)
	if !ok {
		return MatchKey{}, false
	}
	hash := mapping.Hash(d.rules.MatchSecret, d.group.Name, d.declared.Type, rule.Name, text)
	return MatchKey{Group: d.group.Name, Type: d.declared.Type, Rule: rule.Name, Hash: hash}, true
}

// keyRow looks a key up; nil if it must be loaded first.
func (d *decider) keyRow(key MatchKey) *KeyRow {
	for i := range d.keys {
		if d.keys[i].Key == key {
			return d.keys[i].Row
		}
	}
	row, ok := d.view.Keys[key]
	if !ok {
		d.need.Keys = append(d.need.Keys, key)
		return nil
	}
	return row
}

// moveKeys lets the entity hold the keys of its present values. A field whose new value would take a key held by
// another entity is parked with its old value, and the rest flows.
//
// Once the match rules have changed, the keys of the rules before are left, and a key that another holds too is held by
// both: a record that has it is ambiguous then, and held.
func (d *decider) moveKeys() {
	quarantined, renewed := d.entity.State == EntityQuarantined, d.keysOutdated()
	for _, rule := range d.declared.Match {
		key, ok := d.keyOf(rule, hubValues(d.entity))
		old := d.entity.Keys[rule.Name]
		if (ok && key.Hash == old) || (!ok && old == "") {
			continue
		}
		if ok {
			row := d.keyRow(key)
			if row == nil {
				return
			}
			if others(row.Holders, d.entity.ID) && !quarantined {
				d.parkKey(rule)
				key, ok = d.keyOf(rule, hubValues(d.entity))
				if ok && key.Hash == old {
					continue
				}
				if ok && !renewed { // still another's, with the old values: hold no key under this rule
					ok = false
				}
			}
		}
		if old != "" && !d.leaveKey(MatchKey{d.group.Name, d.entity.Type, rule.Name, old}) {
			return
		}
		e := d.editEntity()
		delete(e.Keys, rule.Name)
		if ok {
			d.joinKey(key)
			e.Keys[rule.Name] = key.Hash
		}
	}
	if renewed {
		d.dropKeys()
	}
}

// keysOutdated reports whether the entity's keys are those of other match rules than the present ones.
func (d *decider) keysOutdated() bool {
	return d.declared != nil && d.entity.Matching != d.declared.Matching
}

// dropKeys leaves the keys of rules that are no more, and notes by which rules the keys are now.
func (d *decider) dropKeys() {
	for _, name := range slices.Sorted(maps.Keys(d.entity.Keys)) {
		if slices.ContainsFunc(d.declared.Match, func(r ruleset.MatchRule) bool { return r.Name == name }) {
			continue
		}
		if !d.leaveKey(MatchKey{d.group.Name, d.entity.Type, name, d.entity.Keys[name]}) {
			return
		}
		delete(d.editEntity().Keys, name)
	}
	d.editEntity().Matching = d.declared.Matching
}

func others(holders []record.EntityID, self record.EntityID) bool {
	return slices.ContainsFunc(holders, func(id record.EntityID) bool { return id != self })
}

// parkKey holds the parts of a rule that changed in this decision, and gives the entity their old values back.
func (d *decider) parkKey(rule ruleset.MatchRule) {
	e := d.editEntity()
	for _, part := range rule.Parts {
		for i := range d.changes {
			c := &d.changes[i]
			if c.Field != part.Field || !c.Taken {
				continue
			}
			taken := e.Fields[c.Field]
			c.Taken, c.Reason = false, ReasonKeyHeld
			before := d.before(c.Field)
			e.Fields[c.Field] = before
			d.parked = true
			if was, already := d.parkedBefore(c.Field); already { // a person chose what cannot be had: the choice stays open
				e.Parked[c.Field] = was
				continue
			}
			e.Parked[c.Field] = Parked{Reason: ReasonKeyHeld, Since: d.view.Now, Candidates: []Candidate{
				{Place: record.Place{Connection: before.From}, Text: before.Text, At: before.At},
				{Place: record.Place{Connection: taken.From}, Text: taken.Text, At: taken.At}}}
		}
	}
}

// before gives a field's value as it was loaded.
func (d *decider) before(name record.HubField) Value {
	rows := d.view.Entities[EntityKey{d.group.Name, d.entity.ID}]
	if rows == nil || rows.Entity == nil {
		return Value{}
	}
	return rows.Entity.Fields[name]
}

// parkedBefore gives what a field waited for as it was loaded.
func (d *decider) parkedBefore(name record.HubField) (Parked, bool) {
	rows := d.view.Entities[EntityKey{d.group.Name, d.entity.ID}]
	if rows == nil || rows.Entity == nil {
		return Parked{}, false
	}
	parked, ok := rows.Entity.Parked[name]
	return parked, ok
}

// joinKey adds the entity to a loaded key's holders.
func (d *decider) joinKey(key MatchKey) {
	row := d.editKey(key)
	if row == nil || slices.Contains(row.Holders, d.entity.ID) || len(row.Holders) >= holdersMax {
		return
	}
	row.Holders = append(row.Holders, d.entity.ID)
}

// leaveKey takes the entity off a key's holders, and lets the key remember it for a while. It is false if the key
// must be loaded first.
func (d *decider) leaveKey(key MatchKey) bool {
	row := d.editKey(key)
	if row == nil {
		return false
	}
	row.Holders = slices.DeleteFunc(row.Holders, func(id record.EntityID) bool { return id == d.entity.ID })
	row.Former = slices.DeleteFunc(row.Former, func(f Former) bool { return f.Until.Before(d.view.Now) || f.Entity == d.entity.ID })
	if d.entity.State == EntityLive && len(row.Former) < holdersMax {
		row.Former = append(row.Former, Former{Entity: d.entity.ID, Until: d.view.Now.Add(FormerKeyLife)})
	}
	return true
}

// editKey gives a copy of a key's row that may be changed, nil if it must be loaded first.
func (d *decider) editKey(key MatchKey) *KeyRow {
	for i := range d.keys {
		if d.keys[i].Key == key {
			return d.keys[i].Row
		}
	}
	row := d.keyRow(key)
	if row == nil {
		return nil
	}
	copied := &KeyRow{Holders: slices.Clone(row.Holders), Former: slices.Clone(row.Former), Rev: row.Rev}
	d.keys = append(d.keys, KeyPatch{Key: key, Row: copied})
	return copied
}

// judgeFilters notes which filters the entity entered by this change. What was inside before is no entry; nor is a
// record first seen by the first load, unless it is asked for.
func (d *decider) judgeFilters() {
	after := hubValues(d.entity)
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		if m.Hub != d.entity.Type || m.Filter == nil || d.entity.Filters[m.Name].Entered || !inside(m.Filter, after) {
			continue
		}
		if !d.entered(m) {
			continue
		}
		d.editEntity().Filters[m.Name] = FilterState{Digest: m.Filter.Digest, Inside: true, Entered: true, EnteredAt: d.view.Now}
	}
}

// entered reports whether an entity that is inside a filter came to be so by this change.
func (d *decider) entered(m *ruleset.Mapping) bool {
	rows := d.view.Entities[EntityKey{d.group.Name, d.entity.ID}]
	hub := d.group.HubPlace(d.entity.Type)
	if rows == nil || rows.Entity == nil || rows.Links[hub] == nil || rows.Links[hub].State == LinkNone {
		// First seen on the hub: new if the hub's first load is over, for then everything older was listed; but what the list
		// showed and was put off is not new.
		return d.view.Loaded[hub] && d.observation.Change.Source != record.SourceBackfill
	}
	before := hubValues(rows.Entity)
	for _, c := range m.Filter.Conditions {
		if _, known := before[c.Field]; !known {
			return false
		}
	}
	return !inside(m.Filter, before)
}

// inside reports whether values meet every condition of a filter.
func inside(f *ruleset.Filter, values record.HubValues) bool {
	for _, c := range f.Conditions {
		value, known := values[c.Field]
		var holds bool
		switch c.Op {
		case ruleset.OpIn:
			holds = known && slices.Contains(c.Values, value)
		case ruleset.OpNotIn:
			holds = known && !slices.Contains(c.Values, value)
		case ruleset.OpPresent:
			holds = value != ""
		case ruleset.OpBlank:
			holds = known && value == ""
		}
		if !holds {
			return false
		}
	}
	return true
}
