package rehearsal

import (
	"context"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// createReaches: a record made in the hub is on every spoke, once, with every mapped value.
func createReaches(ctx context.Context, t *trial) {
	t.create(ctx)
	_, hub := t.only(ctx, t.hub)
	for _, spoke := range t.spokes {
		_, fields := t.only(ctx, spoke)
		t.compare(hub, spoke, fields)
	}
}

// compare checks every pair that flows towards a spoke, from the hub's own record, by the transforms alone.
func (t *trial) compare(hub record.Fields, spoke record.Place, fields record.Fields) {
	if hub == nil || fields == nil {
		return
	}
	values := record.HubValues{}
	for i := range t.entity.Fields {
		f := &t.entity.Fields[i]
		if value, says := mapping.Canonical(f, hub[record.PlatformField(f.Name)]).Text(); says {
			values[f.Name] = value
		}
	}
	pairs := t.group.PairsAt(spoke)
	for i := range pairs {
		p := &pairs[i]
		if p.Direction == ruleset.ToHub || p.Reference != nil || len(p.Hub) == 0 || p.OnCreateOnly {
			continue
		}
		want, _, says := mapping.Texts(mapping.ToSpoke(p, values))
		if !says {
			continue
		}
		for j, name := range p.Spoke {
			if !t.equal(p, j, want[j], fields) {
				t.fail("%s %s: got %q, want %q", spoke, name, fields[name], want[j])
			}
		}
	}
}

// equal compares a spoke's value with the wanted one, in the hub field's canonical form where the pair has one.
func (t *trial) equal(p *ruleset.Pair, j int, want string, fields record.Fields) bool {
	if fields[p.Spoke[j]] == want {
		return true
	}
	if p.Direction == ruleset.ToSpoke {
		return false
	}
	wanted := record.Fields{}
	for k, name := range p.Spoke {
		wanted[name] = fields[name]
		if k == j {
			wanted[name] = want
		}
	}
	a, _, says := mapping.Texts(mapping.ToHub(t.entity, p, fields))
	b, _, _ := mapping.Texts(mapping.ToHub(t.entity, p, wanted))
	return says && slices.Equal(a, b)
}

// settable finds a pair through which a spoke may set a hub field: it owns it, or the last write wins.
func (t *trial) settable(spoke record.Place) (*ruleset.Pair, *ruleset.Field) {
	pairs := t.group.PairsAt(spoke)
	for i := range pairs {
		p := &pairs[i]
		if p.Direction == ruleset.ToSpoke || len(p.Hub) != 1 || len(p.Spoke) != 1 || p.Reference != nil || len(p.ToHubTransforms) > 0 {
			continue
		}
		f, ok := t.entity.Field(p.Hub[0])
		if ok && (f.Owner.LastWriteWins || f.Owner.Connection == spoke.Connection) {
			return p, f
		}
	}
	return nil, nil
}

// edit changes a record at a place as a person would.
func (t *trial) edit(ctx context.Context, place record.Place, id record.ExternalID, fields record.Fields) {
	if id == "" {
		return
	}
	if err := t.bench.edit(ctx, place, id, fields); err != nil {
		t.fail("edit %s: %v", place, err)
	}
}

// spokeUpdateReaches: what a spoke may set, set there, is on the hub and on every other spoke that maps it.
func spokeUpdateReaches(ctx context.Context, t *trial) {
	t.create(ctx)
	tried := false
	for _, spoke := range t.spokes {
		p, f := t.settable(spoke)
		if p == nil {
			continue
		}
		tried = true
		id, _ := t.only(ctx, spoke)
		t.edit(ctx, spoke, id, record.Fields{p.Spoke[0]: t.bench.sample(f, 2)})
		t.settle(ctx)
		_, hub := t.only(ctx, t.hub)
		got, _ := mapping.Canonical(f, hub[record.PlatformField(f.Name)]).Text()
		want, _ := mapping.Canonical(f, t.bench.sample(f, 2)).Text()
		if got != want {
			t.fail("%s set %s to %q; the hub has %q", spoke, p.Spoke[0], want, got)
		}
		for _, other := range t.spokes {
			_, fields := t.only(ctx, other)
			t.compare(hub, other, fields)
		}
	}
	if !tried {
		t.skipped = "no spoke may set a field"
	}
}

// twoSpokesAtOnce: two spokes edit the same field of one record before either is seen; all end with one value, and it
// is one that the rules allow.
func twoSpokesAtOnce(ctx context.Context, t *trial) {
	t.create(ctx)
	for i := range t.entity.Fields {
		f := &t.entity.Fields[i]
		editors := t.editors(f)
		if len(editors) < 2 {
			continue
		}
		_, hubBefore := t.only(ctx, t.hub)
		allowed := map[string]bool{}
		owned := !f.Owner.LastWriteWins
		for n, e := range editors[:2] {
			id, _ := t.only(ctx, e.place)
			value := t.bench.sample(f, 3+n)
			t.edit(ctx, e.place, id, record.Fields{e.pair.Spoke[0]: value})
			canonical, _ := mapping.Canonical(f, value).Text()
			if e.pair.Direction == ruleset.Both && (!owned || f.Owner.Connection == e.place.Connection) {
				allowed[canonical] = true
			}
		}
		if len(allowed) == 0 {
			canonical, _ := mapping.Canonical(f, hubBefore[record.PlatformField(f.Name)]).Text()
			allowed[canonical] = true // neither may set it: what was stays
		}
		t.settle(ctx)
		_, hub := t.only(ctx, t.hub)
		got, _ := mapping.Canonical(f, hub[record.PlatformField(f.Name)]).Text()
		if !allowed[got] {
			t.fail("%s edited in %s and %s at once: the hub has %q, which the rules do not allow", f.Name, editors[0].place, editors[1].place, got)
		}
		for _, spoke := range t.spokes {
			_, fields := t.only(ctx, spoke)
			t.compare(hub, spoke, fields)
		}
		return
	}
	t.skipped = "no field is mapped on two spokes"
}

type editor struct {
	place record.Place
	pair  *ruleset.Pair
}

// editors lists the spokes on which people can edit a field in a form of its own, whether or not the sync takes it.
func (t *trial) editors(f *ruleset.Field) []editor {
	var out []editor
	for _, spoke := range t.spokes {
		pairs := t.group.PairsAt(spoke)
		for i := range pairs {
			p := &pairs[i]
			if p.Direction != ruleset.ToHub && len(p.Hub) == 1 && p.Hub[0] == f.Name && len(p.Spoke) == 1 && p.Reference == nil && len(p.ToHubTransforms)+len(p.ToSpokeTransforms) == 0 {
				out = append(out, editor{spoke, p})
			}
		}
	}
	return out
}

// emailInSpoke: the field that records are matched by changes in a spoke. No matter who owns it, no record is made again.
func emailInSpoke(ctx context.Context, t *trial) {
	t.create(ctx)
	for _, rule := range t.entity.Match {
		f, ok := t.entity.Field(rule.Parts[0].Field)
		if !ok {
			continue
		}
		editors := t.editors(f)
		if len(editors) == 0 {
			continue
		}
		id, _ := t.only(ctx, editors[0].place)
		t.edit(ctx, editors[0].place, id, record.Fields{editors[0].pair.Spoke[0]: t.bench.sample(f, 5)})
		t.settle(ctx)
		_, hub := t.only(ctx, t.hub)
		for _, spoke := range t.spokes {
			_, fields := t.only(ctx, spoke)
			t.compare(hub, spoke, fields)
		}
		want := t.bench.sample(f, 1)
		if editors[0].pair.Direction == ruleset.Both && (f.Owner.LastWriteWins || f.Owner.Connection == editors[0].place.Connection) {
			want = t.bench.sample(f, 5)
		}
		want, _ = mapping.Canonical(f, want).Text()
		if got, _ := mapping.Canonical(f, hub[record.PlatformField(f.Name)]).Text(); hub != nil && got != want {
			t.fail("the hub's %s is %q, want %q", f.Name, got, want)
		}
		return
	}
	t.skipped = "no match rule's field is mapped both ways on a spoke"
}
