// Package deployed is the operator's hold on a deployed stack. It finds everything from the stack itself: the template
// says by our tags what each resource is for, CloudFormation its physical name; nothing has a name to guess. It uses the
// operator's own credentials, which no function has.
package deployed

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// packageBytesMax bounds a downloaded function: Lambda takes 50 MB zipped (docs.aws.amazon.com/lambda/latest/dg/
// gettingstarted-limits.html, 2026), and ours have a limit of 6 MB.
const packageBytesMax = 50 << 20

// Clients are what a target calls; the SDK's clients are some.
type Clients struct {
	CloudFormation interface {
		cloudformation.ListStackResourcesAPIClient
		cloudformation.DescribeStacksAPIClient
		GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput,
			error)
	}
	Lambda interface {
		GetFunction(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error)
		Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	}
	Secrets interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (
			*secretsmanager.GetSecretValueOutput, error)
		PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (
			*secretsmanager.PutSecretValueOutput, error)
	}
	DynamoDB dynamostore.Client
	SQS      sqsqueue.Client
	// HTTP downloads a function's package from where Lambda says it is.
	HTTP awsclient.Doer
	// Where says which account and region are asked, for errors; nil where nobody needs to know.
	Where func(context.Context) string
}

// Target is a deployed stack.
type Target struct {
	stack   string
	clients Clients
	parts   *parts
	store   store.Store
	queue   queue.Queue
}

var _ operate.Target = (*Target)(nil)

// Open finds a stack in an operator's account.
func Open(ctx context.Context, stack string, a *awsaccount.Account) (*Target, error) {
	return Find(ctx, stack, ClientsOf(a))
}

// ClientsOf makes the clients of an operator's account. It calls nothing.
func ClientsOf(a *awsaccount.Account) Clients {
	c := a.Config
	return Clients{CloudFormation: cloudformation.NewFromConfig(c), Lambda: lambda.NewFromConfig(c), Secrets: secretsmanager.NewFromConfig(c),
		DynamoDB: dynamodb.NewFromConfig(c), SQS: sqs.NewFromConfig(c), HTTP: a.HTTP(), Where: a.Where}
}

// Find finds a stack. Errors: there is none, it is none of ours, or these credentials may not look.
func Find(ctx context.Context, stack string, clients Clients) (*Target, error) {
	parts, err := findParts(ctx, stack, clients)
	if err != nil {
		return nil, fmt.Errorf("look at stack %s: %w", stack, err)
	}
	st, err := dynamostore.New(dynamostore.Settings{Client: clients.DynamoDB, Tables: parts.tables})
	if err != nil {
		return nil, fmt.Errorf("look at stack %s: %w", stack, err)
	}
	return &Target{stack: stack, clients: clients, parts: parts, store: st, queue: sqsqueue.New(clients.SQS, parts.queues)}, nil
}

// Name implements operate.Target.
func (t *Target) Name() string { return "stack " + t.stack }

// Flags implements operate.Target.
func (t *Target) Flags() string { return "--stack " + t.stack }

// Store implements operate.Target.
func (t *Target) Store() store.Store { return t.store }

// Now implements operate.Target.
func (t *Target) Now() time.Time { return time.Now() }

// Queue implements operate.Target.
func (t *Target) Queue() queue.Queue { return t.queue }

// PublicURL implements operate.Target.
func (t *Target) PublicURL() string { return t.parts.publicURL }

// Close implements operate.Target.
func (t *Target) Close() error { return nil }

// Start implements operate.Target. Lambda queues the call.
func (t *Target) Start(ctx context.Context, f config.Function, in lambdaio.Scheduled) (bool, error) {
	name, ok := t.parts.functions[f]
	if !ok {
		return false, fmt.Errorf("stack %s has no function %s", t.stack, f)
	}
	input, err := json.Marshal(in)
	if err != nil {
		return false, err
	}
	_, err = t.clients.Lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(name), InvocationType: lambdatypes.InvocationTypeEvent,
		Payload: input})
	return err == nil, awsclient.Classify("start "+string(f), err)
}

// Candidate implements operate.Target: the file that is packaged beside the poller, so that it is what these very queues
// and schedules were made for.
func (t *Target) Candidate(ctx context.Context) (activation.Text, error) {
	answer, err := t.clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(t.parts.functions[config.Poller])})
	if err != nil {
		return activation.Text{}, awsclient.Classify("look at the poller", err)
	}
	if answer.Code == nil || answer.Configuration == nil || answer.Configuration.Environment == nil {
		return activation.Text{}, fault.Newf(fault.Gone, "read the candidate", "Lambda tells no package of the poller")
	}
	name := path.Base(answer.Configuration.Environment.Variables[config.EnvConfig])
	body, err := t.download(ctx, aws.ToString(answer.Code.Location), name)
	return activation.Text{Name: name, Body: body}, err
}

// download gives one file of a zip archive at a URL. The URL holds a signature, so no error quotes it.
func (t *Target) download(ctx context.Context, url, name string) ([]byte, error) {
	op := "download the poller's package"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fault.Newf(fault.Rejected, op, "its address does not parse")
	}
	response, err := t.clients.HTTP.Do(request)
	if err != nil {
		return nil, fault.Newf(fault.Transient, op, "no answer (%T)", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fault.Newf(fault.Transient, op, "status %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, packageBytesMax))
	if err != nil {
		return nil, fault.Newf(fault.Transient, op, "cut off")
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fault.Newf(fault.Rejected, op, "it is no zip archive")
	}
	file, err := archive.Open(name)
	if err != nil {
		return nil, fault.Newf(fault.Gone, op, "it holds no %s", name)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, activation.TextBytesMax+1))
	if err != nil {
		return nil, fault.Newf(fault.Rejected, op, "its %s does not unpack", name)
	}
	return body, nil
}

// App implements operate.Target.
func (t *Target) App(ctx context.Context, c *ruleset.Connection) (platform.App, error) {
	var app platform.App
	raw, err := t.secret(ctx, t.parts.apps[c.Platform], "app secret of "+string(c.Platform))
	if err != nil {
		return app, err
	}
	if err := json.Unmarshal(raw, &app); err != nil { // the cause may quote it
		return app, fault.Newf(fault.Unauthorized, "app secret of "+string(c.Platform),
			"not the JSON it should be: client_id, client_secret, webhook_secret")
	}
	return app, nil
}

// SaveApp implements operate.Target.
func (t *Target) SaveApp(ctx context.Context, c *ruleset.Connection, app platform.App) error {
	arn, op := t.parts.apps[c.Platform], "app secret of "+string(c.Platform)
	if arn == "" {
		return fault.Newf(fault.Gone, op, "stack %s has none; deploy it with a configuration that uses the platform", t.stack)
	}
	text, err := json.Marshal(app)
	if err != nil {
		return err
	}
	_, err = t.clients.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: aws.String(arn),
		SecretString: aws.String(string(text))})
	return awsclient.Classify(op, err)
}

// MatchSecret implements operate.Target.
func (t *Target) MatchSecret(ctx context.Context) ([]byte, error) {
	return t.secret(ctx, t.parts.match, "match secret")
}

func (t *Target) secret(ctx context.Context, arn, op string) ([]byte, error) {
	if arn == "" {
		return nil, fault.Newf(fault.Gone, op, "stack %s has none", t.stack)
	}
	out, err := t.clients.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		return nil, awsclient.Classify(op, err)
	}
	return []byte(aws.ToString(out.SecretString)), nil
}
