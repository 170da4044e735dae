package syncsio

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

const (
	// callTimeout bounds one call of AWS.
	callTimeout = 20 * time.Second
	// idleConnections are kept to each service: as many connections as a stack takes are looked at side by side, and a
	// handshake costs more than what it is for.
	idleConnections = 8
)

// client makes the HTTP client of the function's calls.
func client() awsclient.HTTP {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	return awsclient.HTTP{Client: &http.Client{Timeout: callTimeout, Transport: transport}}
}

// Open assembles, from its environment, the system that a function looks at. It calls nothing. It is apart from package
// onaws, which links every connector: what draws a page calls no platform.
func Open(f config.Function) (System, config.Config, error) {
	c, err := config.Parse(f, os.Getenv)
	if err != nil {
		return System{}, c, err
	}
	transport := client()
	region := os.Getenv("AWS_REGION")
	tables := map[store.Table]string{}
	for _, table := range store.Tables() {
		tables[table] = "not-for-this-function" // IAM refuses it, and so would DynamoDB
		if name := c.Tables[table]; name != "" {
			tables[table] = name
		}
	}
	s, err := dynamostore.New(dynamostore.Settings{Client: dynamodb.New(dynamodb.Options{Region: region, Credentials: fromEnvironment(),
		HTTPClient: transport}), Tables: tables})
	if err != nil {
		return System{}, c, err
	}
	return System{Stack: c.Stack, Store: s, Now: time.Now, Rules: running(s, c.RulesPath),
			Queue: sqsqueue.NewCounter(sqs.New(sqs.Options{Region: region, Credentials: fromEnvironment(), HTTPClient: transport}), c.QueueURLs)}, c,
		nil
}

// running gives the active configuration; while none is active, the one beside the bootstrap, and false.
// Errors: fault.Transient; a text that does not load.
func running(s store.Store, packaged string) func(context.Context) (*ruleset.Rules, bool, error) {
	return func(ctx context.Context) (*ruleset.Rules, bool, error) {
		version, err := activation.Active(ctx, s)
		if err != nil {
			return nil, false, err
		}
		if version.Number == 0 {
			rules, err := config.LoadRules(packaged)
			return rules, false, err
		}
		text, err := activation.TextOf(ctx, s, version.Number)
		if err != nil {
			return nil, false, err
		}
		rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
		if err != nil {
			return nil, false, fmt.Errorf("configuration %d, which is active, does not load in this function: %w", version.Number, err)
		}
		rules.Version = version.Number
		return rules, true, nil
	}
}

// fromEnvironment gives the credentials that Lambda puts into the environment of a running function.
func fromEnvironment() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment"}, nil
	})
}
