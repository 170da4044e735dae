package config_test

import (
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/config"
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
	values := map[string]string{config.EnvConfig: "sync.yaml", config.EnvTableVersions: "v", config.EnvTableCrossReference: "x", config.EnvTableControl: "c",
		config.EnvQueueURLs: `{"due-jobber":"https://q"}`, config.EnvSecretARNs: `{"jobber":"arn"}`, config.EnvMatchSecretARN: "m", config.EnvPublicURL: "https://p/", config.EnvConnection: "jobber", config.EnvStack: "dev"}
	c, err := config.Parse(config.Writer, func(name string) string { return values[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.QueueURLs["due-jobber"] != "https://q" || c.SecretARNs["jobber"] != "arn" || c.Connection != "jobber" || len(c.Tables) != 3 {
		t.Errorf("got %+v", c)
	}
	values[config.EnvQueueURLs] = "no"
	if _, err := config.Parse(config.Writer, func(name string) string { return values[name] }); err == nil || !strings.Contains(err.Error(), config.EnvQueueURLs) {
		t.Errorf("got %v, want QUEUE_URLS named", err)
	}
}

func TestTheExampleLoads(t *testing.T) {
	if _, err := config.LoadRules("../../infra/sync.yaml"); err != nil {
		t.Error(err)
	}
}
