// Package config is what each function needs from its environment: the names, in one place, how they parse, and what
// is missing, all at once. infra sets exactly these names, and a test holds the two together. It reads no file but the
// configuration and calls no service.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Environment names.
const (
	// EnvConfig is the path of the configuration beside the bootstrap.
	EnvConfig = "FLUXCASCADE_CONFIG"
	// EnvTableVersions and the next two name the tables.
	EnvTableVersions       = "TABLE_VERSIONS"
	EnvTableCrossReference = "TABLE_CROSS_REFERENCE"
	EnvTableControl        = "TABLE_CONTROL"
	// EnvQueuesAt is what the URLs of all queues begin with, and EnvQueueNames a JSON object: queue name to its name at SQS.
	// Whole URLs would not fit: an environment holds 4 KB (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, 2026).
	EnvQueuesAt   = "QUEUES_AT"
	EnvQueueNames = "QUEUE_NAMES"
	// EnvSecretARNs is a JSON object: platform to the ARN of its app's secret.
	EnvSecretARNs = "SECRET_ARNS"
	// EnvMatchSecretARN is the ARN of the secret that keys the match hashes.
	EnvMatchSecretARN = "MATCH_SECRET_ARN"
	// EnvPublicURL is the API's URL as platforms call it.
	EnvPublicURL = "PUBLIC_URL"
	// EnvDigestTopicARN is the topic that the daily digest is published to.
	EnvDigestTopicARN = "DIGEST_TOPIC_ARN"
	// EnvConnection is the one connection that a writer writes to.
	EnvConnection = "CONNECTION"
)

// Function names a Lambda function, as its folder under functions/ does.
type Function string

// The functions.
const (
	Webhook  Function = "webhook"
	Poller   Function = "poller"
	Sweeper  Function = "sweeper"
	Resolver Function = "resolver"
	Writer   Function = "writer"
	Widget   Function = "widget" // the Syncs page on CloudWatch's dashboards
	Digest   Function = "digest" // the daily digest
)

// Functions lists every function, in order.
func Functions() []Function {
	return []Function{Webhook, Poller, Sweeper, Resolver, Writer, Widget, Digest}
}

var required = map[Function][]string{
	Webhook: {EnvConfig, EnvStack, EnvQueuesAt, EnvQueueNames, EnvSecretARNs, EnvPublicURL},
	Poller:  {EnvConfig, EnvStack, EnvTableControl, EnvQueuesAt, EnvQueueNames, EnvSecretARNs},
	Sweeper: {EnvConfig, EnvStack, EnvTableVersions, EnvTableCrossReference, EnvTableControl, EnvQueuesAt, EnvQueueNames,
		EnvMatchSecretARN},
	Resolver: {EnvConfig, EnvStack, EnvTableVersions, EnvTableCrossReference, EnvTableControl, EnvQueuesAt, EnvQueueNames,
		EnvSecretARNs, EnvMatchSecretARN},
	Writer: {EnvConfig, EnvStack, EnvTableVersions, EnvTableCrossReference, EnvTableControl, EnvQueuesAt, EnvQueueNames, EnvSecretARNs,
		EnvMatchSecretARN, EnvConnection},
	Widget: {EnvConfig, EnvStack, EnvTableControl, EnvQueuesAt, EnvQueueNames},
	Digest: {EnvConfig, EnvStack, EnvTableControl, EnvQueuesAt, EnvQueueNames, EnvDigestTopicARN},
}

// Environment lists the names that a function requires.
func Environment(f Function) []string { return required[f] }

// Config is a function's environment, parsed. Fields that the function does not require are empty.
type Config struct {
	RulesPath string
	Tables    map[store.Table]string
	// QueueURLs are URLs by name.
	QueueURLs      map[queue.Name]string
	SecretARNs     map[record.Platform]string
	MatchSecretARN string
	PublicURL      string
	Connection     record.Connection
	// Stack names the stack in metrics.
	Stack string
	// DigestTopicARN is where the daily digest is published.
	DigestTopicARN string

	queuesAt string
}

// Parse reads a function's environment. The error names every variable that is missing or malformed.
func Parse(f Function, getenv func(string) string) (Config, error) {
	c := Config{Tables: map[store.Table]string{}}
	var problems []error
	for _, name := range Environment(f) {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set", name))
			continue
		}
		if err := c.set(name, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(problems) > 0 {
		return Config{}, fmt.Errorf("environment of %s: %w", f, errors.Join(problems...))
	}
	return c, nil
}

func (c *Config) set(name, value string) error {
	switch name {
	case EnvConfig:
		c.RulesPath = value
	case EnvTableVersions:
		c.Tables[store.Versions] = value
	case EnvTableCrossReference:
		c.Tables[store.CrossReference] = value
	case EnvTableControl:
		c.Tables[store.Control] = value
	case EnvQueuesAt:
		c.queuesAt = value
	case EnvQueueNames: // required after what the names follow
		if err := object(value, &c.QueueURLs); err != nil {
			return err
		}
		for name, at := range c.QueueURLs {
			c.QueueURLs[name] = c.queuesAt + at
		}
	case EnvSecretARNs:
		return object(value, &c.SecretARNs)
	case EnvMatchSecretARN:
		c.MatchSecretARN = value
	case EnvPublicURL:
		c.PublicURL = strings.TrimSuffix(value, "/")
	case EnvConnection:
		c.Connection = record.Connection(value)
	case EnvStack:
		c.Stack = value
	case EnvDigestTopicARN:
		c.DigestTopicARN = value
	}
	return nil
}

func object(value string, into any) error {
	if err := json.Unmarshal([]byte(value), into); err != nil {
		return errors.New("not a JSON object of texts")
	}
	return nil
}

// LoadRules reads and checks a configuration file.
func LoadRules(path string) (*ruleset.Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return ruleset.Load(path, text, catalog.All())
}
