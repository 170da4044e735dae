package diagram_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/diagram"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestTheReadmeShowsTheExampleAsItIs fails when the picture in README.md is stale.
func TestTheReadmeShowsTheExampleAsItIs(t *testing.T) {
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(diagram.Block(rules), diagram.BlockIn(string(readme))); diff != "" {
		t.Errorf("README.md lacks the picture of infra/sync.yaml, or has an old one; put in what this prints: go run ./scripts/fluxcascade "+
			"diagram --readme\n%s", diff)
	}
}

func TestAWholeConfigurationIsDrawn(t *testing.T) {
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := diagram.Mermaid(rules)
	for _, c := range rules.Connections {
		if label := labelOf(t, c.Platform); !strings.Contains(got, `["`+label+": ") {
			t.Errorf("it lacks %s", label)
		}
	}
	arrows := strings.Count(got, "-->|")
	for _, g := range rules.Groups {
		arrows -= len(g.Mappings)
		for _, e := range g.Entities {
			for _, f := range e.Fields {
				if !strings.Contains(got, string(f.Name)) || !strings.Contains(got, f.Reason) {
					t.Errorf("it lacks %s or its reason", f.Name)
				}
			}
		}
	}
	if arrows != 0 {
		t.Errorf("%d arrows too many", arrows)
	}
	if again := diagram.Mermaid(rules); again != got {
		t.Error("it is not the same twice")
	}
}

func labelOf(t *testing.T, name record.Platform) string {
	t.Helper()
	for _, p := range catalog.All() {
		if p.Name == name {
			return p.Label
		}
	}
	t.Fatalf("no platform %s", name)
	return ""
}

// TestNoReasonCanBreakThePicture: reasons and names are the user's own words.
func TestNoReasonCanBreakThePicture(t *testing.T) {
	rules := &ruleset.Rules{Connections: []ruleset.Connection{{Name: "crm", Platform: "hubspot"}, {Name: "field", Platform: "jobber"}},
		Groups: []ruleset.Group{{Name: "a", Hub: "crm",
			Entities: []ruleset.Entity{{Type: "contacts", Fields: []ruleset.Field{{Name: "email", Owner: ruleset.Owner{Connection: "crm"},
				Reason: "so \"said\" <script>Bob</script> & `co`;\nend\n  n1 --> n2 #quot;"}}}},
			Mappings: []ruleset.Mapping{{Hub: "contacts", Spoke: record.Place{Connection: "field", Object: "clients"}, Create: ruleset.CreateNone,
				Pairs: []ruleset.Pair{{Hub: []record.HubField{"email"}, Spoke: []record.PlatformField{"email"}, Direction: ruleset.ToHub}}}}}}}
	got := diagram.Mermaid(rules)
	for _, never := range []string{"<script", "`co", `"said"`, "\nend\n  n1 --> n2", "#quot;"} {
		if strings.Contains(got, never) {
			t.Errorf("it holds %q:\n%s", never, got)
		}
	}
	for _, always := range []string{"HubSpot (crm): hub", "Jobber (field): spoke", "creates nothing", "so #34;said#34; #60;script#62;Bob"} {
		if !strings.Contains(got, always) {
			t.Errorf("it lacks %q:\n%s", always, got)
		}
	}
	// What travels to the hub alone is drawn from the spoke.
	if !strings.Contains(got, `-->|"creates nothing<br/>when asked"| n3`) {
		t.Errorf("the arrow does not lead to the hub:\n%s", got)
	}
}
