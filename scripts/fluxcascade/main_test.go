package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// asProgram makes the test's own binary the command: it is that already, and need not be linked again.
const asProgram = "FLUXCASCADE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	_ = os.Setenv(asProgram, "1") // for every child
	os.Exit(m.Run())
}

// program gives the command's path.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
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

// once is one embedded run to its end, for the tests that look at its figures.
var once struct {
	sync.Once
	figures figures
	ran     bool
}

func embeddedFigures(t *testing.T) figures {
	t.Helper()
	once.Do(func() {
		f, errs, err := run(t, program(t), "local", "--once", "--json")
		if err != nil {
			t.Fatalf("%v\n%s", err, errs)
		}
		once.figures, once.ran = f, true
	})
	if !once.ran {
		t.Skip("the embedded run failed in the test that made it")
	}
	return once.figures
}

func TestOnceTellsEveryFigureAndConverges(t *testing.T) {
	f := embeddedFigures(t)
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
	if effort.IsQuick() {
		t.Skip("SKIPPED ALOUD: the stack is not synthesised in a quick run")
	}
	wired, errs, err := run(t, program(t), "local", "--once", "--json", "--wire")
	if err != nil && (strings.Contains(errs, "not installed") || strings.Contains(errs, "without Node")) {
		t.Skipf("SKIPPED ALOUD: %s", errs)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, errs)
	}
	embedded := embeddedFigures(t)
	if *wired.Writes != *embedded.Writes || !*wired.Converged || *wired.Duplicates != 0 {
		t.Errorf("over the wire %d writes, converged %v, %d duplicates; embedded %d writes", *wired.Writes, *wired.Converged, *wired.Duplicates,
			*embedded.Writes)
	}
}

// TestKilledAtAnyMomentNothingIsLostOrDoubled kills the program when it has made so many files or so much state, not
// after so much time, and runs it again to the end.
func TestKilledAtAnyMomentNothingIsLostOrDoubled(t *testing.T) {
	name := program(t)
	sizes := []int64{0, 40 << 10, 100 << 10}
	if effort.IsLong() {
		sizes = []int64{0, 20 << 10, 40 << 10, 55 << 10, 70 << 10, 85 << 10, 100 << 10, 120 << 10, 140 << 10}
	}
	for _, size := range sizes {
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
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for { // a program that does neither is ended by go test's own limit: how long this takes is the machine's
		select {
		case err := <-ended:
			ended <- err
			return
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
