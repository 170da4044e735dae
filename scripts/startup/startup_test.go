package startup_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/scripts/startup"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

const (
	// roundsBatch is how many times each function is started before their shortest starts are compared, and batchesMax how
	// many batches there may be: other work only ever lengthens a start, so the shortest gets truer with each.
	roundsBatch, batchesMax = 15, 8
	module                  = "github.com/fluxcascade/fluxcascade"
)

// ratios are what a function may take to start, over an empty one. They are a fifth to a quarter over what was measured here
// in 2026-11, the shortest of 150 starts each (empty 1.7 ms; webhook 1.30 times that, poller 1.30, resolver 4.4, writer 4.6),
// to catch what makes a start slower; the aim is 1.15 and 2. What stands in between is other people's, by
// GODEBUG=inittrace=1: the AWS SDK's tables of endpoints, 0.1 ms a client, whose newer releases add tables of schemas, 0.3 ms
// to the webhook and 1 ms to those with DynamoDB (see go.mod); and in resolver and writer phone metadata 5 ms and the names of
// languages that come with it 0.4 ms: github.com/nyaruka/phonenumbers 1.8.1, the newest, decodes all of it in its init and has
// no switch.
var ratios = map[config.Function]float64{config.Webhook: 1.6, config.Poller: 1.6, config.Resolver: 5.5, config.Writer: 5.7}

// zips are what each function may weigh, zipped, in bytes: 4 MiB, and 6 for those that decide. Whatever calls methods by
// names that the linker cannot know, as html/template does, leaves in every method of what is reachable, those of the
// DynamoDB client too, and costs 1.1 MB. The sweeper decides: it asks package resolve what is due, in canonical forms, so that
// phone metadata comes with it.
var zips = map[config.Function]int{
	config.Webhook: 4 << 20, config.Poller: 4 << 20, config.Digest: 4 << 20, config.Widget: 4 << 20,
	config.Resolver: 6 << 20, config.Writer: 6 << 20, config.Sweeper: 6 << 20,
}

// TestFunctionsStartFast starts real bootstraps against a stubbed Lambda Runtime API, beside an empty function.
func TestFunctionsStartFast(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	bootstraps := map[string]startup.Bootstrap{"empty": {Path: filepath.Join(dir, "empty")}}
	if err := startup.Build(ctx, module+"/scripts/startup/empty", bootstraps["empty"].Path, ""); err != nil {
		t.Fatal(err)
	}
	for f := range ratios {
		b := startup.Bootstrap{Path: filepath.Join(dir, string(f)), Env: environment(t, f)}
		if err := startup.Build(ctx, module+"/functions/"+string(f), b.Path, ""); err != nil {
			t.Fatal(err)
		}
		bootstraps[string(f)] = b
	}
	shortest := map[string]time.Duration{}
	var slow []string
	for range batchesMax {
		got, err := startup.Rounds(ctx, roundsBatch, bootstraps)
		if err != nil {
			t.Fatal(err)
		}
		for name, took := range got {
			if old, ok := shortest[name]; !ok || took < old {
				shortest[name] = took
			}
		}
		slow = nil
		for f, most := range ratios {
			if ratio(shortest, f) > most {
				slow = append(slow, string(f))
			}
		}
		if len(slow) == 0 {
			break
		}
	}
	t.Logf("empty: %s", shortest["empty"])
	for f, most := range ratios {
		t.Logf("%s: %s, %.2f of empty, at most %.2f", f, shortest[string(f)], ratio(shortest, f), most)
	}
	if len(slow) > 0 {
		t.Errorf("too slow to start: %v", slow)
	}
}

func ratio(shortest map[string]time.Duration, f config.Function) float64 {
	return float64(shortest[string(f)]) / float64(shortest["empty"])
}

// environment gives a function what it requires, for a start that calls nobody.
func environment(t *testing.T, f config.Function) []string {
	t.Helper()
	path, err := filepath.Abs("../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{config.EnvConfig: path, config.EnvQueueURLs: `{"changes-hubspot":"https://sqs.us-east-1.amazonaws.com/1/q"}`,
		config.EnvSecretARNs: `{"hubspot":"arn"}`, config.EnvConnection: "jobber"}
	env := []string{"AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none"}
	for _, name := range config.Environment(f) {
		value := values[name]
		if value == "" {
			value = "none"
		}
		env = append(env, name+"="+value)
	}
	return env
}

// TestPackagesAreSmall builds as for Lambda and zips.
func TestPackagesAreSmall(t *testing.T) {
	dir := t.TempDir()
	for _, f := range config.Functions() {
		most, ok := zips[f]
		if !ok {
			t.Errorf("what %s may weigh is not said", f)
		}
		path := filepath.Join(dir, string(f))
		if err := startup.Build(context.Background(), module+"/functions/"+string(f), path, "arm64"); err != nil {
			t.Fatal(err)
		}
		size, err := startup.ZipBytes(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes zipped, at most %d", f, size, most)
		if size > most {
			t.Errorf("%s is %d bytes zipped, at most %d: see what it links with go tool nm -size -sort size", f, size, most)
		}
	}
}

// TestTheFlagsAreThoseOfTheBuild: a measure of other bytes than those deployed would be of no use.
func TestTheFlagsAreThoseOfTheBuild(t *testing.T) {
	text, err := os.ReadFile("../build")
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range startup.Flags {
		if !strings.Contains(string(text), flag) {
			t.Errorf("scripts/build does not say %q", flag)
		}
	}
}
