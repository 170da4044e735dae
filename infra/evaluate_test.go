package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// series is what CloudWatch was told: values by metric and minute. A metric is its namespace, name and dimensions.
type series map[string][]point

type point struct {
	at    time.Time
	value float64
}

func metricKey(namespace, name string, dimensions map[string]string) string {
	var parts []string
	for k, v := range dimensions {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return namespace + "|" + name + "|" + strings.Join(parts, ",")
}

func (s series) put(namespace, name string, dimensions map[string]string, at time.Time, value float64) {
	key := metricKey(namespace, name, dimensions)
	s[key] = append(s[key], point{at, value})
}

// read takes lines of the embedded metric format, as CloudWatch does of a function's log.
func (s series) read(t *testing.T, text string) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var fields map[string]any
		if line == "" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("a line of metrics does not parse: %v: %s", err, line)
		}
		raw, err := json.Marshal(fields["_aws"])
		if err != nil {
			t.Fatal(err)
		}
		var aws struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		}
		if err := json.Unmarshal(raw, &aws); err != nil {
			t.Fatal(err)
		}
		for _, directive := range aws.CloudWatchMetrics {
			for _, set := range directive.Dimensions {
				dimensions := map[string]string{}
				for _, d := range set {
					dimensions[d] = fmt.Sprint(fields[d])
				}
				for _, m := range directive.Metrics {
					values, ok := fields[m.Name].([]any)
					if !ok {
						values = []any{fields[m.Name]}
					}
					for _, v := range values {
						s.put(directive.Namespace, m.Name, dimensions, time.UnixMilli(aws.Timestamp).UTC(), v.(float64))
					}
				}
			}
		}
	}
}

