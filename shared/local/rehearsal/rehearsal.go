// Package rehearsal tests a configuration as a careful person would before trusting it: each spoke alone, a record made in
// the hub, an edit in one spoke, the same record edited in two spokes at once, and an email changed in a spoke. It acts
// on simulated platforms only as people do, and judges by what the platforms hold, not by what our state says.
package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Result is one test's.
type Result struct {
	Group   record.Group `json:"group"`
	Name    string       `json:"name"`
	Passed  bool         `json:"passed"`
	Details []string     `json:"details,omitempty"` // what was wrong, one line each
	Seconds float64      `json:"seconds"`
	Skipped string       `json:"skipped,omitempty"` // why the configuration gives nothing to test
}

// Options say how to test.
type Options struct {
	Rules  *ruleset.Rules
	Faults platformsim.Faults
	Seed   uint64
	// Tell is told of each test as it begins; nil for nobody.
	Tell func(string)
}

// Run runs every test of every group. Errors are of the machine (no port, say), not of a test.
func Run(ctx context.Context, o Options) ([]Result, error) {
	var results []Result
	for i := range o.Rules.Groups {
		g := &o.Rules.Groups[i]
		subjects := subjects(g)
		if len(subjects) == 0 {
			results = append(results, Result{Group: g.Name, Name: "all", Passed: true, Skipped: "no hub object is created on a spoke without a condition"})
			continue
		}
		for _, t := range subjects {
			tested, err := o.subject(ctx, g, t)
			results = append(results, tested...)
			if err != nil {
				return results, err
			}
		}
	}
	return results, nil
}

// tests are those that every subject is put to with all its spokes.
var tests = []struct {
	name string
	run  func(context.Context, *trial)
}{
	{"create in the hub reaches all spokes", createReaches},
	{"update in one spoke reaches the hub and the others", spokeUpdateReaches},
	{"the same record edited in two spokes at once", twoSpokesAtOnce},
	{"a change in a spoke of what records are matched by makes no duplicate", emailInSpoke},
}

