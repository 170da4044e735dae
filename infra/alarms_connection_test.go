package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// watched checks that each connection has the alarms it should, and that their words name it and a command to run.
func watched(t *testing.T, tpl template, d config.Deployment) {
	commands := map[string]string{config.MetricUnauthorised: "connect ", config.MetricBreaker: "release ", config.MetricLag: "status",
		config.MetricDrift: "check", "silence": "status"}
	got := map[record.Connection][]string{}
	for _, id := range tpl.of(t, "AWS::CloudWatch::Alarm") {
		r := tpl.Resources[id]
		if r.at("Namespace") != config.MetricNamespace {
			continue
		}
		name, words := fmt.Sprint(r.at("MetricName")), fmt.Sprint(r.at("AlarmDescription"))
		stack, connection := dimension(r, config.DimensionStack), record.Connection(dimension(r, config.DimensionConnection))
		if stack != "FluxCascade-test" {
			t.Errorf("%s watches the stack %q", id, stack)
		}
		if connection == "" {
			continue // of a platform's webhooks
		}
		got[connection] = append(got[connection], name)
		if r.at("Statistic") == "SampleCount" {
			name = "silence"
		}
		if command := commands[name]; command != "" && !strings.Contains(words, "fluxcascade --stack FluxCascade-test "+command) ||
			!strings.Contains(words, string(connection)) {
			t.Errorf("%s says %q", id, words)
		}
	}
	for _, c := range d.Connections {
		want := []string{config.MetricBreaker, config.MetricDrift, config.MetricLag, config.MetricRateLimited, config.MetricUnauthorised,
			config.MetricUnauthorised} // it is over; no poll has told that it is not
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(got[c.Name]))); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
	}
	for _, p := range d.Webhooks {
		missing := slices.ContainsFunc(tpl.of(t, "AWS::CloudWatch::Alarm"), func(id string) bool {
			text := compact(tpl.Resources[id].at("Metrics"))
			return strings.Contains(text, "FILL(hints, 0) == 0") && strings.Contains(text, `"Value":"`+string(p)+`"`)
		})
		if !missing {
			t.Errorf("nothing tells that the webhooks of %s are missing", p)
		}
	}
}

func dimension(r resource, name string) string {
	list, _ := r.at("Dimensions").([]any)
	for _, one := range list {
		if pair := one.(map[string]any); pair["Name"] == name {
			return fmt.Sprint(pair["Value"])
		}
	}
	return ""
}

// widget is what these tests read of a dashboard's body.
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Markdown string
		Alarms   []string
		Metrics  [][]any
		Query    string
	}
}

// identifier finds the ids that an expression uses: small letters first; functions are in capitals.
var identifier = regexp.MustCompile(`\b[a-z][A-Za-z0-9_]*\b`)

// exponent finds a number that is written with one.
var exponent = regexp.MustCompile(`[0-9]e[-+]?[0-9]`)

func dashboards(t *testing.T, tpl template, d config.Deployment) {
	bodies := tpl.of(t, "AWS::CloudWatch::Dashboard")
	if len(bodies) != len(d.Groups) {
		t.Fatalf("%d dashboards for %d groups", len(bodies), len(d.Groups))
	}
	for _, g := range d.Groups {
		shown := map[string]bool{}
		for _, id := range bodies {
			var body struct{ Widgets []widget }
			text := flat(tpl.Resources[id].at("DashboardBody"), func(id string) string { return id })
			if err := json.Unmarshal([]byte(text), &body); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			if !strings.HasPrefix(body.Widgets[0].Properties.Markdown, "# "+string(g.Name)+"\n") {
				continue
			}
			for i, w := range body.Widgets {
				if w.X+w.Width > wide || w.Width == 0 || w.Height == 0 {
					t.Errorf("%s: widget %d is at %d and %d wide, of %d", id, i, w.X, w.Width, wide)
				}
				showsMetrics(t, w, shown)
			}
		}
		for _, c := range g.Members {
			for _, m := range config.Metrics() {
				if m.Dimensions[1] == config.DimensionConnection && !shown[m.Name+" "+string(c)] {
					t.Errorf("the dashboard of %s does not show %s of %s", g.Name, m.Name, c)
				}
			}
		}
	}
}

// showsMetrics notes the metrics of ours that a widget names, and checks that expressions use what the widget defines.
func showsMetrics(t *testing.T, w widget, shown map[string]bool) {
	defined, used := map[string]bool{}, map[string]bool{}
	for _, m := range w.Properties.Metrics {
		options, _ := m[len(m)-1].(map[string]any)
		if id, ok := options["id"].(string); ok {
			defined[id] = true
		}
		if expression, ok := options["expression"].(string); ok {
			for _, id := range identifier.FindAllString(expression, -1) {
				used[id] = true
			}
			if exponent.MatchString(expression) {
				t.Errorf("an expression has a number with an exponent, which CloudWatch takes for an id: %s", expression)
			}
		}
		if m[0] == config.MetricNamespace {
			if i := slices.Index(m, any(config.DimensionConnection)); i > 0 {
				shown[fmt.Sprint(m[1])+" "+fmt.Sprint(m[i+1])] = true
			}
		}
	}
	if _, filtered, ok := strings.Cut(w.Properties.Query, "connection in ["); ok {
		members, stats, _ := strings.Cut(filtered, "]")
		for _, m := range config.Metrics() {
			if !regexp.MustCompile(`\(` + m.Name + `\)`).MatchString(stats) {
				continue
			}
			for _, c := range strings.Split(members, ", ") {
				shown[m.Name+" "+strings.Trim(c, "'")] = true
			}
		}
	}
	for id := range used {
		if !defined[id] {
			t.Errorf("an expression uses %s, which its widget does not define; it defines %v", id, defined)
		}
	}
}

func budgeted(t *testing.T, tpl template, _ config.Deployment) {
	topic := tpl.of(t, "AWS::SNS::Topic")[0]
	for _, id := range tpl.of(t, "AWS::Budgets::Budget") {
		r := tpl.Resources[id]
		told, _ := r.at("NotificationsWithSubscribers").([]any)
		if len(told) != 2 || !strings.Contains(compact(told), topic) || number(r.at("Budget", "BudgetLimit", "Amount")) != budgetDefault ||
			compact(r.at("Budget", "CostFilters")) != `{"TagKeyValue":["user:fluxcascade:stack$FluxCascade-test"]}` {
			t.Errorf("%s: %s", id, compact(r.Properties))
		}
	}
	publishers := ""
	for id := range tpl.Resources {
		if tpl.Resources[id].Type == "AWS::SNS::TopicPolicy" {
			publishers += compact(tpl.Resources[id].Properties)
		}
	}
	if !strings.Contains(publishers, "budgets.amazonaws.com") || !strings.Contains(publishers, "cloudwatch.amazonaws.com") {
		t.Errorf("the topic is published to by %s", publishers)
	}
}
