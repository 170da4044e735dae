package onaws

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// counting tells how often it was assembled, and answers how many connections its system has.
func counting(fn *Function, assembled *int) func(context.Context, string) (int, error) {
	return Packaged(fn, func(s *boot.System) func(context.Context, string) (int, error) {
		*assembled++
		return func(context.Context, string) (int, error) { return len(s.Rules.Connections), nil }
	})
}

func TestThePackagedConfigurationIsLoadedOnceAtTheFirstCall(t *testing.T) {
	text, err := os.ReadFile("../../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sync.yaml")
	assembled := 0
	handle := counting(&Function{config: config.Config{RulesPath: path}}, &assembled)
	if assembled != 0 {
		t.Error("it was assembled before the first call")
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := handle(context.Background(), ""); err != nil || got != 3 {
			t.Errorf("got %d, %v; want its 3 connections", got, err)
		}
	}
	if assembled != 1 {
		t.Errorf("it was assembled %d times by two calls", assembled)
	}
}

func TestAPackagedConfigurationThatDoesNotLoadFailsEveryCallAndSaysWhatToDo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("version: 99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, filepath.Join(t.TempDir(), "missing.yaml")} {
		assembled := 0
		handle := counting(&Function{config: config.Config{RulesPath: path}}, &assembled)
		for range 2 {
			_, err := handle(context.Background(), "")
			if err == nil || !strings.Contains(err.Error(), "packaged with this function does not load; deploy the function again") ||
				!strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%s: got %v", filepath.Base(path), err)
			}
		}
		if assembled != 0 {
			t.Error("it was assembled all the same")
		}
	}
}

// TestAFunctionWithTablesThatOpensNoneDoesNotStart: it would panic at its first call.
func TestAFunctionWithTablesThatOpensNoneDoesNotStart(t *testing.T) {
	require(t, config.Poller)
	if _, err := Open(config.Poller, nil); err == nil || !strings.Contains(err.Error(), "function poller has tables") {
		t.Errorf("got %v", err)
	}
}

// openAllocsMax is about a quarter over what opening a function's clients took here in 2026-12.
const openAllocsMax = 100

// TestOpeningAFunctionAllocatesLittle holds the part of a cold start that is ours and no package's initialisation, by a count.
func TestOpeningAFunctionAllocatesLittle(t *testing.T) {
	for _, f := range []config.Function{config.Webhook, config.Writer} {
		require(t, f)
		allocs := testing.AllocsPerRun(10, func() {
			if _, err := Open(f, func(Client, map[store.Table]string) (store.Store, error) { return nil, nil }); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %.0f allocations, at most %d", f, allocs, openAllocsMax)
		if allocs > openAllocsMax {
			t.Errorf("%s opens with %.0f allocations, at most %d", f, allocs, openAllocsMax)
		}
	}
}

// require sets the environment that a function requires.
func require(t *testing.T, f config.Function) {
	t.Helper()
	values := map[string]string{config.EnvQueueNames: `{"changes-hubspot":"q"}`, config.EnvQueuesAt: "https://sqs.us-east-1.amazonaws.com/1/",
		config.EnvSecretARNs: `{"hubspot":"arn"}`}
	for _, name := range config.Environment(f) {
		value := values[name]
		if value == "" {
			value = "none"
		}
		t.Setenv(name, value)
	}
}
