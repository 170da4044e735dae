package rehearsal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

func TestTheChainHoldsOnBadDays(t *testing.T) {
	for _, name := range []string{"sync.yaml", "sync.domains.yaml"} {
		rules, err := config.LoadRules("../../../infra/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(effort.Of(1, 8)) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				results, err := rehearsal.Run(context.Background(), rehearsal.Options{Rules: rules, Seed: seed, Faults: platformsim.Usual()})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					if !r.Passed {
						t.Errorf("%s: %s: %v", r.Group, r.Name, r.Details)
					}
				}
			})
		}
	}
}
