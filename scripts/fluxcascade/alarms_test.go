package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// said finds the commands that the words of an alarm say: up to where a sentence goes on.
var said = regexp.MustCompile(`fluxcascade --stack FluxCascade-test ((?:[a-z]+)(?: [a-z-]+)*?)(?: --again)?` +
	`(?:[.;:,]| shows| tells| says| and| it | which|$)`)

// alarmWords gives the description of each alarm of the templates that infra pins.
func alarmWords(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, file := range []string{"sync.golden", "salesforce.golden"} {
		text, err := os.ReadFile("../../infra/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			id, value, ok := strings.Cut(line, ".AlarmDescription ")
			if !ok {
				continue
			}
			var words string
			if err := json.Unmarshal([]byte(value), &words); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			out[file+" "+id] = words
		}
	}
	if len(out) < 50 {
		t.Fatalf("got %d alarms, which are too few to be all", len(out))
	}
	return out
}

// TestEveryCommandThatAnAlarmSaysIsThere: whoever is woken copies it from the mail.
func TestEveryCommandThatAnAlarmSaysIsThere(t *testing.T) {
	for id, words := range alarmWords(t) {
		found := said.FindAllStringSubmatch(words, -1)
		if n := strings.Count(words, "fluxcascade --stack"); len(found) != n || n == 0 {
			t.Errorf("%s says %d commands, of which this test reads %d: %s", id, n, len(found), words)
		}
		for _, m := range found {
			args := append([]string{"--stack", "FluxCascade-test"}, strings.Fields(m[1])...)
			if strings.Contains(words, m[1]+" --again") {
				args = append(args, "--again")
			}
			cmd, rest, err := root().Find(args)
			if err != nil || !cmd.Runnable() {
				t.Errorf("%s: there is no command %v: %v", id, args, err)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %v does not parse: %v", id, args, err)
			}
			if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
				t.Errorf("%s: %v: %v", id, args, err)
			}
		}
	}
}
