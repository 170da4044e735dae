package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/*.golden from the templates as they are")

// TestTheTemplatesAreTheGoldenOnes shows every change of what is deployed in the review that makes it. To renew them, and
// say in the commit why:
//
//	go test ./infra -run Golden -update
func TestTheTemplatesAreTheGoldenOnes(t *testing.T) {
	for _, file := range []string{exampleFile, relayedFile} {
		golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(file), ".yaml")+".golden")
		got := normalised(stackOf(t, file).template)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s is not what is deployed; if that is meant, run go test ./infra -run Golden -update:\n%s", golden, diff)
		}
	}
}

// assetHash is the hash of a function's package, which changes with every line of any function.
var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// normalised gives a template a line for each property of each resource, sorted, without what is of no meaning: hashes of
// packages, the metadata that the CDK adds.
func normalised(tpl template) string {
	var lines []string
	for id, r := range tpl.Resources {
		if r.Type == "AWS::CDK::Metadata" {
			continue
		}
		head := id + " " + r.Type
		if r.DeletionPolicy != "" {
			head += " " + r.DeletionPolicy
		}
		lines = append(lines, head)
		for name, value := range r.Properties {
			lines = append(lines, fmt.Sprintf("%s.%s %s", id, name, assetHash.ReplaceAllString(compact(value), "HASH")))
		}
	}
	for id, value := range tpl.Outputs {
		lines = append(lines, fmt.Sprintf("output %s %s", id, compact(value)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// lintIgnored are rules of cfn-lint that do not hold here, each with its reason.
var lintIgnored = []struct{ rule, reason string }{
	{"W3005", "The CDK writes dependencies out that a reference implies already"},
}

// TestTheTemplatesPassTheLinter runs cfn-lint, which knows CloudFormation's own schemas, where it is installed.
func TestTheTemplatesPassTheLinter(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	linter, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("SKIPPED ALOUD: cfn-lint is not here:", err)
	}
	for _, file := range []string{exampleFile, relayedFile} {
		args := []string{"--regions", "us-east-1", "--ignore-checks"}
		for _, ignored := range lintIgnored {
			args = append(args, ignored.rule)
		}
		args = append(args, "--template", filepath.Join(stackOf(t, file).dir, "FluxCascade-test.template.json"))
		if out, err := exec.Command(linter, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}
