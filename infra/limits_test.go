package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits of AWS: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (2026).
const (
	environmentBytesMax  = 4096
	inlinePolicyBytesMax = 10240
	resourcesMax         = 500
	// queueBytes is the longest URL or ARN of a queue, in the longest region, under a name of queueNameBytes; otherBytes that
	// of anything else: a secret's ARN, which begins with 58 and ends with 20 letters that are not our id's.
	queueBytes, queueNameBytes, otherBytes = 134, 80, 118
)

// TestTheLargestStackFits deploys as many connections as are allowed, in one group, and measures what AWS limits.
func TestTheLargestStackFits(t *testing.T) {
	_, text := deploymentOf(t, exampleFile)
	tpl, _, _, err := synthesise(t, largest(), text)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d resources for %d connections", len(tpl.Resources), connectionsMax)
	if n := len(tpl.Resources); n > resourcesMax {
		t.Errorf("%d resources, CloudFormation takes %d", n, resourcesMax)
	}
	reference := func(id string) string {
		if tpl.Resources[id].Type == "AWS::SQS::Queue" {
			return strings.Repeat("q", queueBytes)
		}
		return strings.Repeat("r", otherBytes)
	}
	for _, id := range tpl.of(t, "AWS::Lambda::Function") {
		size := 0
		for name, value := range tpl.Resources[id].at("Environment", "Variables").(map[string]any) {
			size += len(name) + len(flat(value, reference))
		}
		if size > environmentBytesMax {
			t.Errorf("the environment of %s is %d bytes, Lambda takes %d", id, size, environmentBytesMax)
		}
	}
	for _, id := range tpl.of(t, "AWS::IAM::Policy") {
		// IAM counts no white space.
		if size := len(flat(tpl.Resources[id].at("PolicyDocument"), reference)); size > inlinePolicyBytesMax {
			t.Errorf("the policy %s is %d bytes, IAM takes %d a role", id, size, inlinePolicyBytesMax)
		}
	}
}

// largest is a deployment of the most connections, over six platforms.
func largest() config.Deployment {
	var d config.Deployment
	var names []record.Connection
	for i := range connectionsMax {
		names = append(names, record.Connection(fmt.Sprintf("connection-%02d", i)))
	}
	for i := range 6 {
		d.Platforms = append(d.Platforms, record.Platform(fmt.Sprintf("platform%d", i)))
	}
	d.Webhooks = d.Platforms
	for i, name := range names {
		d.Connections = append(d.Connections, config.Deployed{Name: name, Platform: d.Platforms[i%len(d.Platforms)], Peers: names})
		d.Schedules = append(d.Schedules, config.Schedule{Function: config.Sweeper, Connection: name, Every: time.Hour})
		for _, object := range []record.Object{"people", "deals", "work"} {
			d.Schedules = append(d.Schedules, config.Schedule{Function: config.Poller, Connection: name, Object: object, Every: time.Hour},
				config.Schedule{Function: config.Poller, Connection: name, Object: object, Every: 24 * time.Hour, Reconcile: true})
		}
	}
	return d
}

// flat renders a value as CloudFormation would, with a text for every reference to a resource.
func flat(v any, reference func(id string) string) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, quoted(one, reference))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		if part, ok := v["Fn::GetAtt"].([]any); ok && part[1] == "QueueName" {
			return reference(target(v))[:min(queueNameBytes, len(reference(target(v))))]
		}
		if target(v) != "" {
			return reference(target(v))
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, one := range join[1].([]any) {
				parts = append(parts, flat(one, reference))
			}
			return strings.Join(parts, fmt.Sprint(join[0]))
		}
		var parts []string
		for key, one := range v {
			parts = append(parts, `"`+key+`":`+quoted(one, reference))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(v)
}

func quoted(v any, reference func(id string) string) string {
	text := flat(v, reference)
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return text
	}
	return `"` + text + `"`
}
