package boot_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// door is one folder of shared/: what it is, and which doors its packages may import beside those of their own.
type door struct {
	name string
	may  []string
}

// doors are all there are, from the bottom up. A package made tomorrow falls under its folder's line without being named.
var doors = []door{
	{"record", nil},
	{"fault", nil},
	{"rules", []string{"record", "fault"}},
	{"contract", []string{"record", "fault", "rules"}},
	{"engine", []string{"record", "fault", "rules", "contract"}},
	{"run", []string{"record", "fault", "rules", "contract", "engine"}},
	{"operator", []string{"record", "fault", "rules", "contract", "engine", "run"}},
	{"local", []string{"record", "fault", "rules", "contract", "engine", "run", "operator"}},
	{"proof", []string{"record", "fault", "rules", "contract", "engine", "run", "operator"}},
}

// mayOf is what the parts of the module beside shared/ import of it. Functions take the page's packages alone from the
// operator's door: the widget and the digest show what the page shows.
var mayOf = map[string][]string{
	"functions": {"record", "fault", "rules", "contract", "engine", "run", "operator/syncs"},
	"infra":     {"record", "rules", "contract/config", "contract/store", "operator/cost"},
}

// neverInPure is what a package of rules/ may not import: it computes, and does nothing else.
var neverInPure = []string{"context", "crypto/rand", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec"}

// TestEveryPackageStandsBehindItsDoor holds the direct imports of every package, by prefix, to the doors above.
func TestEveryPackageStandsBehindItsDoor(t *testing.T) {
	for _, p := range listed(t, "{{.ImportPath}}|{{join .Imports \" \"}}") {
		path, imports, _ := strings.Cut(p, "|")
		place := strings.TrimPrefix(path, module+"/")
		part, within, _ := strings.Cut(place, "/")
		var may []string
		switch part {
		case "shared":
			name, _, _ := strings.Cut(within, "/")
			i := slices.IndexFunc(doors, func(d door) bool { return d.name == name })
			if i < 0 {
				t.Errorf("%s stands outside the doors: move it into one of the folders that shared/README.md lists", place)
				continue
			}
			may = append(slices.Clone(doors[i].may), name)
			if name == "rules" {
				for _, imported := range strings.Fields(imports) {
					if slices.Contains(neverInPure, imported) {
						t.Errorf("%s imports %s: packages of shared/rules are pure, give it the value instead", place, imported)
					}
				}
			}
		case "scripts":
			continue // the command line may import everything
		default:
			may = mayOf[part]
		}
		for _, imported := range strings.Fields(imports) {
			if at, ours := strings.CutPrefix(imported, module+"/shared/"); ours && !isWithin(at, may) {
				t.Errorf("%s imports shared/%s: %s may import only %s", place, at, part, strings.Join(may, ", "))
			}
		}
	}
}

// TestNoFunctionLinksASimulator holds for every package that a function is made of, whatever its name: simulators, the
// proof, and the runner of this machine never reach an account.
func TestNoFunctionLinksASimulator(t *testing.T) {
	for _, dep := range deps(t, "/functions/...") {
		for _, never := range []string{"contract/platformsim", "contract/platform/memplatform", "local", "proof"} {
			if at, ours := strings.CutPrefix(dep, module+"/shared/"); ours && isWithin(at, []string{never}) {
				t.Errorf("a function links shared/%s", at)
			}
		}
	}
}

// TestTestsMayLookFurther: a test may import the simulators, the suites, and what it is wired to in production; it may not
// import the command line, so that a package can be tested without it.
func TestTestsMayLookFurther(t *testing.T) {
	for _, p := range listed(t, "{{.ImportPath}}|{{join .TestImports \" \"}} {{join .XTestImports \" \"}}") {
		path, imports, _ := strings.Cut(p, "|")
		for _, imported := range strings.Fields(imports) {
			if strings.HasPrefix(imported, module+"/scripts/") && !strings.HasPrefix(path, module+"/scripts/") {
				t.Errorf("the tests of %s import %s", path, imported)
			}
		}
	}
}

// listed is `go list` over the module, a line a package.
func listed(t *testing.T, format string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, module+"/shared/...", module+"/functions/...", module+"/scripts/...",
		module+"/infra").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func isWithin(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}
