package meter

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// unknown is the connection of what could not be read: a dimension is never empty.
const unknown = "unknown"

// declared gives what package config says of a metric.
func declared(name string) config.Metric {
	all := config.Metrics()
	return all[slices.IndexFunc(all, func(m config.Metric) bool { return m.Name == name })]
}

// write writes one line for each key. Format:
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html, 2026.
func (m *Meter) write(lines map[lineKey]*line) {
	if m.Out == nil {
		return
	}
	for _, k := range slices.SortedFunc(maps.Keys(lines), lineKey.order) {
		l := lines[k]
		m.writeLine(k, l, l.lags[:min(len(l.lags), valuesMax)], true)
		for begin := valuesMax; begin < len(l.lags); begin += valuesMax {
			m.writeLine(k, l, l.lags[begin:min(begin+valuesMax, len(l.lags))], false)
		}
	}
}

// writeLine writes one line: the durations given and, on the first of several, everything else.
func (m *Meter) writeLine(k lineKey, l *line, lags []int64, first bool) {
	type metric struct{ Name, Unit string }
	fields := map[string]any{config.DimensionStack: m.Stack, "function": m.Function}
	var metrics []metric
	if len(lags) > 0 {
		metrics = append(metrics, metric{config.MetricLag, declared(config.MetricLag).Unit})
		fields[config.MetricLag] = lags
	}
	dimensions := declared(config.MetricLag).Dimensions
	if first {
		for _, name := range slices.Sorted(maps.Keys(l.counts)) {
			d := declared(name)
			fields[name], dimensions = l.counts[name], d.Dimensions
			if !d.Logged {
				metrics = append(metrics, metric{name, d.Unit})
			}
		}
		if len(l.did) > 0 {
			fields["did"] = l.did
		}
		if l.more > 0 {
			fields["more"] = l.more
		}
	}
	values := map[string]string{config.DimensionConnection: string(k.connection), config.DimensionGroup: string(k.group),
		config.DimensionPlatform: string(k.platform), config.DimensionResult: k.result}
	for _, d := range dimensions {
		if d == config.DimensionStack {
			continue
		}
		fields[d] = values[d]
		if values[d] == "" {
			fields[d] = unknown
		}
	}
	if len(metrics) > 0 {
		fields["_aws"] = map[string]any{"Timestamp": m.Now().UnixMilli(),
			"CloudWatchMetrics": []any{map[string]any{"Namespace": config.MetricNamespace,
				"Dimensions": [][]string{dimensions}, "Metrics": metrics}}}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic("a line of metrics does not marshal: " + err.Error()) // it holds names and numbers alone
	}
	_, _ = m.Out.Write(append(text, '\n'))
}
