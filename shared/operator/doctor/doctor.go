// Package doctor looks at what a deployed stack stands on and no emulator has: the operator's credentials, region and
// clock, the tools that deploy, the region's bootstrap, the account's limits, and who hears the alarms. It changes nothing
// and reads no record. Each finding says what to do.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
)

// State is how a finding stands.
type State string

// The states. A warning can wait; a problem stops work, or lets it fail later.
const (
	OK      State = "ok"
	Warning State = "warning"
	Problem State = "problem"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	// Found is what is there; Do what to do about it, "" where there is nothing.
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

// Report is everything that was looked at, in the order in which to mend it.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Problems counts the findings that are.
func (r *Report) Problems() int {
	n := 0
	for _, f := range r.Findings {
		if f.State == Problem {
			n++
		}
	}
	return n
}

const (
	// BootstrapMin is the least bootstrap that the synthesised stack asks for; a test of infra holds it to the manifest.
	BootstrapMin = 6
	// bootstrapSafe is the first whose publishing role takes no bucket of another account (docs.aws.amazon.com/cdk/v2/guide/
	// bootstrapping-env.html, version history, read 2026-12).
	bootstrapSafe = 21
	toolkitStack  = "CDKToolkit"

	// concurrencySpare are the executions beside the event sources': webhooks, polls, sweeps and the page.
	concurrencySpare = 10
	// concurrencyAsked is what to ask AWS for: an established account's default, which costs nothing.
	concurrencyAsked = 1000
	// concurrencyQuota names the quota "Concurrent executions" (docs.aws.amazon.com/general/latest/gr/lambda-service.html,
	// read 2026-12).
	concurrencyQuota = "L-B99A9384"

	// resourcesMax is how many resources a stack may have (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
	// cloudformation-limits.html, read 2026-12).
	resourcesMax = 500

	// clockFine is how far a clock may be off before anyone is told.
	clockFine = time.Minute

	outputAlarmTopic = "AlarmTopic"
)

// Asked is what a deployment asks of an account.
type Asked struct {
	// Concurrency is the sum of what its event sources may run at once.
	Concurrency int
	// Resources is how many its template has; 0 where that is not known before it is made.
	Resources int
}

// AskedBy gives what a configuration will ask once it is deployed.
func AskedBy(d config.Deployment) Asked { return Asked{Concurrency: d.Concurrency()} }

// Account looks at an account and, unless stack is "", at that stack in it; before holds what a configuration will ask
// where there is no stack yet. opening is what awsaccount.Open said, which is then all there is to tell.
func Account(ctx context.Context, a *awsaccount.Account, opening error, stack string, before Asked) *Report {
	r := &Report{}
	if opening != nil {
		r.add("credentials", Problem, "no account can be asked", opening.Error())
		return r
	}
	who, err := a.Who(ctx)
	if err != nil {
		r.add("credentials", Problem, "they are not accepted", err.Error())
		r.clock(a)
		return r
	}
	r.add("credentials", OK, fmt.Sprintf("%s, %s", who.ARN, a.Where(ctx)), "")
	r.clock(a)
	clouds := cloudformation.NewFromConfig(a.Config)
	asked := before
	var topic string
	if stack != "" {
		asked, topic = r.stack(ctx, clouds, a, stack)
	}
	r.bootstrap(ctx, clouds, a, who, stack != "")
	r.lambda(ctx, lambda.NewFromConfig(a.Config), a, asked)
	if topic != "" {
		r.listeners(ctx, sns.NewFromConfig(a.Config), a, topic)
	}
	return r
}

func (r *Report) add(check string, s State, found, do string) {
	r.Findings = append(r.Findings, Finding{Check: check, State: s, Found: found, Do: do})
}

// unseen tells of what these credentials could not look at: no fault of the account, but not known to be right either.
func (r *Report) unseen(check string, err error) {
	var explained *awsaccount.Failure
	do := err.Error()
	if errors.As(err, &explained) {
		do = explained.Error()
	}
	r.add(check, Warning, "it could not be looked at", do)
}

func (r *Report) clock(a *awsaccount.Account) {
	ahead, known := a.Skew()
	off := ahead.Abs().Round(time.Second)
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	switch {
	case !known:
		r.add("clock", Warning, "no answer of AWS had a date to compare it with", "run it again; a proxy may take the header away")
	case off > awsaccount.SkewMax:
		r.add("clock", Problem, fmt.Sprintf("this machine's clock is %v %s AWS's, which refuses signatures more than %v off", off, way,
			awsaccount.SkewMax), "set the clock, by NTP: timedatectl set-ntp true, or your system's settings")
	case off > clockFine:
		r.add("clock", Warning, fmt.Sprintf("this machine's clock is %v %s AWS's", off, way), "set it before it is five minutes off, by NTP")
	default:
		r.add("clock", OK, "it agrees with AWS's within a minute", "")
	}
}

// stack looks at a deployed stack: what it asks, and the topic of its alarms, "" where it tells none.
func (r *Report) stack(ctx context.Context, c *cloudformation.Client, a *awsaccount.Account, name string) (Asked, string) {
	described, err := c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	switch {
	case isMissing(err):
		r.add("stack", Problem, fmt.Sprintf("there is no stack %s in %s", name, a.Where(ctx)),
			"name another with --stack, its region with --region, its account with AWS_PROFILE; or deploy it (fluxcascade guide aws)")
		return Asked{}, ""
	case err != nil || len(described.Stacks) == 0:
		r.unseen("stack", orNothing(err))
		return Asked{}, ""
	}
	s := described.Stacks[0]
	r.standing(name, s)
	topic := ""
	for _, o := range s.Outputs {
		if aws.ToString(o.OutputKey) == outputAlarmTopic {
			topic = aws.ToString(o.OutputValue)
		}
	}
	answer, err := c.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(name)})
	if err != nil {
		r.unseen("resources", err)
		return Asked{}, topic
	}
	asked, err := askedByTemplate(aws.ToString(answer.TemplateBody))
	if err != nil {
		r.unseen("resources", err)
		return Asked{}, topic
	}
	found := fmt.Sprintf("%d of %d that a stack may have", asked.Resources, resourcesMax)
	if asked.Resources > resourcesMax*9/10 {
		r.add("resources", Warning, found, "deploy groups that share no connection as stages of their own, before another connection is added")
	} else {
		r.add("resources", OK, found, "")
	}
	return asked, topic
}

