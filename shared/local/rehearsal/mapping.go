package rehearsal

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// entersOnce: a record of the hub, with the records that it names, is not on the spoke while it is outside the mapping's
// filter; it is there once, with every mapped value, when it enters; and values that the spoke tells the hub arrive.
func entersOnce(spoke record.Place) func(context.Context, *trial) {
	return func(ctx context.Context, t *trial) {
		m, ok := t.group.MappingAt(spoke)
		if !ok {
			t.fail("%s is not mapped", spoke)
			return
		}
		fields := t.filled(ctx)
		inside, outside := t.edges(m)
		for name, value := range outside {
			fields[name] = value
		}
		if err := t.bench.create(ctx, t.hub, fields); err != nil {
			t.fail("create in %s: %v", t.hub, err)
			return
		}
		t.settle(ctx)
		if m.Filter != nil && len(outside) > 0 {
			t.none(ctx, spoke)
			id, _ := t.only(ctx, t.hub)
			t.edit(ctx, t.hub, id, inside)
			t.settle(ctx)
		}
		id, there := t.only(ctx, spoke)
		_, hub := t.only(ctx, t.hub)
		t.compare(hub, spoke, there)
		t.tells(ctx, m, id)
	}
}

// filled gives a record of the hub with every declared field that its people may set, and makes the records that it names.
func (t *trial) filled(ctx context.Context) record.Fields {
	fields := t.declared(t.entity)
	for i := range t.entity.Fields {
		f := &t.entity.Fields[i]
		if f.Refers == "" || f.ReadOnly {
			continue
		}
		parent, declared := t.group.Entity(f.Refers)
		if !declared {
			continue
		}
		place := t.group.HubPlace(f.Refers)
		if err := t.bench.create(ctx, place, t.declared(parent)); err != nil {
			t.fail("create in %s: %v", place, err)
			continue
		}
		t.settle(ctx)
		if id, _ := t.only(ctx, place); id != "" {
			fields[record.PlatformField(f.Name)] = string(id)
		}
	}
	return fields
}

// declared gives believable values of an entity's fields, an option where the platform takes no other text, and what the vendor
// asks of every create.
func (t *trial) declared(e *ruleset.Entity) record.Fields {
	fields, o := record.Fields{}, objectAt(t.rules, t.group.HubPlace(e.Type))
	for i := range e.Fields {
		f := &e.Fields[i]
		if f.ReadOnly || f.Refers != "" {
			continue
		}
		value := t.bench.sample(f, 1)
		if known, ok := o.Field(record.PlatformField(f.Name)); ok && len(known.Values) > 0 {
			value = known.Values[0]
		}
		fields[record.PlatformField(f.Name)] = value
	}
	for _, u := range o.Usual {
		if f, known := o.Field(u.Field); known && (fields[u.Field] == "" || f.Kind == catalog.Enum) {
			fields[u.Field] = u.Value
		}
	}
	return fields
}

// edges gives values of the hub's fields by which a record is inside the mapping's filter, and outside it; none outside where
// no other value is known.
func (t *trial) edges(m *ruleset.Mapping) (inside, outside record.Fields) {
	inside, outside = record.Fields{}, record.Fields{}
	if m.Filter == nil {
		return inside, outside
	}
	for _, c := range m.Filter.Conditions {
		several := len(c.Any) > 0
		if several {
			c = c.Any[0] // one is enough to be inside; what is outside all of them is not known
		}
		f, ok := t.entity.Field(c.Field)
		if !ok {
			continue
		}
		name := record.PlatformField(c.Field)
		other := t.another(f, c.Values)
		switch c.Op {
		case ruleset.OpIn:
			inside[name] = c.Values[0]
			if other != "" {
				outside[name] = other
			}
		case ruleset.OpNotIn:
			inside[name] = other
			outside[name] = c.Values[0]
		case ruleset.OpPresent:
			inside[name], outside[name] = t.bench.sample(f, 1), ""
		case ruleset.OpBlank:
			inside[name], outside[name] = "", t.bench.sample(f, 1)
		case ruleset.OpHas:
			inside[name], outside[name] = c.Values[0], other
		default:
			inside[name], outside[name] = around(c)
		}
		if several {
			delete(outside, name)
		}
	}
	return inside, outside
}

// around gives a number or date that a comparison holds for, and one that it does not hold for.
func around(c ruleset.Condition) (inside, outside string) {
	first, last := c.Values[0], c.Values[len(c.Values)-1]
	switch c.Op {
	case ruleset.OpAbove:
		return beside(first, 1), first
	case ruleset.OpBelow:
		return beside(first, -1), first
	case ruleset.OpAtMost:
		return first, beside(first, 1)
	}
	return first, beside(last, map[bool]int{true: 1, false: -1}[c.Op == ruleset.OpBetween])
}

