package ruleset_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func load(t *testing.T, text string) *ruleset.Rules {
	t.Helper()
	rules, err := ruleset.Load("sync.yaml", []byte(text), madeUp())
	if err != nil {
		t.Fatalf("Load:\n%v", err)
	}
	return rules
}

func TestTheExamplesLoad(t *testing.T) {
	for _, name := range examples(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ruleset.Load(filepath.Base(name), text, catalog.All()); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestLimitsOfSpread(t *testing.T) {
	limitsOf := func(text string) ruleset.Limits { return load(t, text).Groups[0].Limits }
	if got := limitsOf(small); got != ruleset.DefaultLimits() || got.Deletes == 0 {
		t.Errorf("without limits got %+v, want the usual ones", got)
	}
	with := strings.Replace(small, "    hub: c\n", "    hub: c\n    limits: {deletes: 3, blanks: 0, field_updates: 9}\n", 1)
	want := ruleset.DefaultLimits()
	want.Deletes, want.Blanks, want.FieldUpdates = 3, 0, 9
	if got := limitsOf(with); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTheShareLeftForPeopleAndThePlansDay(t *testing.T) {
	text, err := os.ReadFile("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	with := func(c string) (*ruleset.Rules, error) {
		return ruleset.Load("sync.yaml", []byte(strings.Replace(string(text), "hubspot: {platform: hubspot}", c, 1)), catalog.All())
	}
	if rules, err := with("hubspot: {platform: hubspot, reserve: 25%}"); err != nil || rules.Connections[0].Reserve != 25 {
		t.Errorf("25%%: got %v", err)
	}
	for c, want := range map[string]string{
		"hubspot: {platform: hubspot, reserve: 95%}":      "write a percentage, 0% to 90%",
		"hubspot: {platform: hubspot, reserve: 20}":       "write a percentage, 0% to 90%",
		"hubspot: {platform: hubspot, day_limit: 250000}": "HubSpot has no limit a day; take day_limit out",
	} {
		if _, err := with(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", c, err, want)
		}
	}
}

func TestAConfigurationCompiles(t *testing.T) {
	rules := load(t, small)
	g, ok := rules.Group("main")
	if !ok {
		t.Fatal("no group main")
	}
	t.Run("connections keep the file's order", func(t *testing.T) {
		want := []ruleset.Connection{
			{Name: "c", Platform: "central", Account: "77", Reserve: ruleset.DefaultReserve},
			{Name: "f", Platform: "field", Options: map[string]string{"region": "north"}, MaxConcurrency: 4, Reserve: ruleset.DefaultReserve},
			{Name: "l", Platform: "ledger", Reserve: ruleset.DefaultReserve},
			{Name: "z", Platform: "field", Reserve: ruleset.DefaultReserve}}
		if diff := cmp.Diff(want, rules.Connections); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("parents come before children", func(t *testing.T) {
		if g.Entities[0].Type != "people" || g.Entities[1].Type != "deals" {
			t.Errorf("got %s, %s; want people, deals", g.Entities[0].Type, g.Entities[1].Type)
		}
	})
	t.Run("an entity", func(t *testing.T) { wantEntity(t, &g.Entities[0]) })
	t.Run("a mapping with its defaults", func(t *testing.T) { wantClients(t, &g.Mappings[0]) })
	t.Run("a mapping with filter, references and a constant", func(t *testing.T) { wantJobs(t, &g.Mappings[1]) })
	t.Run("a required field of the catalog is required of the pair", func(t *testing.T) {
		want := []ruleset.Pair{
			{Hub: []record.HubField{"name", "surname"}, Spoke: []record.PlatformField{"Name"}, Direction: ruleset.ToSpoke,
				ToSpokeTransforms: []ruleset.Transform{{Name: "combine_name"}}, Required: true, Line: 65, Kinds: []catalog.Kind{catalog.Text}},
			{Hub: []record.HubField{"email"}, Spoke: []record.PlatformField{"Email"}, Direction: ruleset.ToSpoke, Required: true, Line: 66, Kinds: []catalog.Kind{catalog.Email}}}
		if diff := cmp.Diff(want, g.Mappings[2].Pairs); diff != "" {
			t.Error(diff)
		}
	})
}

func wantEntity(t *testing.T, e *ruleset.Entity) {
	t.Helper()
	hub := ruleset.Owner{Connection: "c"}
	trim := []ruleset.Transform{{Name: "trim"}}
	plain := func(f ruleset.Field) ruleset.Field {
		if f.Kind == "" {
			f.Kind = catalog.Text
		}
		if f.Form == nil {
			f.Form = trim
		}
		if f.NonOwner == "" {
			f.NonOwner = ruleset.NonOwnerRevert
		}
		if f.Conflict == "" {
			f.Conflict = ruleset.ConflictOwner
		}
		if f.Blank == "" {
			f.Blank = ruleset.BlankClear
		}
		return f
	}
	want := &ruleset.Entity{Type: "people", Marker: "our_id",
		Match: []ruleset.MatchRule{
			{Name: "email", Parts: []ruleset.MatchPart{{Field: "email"}}},
			{Name: "phone and house", Parts: []ruleset.MatchPart{{Field: "phone"}, {Field: "street", Transforms: []ruleset.Transform{{Name: "street_number"}}}}}},
		Fields: []ruleset.Field{
			plain(ruleset.Field{Name: "email", Kind: catalog.Email, Owner: hub, Reason: "sales asks", Form: []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}}),
			plain(ruleset.Field{Name: "phone", Kind: catalog.Phone, Owner: hub, Reason: "sales asks", NonOwner: ruleset.NonOwnerFlag,
				Form: []ruleset.Transform{{Name: "phone_e164", Args: map[string]string{"country": "US"}}}}),
			plain(ruleset.Field{Name: "name", Owner: hub, Reason: "sales asks"}),
			plain(ruleset.Field{Name: "surname", Owner: hub, Reason: "sales asks", Blank: ruleset.BlankKeep}),
			plain(ruleset.Field{Name: "street", Owner: ruleset.Owner{Connection: "f"}, Reason: "crews know", Conflict: ruleset.ConflictManual}),
			plain(ruleset.Field{Name: "vip", Kind: catalog.Bool, Owner: hub, Reason: "sales decides", Form: []ruleset.Transform{{Name: "bool"}}}),
			plain(ruleset.Field{Name: "score", Kind: catalog.Number, Owner: hub, Reason: "Central computes it", ReadOnly: true, Form: []ruleset.Transform{{Name: "decimal"}}}),
		}}
	if len(e.Matching) != 64 {
		t.Errorf("the digest of the match rules is %q", e.Matching)
	}
	if diff := cmp.Diff(want, e, cmpopts.IgnoreUnexported(ruleset.Entity{}), cmpopts.IgnoreFields(ruleset.Entity{}, "Matching")); diff != "" {
		t.Error(diff)
	}
}

func wantClients(t *testing.T, m *ruleset.Mapping) {
	t.Helper()
	want := &ruleset.Mapping{
		Name: "people-f-clients", Hub: "people", Spoke: record.Place{Connection: "f", Object: "clients"},
		Direction: ruleset.Both, Create: ruleset.CreateBoth, Delete: ruleset.DeleteArchive, Existing: ruleset.ExistingSkip, AfterExit: ruleset.AfterExitStop, OnLink: ruleset.OnLinkKeep,
		Marker: "custom[Hub ID]", Line: 32,
		ToSpoke: ruleset.Schedule{RealTime: true, Every: 15 * time.Minute},
		ToHub:   ruleset.Schedule{RealTime: true, Every: time.Hour},
	}
	if diff := cmp.Diff(want, m, cmpopts.IgnoreFields(ruleset.Mapping{}, "Pairs"), cmpopts.IgnoreFields(ruleset.Schedule{}, "Offset")); diff != "" {
		t.Error(diff)
	}
	if len(m.Pairs) != 6 || m.Pairs[0].Direction != ruleset.Both || m.Pairs[0].Line != 39 {
		t.Errorf("pairs: got %d, the first %+v", len(m.Pairs), m.Pairs[0])
	}
}

func wantJobs(t *testing.T, m *ruleset.Mapping) {
	t.Helper()
	if m.Name != "work" || m.Existing != ruleset.ExistingEnter || m.Filter.Digest == "" {
		t.Errorf("got name %q, existing %q, filter's digest %q", m.Name, m.Existing, m.Filter.Digest)
	}
	conditions := []ruleset.Condition{{Field: "stage", Op: ruleset.OpIn, Values: []string{"won"}}, {Field: "amount", Op: ruleset.OpPresent}}
	if diff := cmp.Diff(conditions, m.Filter.Conditions); diff != "" {
		t.Error(diff)
	}
	person := []record.HubField{"person"}
	want := []ruleset.Pair{
		{Hub: []record.HubField{"title"}, Spoke: []record.PlatformField{"title"}, Direction: ruleset.ToSpoke, Line: 55, Kinds: []catalog.Kind{catalog.Text}},
		{Hub: person, Spoke: []record.PlatformField{"site"}, Direction: ruleset.ToSpoke, OnCreateOnly: true, Line: 56, Kinds: []catalog.Kind{catalog.Text},
			Reference: &ruleset.Reference{To: "people", Object: "clients", Via: "sites[first].id"}},
		{Hub: person, Spoke: []record.PlatformField{"client"}, Direction: ruleset.ToSpoke, OnCreateOnly: true, Line: 57, Kinds: []catalog.Kind{catalog.Reference},
			Reference: &ruleset.Reference{To: "people", Object: "clients"}},
		{Hub: []record.HubField{"stage"}, Spoke: []record.PlatformField{"status"}, Direction: ruleset.ToHub, Line: 58, Kinds: []catalog.Kind{catalog.Enum},
			ToHubTransforms: []ruleset.Transform{{Name: "value_map", Map: map[string]string{"done": "won"}}}},
		{Spoke: []record.PlatformField{"visits"}, Direction: ruleset.ToSpoke, Constant: "false", OnCreateOnly: true, Line: 59, Kinds: []catalog.Kind{catalog.Bool}},
	}
	if diff := cmp.Diff(want, m.Pairs); diff != "" {
		t.Error(diff)
	}
}

func TestTheDigestIsOfTheContent(t *testing.T) {
	digest := load(t, small).Digest
	if len(digest) != 64 {
		t.Errorf("digest %q: want 64 hex digits", digest)
	}
	if again := load(t, "# a comment\n\n"+strings.Replace(small, "hub: c\n", "hub: c # ours\n", 1)).Digest; again != digest {
		t.Error("comments and blank lines change the digest")
	}
	if other := load(t, strings.Replace(small, "delete: archive", "delete: unlink", 1)).Digest; other == digest {
		t.Error("another delete policy leaves the digest")
	}
}

func TestAFiltersDigestIsItsOwn(t *testing.T) {
	of := func(text string) string { return load(t, text).Groups[0].Mappings[1].Filter.Digest }
	if of(small) != of(strings.Replace(small, "delete: archive", "delete: unlink", 1)) {
		t.Error("a change elsewhere changes the filter's digest")
	}
	if of(small) == of(strings.Replace(small, "in: [won]", "in: [won, open]", 1)) {
		t.Error("another condition leaves the filter's digest")
	}
}

func TestConditionsReadAsWritten(t *testing.T) {
	cases := []struct {
		written string
		want    ruleset.Condition
	}{
		{"is: won", ruleset.Condition{Op: ruleset.OpIn, Values: []string{"won"}}},
		{"becomes: won", ruleset.Condition{Op: ruleset.OpIn, Values: []string{"won"}}},
		{"is_not: won", ruleset.Condition{Op: ruleset.OpNotIn, Values: []string{"won"}}},
		{"not_in: [won, lost]", ruleset.Condition{Op: ruleset.OpNotIn, Values: []string{"won", "lost"}}},
		{"present: true", ruleset.Condition{Op: ruleset.OpPresent}},
		{"present: false", ruleset.Condition{Op: ruleset.OpBlank}},
		{"blank: true", ruleset.Condition{Op: ruleset.OpBlank}},
		{"blank: false", ruleset.Condition{Op: ruleset.OpPresent}},
	}
	amounts := []struct {
		written string
		want    ruleset.Condition
	}{
		{"above: 1000", ruleset.Condition{Op: ruleset.OpAbove, Values: []string{"1000"}}},
		{"at_least: -12.50", ruleset.Condition{Op: ruleset.OpAtLeast, Values: []string{"-12.50"}}},
		{"below: 9", ruleset.Condition{Op: ruleset.OpBelow, Values: []string{"9"}}},
		{"at_most: 9", ruleset.Condition{Op: ruleset.OpAtMost, Values: []string{"9"}}},
		{"between: [9, 10]", ruleset.Condition{Op: ruleset.OpBetween, Values: []string{"9", "10"}}},
	}
	for _, c := range amounts {
		rules := load(t, strings.Replace(small, "{field: amount, present: true}", "{field: amount, "+c.written+"}", 1))
		c.want.Field = "amount"
		if diff := cmp.Diff(c.want, rules.Groups[0].Mappings[1].Filter.Conditions[1]); diff != "" {
			t.Errorf("%s: %s", c.written, diff)
		}
	}
	rules := load(t, strings.Replace(small, "{field: amount, present: true}", "{any: [{field: amount, above: 5}, {field: stage, is: open}]}", 1))
	want := ruleset.Condition{Any: []ruleset.Condition{{Field: "amount", Op: ruleset.OpAbove, Values: []string{"5"}},
		{Field: "stage", Op: ruleset.OpIn, Values: []string{"open"}}}}
	f := rules.Groups[0].Mappings[1].Filter
	if diff := cmp.Diff(want, f.Conditions[1]); diff != "" || len(f.Tests()) != 3 {
		t.Errorf("any, with %d tests: %s", len(f.Tests()), diff)
	}
	for _, c := range cases {
		rules := load(t, strings.Replace(small, "{field: stage, in: [won]}", "{field: stage, "+c.written+"}", 1))
		c.want.Field = "stage"
		if diff := cmp.Diff(c.want, rules.Groups[0].Mappings[1].Filter.Conditions[0]); diff != "" {
			t.Errorf("%s: %s", c.written, diff)
		}
	}
}

func TestScheduleOffsetsAreStaggeredAndStable(t *testing.T) {
	first, second := load(t, small), load(t, small)
	if diff := cmp.Diff(first.Timetable(), second.Timetable()); diff != "" {
		t.Errorf("two loads of one file differ: %s", diff)
	}
	seen := map[[2]time.Duration]ruleset.Run{}
	for _, run := range first.Timetable() {
		at := [2]time.Duration{run.Every, run.Offset}
		if other, ok := seen[at]; ok {
			t.Errorf("%v and %v run at once", other, run)
		}
		seen[at] = run
	}
	for _, run := range first.Timetable() {
		for _, m := range first.Groups[0].Mappings {
			if m.Spoke == run.Place && !run.Reconcile && m.ToHub.Offset != run.Offset {
				t.Errorf("%s polls at %v, the timetable says %v", m.Name, m.ToHub.Offset, run.Offset)
			}
		}
	}
}

func TestAllProblemsComeAtOnceInTheFilesOrder(t *testing.T) {
	text := strings.NewReplacer("f: {platform: field", "f: {platform: fild", "create: both", "create: all", "owner: f,", "owner: g,", "spoke: last}", "spoke: lost}").Replace(small)
	_, err := ruleset.Load("dir/sync.yaml", []byte(text), madeUp())
	var ps ruleset.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v, want Problems", err)
	}
	want := `dir/sync.yaml:4:17: unknown platform "fild"; did you mean "field"?
dir/sync.yaml:28:27: unknown owner "g"; one of hub, last_write_wins, c, f, l, z
dir/sync.yaml:34:17: unknown policy "all"; one of both, to_spoke, to_hub, none`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