func (r *Report) standing(name string, s cloudtypes.Stack) {
	status := string(s.StackStatus)
	switch {
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		r.add("stack", Warning, name+" is being changed ("+status+")", "wait until that ends, and look again")
	case strings.HasPrefix(status, "UPDATE_ROLLBACK_COMPLETE"):
		r.add("stack", Warning, name+" runs as before its last deployment, which failed and was undone",
			"see the stack's events in CloudFormation for the first that failed, mend it and deploy again")
	case strings.Contains(status, "FAILED") || strings.Contains(status, "ROLLBACK"):
		r.add("stack", Problem, name+" was not deployed whole ("+status+")",
			"see the stack's events in CloudFormation for the first that failed; then deploy again, or delete it if it was new")
	default:
		r.add("stack", OK, name+" is deployed ("+status+")", "")
	}
}

// bootstrap looks for what cdk deploy puts packages into.
func (r *Report) bootstrap(ctx context.Context, c *cloudformation.Client, a *awsaccount.Account, who awsaccount.Identity, stands bool) {
	again := fmt.Sprintf("npx %s bootstrap aws://%s/%s", CDK, who.Account, a.Config.Region)
	described, err := c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(toolkitStack)})
	switch {
	case isMissing(err) && stands:
		r.add("bootstrap", Warning, "the region has no stack "+toolkitStack+", which the next deployment needs if it has no other name", again)
		return
	case isMissing(err):
		r.add("bootstrap", Problem, "the region is not bootstrapped for CDK: no stack "+toolkitStack, again)
		return
	case err != nil || len(described.Stacks) == 0:
		r.unseen("bootstrap", orNothing(err))
		return
	}
	version := 0
	for _, o := range described.Stacks[0].Outputs {
		if aws.ToString(o.OutputKey) == "BootstrapVersion" {
			version, _ = strconv.Atoi(aws.ToString(o.OutputValue)) // what is no number is version 0
		}
	}
	found := fmt.Sprintf("version %d", version)
	switch {
	case version < BootstrapMin:
		r.add("bootstrap", Problem, fmt.Sprintf("%s; the stack needs %d", found, BootstrapMin), again)
	case version < bootstrapSafe:
		r.add("bootstrap", Warning, fmt.Sprintf("%s; from %d on, packages go to no bucket of another account", found, bootstrapSafe), again)
	default:
		r.add("bootstrap", OK, found, "")
	}
}