// beside gives the next number or day after a value, or with -1 the one before.
func beside(text string, by int) string {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.AddDate(0, 0, by).Format(layout)
		}
	}
	number, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	return number.Add(decimal.NewFromInt(int64(by))).String()
}

// another gives a value of a field that is none of some.
func (t *trial) another(f *ruleset.Field, than []string) string {
	known, _ := t.object.Field(record.PlatformField(f.Name))
	for _, u := range t.object.Usual {
		if u.Field == known.Name && !slices.Contains(than, u.Value) {
			return u.Value
		}
	}
	for _, value := range known.Values {
		if !slices.Contains(than, value) && value != t.object.Won {
			return value
		}
	}
	if f.Kind == catalog.Enum {
		return "" // any other text would be no option
	}
	if value := t.bench.sample(f, 1); !slices.Contains(than, value) {
		return value
	}
	return t.bench.sample(f, 2)
}

// none complains of live records at a place.
func (t *trial) none(ctx context.Context, place record.Place) {
	records, err := t.bench.mine(ctx, place)
	switch {
	case err != nil:
		t.fail("look at %s: %v", place, err)
	case len(records) > 0:
		t.fail("%s holds %d records of one that is outside the filter, want none", place, len(records))
	}
}

// tells tries the value maps towards the hub: each of their entries, set on the spoke, arrives, where the spoke may set it.
func (t *trial) tells(ctx context.Context, m *ruleset.Mapping, id record.ExternalID) {
	for i := range m.Pairs {
		p := &m.Pairs[i]
		if p.Direction == ruleset.ToSpoke || len(p.Hub) != 1 || len(p.Spoke) != 1 || len(p.ToHubTransforms) != 1 || p.ToHubTransforms[0].Map == nil {
			continue
		}
		f, ok := t.entity.Field(p.Hub[0])
		if !ok || !f.Owner.LastWriteWins && f.Owner.Connection != m.Spoke.Connection {
			continue
		}
		for _, theirs := range sortedKeys(p.ToHubTransforms[0].Map) {
			t.edit(ctx, m.Spoke, id, record.Fields{p.Spoke[0]: theirs})
			t.settle(ctx)
			_, hub := t.only(ctx, t.hub)
			if want, got := p.ToHubTransforms[0].Map[theirs], hub[record.PlatformField(f.Name)]; got != want {
				t.fail("%s set %s to %q: the hub has %s %q, want %q", m.Spoke, p.Spoke[0], theirs, f.Name, got, want)
			}
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// spokeCreateReaches: a record made on a spoke that may make some is in the hub once, and stays alone on the spoke.
func spokeCreateReaches(spoke record.Place) func(context.Context, *trial) {
	return func(ctx context.Context, t *trial) {
		o := objectAt(t.rules, spoke)
		values := record.HubValues{}
		for i := range t.entity.Fields {
			if f := &t.entity.Fields[i]; f.Refers == "" {
				if value, says := mapping.Canonical(f, t.bench.sample(f, 1)).Text(); says {
					values[f.Name] = value
				}
			}
		}
		fields := record.Fields{}
		for _, u := range o.Usual {
			fields[u.Field] = u.Value
		}
		pairs := t.group.PairsAt(spoke)
		for i := range pairs {
			t.typed(fields, o, &pairs[i], values)
		}
		if err := t.bench.create(ctx, spoke, fields); err != nil {
			t.fail("create in %s: %v", spoke, err)
			return
		}
		t.settle(ctx)
		t.only(ctx, spoke)
		t.only(ctx, t.hub)
	}
}

// typed puts what a pair's spoke fields would hold of the hub's values into a record that a person types there.
func (t *trial) typed(fields record.Fields, o *catalog.Object, p *ruleset.Pair, values record.HubValues) {
	if p.Reference != nil || len(p.Hub) == 0 {
		return
	}
	if p.Direction == ruleset.ToHub && len(p.ToHubTransforms) > 0 {
		return // made of the spoke's own value, which its other pairs give
	}
	texts, _, says := mapping.Texts(mapping.ToSpoke(p, values))
	if !says {
		return
	}
	for k, name := range p.Spoke {
		if f, known := o.Field(name); known && !f.ReadOnly && texts[k] != "" {
			fields[name] = texts[k]
		}
	}
}
