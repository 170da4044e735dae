package guide_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/guide"
)

// alarmLine is an alarm in a template that infra pins: its logical id, without what CDK adds to it.
var alarmLine = regexp.MustCompile(`(?m)^([A-Za-z0-9]+)[0-9A-F]{8} AWS::CloudWatch::Alarm$`)

// TestTheRunbookHasAnEntryForEachAlarm, and none for an alarm that is not there.
func TestTheRunbookHasAnEntryForEachAlarm(t *testing.T) {
	topic, err := guide.Find("operate")
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, line := range strings.Split(topic.Text, "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			entries = append(entries, name)
		}
	}
	used := map[string]bool{}
	for _, file := range []string{"sync.golden", "salesforce.golden"} {
		text, err := os.ReadFile("../../../infra/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		alarms := alarmLine.FindAllStringSubmatch(string(text), -1)
		if len(alarms) == 0 {
			t.Fatalf("%s has no alarm", file)
		}
		for _, alarm := range alarms {
			// The longest: ServerErrors ends in Errors too.
			entry := ""
			for _, name := range entries {
				if strings.HasSuffix(alarm[1], name) && len(name) > len(entry) {
					entry = name
				}
			}
			if entry == "" {
				t.Errorf("the guide operate has no entry for %s (%s): add one", alarm[1], file)
			}
			used[entry] = true
		}
	}
	for _, name := range entries {
		if !used[name] {
			t.Errorf("the guide operate has an entry for %s, and there is no such alarm", name)
		}
	}
	if n := strings.Count(topic.Text, "\n"); n > 100 {
		t.Errorf("the guide operate has %d lines; a person who is woken reads 100", n)
	}
}
