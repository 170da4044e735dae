// Package onaws assembles a system over AWS: clients built from Options, since loading the SDK's default configuration
// costs a function a third of its start; tables, queues and secrets by the names that the environment gives.
package onaws

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fluxcascade/fluxcascade/shared/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/boot"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/meter"
	"github.com/fluxcascade/fluxcascade/shared/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
	"github.com/fluxcascade/fluxcascade/shared/store/dynamostore"
)

// secretLife is how long a read app secret is used before it is read again, so that a rotated one is picked up.
const secretLife = 5 * time.Minute

// System assembles a function's system from its environment.
func System(ctx context.Context, f config.Function) (*boot.System, config.Config, error) {
	c, err := config.Parse(f, os.Getenv)
	if err != nil {
		return nil, c, err
	}
	rules, err := config.LoadRules(c.RulesPath)
	if err != nil {
		return nil, c, err
	}
	region := os.Getenv("AWS_REGION")
	transport := awsclient.HTTP{Client: &http.Client{Timeout: 20 * time.Second}}
	secrets := &secretReader{client: secretsmanager.New(secretsmanager.Options{Region: region, Credentials: fromEnvironment(), HTTPClient: transport}), arns: c.SecretARNs, now: time.Now}
	if c.MatchSecretARN != "" {
		if rules.MatchSecret, err = secrets.read(ctx, c.MatchSecretARN); err != nil {
			return nil, c, err
		}
	}
	s := &boot.System{Rules: rules, Now: time.Now, PublicURL: c.PublicURL, App: secrets.of(rules),
		Queue: sqsqueue.New(sqs.New(sqs.Options{Region: region, Credentials: fromEnvironment(), HTTPClient: transport}), c.QueueURLs)}
	if len(c.Tables) > 0 {
		s.Store, err = dynamostore.New(dynamostore.Settings{Client: dynamodb.New(dynamodb.Options{Region: region, Credentials: fromEnvironment(), HTTPClient: transport}), Tables: everyTable(c.Tables)})
	}
	s.Meter = &meter.Meter{Stack: c.Stack, Function: string(f), Out: os.Stdout, Store: s.Store, Now: time.Now}
	return s, c, err
}

// everyTable fills in a name for tables that a function may not touch: IAM refuses it, and so would DynamoDB.
func everyTable(given map[store.Table]string) map[store.Table]string {
	names := map[store.Table]string{}
	for _, table := range store.Tables() {
		names[table] = "not-for-this-function"
		if name := given[table]; name != "" {
			names[table] = name
		}
	}
	return names
}

// fromEnvironment gives the credentials that Lambda puts into the environment of a running function; they are fixed
// for the life of its process.
func fromEnvironment() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment"}, nil
	})
}

// secretReader reads secrets when first needed, and again after a while.
type secretReader struct {
	client interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	}
	arns map[record.Platform]string
	now  func() time.Time

	mu   sync.Mutex
	apps map[record.Platform]kept
}

type kept struct {
	app boot.App
	at  time.Time
}

func (r *secretReader) read(ctx context.Context, arn string) ([]byte, error) {
	out, err := r.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		return nil, awsclient.Classify("read secret", err)
	}
	return []byte(aws.ToString(out.SecretString)), nil
}

// of gives the app of a connection's platform. A secret of the wrong shape is fault.Unauthorized: the connection pauses
// and alarms, and nothing is lost.
func (r *secretReader) of(rules *ruleset.Rules) func(context.Context, record.Connection) (boot.App, error) {
	return func(ctx context.Context, c record.Connection) (boot.App, error) {
		declared, ok := rules.Connection(c)
		if !ok {
			return boot.App{}, fmt.Errorf("connection %s is not configured", c)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if k, ok := r.apps[declared.Platform]; ok && r.now().Sub(k.at) < secretLife {
			return k.app, nil
		}
		raw, err := r.read(ctx, r.arns[declared.Platform])
		if err != nil {
			return boot.App{}, err
		}
		var app boot.App
		if err := json.Unmarshal(raw, &app); err != nil || app.ClientID == "" {
			return boot.App{}, fault.Newf(fault.Unauthorized, "app secret of "+string(declared.Platform), "not the JSON it should be: client_id, client_secret, webhook_secret")
		}
		if r.apps == nil {
			r.apps = map[record.Platform]kept{}
		}
		r.apps[declared.Platform] = kept{app: app, at: r.now()}
		return app, nil
	}
}
