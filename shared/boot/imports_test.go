package boot_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
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
	pureNever := append(ours("store", "queue", "pipeline", "intake", "boot", "lambdaio", "platform"), "net/http", "os/exec", "log", "log/slog", "github.com/aws/")
	rules := []rule{
		{"/shared/record", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/fault", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/form", []string{"github.com/", "golang.org/"}, "the leaf links the standard library alone"},
		{"/shared/resolve", pureNever, "the decider is pure"},
		{"/shared/mapping", pureNever, "translation is pure"},
		{"/shared/ruleset", append(pureNever, "github.com/nyaruka"), "the rules are pure and light"},
		{"/shared/meter", append(ours("resolve", "pipeline", "mapping", "boot", "lambdaio", "platform"), "github.com/nyaruka", "github.com/aws/"), "every function counts, the webhook's and the poller's too"},
		{"/shared/syncs", append(ours("resolve", "mapping", "pipeline", "boot", "lambdaio", "platform"), "github.com/nyaruka", "github.com/aws/", "net/http", "os/exec"), "the page reads contracts and says what it read"},
		{"/functions/widget", append(ours("resolve", "mapping", "pipeline", "platformsim"), "github.com/nyaruka", "github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"), "the widget looks, and links nothing that decides"},
		{"/functions/digest", append(ours("resolve", "mapping", "pipeline", "platformsim"), "github.com/nyaruka", "github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"), "the digest looks, and links nothing that decides"},
		{"/shared/pipeline", append(ours("lambdaio", "boot", "platform/hubspot", "store/dynamostore", "queue/sqsqueue", "platformsim"), "github.com/aws/"), "the shell knows contracts only"},
		{"/shared/budget", slices.Concat(pureNever, ours("catalog", "ruleset")), "the arithmetic of limits is pure"},
		{"/shared/activation", append(ours("queue", "resolve", "pipeline", "mapping", "boot", "ruleset", "platform"), "net/http", "github.com/aws/", "github.com/nyaruka"), "every function links it, the poller too"},
		{"/shared/operate", append(ours("platformsim", "localrun", "boot", "store/dynamostore", "store/boltstore", "queue/sqsqueue"), "github.com/aws/aws-sdk-go-v2", "go.etcd.io"), "operations know contracts only"},
		{"/functions/webhook", append(ours("connect", "resolve", "pipeline", "mapping", "platform/platformtest", "platformsim", "operate", "store/dynamostore", "boot/onaws/ontables"), "github.com/nyaruka", "github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/dynamodb"), "the webhook starts fast"},
		{"/functions/poller", append(ours("connect", "resolve", "pipeline", "mapping", "platform/platformtest", "platformsim", "operate"), "github.com/nyaruka", "github.com/aws/aws-cdk-go", "github.com/aws/aws-sdk-go-v2/config"), "the poller starts fast"},
		{"/functions/resolver", append(ours("connect", "platform/platformtest", "platformsim", "operate"), "github.com/aws/aws-cdk-go", "go.etcd.io", "github.com/aws/aws-sdk-go-v2/config"), "functions link no simulator and no CDK"},
		{"/functions/writer", append(ours("connect", "platform/platformtest", "platformsim", "operate"), "github.com/aws/aws-cdk-go", "go.etcd.io", "github.com/aws/aws-sdk-go-v2/config"), "functions link no simulator and no CDK"},
		{"/shared/check", append(ours("boot", "platformsim", "lambdaio", "localrun", "pipeline", "store/dynamostore", "queue", "connect"), "github.com/aws/"), "checking knows contracts and catalogs only"},
		{"/shared/connect", append(ours("platformsim", "lambdaio", "localrun", "store/dynamostore", "queue/sqsqueue"), "github.com/aws/"), "connecting knows contracts and vendors only"},
		{"/shared/cost", []string{"github.com/", "golang.org/", "net/http", "os"}, "prices are data and sums"},
		{"/shared/wiring", append(ours("localrun", "awslocal"), "github.com/aws/aws-cdk-go", "os/exec"), "a template is read as text"},
		{"/scripts/fluxcascade", []string{"github.com/aws/aws-cdk-go"}, "the command line links no CDK"},
	}
	connectors := []string{"hubspot", "jobber", "quickbooks", "salesforce", "pipedrive", "xero"}
	for _, connector := range connectors {
		never := ours("store", "queue", "resolve", "pipeline", "platform/platformtest", "platformsim")
		for _, other := range connectors {
			if other != connector {
				never = append(never, ours("platform/"+other)...)
			}
		}
		rules = append(rules, rule{"/shared/platform/" + connector, never, "connectors know neither each other nor the shell"})
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
