package deployed_test

import (
	"archive/zip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/deployed"
	"github.com/fluxcascade/fluxcascade/shared/proof/awsfake"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// template is a stack's as cdk synthesises it, cut down to one connection and to what is read of it.
const template = `{
 "Resources": {
  "StateversionsA1": {"Type": "AWS::DynamoDB::Table", "Properties": {"Tags": [{"Key": "fluxcascade:table", "Value": "versions"},
    {"Key": "stage", "Value": "prod"}]}},
  "StatecrossB2": {"Type": "AWS::DynamoDB::Table", "Properties": {"Tags": [{"Key": "fluxcascade:table", "Value": "cross-reference"}]}},
  "StatecontrolC3": {"Type": "AWS::DynamoDB::Table", "Properties": {"Tags": [{"Key": "fluxcascade:table", "Value": "control"}]}},
  "QueueD4": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "fluxcascade:connection", "Value": "jobber"},
    {"Key": "fluxcascade:queue", "Value": "changes-jobber"}]}},
  "DeadE5": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "fluxcascade:queue", "Value": "changes-jobber-dead"}]}},
  "PollerF6": {"Type": "AWS::Lambda::Function", "Properties": {"Tags": [{"Key": "fluxcascade:function", "Value": "poller"}],
    "Environment": {"Variables": {"TABLE_CONTROL": {"Ref": "StatecontrolC3"}}}}},
  "ResolverG7": {"Type": "AWS::Lambda::Function", "Properties": {"Tags": [{"Key": "fluxcascade:function", "Value": "resolver"}],
    "Environment": {"Variables": {"MATCH_SECRET_ARN": {"Ref": "MatchH8"}}}}},
  "WriterI9": {"Type": "AWS::Lambda::Function", "Properties": {"Tags": [{"Key": "fluxcascade:connection", "Value": "jobber"},
    {"Key": "fluxcascade:function", "Value": "writer"}]}},
  "MatchH8": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Tags": [{"Key": "stage", "Value": "prod"}]}},
  "AppJ1": {"Type": "AWS::SecretsManager::Secret", "Properties": {}},
  "HttpK2": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Tags": {"project": "fluxcascade"}}}
 },
 "Outputs": {"AppSecretjobber": {"Value": {"Ref": "AppJ1"}}, "WebhookURLjobber": {"Value": {"Fn::Join": ["", []]}}}
}`

var physical = map[string]string{"StateversionsA1": "v", "StatecrossB2": "x", "StatecontrolC3": "c", "QueueD4": "https://sqs/changes",
	"DeadE5":   "https://sqs/dead",
	"PollerF6": "poller-physical", "ResolverG7": "resolver-physical", "WriterI9": "writer-physical", "MatchH8": "arn:match",
	"AppJ1": "arn:app"}

// account answers as AWS does for one stack.
type account struct {
	dynamodb.Client
	template string
	location string
	invoked  []string
	secrets  map[string]string
	asked    []string
}

func (a *account) GetTemplate(
	context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options),
) (*cloudformation.GetTemplateOutput, error) {
	return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(a.template)}, nil
}

// ListStackResources answers one resource a page.
func (a *account) ListStackResources(
	_ context.Context, in *cloudformation.ListStackResourcesInput, _ ...func(*cloudformation.Options),
) (*cloudformation.ListStackResourcesOutput, error) {
	names := []string{"StateversionsA1", "StatecrossB2", "StatecontrolC3", "QueueD4", "DeadE5", "PollerF6", "ResolverG7", "WriterI9",
		"MatchH8",
		"AppJ1"}
	i := len(aws.ToString(in.NextToken))
	out := &cloudformation.ListStackResourcesOutput{StackResourceSummaries: []cloudtypes.StackResourceSummary{
		{LogicalResourceId: aws.String(names[i]), PhysicalResourceId: aws.String(physical[names[i]])}}}
	if i+1 < len(names) {
		out.NextToken = aws.String(strings.Repeat("n", i+1))
	}
	return out, nil
}

