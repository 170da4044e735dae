package onaws

import (
	"encoding/json"
	"io"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// namespace is where the metrics are in CloudWatch.
const namespace = "FluxCascade"

// CountWebhooks writes each webhook request as a metric in CloudWatch's embedded format, by platform and result, so
// that forged, malformed and oversized ones are counted without a call. Format:
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
func CountWebhooks(out io.Writer, now func() time.Time) func(p record.Platform, result string, hints int) {
	return func(p record.Platform, result string, hints int) {
		line, err := json.Marshal(map[string]any{
			"_aws": map[string]any{"Timestamp": now().UnixMilli(), "CloudWatchMetrics": []any{map[string]any{"Namespace": namespace,
				"Dimensions": [][]string{{"platform", "result"}},
				"Metrics":    []any{map[string]string{"Name": "webhooks", "Unit": "Count"}, map[string]string{"Name": "hints", "Unit": "Count"}}}}},
			"platform": p, "result": result, "webhooks": 1, "hints": hints,
		})
		if err == nil {
			_, _ = out.Write(append(line, '\n'))
		}
	}
}
