package rehearsal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// accounts are simulated ones that the live run reaches over HTTP, as it reaches real ones.
func accounts(t *testing.T) (*runner.World, rehearsal.LiveOptions, *strings.Builder) {
	t.Helper()
	clock := &runner.Clock{}
	world, err := runner.Open(context.Background(), runner.Options{Rules: drafted(t, "hubspot", []record.Platform{"hubspot", "salesforce", "jobber", "quickbooks"}),
		Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1, Faults: platformsim.Faults{RateLimit: 0.05, SearchLag: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	if err := world.SeedExample(); err != nil {
		t.Fatal(err)
	}
	st, q := memstore.New(), memqueue.New(clock.Now)
	rules := *world.Rules
	rules.MatchSecret = []byte("live")
	system := &boot.System{Rules: &rules, Store: st, Queue: q, Now: clock.Now, App: func(_ context.Context, c record.Connection) (boot.App, error) {
		a := world.Access(c)
		return boot.App{ClientID: a.ClientID, ClientSecret: a.ClientSecret, WebhookSecret: a.WebhookSecret, BaseURL: a.BaseURL, TokenURL: a.TokenURL}, nil
	}}
	for _, c := range rules.Connections {
		if err := credential.Put(context.Background(), st, c.Name, platform.Grant{RefreshToken: world.Access(c.Name).RefreshToken}); err != nil {
			t.Fatal(err)
		}
	}
	var said strings.Builder
	return world, rehearsal.LiveOptions{System: system, Queue: q, Clock: clock, Mark: "fc-test-7", Production: true, Tell: func(line string) { said.WriteString(line + "\n") },
		Rest: func(_ context.Context, d time.Duration) { clock.Skip(d) }}, &said
}

func TestALiveRunHoldsAndRemovesWhatItMade(t *testing.T) {
	world, options, said := accounts(t)
	results, left, err := rehearsal.RunLive(context.Background(), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	tested := 0
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %v", r.Name, r.Details)
		}
		if r.Skipped == "" {
			tested++
		}
	}
	if tested < 6 {
		t.Errorf("%d tests tested something", tested)
	}
	unremovable := map[record.Ref]bool{}
	for _, ref := range left {
		unremovable[ref] = true
	}
	others := 0
	for _, place := range world.Rules.Places() {
		sim := world.Sims[place.Connection]
		for _, id := range sim.IDs(place.Object) {
			fields, _, _ := sim.Record(place.Object, id)
			marked := false
			for _, value := range fields {
				marked = marked || strings.Contains(strings.ToLower(value), options.Mark)
			}
			switch ref := (record.Ref{Place: place, ID: id}); {
			case marked && !unremovable[ref]:
				t.Errorf("%s was left behind and is not named", ref)
			case !marked:
				others++
			}
		}
	}
	if others < 40 {
		t.Errorf("%d records of other people are left: some were removed", others)
	}
}

func TestALiveRunRefusesProduction(t *testing.T) {
	world, options, _ := accounts(t)
	options.Production = false
	before := world.Sims["hubspot"].Requests()
	_, _, err := rehearsal.RunLive(context.Background(), options)
	if err == nil || !strings.Contains(err.Error(), "--production") {
		t.Errorf("got %v, want a refusal that names the flag", err)
	}
	if n := world.Sims["hubspot"].Requests() - before; n > 3 {
		t.Errorf("%d requests before the refusal", n)
	}
}
