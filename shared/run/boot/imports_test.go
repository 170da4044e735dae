package boot_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

const module = "github.com/fluxcascade/fluxcascade"

func deps(t *testing.T, pattern string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", module+pattern).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pattern, err)
	}
	return strings.Fields(string(out))
}

// rule says what a package may never link.
type rule struct {
	pattern string
	never   []string
	why     string
}

// TestImportsRunDownwards pins who may link what.
func TestImportsRunDownwards(t *testing.T) {
	ours := func(names ...string) []string {
		for i := range names {
			names[i] = module + "/shared/" + names[i]
		}
		return names
	}
	pureNever := append(ours("contract/store", "contract/queue", "engine/pipeline", "engine/intake", "run/boot", "run/lambdaio",
		"contract/platform"), "net/http", "os/exec", "log", "log/slog", "github.com/aws/")
	rules := []rule{
		{"/shared/record", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/fault", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/rules/lazyregexp", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/rules/resolve", pureNever, "the decider is pure"},
		{"/shared/rules/mapping", pureNever, "translation is pure"},
		{"/shared/rules/ruleset", append(pureNever, "github.com/nyaruka"), "the rules are pure and light"},
		{"/shared/engine/meter", append(ours("rules/resolve", "engine/pipeline", "rules/mapping", "run/boot", "run/lambdaio",
			"contract/platform"),
			"github.com/nyaruka", "github.com/aws/"), "every function counts, the webhook's and the poller's too"},
		{"/shared/operator/syncs", append(ours("rules/resolve", "rules/mapping", "engine/pipeline", "run/boot", "run/lambdaio",
			"contract/platform"), "github.com/nyaruka", "github.com/aws/", "net/http", "os/exec"), "the page reads contracts and says what it read"},
		{"/functions/widget", append(ours("rules/resolve", "rules/mapping", "engine/pipeline", "contract/platformsim"), "github.com/nyaruka",
			"github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"), "the widget looks, and links nothing that decides"},
		{"/functions/digest", append(ours("rules/resolve", "rules/mapping", "engine/pipeline", "contract/platformsim"), "github.com/nyaruka",
			"github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"), "the digest looks, and links nothing that decides"},
		{"/shared/engine/pipeline", append(ours("run/lambdaio", "run/boot", "contract/platform/hubspot", "contract/store/dynamostore",
			"contract/queue/sqsqueue", "contract/platformsim"), "github.com/aws/"), "the shell knows contracts only"},
		{"/shared/rules/budget", slices.Concat(pureNever, ours("rules/catalog", "rules/ruleset")), "the arithmetic of limits is pure"},
		{"/shared/engine/activation", append(ours("contract/queue", "rules/resolve", "engine/pipeline", "rules/mapping", "run/boot",
			"rules/ruleset", "contract/platform"), "net/http", "github.com/aws/", "github.com/nyaruka"), "every function links it, the poller too"},
		{"/shared/operator/operate", append(ours("contract/platformsim", "local/runner", "run/boot", "contract/store/dynamostore",
			"contract/store/boltstore", "contract/queue/sqsqueue"), "github.com/aws/aws-sdk-go-v2", "go.etcd.io"), "operations know contracts only"},
		{"/functions/webhook", append(ours("operator/connect", "rules/resolve", "engine/pipeline", "rules/mapping", "proof/platformtest",
			"contract/platformsim", "operator/operate", "contract/store/dynamostore", "run/boot/onaws/ontables"), "github.com/nyaruka",
			"github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/dynamodb"),
			"the webhook starts fast"},
		{"/functions/poller", append(ours("operator/connect", "rules/resolve", "engine/pipeline", "rules/mapping", "proof/platformtest",
			"contract/platformsim", "operator/operate"), "github.com/nyaruka", "github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"),
			"the poller starts fast"},
		{"/functions/resolver", append(ours("operator/connect", "proof/platformtest", "contract/platformsim", "operator/operate"),
			"github.com/aws/aws-cdk-go", "go.etcd.io", "github.com/aws/aws-sdk-go-v2/config"), "functions link no simulator and no CDK"},
		{"/functions/writer", append(ours("operator/connect", "proof/platformtest", "contract/platformsim", "operator/operate"),
			"github.com/aws/aws-cdk-go", "go.etcd.io", "github.com/aws/aws-sdk-go-v2/config"), "functions link no simulator and no CDK"},
		{"/shared/operator/accountcheck", append(ours("run/boot", "contract/platformsim", "run/lambdaio", "local/runner", "engine/pipeline",
			"contract/store/dynamostore", "contract/queue", "operator/connect"), "github.com/aws/"), "checking knows contracts and catalogs only"},
		{"/shared/operator/connect", append(ours("contract/platformsim", "run/lambdaio", "local/runner", "contract/store/dynamostore",
			"contract/queue/sqsqueue"), "github.com/aws/"), "connecting knows contracts and vendors only"},
		{"/shared/operator/cost", []string{"github.com/", "golang.org/", "net/http", "os"}, "prices are data and sums"},
		{"/shared/run/wiring", append(ours("local/runner", "local/awslocal"), "github.com/aws/aws-cdk-go", "os/exec"),
			"a template is read as text"},
		{"/scripts/fluxcascade", []string{"github.com/aws/aws-cdk-go"}, "the command line links no CDK"},
	}
	var connectors []string
	for _, v := range boot.Vendors() {
		connectors = append(connectors, string(v.Catalog.Name))
	}
	for _, connector := range connectors {
		never := ours("contract/store", "contract/queue", "rules/resolve", "engine/pipeline", "proof/platformtest", "contract/platformsim")
		for _, other := range connectors {
			if other != connector {
				never = append(never, ours("contract/platform/"+other)...)
			}
		}
		rules = append(rules, rule{"/shared/contract/platform/" + connector, never, "connectors know neither each other nor the shell"})
	}
	for _, c := range rules {
		for _, dep := range deps(t, c.pattern) {
			for _, never := range c.never {
				prefix := strings.HasSuffix(never, "/") || strings.Count(never, "/") <= 1 && strings.Contains(never, ".")
				if dep == never || (prefix && strings.HasPrefix(dep, never)) {
					if strings.HasPrefix(dep, module) && prefix {
						continue
					}
					t.Errorf("%s links %s: %s", c.pattern, dep, c.why)
				}
			}
		}
	}
}