func (a *account) DescribeStacks(
	context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options),
) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []cloudtypes.Stack{{Outputs: []cloudtypes.Output{
		{OutputKey: aws.String("AppSecretjobber"), OutputValue: aws.String("arn:app")},
		{OutputKey: aws.String("WebhookURLjobber"), OutputValue: aws.String("https://api.example.com/webhooks/jobber")}}}}}, nil
}

func (a *account) GetFunction(
	_ context.Context, in *lambda.GetFunctionInput, _ ...func(*lambda.Options),
) (*lambda.GetFunctionOutput, error) {
	a.asked = append(a.asked, aws.ToString(in.FunctionName))
	return &lambda.GetFunctionOutput{Code: &lambdatypes.FunctionCodeLocation{Location: aws.String(a.location)},
		Configuration: &lambdatypes.FunctionConfiguration{Environment: &lambdatypes.EnvironmentResponse{
			Variables: map[string]string{config.EnvConfig: "/var/task/sync.yaml"}}}}, nil
}

func (a *account) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	a.invoked = append(a.invoked, aws.ToString(in.FunctionName)+" "+string(in.InvocationType)+" "+string(in.Payload))
	return &lambda.InvokeOutput{StatusCode: 202}, nil
}

func (a *account) GetSecretValue(
	_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(a.secrets[aws.ToString(in.SecretId)])}, nil
}

func (a *account) PutSecretValue(
	_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options),
) (*secretsmanager.PutSecretValueOutput, error) {
	a.secrets[aws.ToString(in.SecretId)] = aws.ToString(in.SecretString)
	return &secretsmanager.PutSecretValueOutput{}, nil
}

// queues tells each queue's depth by the length of its URL, so that no two are alike.
type queues struct{ *sqs.Client }

func (queues) GetQueueAttributes(
	_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options),
) (*sqs.GetQueueAttributesOutput, error) {
	n := "1"
	if strings.HasSuffix(aws.ToString(in.QueueUrl), "dead") {
		n = "7"
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{string(sqstypes.QueueAttributeNameApproximateNumberOfMessages): n,
		string(sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed):    "0",
		string(sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible): "0"}}, nil
}

func find(t *testing.T, a *account, h *http.Client) (*deployed.Target, error) {
	t.Helper()
	return deployed.Find(context.Background(), "FluxCascade-prod", deployed.Clients{CloudFormation: a, Lambda: a, Secrets: a,
		DynamoDB: &a.Client, SQS: queues{}, HTTP: h})
}

func TestAStackIsFoundByWhatItsTemplateSays(t *testing.T) {
	ctx := context.Background()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		z := zip.NewWriter(w)
		for name, body := range map[string]string{"bootstrap": "binary", "sync.yaml": "version: 1\n"} {
			f, err := z.Create(name)
			if err != nil {
				t.Error(err)
			}
			_, _ = f.Write([]byte(body))
		}
		_ = z.Close()
	}))
	defer server.Close()
	a := &account{template: template, location: server.URL + "/package?signature=secret", secrets: map[string]string{"arn:match": "key",
		"arn:app": `{"client_id":"i","client_secret":"s"}`}}
	target, err := find(t, a, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	if got := target.PublicURL(); got != "https://api.example.com" {
		t.Errorf("public URL: got %s", got)
	}
	for name, want := range map[string]int{"changes-jobber": 1, "changes-jobber-dead": 7} {
		depth, err := target.Queue().Depth(ctx, queue.Name(name))
		if err != nil || depth.Total() != want {
			t.Errorf("depth of %s: got %d, %v; want %d", name, depth.Total(), err, want)
		}
	}
	if _, err := target.Queue().Depth(ctx, "changes-nobody"); !fault.Is(err, fault.Rejected) {
		t.Errorf("a queue that the stack lacks: got %v, want rejected", err)
	}
	text, err := target.Candidate(ctx)
	if err != nil || text.Name != "sync.yaml" || string(text.Body) != "version: 1\n" || a.asked[0] != "poller-physical" {
		t.Errorf("candidate: got %s %q, %v, asked %v", text.Name, text.Body, err, a.asked)
	}
	if started, err := target.Start(ctx, config.Poller, lambdaio.Scheduled{Connection: "jobber", Object: "clients"}); err != nil || !started ||
		a.invoked[0] != `poller-physical Event {"connection":"jobber","object":"clients"}` {
		t.Errorf("start: %v, %v, %v", started, err, a.invoked)
	}
	if secret, err := target.MatchSecret(ctx); err != nil || string(secret) != "key" {
		t.Errorf("match secret: %v", err)
	}
	jobber := &ruleset.Connection{Name: "jobber", Platform: "jobber"}
	if err := target.SaveApp(ctx, jobber, platform.App{ClientID: "i", ClientSecret: "rotated"}); err != nil {
		t.Fatal(err)
	}
	if app, err := target.App(ctx, jobber); err != nil || app.ClientSecret != "rotated" {
		t.Errorf("app after a rotation: %v", err)
	}
	if err := target.SaveApp(ctx, &ruleset.Connection{Name: "x", Platform: "xero"}, platform.App{}); !fault.Is(err, fault.Gone) {
		t.Errorf("an app that the stack has no secret for: got %v, want gone", err)
	}
}