// lambda holds the account's limits to what the event sources may run at once.
func (r *Report) lambda(ctx context.Context, c *lambda.Client, a *awsaccount.Account, asked Asked) {
	answer, err := c.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil || answer.AccountLimit == nil {
		r.unseen("lambda concurrency", orNothing(err))
		return
	}
	total, free := int(answer.AccountLimit.ConcurrentExecutions), int(aws.ToInt32(answer.AccountLimit.UnreservedConcurrentExecutions))
	found := fmt.Sprintf("the account runs %d functions at once in this region, %d of them not reserved; the event sources may ask for %d",
		total, free, asked.Concurrency)
	more := fmt.Sprintf("ask AWS for more, which costs nothing and takes some days: aws service-quotas request-service-quota-increase "+
		"--service-code lambda --quota-code %s --desired-value %d --region %s. Until then, work waits in its queues and refused webhooks are "+
		"sent again or found by polls, but a message that is refused %d times is set aside (fluxcascade redrive)", concurrencyQuota,
		concurrencyAsked, a.Config.Region, config.ReceivesMax)
	switch {
	case asked.Concurrency == 0:
		r.add("lambda concurrency", Warning, found, "what the stack asks is not known: give --stack or --config")
	case free < asked.Concurrency:
		r.add("lambda concurrency", Problem, found, more)
	case free < asked.Concurrency+concurrencySpare:
		r.add("lambda concurrency", Warning, found+fmt.Sprintf(", and webhooks, polls and sweeps want %d beside", concurrencySpare), more)
	default:
		r.add("lambda concurrency", OK, found, "")
	}
	if answer.AccountUsage != nil && answer.AccountLimit.TotalCodeSize > 0 {
		used, most := answer.AccountUsage.TotalCodeSize>>20, answer.AccountLimit.TotalCodeSize>>20
		found := fmt.Sprintf("%d of %d MB of functions' packages", used, most)
		if used > most*9/10 {
			r.add("lambda storage", Warning, found, "delete old versions of functions in this region, or ask for more; a deployment fails without")
		} else {
			r.add("lambda storage", OK, found, "")
		}
	}
}

// listeners asks whether somebody hears the alarms: an address that has not confirmed hears nothing.
func (r *Report) listeners(ctx context.Context, c *sns.Client, a *awsaccount.Account, topic string) {
	answer, err := c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(topic)})
	if err != nil {
		r.unseen("alarms", err)
		return
	}
	hears, pending := 0, 0
	for _, s := range answer.Subscriptions {
		if aws.ToString(s.SubscriptionArn) == "PendingConfirmation" {
			pending++
		} else {
			hears++
		}
	}
	switch {
	case hears == 0 && pending > 0:
		r.add("alarms", Problem, "nobody hears them: the address has not confirmed", "open the mail \"AWS Notification - Subscription "+
			"Confirmation\" at that address and confirm; without it, deploy again with -c alarm_email=ADDRESS")
	case hears == 0:
		r.add("alarms", Problem, "nobody hears them: the topic has no subscriber", "deploy with -c alarm_email=ADDRESS, or: aws sns subscribe "+
			"--protocol email --topic-arn "+topic+" --region "+a.Config.Region+" --notification-endpoint ADDRESS")
	case pending > 0:
		r.add("alarms", Warning, fmt.Sprintf("%d hear them, %d have not confirmed", hears, pending), "confirm the mail, or remove the address")
	default:
		r.add("alarms", OK, fmt.Sprintf("%d hear them", hears), "")
	}
}

// askedByTemplate reads what a deployed template asks.
func askedByTemplate(text string) (Asked, error) {
	var t struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				ScalingConfig struct{ MaximumConcurrency int }
			}
		}
	}
	// A property of another type has no such field; what remains is read all the same.
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal([]byte(text), &t); err != nil && !errors.As(err, &other) {
		return Asked{}, errors.New("its template is not the JSON that cdk deploys")
	}
	asked := Asked{Resources: len(t.Resources)}
	for _, r := range t.Resources {
		if r.Type == "AWS::Lambda::EventSourceMapping" {
			asked.Concurrency += r.Properties.ScalingConfig.MaximumConcurrency
		}
	}
	return asked, nil
}

// isMissing reports whether CloudFormation says that a stack is not there, which it calls a ValidationError.
func isMissing(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationError"
}

// orNothing gives an error where AWS answered without what was asked for.
func orNothing(err error) error {
	if err == nil {
		return errors.New("AWS answered without it: run it again")
	}
	return err
}
