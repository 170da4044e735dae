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
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// secretLife is how long a read app secret is used before it is read again, so that a rotated one is picked up.
const secretLife = 5 * time.Minute

// Function is a function's clients and environment, from which its system is assembled.
type Function struct {
	config  config.Config
	secrets *secretReader
	queue   *sqsqueue.Queue
	store   store.Store // nil for a function without tables
	meter   *meter.Meter
}

// Client is what each of a function's clients is made of.
type Client struct {
	Region      string
	Credentials aws.CredentialsProvider
	HTTP        awsclient.HTTP
}

// Tables opens the store in tables of the given names; package ontables has the one there is. It calls nothing.
type Tables func(c Client, names map[store.Table]string) (store.Store, error)

// Open reads a function's environment and makes its clients. It calls nothing. tables is nil for a function without any,
// which then need not link their client.
func Open(f config.Function, tables Tables) (*Function, error) {
	c, err := config.Parse(f, os.Getenv)
	if err != nil {
		return nil, err
	}
	client := Client{Region: os.Getenv("AWS_REGION"), Credentials: fromEnvironment(),
		HTTP: awsclient.HTTP{Client: &http.Client{Timeout: 20 * time.Second}}}
	fn := &Function{config: c,
		secrets: &secretReader{client: secretsmanager.New(secretsmanager.Options{Region: client.Region, Credentials: client.Credentials,
			HTTPClient: client.HTTP}), arns: c.SecretARNs, now: time.Now},
		queue: sqsqueue.New(sqs.New(sqs.Options{Region: client.Region, Credentials: client.Credentials, HTTPClient: client.HTTP}), c.QueueURLs)}
	if len(c.Tables) > 0 {
		if tables == nil {
			return nil, fmt.Errorf("function %s has tables, and its main opens none: give it ontables.Open", f)
		}
		if fn.store, err = tables(client, c.Tables); err != nil {
			return nil, err
		}
	}
	fn.meter = &meter.Meter{Stack: c.Stack, Function: string(f), Out: os.Stdout, Store: fn.store, Now: time.Now}
	return fn, nil
}

func (fn *Function) system(rules *ruleset.Rules) *boot.System {
	return &boot.System{Rules: rules, Now: time.Now, PublicURL: fn.config.PublicURL, App: fn.secrets.of(rules), Queue: fn.queue,
		Store: fn.store, Meter: fn.meter, Wait: platform.Wait}
}

// Packaged makes a handler that runs the configuration beside the bootstrap, active or not. It is for the webhook alone:
// that decides nothing, its queues and routes were made for that very file, and what it queues for a connection that is
// not active yet ends at the resolver. So it needs no table. The file is read at the first call, as Active's text is and
// for the same reason; one that does not load fails every call, and the platform sends again.
func Packaged[E, R any](fn *Function, assemble func(*boot.System) func(context.Context, E) (R, error)) func(context.Context, E) (R, error) {
	load := sync.OnceValues(func() (func(context.Context, E) (R, error), error) {
		rules, err := config.LoadRules(fn.config.RulesPath)
		if err != nil {
			return nil, fmt.Errorf("the configuration packaged with this function does not load; deploy the function again, from one that "+
				"`fluxcascade lint` passes: %w", err)
		}
		return assemble(fn.system(rules)), nil
	})
	return func(ctx context.Context, event E) (R, error) {
		handle, err := load()
		if err != nil {
			var none R
			return none, err
		}
		return handle(ctx, event)
	}
}

// Active makes a handler that runs the active configuration. It is read at the first call rather than at the start: an
// initialisation that fails is repeated by Lambda at once and again, where a call that fails leaves its messages queued.
func Active[E, R any](fn *Function, assemble func(*boot.System) func(context.Context, E) (R, error)) func(context.Context, E) (R, error) {
	return activation.Handler(&activation.Follower[func(context.Context, E) (R, error)]{Store: fn.store, Now: time.Now,
		Build: func(ctx context.Context, v activation.Version, text activation.Text) (func(context.Context, E) (R, error), error) {
			rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
			if err != nil {
				return nil, fmt.Errorf("configuration %d, which is active, does not load in this function; deploy the program that activated it, or "+
					"activate another: %w", v.Number, err)
			}
			rules.Version = v.Number
			if fn.config.MatchSecretARN != "" {
				if rules.MatchSecret, err = fn.secrets.read(ctx, fn.config.MatchSecretARN); err != nil {
					return nil, err
				}
			}
			return assemble(fn.system(rules)), nil
		}})
}

// fromEnvironment gives the credentials that Lambda puts into the environment of a running function; they are fixed
// for the life of its process.
func fromEnvironment() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment"}, nil
	})
}

// secretReader reads secrets when first needed, and again after a while.
type secretReader struct {
	client interface {
		GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (
			*secretsmanager.GetSecretValueOutput, error)
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
			return boot.App{}, fault.Newf(fault.Unauthorized, "app secret of "+string(declared.Platform),
				"not the JSON it should be: client_id, client_secret, webhook_secret")
		}
		if r.apps == nil {
			r.apps = map[record.Platform]kept{}
		}
		r.apps[declared.Platform] = kept{app: app, at: r.now()}
		return app, nil
	}
}
