package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/doctor"
	"github.com/fluxcascade/fluxcascade/shared/proof/awsfake"
)

// operatorsMachine answers as AWS over TLS, with a certificate that AWS_CA_BUNDLE alone makes trusted.
func operatorsMachine(t *testing.T, a *awsfake.Account) {
	t.Helper()
	server := httptest.NewUnstartedServer(a)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	home := t.TempDir()
	for name, value := range awsfake.Environment(server.URL, home) {
		t.Setenv(name, value)
	}
	bundle := filepath.Join(home, "bundle.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
}

func newAccount() *awsfake.Account {
	return &awsfake.Account{Number: "123456789012", Region: "eu-west-1", Concurrency: 10, Unreserved: 10,
		Stacks: map[string]awsfake.Stack{"CDKToolkit": {Outputs: map[string]string{"BootstrapVersion": "29"}},
			"FluxCascade-prod": {Template: "{}", Tags: map[string]string{"fluxcascade:stack": "FluxCascade-prod"}}}}
}

func exitOf(err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	return 0
}

func TestDoctorTellsAndExitsByWhatItFound(t *testing.T) {
	a := newAccount()
	operatorsMachine(t, a)
	command := func(args ...string) (string, string, int) {
		cmd := exec.Command(program(t), args...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		return out.String(), errs.String(), exitOf(err)
	}
	out, _, exit := command("doctor", "--json", "--config", "../../infra/sync.yaml")
	var report doctor.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || exit != 1 || report.Problems() == 0 {
		t.Errorf("a new account: exit %d, %v, %s; want 1 and a problem", exit, err, out)
	}
	if out, _, exit := command("doctor", "--config", "../../infra/sync.yaml"); exit != 1 || !strings.Contains(out,
		"problem  lambda concurrency") ||
		!strings.Contains(out, "ask for 18") {
		t.Errorf("a new account: exit %d, %s", exit, out)
	}
	a.Concurrency, a.Unreserved, a.Hears = 1000, 1000, []string{"arn:aws:sns:x"}
	if out, errs, exit := command("doctor", "--stack", "FluxCascade-prod", "--region", "eu-west-1"); exit != 0 {
		t.Errorf("a sound account: exit %d, %s%s; want 0", exit, out, errs)
	}
	if _, errs, exit := command("doctor", "--config", "none.yaml"); exit != 2 || !strings.Contains(errs, "none.yaml") {
		t.Errorf("no such file: exit %d, %s; want 2", exit, errs)
	}
	// The commands that need the stack itself say where they looked for it.
	if _, errs, exit := command("status", "--stack", "FluxCascade-pord"); exit != 2 ||
		!strings.Contains(errs, "no such stack in region eu-west-1 of account 123456789012") || !strings.Contains(errs, "FluxCascade-prod") {
		t.Errorf("a misspelt stack: exit %d, %s; want 2 and where it looked", exit, errs)
	}
}

func TestActivateTellsWhatTheAccountLacks(t *testing.T) {
	operatorsMachine(t, newAccount())
	cmd := &cobra.Command{}
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetContext(context.Background())
	if err := tellHealth(cmd, &targetFlags{stack: "FluxCascade-prod"}); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 || strings.Contains(errs.String(), "ok ") || !strings.Contains(errs.String(), "lambda concurrency") {
		t.Errorf("got output %q and %q; want what is not ok, on the error output", out.String(), errs.String())
	}
	errs.Reset()
	if err := tellHealth(cmd, &targetFlags{data: "folder"}); err != nil || errs.Len() != 0 {
		t.Errorf("a folder: %v, %q", err, errs.String())
	}
}
