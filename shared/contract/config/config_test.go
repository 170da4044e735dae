package config_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
)

func TestEveryMissingVariableIsNamedAtOnce(t *testing.T) {
	for _, f := range config.Functions() {
		_, err := config.Parse(f, func(string) string { return "" })
		if err == nil {
			t.Fatalf("%s starts without an environment", f)
		}
		for _, name := range config.Environment(f) {
			if !strings.Contains(err.Error(), name+" is not set") {
				t.Errorf("%s: %q does not name %s", f, err, name)
			}
		}
	}
}

func TestAWholeEnvironmentParses(t *testing.T) {
	values := map[string]string{config.EnvConfig: "sync.yaml", config.EnvTableVersions: "v", config.EnvTableCrossReference: "x",
		config.EnvTableControl: "c", config.EnvQueuesAt: "https://", config.EnvQueueNames: `{"due-jobber":"q"}`,
		config.EnvSecretARNs: `{"jobber":"arn"}`, config.EnvMatchSecretARN: "m",
		config.EnvPublicURL: "https://p/", config.EnvConnection: "jobber", config.EnvStack: "dev"}
	c, err := config.Parse(config.Writer, func(name string) string { return values[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.QueueURLs["due-jobber"] != "https://q" || c.SecretARNs["jobber"] != "arn" || c.Connection != "jobber" || len(c.Tables) != 3 {
		t.Errorf("got %+v", c)
	}
	values[config.EnvQueueNames] = "no"
	if _, err := config.Parse(config.Writer, func(name string) string { return values[name] }); err == nil ||
		!strings.Contains(err.Error(), config.EnvQueueNames) {
		t.Errorf("got %v, want QUEUE_NAMES named", err)
	}
}

func TestQueueNamesMakeURLs(t *testing.T) {
	values := map[string]string{config.EnvConfig: "sync.yaml", config.EnvStack: "dev", config.EnvTableControl: "c",
		config.EnvQueuesAt:   "https://sqs.eu-west-1.amazonaws.com/123456789012/",
		config.EnvQueueNames: `{"due-jobber":"FluxCascade-due","changes-jobber":"FluxCascade-changes"}`}
	c, err := config.Parse(config.Widget, func(name string) string { return values[name] })
	want := map[queue.Name]string{"due-jobber": "https://sqs.eu-west-1.amazonaws.com/123456789012/FluxCascade-due",
		"changes-jobber": "https://sqs.eu-west-1.amazonaws.com/123456789012/FluxCascade-changes"}
	if err != nil || !maps.Equal(c.QueueURLs, want) {
		t.Errorf("got %v, %v", c.QueueURLs, err)
	}
	values[config.EnvQueueNames] = "[]"
	if _, err := config.Parse(config.Widget, func(name string) string { return values[name] }); err == nil ||
		!strings.Contains(err.Error(), config.EnvQueueNames) {
		t.Errorf("got %v, want QUEUE_NAMES named", err)
	}
}

func TestTheExampleLoads(t *testing.T) {
	if _, err := config.LoadRules("../../../infra/sync.yaml"); err != nil {
		t.Error(err)
	}
}
