package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// shownAddress is the address that connect shows, alone on its line.
var shownAddress = regexp.MustCompile(`^  (https?://\S+)$`)

// Ports that systems give to outgoing connections begin at 32768 (Linux) or 49152 (IANA, RFC 6335 section 6): one below stays
// free between our look and its use.
const portMin, portMax = 20_000, 32_000

// freePort gives a port of this machine that nothing listens at.
func freePort(t *testing.T) string {
	t.Helper()
	for range portMax - portMin {
		port := strconv.Itoa(portMin + rand.IntN(portMax-portMin))
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// command runs a subcommand to its end in dir, with nobody at the terminal but a browser that opens what is shown.
func command(t *testing.T, dir, name string, args ...string) (out string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		all.WriteString(lines.Text() + "\n")
		if m := shownAddress.FindStringSubmatch(lines.Text()); m != nil {
			response, err := http.Get(m[1])
			if err != nil {
				t.Errorf("the browser: %v", err)
				continue
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", args, err)
	}
	return all.String() + errs.String(), cmd.ProcessState.ExitCode()
}

// TestFromNothingToAgreement goes the way of a person, by the command line alone: init, edit nothing, connect each, check,
// serve, activate; then what was in HubSpot is in Jobber and QuickBooks too.
func TestFromNothingToAgreement(t *testing.T) {
	name, dir := program(t), t.TempDir()
	sims := map[string]platformsim.Simulator{}
	var secrets []string
	for _, p := range []record.Platform{"hubspot", "jobber", "quickbooks"} {
		sim, err := runner.Simulator(p, platformsim.Options{Now: time.Now, Seed: 11})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		sims[string(p)] = sim
		a := runner.Serve(sim, server.URL)
		app, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "app-"+string(p)+".json"), app, 0o600); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, a.ClientSecret, a.WebhookSecret)
	}
	people := []record.Fields{{"email": "ana@example.com", "firstname": "Ana", "lastname": "Silva"},
		{"email": "ben@example.com", "firstname": "Ben", "lastname": "Okafor"}}
	for _, fields := range people {
		if _, err := sims["hubspot"].Create("contacts", fields); err != nil {
			t.Fatal(err)
		}
	}
	succeed := func(args ...string) string {
		t.Helper()
		out, status := command(t, dir, name, args...)
		if status != 0 {
			t.Fatalf("%v: status %d\n%s", args, status, out)
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(out, secret) {
				t.Errorf("%v prints a secret", args)
			}
		}
		return out
	}
	succeed("init", "--hub", "hubspot", "--spokes", "jobber,quickbooks")
	succeed("lint", "--config", "sync.yaml")
	for _, p := range []string{"hubspot", "jobber", "quickbooks"} {
		out := succeed("connect", p, "--config", "sync.yaml", "--data", "data", "--app", "app-"+p+".json", "--redirect", "http://localhost:"+
			freePort(t)+"/connect")
		if !strings.Contains(out, p+" is connected.") {
			t.Errorf("connect %s says:\n%s", p, out)
		}
	}
	if out, status := command(t, dir, name, "connect", "jobber", "--config", "sync.yaml", "--data", "data"); status == 0 ||
		!strings.Contains(out, "--again") {
		t.Errorf("connecting twice: status %d\n%s", status, out)
	}
	for _, file := range []string{"data", "data/secrets.json", "data/state.db"} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, mode %v: others can read it", file, err, info.Mode())
		}
	}
	if out, status := command(t, dir, name, "check", "--config", "sync.yaml", "--data", "data"); status != 1 ||
		!strings.Contains(out, `write one of: "1" (Services)`) {
		t.Errorf("check of a draft that decides nothing about money: status %d\n%s", status, out)
	}
	decide(t, filepath.Join(dir, "sync.yaml"))
	succeed("check", "--config", "sync.yaml", "--data", "data")
	// from the accounts' own fields
	succeed("init", "--hub", "hubspot", "--spokes", "jobber,quickbooks", "--config", "again.yaml", "--data", "data")
	succeed("lint", "--config", "again.yaml")

	var log bytes.Buffer
	serve := exec.Command(name, "serve", "--config", "sync.yaml", "--data", "data", "--listen", "127.0.0.1:"+freePort(t))
	serve.Dir, serve.Stderr = dir, &log
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	until(t, &log, ended, "serve answers operators", func() bool {
		_, err := os.Stat(filepath.Join(dir, "data", "control.sock"))
		return err == nil
	})
	succeed("activate", "--data", "data", "--yes")
	// What became due while the first loads ran is sent by the next sweep, which the drafted schedule has within minutes; a
	// person who does not wait has it at once.
	swept := time.Time{}
	until(t, &log, ended, "every contact is in Jobber and QuickBooks", func() bool {
		if time.Since(swept) > 5*time.Second {
			for _, p := range []string{"jobber", "quickbooks"} {
				succeed("pause", p, "--data", "data")
				succeed("resume", p, "--data", "data")
			}
			swept = time.Now()
		}
		return emails(sims["jobber"], "clients", "emails[primary].address") == 2 &&
			emails(sims["quickbooks"], "customers", "PrimaryEmailAddr.Address") == 2
	})
	// While it runs, through its socket.
	succeed("connect", "jobber", "--data", "data", "--again", "--redirect", "http://localhost:"+freePort(t)+"/connect")
	succeed("check", "--data", "data")
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ended
	for _, secret := range secrets {
		if secret != "" && strings.Contains(log.String(), secret) {
			t.Error("serve logs a secret")
		}
	}
	succeed("disconnect", "quickbooks", "--data", "data", "--now")
	if out, status := command(t, dir, name, "check", "--data", "data", "--json"); status != 1 ||
		!strings.Contains(out, "it was disconnected on") {
		t.Errorf("after disconnecting check says, status %d:\n%s", status, out)
	}
}

func emails(sim platformsim.Simulator, object record.Object, field record.PlatformField) int {
	n := 0
	for _, id := range sim.IDs(object) {
		if fields, _, ok := sim.Record(object, id); ok && slices.Contains([]string{"ana@example.com", "ben@example.com"}, fields[field]) {
			n++
		}
	}
	return n
}

// until waits until something holds, or the program ends. It sets no limit of its own: how long this takes is the machine's, and
// go test has one.
func until(t *testing.T, log *bytes.Buffer, ended chan error, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case err := <-ended:
			t.Fatalf("ended before %s: %v\n%s", what, err, log.String())
		case <-tick.C:
		}
	}
}

// decide writes into a draft what a person chooses of the lists that check shows.
func decide(t *testing.T, path string) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	for field, value := range map[string]string{`"Line[0].ItemRef"`: `"1"`, `"Line[0].TaxCodeRef"`: "NON",
		"GlobalTaxCalculation": "leave_out", "SalesTermRef": `"3"`,
		"CurrencyRef": "USD"} {
		text = strings.Replace(text, "{spoke: "+field+", value: choose}", "{spoke: "+field+", value: "+value+"}", 1)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
