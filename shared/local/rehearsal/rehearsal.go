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
	// Begin is told of each test as it begins, by its number of how many; Done of each result at once. Nil for nobody.
	Begin func(n, of int, name string)
	Done  func(Result)
}

// planned is a test that is still to be run.
type planned struct {
	group   record.Group
	name    string
	rules   *ruleset.Rules
	subject record.Object
	run     func(context.Context, *trial)
}

// Run runs every test of every group, for every mapping and every filter: one that nothing can be tried with is in the
// results too, with why. Errors are of the machine (no port, say), not of a test.
func Run(ctx context.Context, o Options) ([]Result, error) {
	results, err := o.fitting(ctx)
	if err != nil {
		return nil, err
	}
	for i := range results {
		o.done(results[i])
	}
	plan, untested := o.plan()
	for n, p := range plan {
		if o.Begin != nil {
			o.Begin(n+1, len(plan), fmt.Sprintf("%s: %s", p.group, p.name))
		}
		r, err := o.test(ctx, p)
		if err != nil {
			return results, err
		}
		results = append(results, r)
		o.done(r)
	}
	for _, r := range untested {
		results = append(results, r)
		o.done(r)
	}
	return results, ctx.Err()
}

func (o Options) done(r Result) {
	if o.Done != nil {
		o.Done(r)
	}
}

// plan lists the tests of every group, and what none of them tries.
func (o Options) plan() (plan []planned, untested []Result) {
	for i := range o.Rules.Groups {
		g := &o.Rules.Groups[i]
		subjects := subjects(g)
		for _, t := range subjects {
			plan = append(plan, o.subject(g, t)...)
		}
		for j := range g.Mappings {
			m := &g.Mappings[j]
			name := fmt.Sprintf("%s <-> %s", m.Hub, m.Spoke)
			if m.Create.CreatesOn(ruleset.ToSpoke) && (m.Filter != nil || !slices.Contains(subjects, m.Hub)) {
				what := "a record made in the hub reaches the spoke"
				if m.Filter != nil {
					what = "a record of the hub reaches the spoke when it enters the filter, once"
				}
				plan = append(plan, planned{g.Name, name + ": " + what, alone(o.Rules, g.Name, m.Hub, m.Spoke), m.Hub, entersOnce(m.Spoke)})
			}
			if m.Create.CreatesOn(ruleset.ToHub) {
				plan = append(plan, planned{g.Name, name + ": a record made in the spoke reaches the hub, once", o.Rules, m.Hub, spokeCreateReaches(m.Spoke)})
			}
			untested = append(untested, untried(g, m, name)...)
		}
	}
	return plan, untested
}

// untried says what no test tries of a mapping.
func untried(g *ruleset.Group, m *ruleset.Mapping, name string) []Result {
	var out []Result
	add := func(what, why string) {
		out = append(out, Result{Group: g.Name, Name: name + what, Passed: true, Skipped: why})
	}
	if m.Create == ruleset.CreateNone {
		add("", "it makes no records, so there is nothing to try it with: link two by hand in a test account")
		return out
	}
	for i := range m.Pairs {
		p := &m.Pairs[i]
		if p.Direction == ruleset.ToHub && !slices.ContainsFunc(p.ToHubTransforms, func(t ruleset.Transform) bool { return t.Map != nil }) && len(p.ToHubTransforms) > 0 {
			add(fmt.Sprintf(": %s -> %s", p.Spoke[0], p.Hub[0]), "the platform makes it, or it is made of other fields: look at it in a test account")
		}
	}
	return out
}

// fitting looks whether the platforms have every field that the configuration maps. One that a person must make is a failure
// told at once: every test would try it again and again, and end with nothing but that.
func (o Options) fitting(ctx context.Context) ([]Result, error) {
	began := time.Now()
	calm := o
	calm.Faults = platformsim.Faults{}
	b, err := openSimulated(ctx, calm, o.Rules)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if len(b.world.Unmade) == 0 {
		return nil, nil
	}
	r := Result{Group: o.Rules.Groups[0].Name, Name: "every mapped field is there", Seconds: time.Since(began).Round(time.Millisecond).Seconds()}
	for _, u := range b.world.Unmade {
		r.Details = append(r.Details, u.String())
	}
	return []Result{r}, nil
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

// subject lists every test of one entity type.
func (o Options) subject(g *ruleset.Group, t record.Object) []planned {
	var out []planned
	for _, spoke := range spokesOf(g, t) {
		out = append(out, planned{g.Name, fmt.Sprintf("%s: each spoke alone: %s", t, spoke.Connection), alone(o.Rules, g.Name, t, spoke), t, createReaches})
	}
	for _, test := range tests {
		out = append(out, planned{g.Name, fmt.Sprintf("%s: %s", t, test.name), o.Rules, t, test.run})
	}
	return out
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
	out.Index() // the places of what was taken out are none any more
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

func (o Options) test(ctx context.Context, p planned) (Result, error) {
	began := time.Now()
	bench, err := openSimulated(ctx, o, p.rules)
	if err != nil {
		return Result{}, err
	}
	defer bench.close()
	t := newTrial(bench, bench.world.Rules, p.group, p.subject)
	if !bench.settle(ctx) {
		t.fail("the empty system does not come to rest")
	}
	p.run(ctx, t)
	return t.result(ctx, p.name, began), nil
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
	if err := t.bench.create(ctx, t.hub, t.declared(t.entity)); err != nil {
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