// subject runs every test with one entity type.
func (o Options) subject(ctx context.Context, g *ruleset.Group, t record.Object) ([]Result, error) {
	var results []Result
	for _, spoke := range spokesOf(g, t) {
		r, err := o.test(ctx, g.Name, fmt.Sprintf("%s: each spoke alone: %s", t, spoke.Connection), alone(o.Rules, g.Name, t, spoke), t, createReaches)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	for _, test := range tests {
		r, err := o.test(ctx, g.Name, fmt.Sprintf("%s: %s", t, test.name), o.Rules, t, test.run)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

// subjects are the entity types to test with: those that may be created on a spoke and need no other record for it.
func subjects(g *ruleset.Group) []record.Object {
	var out []record.Object
	for _, e := range g.Entities {
		needs := slices.ContainsFunc(g.Mappings, func(m ruleset.Mapping) bool {
			return m.Hub == e.Type && slices.ContainsFunc(m.Pairs, func(p ruleset.Pair) bool { return p.Reference != nil && p.Required })
		})
		if !needs && len(spokesOf(g, e.Type)) > 0 {
			out = append(out, e.Type)
		}
	}
	return out
}

// spokesOf lists the places on which records of a type are created from the hub without a condition.
func spokesOf(g *ruleset.Group, t record.Object) []record.Place {
	var out []record.Place
	for _, m := range g.Mappings {
		if m.Hub == t && m.Create.CreatesOn(ruleset.ToSpoke) && m.Filter == nil {
			out = append(out, m.Spoke)
		}
	}
	return out
}

// parents gives an entity type with those that its fields name, and so on.
func parents(g *ruleset.Group, t record.Object) map[record.Object]bool {
	out := map[record.Object]bool{t: true}
	for range g.Entities { // a chain of references is no longer than the list
		for _, e := range g.Entities {
			for _, f := range e.Fields {
				if out[e.Type] && f.Refers != "" {
					out[f.Refers] = true
				}
			}
		}
	}
	return out
}

// alone gives the rules with one group's one mapping, those of the records that it names, and nothing else.
func alone(r *ruleset.Rules, name record.Group, t record.Object, spoke record.Place) *ruleset.Rules {
	out := *r
	out.Groups = nil
	for _, g := range r.Groups {
		if g.Name != name {
			continue
		}
		kept := parents(&g, t)
		g.Mappings = slices.DeleteFunc(slices.Clone(g.Mappings), func(m ruleset.Mapping) bool {
			return m.Spoke.Connection != spoke.Connection || !kept[m.Hub] || (m.Hub == t && m.Spoke != spoke)
		})
		g.Entities = slices.DeleteFunc(slices.Clone(g.Entities), func(e ruleset.Entity) bool {
			return !slices.ContainsFunc(g.Mappings, func(m ruleset.Mapping) bool { return m.Hub == e.Type })
		})
		out.Groups = append(out.Groups, g)
	}
	out.Connections = slices.DeleteFunc(slices.Clone(r.Connections), func(c ruleset.Connection) bool {
		return c.Name != out.Groups[0].Hub && c.Name != spoke.Connection
	})
	return &out
}

// trial is one test in progress.
type trial struct {
	bench    bench
	rules    *ruleset.Rules
	group    *ruleset.Group
	entity   *ruleset.Entity
	hub      record.Place
	object   *catalog.Object // the hub's, as the catalog has it
	spokes   []record.Place
	problems []string
	skipped  string
}

func (t *trial) fail(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

func (o Options) test(ctx context.Context, group record.Group, name string, rules *ruleset.Rules, subject record.Object, run func(context.Context, *trial)) (Result, error) {
	began := time.Now()
	if o.Tell != nil {
		o.Tell(fmt.Sprintf("%s: %s", group, name))
	}
	bench, err := openSimulated(ctx, o, rules)
	if err != nil {
		return Result{}, err
	}
	defer bench.close()
	t := newTrial(bench, bench.world.Rules, group, subject)
	if !bench.settle(ctx) {
		t.fail("the empty system does not come to rest")
	}
	run(ctx, t)
	return t.result(ctx, name, began), nil
}

func newTrial(b bench, rules *ruleset.Rules, group record.Group, subject record.Object) *trial {
	g, _ := rules.Group(group)
	e, _ := g.Entity(subject)
	return &trial{bench: b, rules: rules, group: g, entity: e, hub: g.HubPlace(subject), object: objectAt(rules, g.HubPlace(subject)), spokes: spokesOf(g, subject)}
}

// result judges the end of a trial and sums it up.
func (t *trial) result(ctx context.Context, name string, began time.Time) Result {
	if t.skipped == "" {
		t.problems = append(t.problems, t.bench.complaints(ctx)...)
	}
	return Result{Group: t.group.Name, Name: name, Passed: len(t.problems) == 0, Details: t.problems, Skipped: t.skipped, Seconds: time.Since(began).Round(time.Millisecond).Seconds()}
}

// objectAt gives what the catalog says of a place's object; an empty one if it says nothing.
func objectAt(rules *ruleset.Rules, place record.Place) *catalog.Object {
	c, _ := rules.Connection(place.Connection)
	for _, p := range catalog.All() {
		if o, ok := p.Object(place.Object); ok && c != nil && p.Name == c.Platform {
			return o
		}
	}
	return &catalog.Object{}
}

// settle waits until nothing moves, and says so if that never happens.
func (t *trial) settle(ctx context.Context) {
	if !t.bench.settle(ctx) && ctx.Err() == nil {
		t.fail("it does not come to rest")
	}
}

// only gives the one live record at a place, and complains if there is another number.
func (t *trial) only(ctx context.Context, place record.Place) (record.ExternalID, record.Fields) {
	records, err := t.bench.mine(ctx, place)
	if err != nil {
		t.fail("look at %s: %v", place, err)
		return "", nil
	}
	if len(records) != 1 {
		t.fail("%s holds %d records, want 1", place, len(records))
		return "", nil
	}
	return records[0].ID, records[0].Fields
}

// create makes one record in the hub with every declared field that the hub's people may set.
func (t *trial) create(ctx context.Context) {
	fields := record.Fields{}
	for i := range t.entity.Fields {
		f := &t.entity.Fields[i]
		if !f.ReadOnly && f.Refers == "" {
			fields[record.PlatformField(f.Name)] = t.bench.sample(f, 1)
		}
	}
	for _, u := range t.object.Usual { // what the vendor asks of every create
		if _, given := fields[u.Field]; !given {
			fields[u.Field] = u.Value
		}
	}
	if err := t.bench.create(ctx, t.hub, fields); err != nil {
		t.fail("create in %s: %v", t.hub, err)
	}
	t.settle(ctx)
}

// sample gives a believable value of a field; n tells values apart, and mark the trials whose records are in one account.
func sample(f *ruleset.Field, n int, mark string) string {
	name := strings.ToLower(string(f.Name))
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	switch {
	case f.Kind == catalog.Email || has("email"):
		return fmt.Sprintf("%s%d@example.com", mark, n)
	case f.Kind == catalog.Phone || has("phone", "mobile"):
		return fmt.Sprintf("+1312555%04d", 140+n)
	case f.Kind == catalog.Money || f.Kind == catalog.Number:
		return fmt.Sprintf("%d", 100+n)
	case f.Kind == catalog.Bool:
		return "true"
	case f.Kind == catalog.Date:
		return fmt.Sprintf("2026-03-%02d", n)
	case f.Kind == catalog.Datetime:
		return fmt.Sprintf("2026-03-%02dT12:00:00Z", n)
	case has("zip", "postal"):
		return fmt.Sprintf("6060%d", n)
	case has("state", "province", "region"):
		return []string{"IL", "WI", "IN"}[n%3]
	case has("country"):
		return "US"
	case has("city"):
		return []string{"Chicago", "Evanston", "Skokie"}[n%3]
	}
	return fmt.Sprintf("%s %s %d", mark, f.Name, n)
}