// of gives a metric's statistic over the period that begins at a time; false for no data.
func (s series) of(key, statistic string, begin time.Time, period time.Duration) (float64, bool) {
	var values []float64
	for _, p := range s[key] {
		if !p.at.Before(begin) && p.at.Before(begin.Add(period)) {
			values = append(values, p.value)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	switch statistic {
	case "Sum":
		total := 0.0
		for _, v := range values {
			total += v
		}
		return total, true
	case "Maximum":
		return values[len(values)-1], true
	case "SampleCount":
		return float64(len(values)), true
	case "p95":
		return values[int(math.Ceil(0.95*float64(len(values))))-1], true
	}
	panic("this evaluator knows no statistic " + statistic)
}

// watch is an alarm as CloudWatch evaluates it.
type watch struct {
	id                string
	period            time.Duration
	value             func(s series, begin time.Time) (float64, bool)
	threshold         float64
	below             bool
	evaluated, needed int
	missing           string
}

// watchOf reads an alarm of a template. What it does not know fails the test, so that nothing is taken for watched that is not
// understood.
func watchOf(t *testing.T, tpl template, id string) watch {
	t.Helper()
	r := tpl.Resources[id]
	w := watch{id: id, threshold: number(r.at("Threshold")), evaluated: int(number(r.at("EvaluationPeriods"))),
		missing: fmt.Sprint(r.at("TreatMissingData"))}
	w.needed = w.evaluated
	if n := number(r.at("DatapointsToAlarm")); n > 0 {
		w.needed = int(n)
	}
	switch r.at("ComparisonOperator") {
	case "GreaterThanOrEqualToThreshold":
	case "LessThanThreshold":
		w.below = true
	default:
		t.Fatalf("%s compares by %v, which this evaluator does not know", id, r.at("ComparisonOperator"))
	}
	if list, ok := r.at("Metrics").([]any); ok {
		w.period, w.value = mathOf(t, id, list)
	} else {
		key := metricKey(fmt.Sprint(r.at("Namespace")), fmt.Sprint(r.at("MetricName")), dimensionsOf(r.at("Dimensions")))
		statistic := fmt.Sprint(r.at("Statistic"))
		if extended := r.at("ExtendedStatistic"); extended != nil {
			statistic = fmt.Sprint(extended)
		}
		w.period = time.Duration(number(r.at("Period"))) * time.Second
		w.value = func(s series, begin time.Time) (float64, bool) { return s.of(key, statistic, begin, w.period) }
	}
	// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html, read 2026-12.
	if span := w.period * time.Duration(w.evaluated); span > 7*24*time.Hour || span > 24*time.Hour && w.period < time.Hour {
		t.Errorf("%s looks back %v, more than CloudWatch does", id, span)
	}
	return w
}

// dimensionsOf reads dimensions; one that names a resource is that resource's logical id.
func dimensionsOf(v any) map[string]string {
	out := map[string]string{}
	list, _ := v.([]any)
	for _, one := range list {
		pair := one.(map[string]any)
		value := fmt.Sprint(pair["Value"])
		if id := target(pair["Value"]); id != "" {
			value = id
		} else if _, ok := pair["Value"].(string); !ok {
			value = compact(pair["Value"])
		}
		out[fmt.Sprint(pair["Name"])] = value
	}
	return out
}

// mathOf reads the metrics of an alarm on an expression.
func mathOf(t *testing.T, id string, list []any) (time.Duration, func(series, time.Time) (float64, bool)) {
	t.Helper()
	type source struct {
		key, statistic string
		period         time.Duration
	}
	sources, expression := map[string]source{}, ""
	var period time.Duration
	for _, one := range list {
		m := resource{Properties: one.(map[string]any)}
		if text, ok := m.at("Expression").(string); ok {
			expression = text
			continue
		}
		period = time.Duration(number(m.at("MetricStat", "Period"))) * time.Second
		sources[fmt.Sprint(m.at("Id"))] = source{metricKey(fmt.Sprint(m.at("MetricStat", "Metric", "Namespace")),
			fmt.Sprint(m.at("MetricStat", "Metric", "MetricName")), dimensionsOf(m.at("MetricStat", "Metric", "Dimensions"))),
			fmt.Sprint(m.at("MetricStat", "Stat")), period}
	}
	return period, func(s series, begin time.Time) (float64, bool) {
		p := parser{text: tokenised(expression), value: func(name string) (float64, bool) {
			src, ok := sources[name]
			if !ok {
				t.Fatalf("%s: the expression %q uses %s, which is no metric of it", id, expression, name)
			}
			return s.of(src.key, src.statistic, begin, src.period)
		}}
		v, ok := p.or()
		if p.at != len(p.text) {
			t.Fatalf("%s: %q is not understood from %v on", id, expression, p.text[p.at:])
		}
		return v, ok
	}
}

// rings reports whether the alarm is on after any of its periods between two times, as CloudWatch would say: of the last
// `evaluated` periods, `needed` must be beyond the threshold; data that are missing count as the alarm says.
func (w watch) rings(s series, from, to time.Time) bool {
	on := false
	step := min(w.period, time.Hour) // a day's period ends at any hour: CloudWatch judges it more often than daily
	for end := from.Truncate(step); !end.After(to); end = end.Add(step) {
		beyond, present := 0, 0
		for i := 1; i <= w.evaluated; i++ {
			v, ok := w.value(s, end.Add(-time.Duration(i)*w.period))
			switch {
			case ok:
				present++
				if (v < w.threshold) == w.below {
					beyond++
				}
			case w.missing == "breaching":
				beyond++
			}
		}
		if w.missing == "ignore" && present == 0 {
			continue // it stays as it was
		}
		on = beyond >= w.needed
		if on && !end.Before(from) {
			return true
		}
	}
	return false
}

// parser evaluates the part of CloudWatch's metric math that the template uses: + - * /, comparisons, AND, OR, IF, FILL
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, read 2026-12). A value is false where
// there is no data.
type parser struct {
	text  []string
	at    int
	value func(string) (float64, bool)
}

func tokenised(text string) []string {
	for _, op := range []string{"(", ")", ",", ">=", "==", "+", "*", "/"} {
		text = strings.ReplaceAll(text, op, " "+op+" ")
	}
	return strings.Fields(text)
}

func (p *parser) peek() string {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return ""
}

func (p *parser) take(want string) bool {
	if p.peek() == want {
		p.at++
		return true
	}
	return false
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (p *parser) or() (float64, bool) {
	a, ok := p.and()
	for p.take("OR") {
		b, okB := p.and()
		a, ok = truth(a != 0 || b != 0), ok && okB
	}
	return a, ok
}

func (p *parser) and() (float64, bool) {
	a, ok := p.compare()
	for p.take("AND") {
		b, okB := p.compare()
		a, ok = truth(a != 0 && b != 0), ok && okB
	}
	return a, ok
}

func (p *parser) compare() (float64, bool) {
	a, ok := p.sum()
	switch {
	case p.take(">="):
		b, okB := p.sum()
		return truth(a >= b), ok && okB
	case p.take("=="):
		b, okB := p.sum()
		return truth(a == b), ok && okB
	}
	return a, ok
}

func (p *parser) sum() (float64, bool) {
	a, ok := p.factor()
	for {
		switch {
		case p.take("+"):
			b, okB := p.factor()
			a, ok = a+b, ok && okB
		case p.take("-"):
			b, okB := p.factor()
			a, ok = a-b, ok && okB
		default:
			return a, ok
		}
	}
}

func (p *parser) factor() (float64, bool) {
	if p.take("(") {
		v, ok := p.or()
		p.take(")")
		return v, ok
	}
	word := p.peek()
	p.at++
	var literal float64
	if _, err := fmt.Sscanf(word, "%g", &literal); err == nil {
		return literal, true
	}
	if !p.take("(") {
		return p.value(word)
	}
	var values []float64
	var has []bool
	for {
		v, ok := p.or()
		values, has = append(values, v), append(has, ok)
		if !p.take(",") {
			break
		}
	}
	p.take(")")
	switch {
	case word == "FILL" && len(values) == 2:
		if !has[0] {
			return values[1], true
		}
		return values[0], true
	case word == "IF" && len(values) == 3:
		if values[0] != 0 {
			return values[1], has[0] && has[1]
		}
		return values[2], has[0] && has[2]
	}
	panic("this evaluator knows no " + word + " of metric math")
}

func TestTheEvaluatorFollowsCloudWatch(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	key := metricKey("N", "m", nil)
	told := func(values ...float64) series {
		s := series{}
		for i, v := range values {
			if v >= 0 { // a value below tells of no data
				s.put("N", "m", nil, at.Add(time.Duration(i)*time.Hour), v)
			}
		}
		return s
	}
	value := func(s series, begin time.Time) (float64, bool) { return s.of(key, "Sum", begin, time.Hour) }
	for _, c := range []struct {
		name string
		w    watch
		s    series
		want bool
	}{
		{"three of three", watch{threshold: 1, evaluated: 3, needed: 3, missing: "notBreaching"}, told(1, 1, 1), true},
		{"two of three where three are needed", watch{threshold: 1, evaluated: 3, needed: 3, missing: "notBreaching"}, told(1, -1, 1), false},
		{"two of three where two are", watch{threshold: 1, evaluated: 3, needed: 2, missing: "notBreaching"}, told(1, -1, 1), true},
		{"silence that tells", watch{threshold: 1, below: true, evaluated: 2, needed: 2, missing: "breaching"}, told(1, -1, -1), true},
		{"one hour of silence", watch{threshold: 1, below: true, evaluated: 2, needed: 2, missing: "breaching"}, told(1, -1, 1), false},
		{"silence that changes nothing", watch{threshold: 1, evaluated: 1, needed: 1, missing: "ignore"}, told(0, -1, -1), false},
	} {
		c.w.period, c.w.value = time.Hour, value
		if got := c.w.rings(c.s, at.Add(time.Hour), at.Add(3*time.Hour)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	values := map[string]float64{"a": 12, "b": 3}
	for expression, want := range map[string]float64{"IF(FILL(a, 0) + FILL(none, 0) >= 10 AND FILL(none, 0) == 0, 1, 0)": 1,
		"IF(FILL(b, 0) >= 10 AND FILL(none, 0) == 0, 1, 0)": 0, "FILL(a, 0) - FILL(b, 0)": 9, "a - none": -1} {
		p := parser{text: tokenised(expression), value: func(name string) (float64, bool) { v, ok := values[name]; return v, ok }}
		got, ok := p.or()
		if ok && got != want || !ok && want != -1 {
			t.Errorf("%s: got %v, %v; want %v", expression, got, ok, want)
		}
	}
}
