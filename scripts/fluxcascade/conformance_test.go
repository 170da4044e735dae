package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
)

func TestConformanceIsReported(t *testing.T) {
	var text bytes.Buffer
	if err := runConformance(&text, conformanceOptions{only: "jobber", asJSON: true}); err != nil {
		t.Fatal(err)
	}
	var report conformance
	if err := json.Unmarshal(text.Bytes(), &report); err != nil || len(report.Connectors) != 1 {
		t.Fatalf("%v: %s", err, text.String())
	}
	c := report.Connectors[0]
	if told := len(c.Passed) + len(c.Unable); told != len(report.Rules) || len(c.Failed) > 0 || len(c.Unable) == 0 {
		t.Errorf("of %d rules %d passed, %d are declared unable; failed: %v", len(report.Rules), len(c.Passed), len(c.Unable), c.Failed)
	}
	c.Failed = []platformtest.Result{{Rule: c.Passed[0], Reason: "the reason"}}
	report.Connectors[0] = c
	text.Reset()
	printConformance(&text, report)
	for _, want := range []string{"1 failed", "FAILED  " + c.Passed[0] + "\n          the reason", "unable  " + c.Unable[0].Rule + ": "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, text.String())
		}
	}
	if err := runConformance(&text, conformanceOptions{only: "nowhere"}); err == nil || !strings.Contains(err.Error(), "there are hubspot") {
		t.Errorf("a platform that is none: %v", err)
	}
}

func TestForgeryIsReported(t *testing.T) {
	var text bytes.Buffer
	if err := runForge(&text, forgeOptions{cases: 500, seed: 7}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hubspot", "jobber", "pipedrive", "quickbooks", "xero"} {
		if !strings.Contains(text.String(), name) {
			t.Errorf("nothing is told of %s:\n%s", name, text.String())
		}
	}
	if n := strings.Count(text.String(), " 0 of 500 accepted"); n < 5 {
		t.Errorf("%d platforms accepted none:\n%s", n, text.String())
	}
}
