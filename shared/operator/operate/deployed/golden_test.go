package deployed_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/deployed"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// golden gives the template that infra pins, as CloudFormation would answer it, and its logical ids.
func golden(t *testing.T) (string, []string) {
	t.Helper()
	text, err := os.ReadFile("../../../../infra/testdata/sync.golden")
	if err != nil {
		t.Fatal(err)
	}
	type resource struct {
		Type       string
		Properties map[string]json.RawMessage
	}
	resources, outputs := map[string]*resource{}, map[string]json.RawMessage{}
	var ids []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		head, rest, _ := strings.Cut(line, " ")
		if head == "output" {
			name, value, _ := strings.Cut(rest, " ")
			outputs[name] = json.RawMessage(value)
			continue
		}
		id, property, isProperty := strings.Cut(head, ".")
		if resources[id] == nil {
			resources[id] = &resource{Properties: map[string]json.RawMessage{}}
			ids = append(ids, id)
		}
		if isProperty {
			resources[id].Properties[property] = json.RawMessage(rest)
		} else {
			resources[id].Type, _, _ = strings.Cut(rest, " ")
		}
	}
	body, err := json.Marshal(map[string]any{"Resources": resources, "Outputs": outputs})
	if err != nil {
		t.Fatal(err)
	}
	return string(body), ids
}

// pinned answers for the stack of the golden template; a resource's physical id is its logical one with a mark.
type pinned struct {
	*account
	ids []string
}

func (p pinned) ListStackResources(
	context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options),
) (*cloudformation.ListStackResourcesOutput, error) {
	out := &cloudformation.ListStackResourcesOutput{}
	for _, id := range p.ids {
		out.StackResourceSummaries = append(out.StackResourceSummaries, cloudtypes.StackResourceSummary{LogicalResourceId: aws.String(id),
			PhysicalResourceId: aws.String("the-" + id)})
	}
	return out, nil
}

// TestTheStackThatInfraMakesIsFoundWhole holds tags and outputs of infra together with what operators look for.
func TestTheStackThatInfraMakesIsFoundWhole(t *testing.T) {
	ctx := context.Background()
	rules, err := config.LoadRules("../../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, ids := golden(t)
	a := &account{template: text, secrets: map[string]string{}}
	target, err := deployed.Find(ctx, "FluxCascade-test", deployed.Clients{CloudFormation: pinned{a, ids}, Lambda: a, Secrets: a,
		DynamoDB: &a.Client, SQS: queues{}, HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rules.Connections {
		for _, kind := range record.QueueKinds() {
			name := record.QueueOf(kind, c.Name)
			live, err := target.Queue().Depth(ctx, name)
			dead, errDead := target.Queue().Depth(ctx, name.Dead())
			if err != nil || errDead != nil || live.Total() == 0 || dead.Total() == 0 {
				t.Errorf("%s: %v; its dead letters: %v", name, err, errDead)
			}
		}
		if err := target.SaveApp(ctx, &ruleset.Connection{Name: c.Name, Platform: c.Platform}, platform.App{ClientID: "i"}); err != nil {
			t.Errorf("app of %s: %v", c.Name, err)
		}
	}
	if len(a.secrets) != len(rules.Connections) {
		t.Errorf("%d apps have a secret of their own, want %d: %v", len(a.secrets), len(rules.Connections), a.secrets)
	}
	for _, f := range []config.Function{config.Poller, config.Sweeper} {
		if started, err := target.Start(ctx, f, lambdaio.Scheduled{Connection: "jobber"}); err != nil || !started {
			t.Errorf("start %s: %v, %v", f, started, err)
		}
	}
	if _, err := target.MatchSecret(ctx); err != nil {
		t.Errorf("the match secret is not found: %v", err)
	}
}
