package config_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// twoGroups is a customer group and a finance group that share the hub, and a connection that takes part in neither.
func twoGroups() *ruleset.Rules {
	every := ruleset.Schedule{Every: time.Hour}
	spoke := func(c record.Connection, o record.Object) ruleset.Mapping {
		return ruleset.Mapping{Hub: "contacts", Spoke: record.Place{Connection: c, Object: o}, ToSpoke: every, ToHub: every}
	}
	return &ruleset.Rules{
		Connections: []ruleset.Connection{{Name: "books", Platform: "quickbooks", MaxConcurrency: 5}, {Name: "crm", Platform: "hubspot"},
			{Name: "north", Platform: "jobber"}, {Name: "south", Platform: "jobber"}, {Name: "spare", Platform: "jobber"}},
		Groups: []ruleset.Group{
			{Name: "customer", Hub: "crm", Entities: []ruleset.Entity{{Type: "contacts"}}, Mappings: []ruleset.Mapping{spoke("north", "clients"),
				spoke("south", "clients")}},
			{Name: "finance", Hub: "crm", Entities: []ruleset.Entity{{Type: "contacts"}}, Mappings: []ruleset.Mapping{spoke("books", "customers")}},
		},
	}
}

func TestDeploy(t *testing.T) {
	d := config.Deploy(twoGroups())
	want := []config.Deployed{
		{Name: "books", Platform: "quickbooks", MaxConcurrency: 5, Peers: []record.Connection{"books", "crm"}, Patience: time.Hour},
		{Name: "crm", Platform: "hubspot", Peers: []record.Connection{"books", "crm", "north", "south"}, Patience: time.Hour},
		{Name: "north", Platform: "jobber", Peers: []record.Connection{"crm", "north", "south"}, Patience: time.Hour},
		{Name: "south", Platform: "jobber", Peers: []record.Connection{"crm", "north", "south"}, Patience: time.Hour},
	}
	if diff := cmp.Diff(want, d.Connections); diff != "" {
		t.Errorf("connections: a spare one is not deployed, and peers share a group: %s", diff)
	}
	groups := []config.DeployedGroup{{Name: "customer", Members: []record.Connection{"crm", "north", "south"}},
		{Name: "finance", Members: []record.Connection{"crm", "books"}}}
	if diff := cmp.Diff(groups, d.Groups); diff != "" {
		t.Errorf("groups, the hub first: %s", diff)
	}
	if diff := cmp.Diff([]record.Platform{"hubspot", "jobber", "quickbooks"}, d.Platforms); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(d.Platforms, d.Webhooks); diff != "" {
		t.Error(diff)
	}
}

// TestPatienceIsWhatSchedulesMayTake: nothing in real time; else a period, and a night or a weekend without hours.
func TestPatienceIsWhatSchedulesMayTake(t *testing.T) {
	rules := twoGroups()
	m := &rules.Groups[0].Mappings[0]
	m.ToSpoke.RealTime, m.ToHub.RealTime = true, true
	rules.Groups[0].Mappings[1].ToSpoke = ruleset.Schedule{Every: 30 * time.Minute, Active: ruleset.Active{From: 7 * time.Hour,
		To: 19 * time.Hour, Days: 0b0111110, Zone: "UTC"}}
	want := map[record.Connection]time.Duration{"books": time.Hour, "crm": time.Hour, "north": 0, "south": 60*time.Hour + 30*time.Minute}
	for _, c := range config.Deploy(rules).Connections {
		if c.Patience != want[c.Name] {
			t.Errorf("%s: got %s, want %s", c.Name, c.Patience, want[c.Name])
		}
	}
}

