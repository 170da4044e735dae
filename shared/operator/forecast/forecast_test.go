package forecast_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/operator/forecast"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func load(t *testing.T, name, old, now string) *ruleset.Rules {
	t.Helper()
	body, err := os.ReadFile("../../../infra/" + name)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := ruleset.Load(name, []byte(strings.Replace(string(body), old, now, 1)), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestAHundredThousandContactsTakeWhatTheLimitsAllow holds the forecast to the figures of the limits: reading alone.
func TestAHundredThousandContactsTakeWhatTheLimitsAllow(t *testing.T) {
	rules := load(t, "sync.yaml", "", "")
	for i := range rules.Connections {
		rules.Connections[i].Reserve = 0
	}
	records, err := forecast.Parse(rules, []string{"hubspot=100,000", "jobber=100000", "quickbooks=100000"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		cost        int
		least, most time.Duration
	}{
		"hubspot":    {1000, 2 * time.Minute, 3 * time.Minute},         // 1,000 pages at 7 a second
		"jobber":     {2_000_000, 90 * time.Minute, 100 * time.Minute}, // 20 points a record at 350 a second
		"quickbooks": {100, 0, time.Minute},
	}
	lines := forecast.FirstLoads(rules, catalog.All(), records)
	if len(lines) != len(want) {
		t.Fatalf("got %d lines: %v", len(lines), lines)
	}
	for _, line := range lines {
		w := want[string(line.Connection)]
		if line.Cost != w.cost || line.Takes < w.least || line.Takes > w.most || line.Made != 0 || line.Refused != "" {
			t.Errorf("%s: got %+v, want a cost of %d and %s to %s", line.Connection, line, w.cost, w.least, w.most)
		}
	}
}

func TestWhatIsMadeIsGuessedFromWhatTheOtherSideHasMore(t *testing.T) {
	rules := load(t, "sync.yaml", "", "")
	records, err := forecast.Parse(rules, []string{"hubspot=100000", "quickbooks=40000"})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range forecast.FirstLoads(rules, catalog.All(), records) {
		switch line.Connection {
		case "quickbooks":
			// The items of a batch count singly: 60,000 of them and 40 pages, at 315 a minute of 500.
			if line.Made != 60_000 || line.Limit != "minute" || line.Cost != 60_040 || line.Takes < 185*time.Minute || line.Takes > 195*time.Minute {
				t.Errorf("got %+v", line)
			}
		case "jobber":
			if line.Read != 0 || line.Made != 100_000 {
				t.Errorf("nothing is known of Jobber, so all may have to be made there: got %+v", line)
			}
		}
	}
}

func TestWhatDoesNotFitInADayIsRefusedWithWhatToDo(t *testing.T) {
	rules := load(t, "sync.six.yaml", "", "")
	var pipedrive string
	for _, c := range rules.Connections {
		if c.Platform == "pipedrive" {
			pipedrive = string(c.Name)
		}
	}
	refused := func(rules *ruleset.Rules) string {
		records, err := forecast.Parse(rules, []string{"hubspot=100000", pipedrive + "=100000"})
		if err != nil {
			t.Fatal(err)
		}
		records[mustPlace(t, rules, pipedrive)] = 20_000 // 80,000 must be made, at 5 tokens each
		for _, line := range forecast.FirstLoads(rules, catalog.All(), records) {
			if string(line.Connection) == pipedrive {
				return line.Refused
			}
		}
		return "no line"
	}
	if got := refused(rules); !strings.Contains(got, "day_limit") || !strings.Contains(got, "days") {
		t.Errorf("got %q, want it refused, with what to do", got)
	}
	for i := range rules.Connections {
		if rules.Connections[i].Platform == "pipedrive" {
			rules.Connections[i].DayLimit = 2_000_000
		}
	}
	if got := refused(rules); got != "" {
		t.Errorf("with a plan that allows it: got %q", got)
	}
}

func mustPlace(t *testing.T, rules *ruleset.Rules, connection string) (out record.Place) {
	t.Helper()
	records, err := forecast.Parse(rules, []string{connection + "=1"})
	if err != nil {
		t.Fatal(err)
	}
	for place := range records {
		out = place
	}
	return out
}

func TestWhatIsNoNumberOfRecordsIsRefused(t *testing.T) {
	rules := load(t, "sync.yaml", "", "")
	for _, spec := range []string{"hubspot", "hubspot=many", "hubspot=-1", "nobody=5", "hubspot/invoices=5"} {
		if _, err := forecast.Parse(rules, []string{spec}); err == nil {
			t.Errorf("%s: got no error", spec)
		}
	}
}
