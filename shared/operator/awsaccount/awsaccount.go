// Package awsaccount is the operator's own way into AWS: credentials, region, proxies and certificates as the AWS command
// line finds them, and words for what fails. Every client made from its configuration explains its errors: which account
// and region were asked, as whom, and what to do. It holds no credentials of ours, and no function links it.
package awsaccount

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
)

const (
	// callPatience bounds one call of AWS, the download of a function included.
	callPatience = 30 * time.Second
	// whoPatience bounds the question whose credentials these are, which is asked only to say it in an error.
	whoPatience = 5 * time.Second
)

// Settings say which account and region a person means.
type Settings struct {
	// Region is the one named on the command line; "" for what environment and profile say.
	Region string
	// MFACode asks the person for the code of their device, where the profile's role wants one; nil where nobody can be asked.
	MFACode func() (string, error)
}

// Account is one account in one region, as these credentials see it. Safe for concurrent use.
type Account struct {
	// Config makes clients. Their errors are *Failure where a person can do something about them.
	Config aws.Config
	// Profile is the profile that is used; "" for the default one.
	Profile string

	clock clock
	mu    sync.Mutex
	who   *Identity
}

// Identity is whose credentials these are.
type Identity struct {
	Account string `json:"account"`
	ARN     string `json:"arn"`
}

// Open reads the configuration that the AWS command line would use. Beside the files and, where a profile needs it, the
// service that gives credentials it asks nobody. Errors are for a person: what is missing and what to do.
func Open(ctx context.Context, s Settings) (*Account, error) {
	a := &Account{Profile: firstOf(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))}
	// The SDK adds the certificates of AWS_CA_BUNDLE to a BuildableClient and to no other; so ours goes around it afterwards.
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callPatience)),
		awsconfig.WithLogger(logging.Nop{}), // what it would warn of is told in words, or is nothing that a person can mend
	}
	if s.Region != "" {
		options = append(options, awsconfig.WithRegion(s.Region))
	}
	if s.MFACode != nil {
		options = append(options, awsconfig.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = s.MFACode }))
	}
	c, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, a.explainLoad(err)
	}
	if c.Region == "" {
		return nil, fmt.Errorf("no AWS region is set for %s: give --region, set AWS_REGION, or write region = … into the profile", a.profile())
	}
	a.clock.around = c.HTTPClient
	c.HTTPClient = awsclient.HTTP{Client: &a.clock}
	c.APIOptions = append(c.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("ExplainFailure", a.explain), middleware.Before)
	})
	a.Config = c
	if _, err := c.Credentials.Retrieve(ctx); err != nil {
		return nil, a.explainCredentials(err)
	}
	return a, nil
}

// Who tells whose credentials these are. It needs no right; it fails where nothing answers or they are not valid.
func (a *Account) Who(ctx context.Context) (Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.who != nil {
		return *a.who, nil
	}
	ctx, cancel := context.WithTimeout(ctx, whoPatience)
	defer cancel()
	// Without the options that explain: explaining asks this very question.
	answer, err := sts.NewFromConfig(a.Config, func(o *sts.Options) { o.APIOptions, o.RetryMaxAttempts = nil, 1 }).
		GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, &Failure{words: a.words(err, Identity{}), cause: err}
	}
	a.who = &Identity{Account: aws.ToString(answer.Account), ARN: aws.ToString(answer.Arn)}
	return *a.who, nil
}

// Where says which account and region are asked, and by what: "region eu-west-1 of account 123456789012 (profile prod)".
func (a *Account) Where(ctx context.Context) string {
	who, _ := a.Who(ctx) // what cannot be told is left out
	return a.where(who)
}

func (a *Account) where(who Identity) string {
	account := "an account that could not be asked for its number"
	if who.Account != "" {
		account = "account " + who.Account
	}
	return fmt.Sprintf("region %s of %s (%s)", a.Config.Region, account, a.profile())
}

// profile names the profile as a person would. Keys in the environment go before any profile, in the SDK as here.
func (a *Account) profile() string {
	if os.Getenv("AWS_ACCESS_KEY_ID") != "" {
		return "the keys in AWS_ACCESS_KEY_ID"
	}
	if a.Profile == "" {
		return "the default profile"
	}
	return "profile " + a.Profile
}

// HTTP gives the client with the operator's proxies and certificates, for what is downloaded beside the APIs.
func (a *Account) HTTP() interface {
	Do(*http.Request) (*http.Response, error)
} {
	return a.Config.HTTPClient
}

// Skew tells how far this machine's clock is ahead of AWS's, from the last answer; false before any answer with a date.
// AWS tells whole seconds, so that it is exact to a second and the way of the answer.
func (a *Account) Skew() (time.Duration, bool) { return a.clock.skew() }

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