func TestSchedulesAreTheTimetable(t *testing.T) {
	rules := twoGroups()
	schedules := config.Deploy(rules).Schedules
	if len(schedules) == 0 || len(schedules) != len(rules.Timetable()) {
		t.Fatalf("got %d schedules for %d runs", len(schedules), len(rules.Timetable()))
	}
	seen := map[config.Schedule]bool{}
	for i, run := range rules.Timetable() {
		s := schedules[i]
		if (s.Function == config.Sweeper) != run.Sweep() || s.Connection != run.Place.Connection || s.Object != run.Place.Object ||
			s.Reconcile != run.Reconcile || s.Every != run.Every || s.Offset != run.Offset || s.Active != run.Active {
			t.Errorf("got %+v for %+v", s, run)
		}
		if seen[s] {
			t.Errorf("%+v is there twice", s)
		}
		seen[s] = true
	}
}

func TestAllows(t *testing.T) {
	row := func(table store.Table, partition string) store.Key {
		return store.Key{Table: table, Partition: partition, Sort: "s"}
	}
	cases := []struct {
		name  string
		f     config.Function
		key   store.Key
		write bool
		want  bool
	}{
		{"a webhook reads nothing", config.Webhook, row(store.Control, "progress#jobber/clients"), false, false},
		{"a poller reads tokens", config.Poller, row(store.Control, "token#hubspot"), false, true},
		{"a poller reads no entities", config.Poller, row(store.Versions, "customer#e1"), false, false},
		{"a writer refreshes its own tokens", config.Writer, row(store.Control, "token#jobber"), true, true},
		{"a writer does not read another's", config.Writer, row(store.Control, "token#hubspot"), false, false},
		{"nor those of a connection whose name begins alike", config.Writer, row(store.Control, "token#jobber-2"), false, false},
		{"a sweeper reads progress", config.Sweeper, row(store.Control, "progress#jobber/clients"), false, true},
		{"a sweeper notes which lists it compared", config.Sweeper, row(store.Control, "progress#jobber/clients"), true, true},
		{"a sweeper reads no tokens", config.Sweeper, row(store.Control, "token#jobber"), false, false},
		{"a resolver keeps who waits", config.Resolver, row(store.Control, "waiter#g#e#jobber"), true, true},
		{"the widget reads what sweeps found", config.Widget, row(store.Control, "summary#jobber"), false, true},
		{"the widget writes nothing", config.Widget, row(store.Control, "summary#jobber"), true, false},
		{"the widget reads no tokens", config.Widget, row(store.Control, "token#jobber"), false, false},
		{"the digest reads no entities", config.Digest, row(store.Versions, "customer#e1"), false, false},
		{"nobody reads rows that nobody declared", config.Resolver, row(store.Control, "secret#jobber"), false, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := config.AccessOf(c.f, "jobber").Allows(c.key, c.write); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestOnlyTheSweeperScans(t *testing.T) {
	for _, f := range config.Functions() {
		scans := slices.ContainsFunc(config.AccessOf(f, "c").Tables, func(a config.TableAccess) bool { return a.Scan })
		if scans != (f == config.Sweeper) {
			t.Errorf("%s scans: %v", f, scans)
		}
	}
}

// TestWhatNoWebhookTellsAPollFinds: a webhook that AWS throttles is refused, and perhaps never sent again. Nothing is lost by
// it, because every place is polled, and read whole once a day at the latest, whether its platform calls us or not.
func TestWhatNoWebhookTellsAPollFinds(t *testing.T) {
	for _, file := range []string{"sync.yaml", "sync.domains.yaml", "sync.six.yaml"} {
		rules, err := config.LoadRules("../../../infra/" + file)
		if err != nil {
			t.Fatal(err)
		}
		schedules := config.Deploy(rules).Schedules
		for _, p := range rules.Places() {
			polled, whole := false, false
			for _, s := range schedules {
				if s.Function != config.Poller || s.Connection != p.Connection || s.Object != p.Object {
					continue
				}
				polled = polled || !s.Reconcile
				whole = whole || s.Reconcile && s.Every <= 24*time.Hour
			}
			if !polled || !whole {
				t.Errorf("%s: %s is polled: %v, read whole each day: %v; want both", file, p, polled, whole)
			}
		}
	}
}

func TestTheExampleAsksForEighteenFunctionsAtOnce(t *testing.T) {
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Deploy(rules).Concurrency(); got != 18 {
		t.Errorf("got %d, want 18: nine queues of two", got)
	}
}
