package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program builds the command once for a test.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fluxcascade")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

type figures struct {
	Changes      *int  `json:"changes"`
	Writes       *int  `json:"writes"`
	Noops        *int  `json:"noops"`
	Parked       *int  `json:"parked"`
	DeadLettered *int  `json:"dead_lettered"`
	Duplicates   *int  `json:"duplicates"`
	Converged    *bool `json:"converged"`
	Connections  map[string]struct {
		Records  *int `json:"records"`
		Requests *int `json:"requests"`
	} `json:"connections"`
}

func run(t *testing.T, name string, args ...string) (figures, string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var f figures
	if err == nil {
		if jsonErr := json.Unmarshal(out.Bytes(), &f); jsonErr != nil {
			t.Fatalf("%v prints no JSON object: %v\n%s", args, jsonErr, out.String())
		}
	}
	return f, errs.String(), err
}

func TestOnceTellsEveryFigureAndConverges(t *testing.T) {
	f, errs, err := run(t, program(t), "local", "--once", "--json")
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	if f.Changes == nil || f.Writes == nil || f.Noops == nil || f.Parked == nil || f.DeadLettered == nil || f.Duplicates == nil ||
		f.Converged == nil || !*f.Converged || *f.Duplicates != 0 {
		t.Errorf("got %+v", f)
	}
	for _, name := range []string{"hubspot", "jobber", "quickbooks"} {
		if c := f.Connections[name]; c.Records == nil || c.Requests == nil || *c.Records == 0 || *c.Requests == 0 {
			t.Errorf("%s: got %+v", name, c)
		}
	}
}

// TestTheWireGivesTheSameFigures runs over DynamoDB Local and an SQS server.
func TestTheWireGivesTheSameFigures(t *testing.T) {
	name := program(t)
	embedded, errs, err := run(t, name, "local", "--once", "--json")
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	wired, errs, err := run(t, name, "local", "--once", "--json", "--wire")
	if err != nil && (strings.Contains(errs, "not installed") || strings.Contains(errs, "without Node")) {
		t.Skipf("SKIPPED ALOUD: %s", errs)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	if *wired.Writes != *embedded.Writes || !*wired.Converged || *wired.Duplicates != 0 {
		t.Errorf("over the wire %d writes, converged %v, %d duplicates; embedded %d writes", *wired.Writes, *wired.Converged, *wired.Duplicates,
			*embedded.Writes)
	}
}

// TestKilledAtAnyMomentNothingIsLostOrDoubled kills the program when it has made so many files or so much state, not
// after so much time, and runs it again to the end.
func TestKilledAtAnyMomentNothingIsLostOrDoubled(t *testing.T) {
	name := program(t)
	for _, size := range []int64{0, 40 << 10, 70 << 10, 100 << 10, 140 << 10} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		cmd := exec.CommandContext(ctx, name, "local", "--data", dir, "--faults", "--once", "--quiet")
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		await(t, dir, size, ended)
		cancel() // SIGKILL
		<-ended
		f, errs, err := run(t, name, "local", "--data", dir, "--once", "--json")
		if err != nil {
			t.Fatalf("killed at %d bytes of state: %v\n%s", size, err, errs)
		}
		if f.Converged == nil || !*f.Converged || *f.Duplicates != 0 {
			t.Errorf("killed at %d bytes of state: got %+v", size, f)
		}
	}
}

// await waits until the simulators' kept state has grown to a size, or the program ended by itself.
func await(t *testing.T, dir string, size int64, ended chan error) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			return
		case <-deadline:
			t.Fatal("the program neither grows its state nor ends")
		case <-tick.C:
		}
		var total int64
		files, _ := filepath.Glob(filepath.Join(dir, "simulator-*.json"))
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				total += info.Size()
			}
		}
		_, seeded := os.Stat(filepath.Join(dir, "seeded"))
		if seeded == nil && total >= size {
			return
		}
	}
}

func TestABadConfigurationIsToldWithItsPlaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.yaml")
	text, err := os.ReadFile("../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(text), "owner: quickbooks", "owner: quikbooks", 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, err := run(t, program(t), "lint", "--config", path)
	if err == nil || !strings.Contains(errs, "bad.yaml:") || !strings.Contains(errs, "quickbooks") {
		t.Errorf("got %v: %s", err, errs)
	}
}