// TestAMissingStackSaysWhereItWasLookedForAndWhatIsThere: over the wire, since CloudFormation's own text is only there.
func TestAMissingStackSaysWhereItWasLookedForAndWhatIsThere(t *testing.T) {
	fake := &awsfake.Account{Number: "123456789012", Region: "eu-west-1", Stacks: map[string]awsfake.Stack{
		"FluxCascade-dev": {Template: "{}", Tags: map[string]string{"fluxcascade:stack": "FluxCascade-dev"}}, "Other": {Template: "{}"}}}
	server := httptest.NewServer(fake)
	defer server.Close()
	for name, value := range awsfake.Environment(server.URL, t.TempDir()) {
		t.Setenv(name, value)
	}
	for _, c := range []struct {
		name, stack, region string
		refuse              map[string]awsfake.Refusal
		want                []string
	}{
		{"a stack that is not there", "FluxCascade-prod", "eu-west-1", nil, []string{"look at stack FluxCascade-prod: there is no such stack " +
			"in region eu-west-1 of account 123456789012", "These of FluxCascade are there: FluxCascade-dev.", "--region", "AWS_PROFILE"}},
		{"a region where it is not", "FluxCascade-dev", "us-east-1", nil, []string{"region us-east-1 of account 123456789012",
			"No stack of FluxCascade is there"}},
		{"a role that may not list", "FluxCascade-prod", "eu-west-1", map[string]awsfake.Refusal{
			"DescribeStacks": {Status: 403, Code: "AccessDenied", Message: "x"}}, []string{"may not list"}},
		{"a role that may not look", "FluxCascade-dev", "eu-west-1", map[string]awsfake.Refusal{
			"GetTemplate": {Status: 403, Code: "AccessDenied", Message: "x"}}, []string{"lacks the right cloudformation:GetTemplate"}},
		{"a stack of another program", "Other", "eu-west-1", nil, []string{"no stack of FluxCascade"}},
	} {
		fake.Refuse = c.refuse
		account, err := awsaccount.Open(context.Background(), awsaccount.Settings{Region: c.region})
		if err != nil {
			t.Fatal(err)
		}
		_, err = deployed.Open(context.Background(), c.stack, account)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want it to say %q", c.name, err, want)
			}
		}
	}
}

func TestAStackThatIsNoneOfOursIsRefused(t *testing.T) {
	for name, body := range map[string]string{"other resources": `{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{}}}}`,
		"YAML": "Resources:\n  A: {}\n"} {
		if _, err := find(t, &account{template: body}, http.DefaultClient); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestADownloadThatFailsNeverQuotesItsSignedAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "expired",
			http.StatusForbidden)
	}))
	a := &account{template: template, location: server.URL + "/package?X-Amz-Signature=topsecret"}
	target, err := find(t, a, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	for _, dead := range []bool{false, true} {
		if dead {
			server.Close()
		}
		if _, err := target.Candidate(context.Background()); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("server dead %v: got %v", dead, err)
		}
	}
}
