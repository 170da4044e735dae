package chain_test

import (
	"os"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
)

func TestTheExamplesLoad(t *testing.T) {
	for _, name := range []string{"sync.yaml", "sync.domains.yaml", "chicago.yaml"} {
		text, err := os.ReadFile("../../infra/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ruleset.Load(name, text, catalog.All()); err != nil {
			t.Errorf("%v", err)
		}
	}
}
