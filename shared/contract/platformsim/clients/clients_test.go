package clients

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/hubspot"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/quickbooks"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/salesforce"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/xero"
)

func TestVendorsClientsDriveTheSimulators(t *testing.T) {
	for _, c := range []struct {
		script, library string
		sim             func(platformsim.Options) platformsim.Simulator
	}{
		{"hubspot.mjs", "@hubspot/api-client", func(o platformsim.Options) platformsim.Simulator { return hubspot.New(o) }},
		{"salesforce.mjs", "jsforce", func(o platformsim.Options) platformsim.Simulator { return salesforce.New(o) }},
		{"pipedrive.mjs", "pipedrive", func(o platformsim.Options) platformsim.Simulator { return pipedrive.New(o) }},
		{"quickbooks.mjs", "node-quickbooks", func(o platformsim.Options) platformsim.Simulator { return quickbooks.New(o) }},
		{"quickbooks-oauth.mjs", "intuit-oauth", func(o platformsim.Options) platformsim.Simulator { return quickbooks.New(o) }},
		{"xero.mjs", "xero-node", func(o platformsim.Options) platformsim.Simulator { return xero.New(o) }},
	} {
		t.Run(c.library, func(t *testing.T) {
			tools := toolsWith(t, c.library)
			sim := c.sim(platformsim.Options{Now: time.Now, Seed: 1})
			server := httptest.NewServer(sim)
			defer server.Close()
			access := sim.Access()
			access.BaseURL, access.TokenURL = server.URL, server.URL+access.TokenURL
			told, err := json.Marshal(access)
			if err != nil {
				t.Fatal(err)
			}
			node := exec.CommandContext(t.Context(), "node", filepath.Join("clients", c.script))
			node.Dir = tools
			node.Env = append(os.Environ(), "ACCESS="+string(told))
			var out bytes.Buffer
			node.Stdout, node.Stderr = &out, &out
			if err := node.Run(); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if !strings.Contains(out.String(), "as documented") {
				t.Errorf("the script did not come to its end:\n%s", out.String())
			}
			if sim.Requests() < 5 {
				t.Errorf("%d requests reached the simulator, want what a client makes:\n%s", sim.Requests(), out.String())
			}
			t.Logf("%d requests\n%s", sim.Requests(), out.String())
		})
	}
}

// toolsWith finds scripts/tools, with a library installed; it skips aloud where that, or node, is not here.
func toolsWith(t *testing.T, library string) string {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("SKIPPED ALOUD: node is not here")
	}
	tools, err := filepath.Abs("../../../../scripts/tools")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tools, "node_modules", library)); err != nil {
		t.Skipf("SKIPPED ALOUD: %s is not in scripts/tools/node_modules; scripts/test installs it", library)
	}
	return tools
}
