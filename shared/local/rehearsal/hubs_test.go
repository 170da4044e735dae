package rehearsal_test

import (
	"context"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestAnyPlatformCanBeTheHub runs the chain with each platform as the hub of all the others.
func TestAnyPlatformCanBeTheHub(t *testing.T) {
	var all []record.Platform
	for _, p := range catalog.All() {
		all = append(all, p.Name)
	}
	for _, hub := range all {
		t.Run(string(hub), func(t *testing.T) {
			results, err := rehearsal.Run(context.Background(), rehearsal.Options{Rules: drafted(t, hub, all), Faults: platformsim.Usual(), Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			skipped := 0
			for _, r := range results {
				if !r.Passed {
					t.Errorf("%s: %v", r.Name, r.Details)
				}
				if r.Skipped != "" {
					skipped++
				}
			}
			if len(results)-skipped < len(all)+3 { // each spoke alone and four more, of people at least
				t.Errorf("%d of %d tests tested something", len(results)-skipped, len(results))
			}
		})
	}
}

func drafted(t *testing.T, hub record.Platform, spokes []record.Platform) *ruleset.Rules {
	t.Helper()
	h, s, err := starter.Accounts(catalog.All(), hub, spokes)
	if err != nil {
		t.Fatal(err)
	}
	text, err := starter.Write(h, s, "")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := ruleset.Load("draft.yaml", []byte(text), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	return rules
}
