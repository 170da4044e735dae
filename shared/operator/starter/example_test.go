package starter_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sixPath is the example of all platforms in one group. FLUXCASCADE_RENEW=1 go test ./shared/operator/starter writes it again.
const sixPath = "../../../infra/sync.six.yaml"

func TestTheExampleOfAllPlatformsIsTheDraft(t *testing.T) {
	want := draft(t, "hubspot", names("hubspot")...)
	if os.Getenv("FLUXCASCADE_RENEW") != "" {
		if err := os.WriteFile(sixPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(sixPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("infra/sync.six.yaml is not what is drafted now; renew it with FLUXCASCADE_RENEW=1 go test ./shared/operator/starter\n%s", diff)
	}
}
