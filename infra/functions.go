package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// size is what a function is given.
type size struct {
	memoryMB, timeoutSeconds int
}

// sizes are reasoned, not measured on AWS. Lambda gives a full core at 1,769 MB and a share of one below.
//   - webhook: an HMAC and one SendMessageBatch; 256 MB start it in half the time of 128 at the same price a request.
//     Vendors give up on us after 1 to 20 s, so 10 s is enough.
//   - poller: mostly waits for the platform, holds one page of 200 records; a first load uses all of Lambda's 15 minutes.
//   - sweeper: scans the versions table in pages; a million rows take some 10 minutes.
//   - resolver: see batches; 7,500 changes with their rows are some 100 MB, and deciding is the one thing bound by CPU.
//   - writer: mostly waits for the platform; a batch is 100 writes of up to a second each.
//   - widget, digest: a few dozen reads, one after the other, while a person looks: 512 MB draw the page twice as fast as 256.
//
// The two that take queues have three minutes, not more: what fails comes again after six times that.
var sizes = map[config.Function]size{
	config.Webhook:  {memoryMB: 256, timeoutSeconds: 10},
	config.Poller:   {memoryMB: 512, timeoutSeconds: 900},
	config.Sweeper:  {memoryMB: 512, timeoutSeconds: 900},
	config.Resolver: {memoryMB: 1024, timeoutSeconds: 180},
	config.Writer:   {memoryMB: 512, timeoutSeconds: 180},
	config.Widget:   {memoryMB: 512, timeoutSeconds: 30},
	config.Digest:   {memoryMB: 512, timeoutSeconds: 30},
}

// batch is how a function takes a queue's messages.
type batch struct {
	size, windowSeconds int
}

// batches are as large as the timeout allows, since calls by the hundred cost a tenth of single ones. A commit takes some
// 10 ms, one after the other. Changes: 200 messages of up to 25 hints are 5,000 commits, 50 s, and 50 bulk reads.
// Backfill: 10 messages of 192 KB are some 3,000 commits and stay under Lambda's 6 MB of payload. Due: 100 writes of a
// platform that takes them one by one. The windows are what a change waits, at most, for others to travel with.
var batches = map[record.QueueKind]batch{
	record.QueueChanges:  {size: 200, windowSeconds: 2},
	record.QueueBackfill: {size: 10, windowSeconds: 5},
	record.QueueDue:      {size: 100, windowSeconds: 2},
}

// pollErrorHours is for how many hours on end polls may fail: longer than platforms are usually down.
const pollErrorHours = 6

// FunctionsProps says what functions are made from.
type FunctionsProps struct {
	Deployment config.Deployment
	Code       Code
	State      *State
	Secrets    *Secrets
	Queues     *Queues
	// PublicURL is the API's URL as platforms call it.
	PublicURL *string
	Alarms    *Alarms
	Digest    *Digest
}

// Functions are those that others refer to.
type Functions struct {
	Webhook, Poller, Sweeper awslambda.Function
	// Widget draws the Syncs page; Digest tells it once a day.
	Widget, Digest awslambda.Function
	all            []made
}

// made is a function and what it is.
type made struct {
	kind config.Function
	fn   awslambda.Function
}

// NewFunctions makes every function, one writer for each connection, and lets each do what its work asks and no more.
func NewFunctions(scope constructs.Construct, id string, props FunctionsProps) *Functions {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	all := reach{platforms: props.Deployment.Platforms}
	for _, c := range props.Deployment.Connections {
		all.connections = append(all.connections, c.Name)
	}
	webhooks := all
	webhooks.platforms = props.Deployment.Webhooks
	functions := &Functions{}
	add := func(id string, f config.Function, r reach) awslambda.Function {
		fn := newFunction(scope, id, f, r, props)
		functions.all = append(functions.all, made{kind: f, fn: fn})
		return fn
	}
	functions.Webhook, functions.Poller, functions.Sweeper = add("webhook", config.Webhook, webhooks), add("poller", config.Poller, all),
		add("sweeper", config.Sweeper, all)
	resolver := add("resolver", config.Resolver, all)
	for _, c := range props.Deployment.Connections {
		consume(resolver, record.QueueChanges, c, props.Queues)
		consume(resolver, record.QueueBackfill, c, props.Queues)
		writer := add("writer-"+string(c.Name), config.Writer, reach{connection: c.Name, connections: c.Peers,
			platforms: []record.Platform{c.Platform}})
		consume(writer, record.QueueDue, c, props.Queues)
	}
	functions.Widget, functions.Digest = add("widget", config.Widget, all), add("digest", config.Digest, all)
	return functions
}

// reach is what one function gets to see.
type reach struct {
	// connection is a writer's own; "" for the others.
	connection record.Connection
	// connections are those to whose queues it sends, platforms those whose app's secret it reads.
	connections []record.Connection
	platforms   []record.Platform
}

// newFunction makes a function with its role, its log and its alarm.
func newFunction(scope constructs.Construct, id string, f config.Function, r reach, props FunctionsProps) awslambda.Function {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{Retention: awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	role := awsiam.NewRole(scope, jsii.String("Role"),
		&awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
			Description: jsii.String("FluxCascade " + id)})
	allow(role, []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn())
	fn := awslambda.NewFunction(scope, jsii.String("Function"), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_PROVIDED_AL2023(), Architecture: awslambda.Architecture_ARM_64(), Handler: jsii.String(bootstrapFile),
		Code:       awslambda.Code_FromAsset(jsii.String(props.Code.Dirs[f]), nil),
		MemorySize: jsii.Number(sizes[f].memoryMB), Timeout: awscdk.Duration_Seconds(jsii.Number(sizes[f].timeoutSeconds)),
		Role: role, LogGroup: logs, LoggingFormat: awslambda.LoggingFormat_JSON, SystemLogLevelV2: awslambda.SystemLogLevel_WARN,
		Tracing: awslambda.Tracing_ACTIVE, Environment: environment(awscdk.Stack_Of(scope), f, r, props),
		RetryAttempts: retries(f), RecursiveLoop: recursion(f),
	})
	tag(scope, tagFunction, string(f))
	if r.connection != "" {
		tag(scope, tagConnection, string(r.connection))
	}
	grant(role, f, r, props)
	if f == config.Poller {
		// The errors of the others are told by what they lead to: messages that wait or are given up on, webhooks that are
		// answered with 5xx, sweeps and digests that do not end well.
		props.Alarms.Add(scope, "Errors", AlarmProps{
			Description: fmt.Sprintf("Polls have failed in each of %d hours: those of one place at least. The place is read on from where it "+
				"stopped once they do not. %s says which and since when; the poller's log says why", pollErrorHours, props.Alarms.command("status")),
			Metric:    fn.MetricErrors(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Hours(jsii.Number(1)), Statistic: jsii.String("Sum")}),
			Threshold: 1, Periods: pollErrorHours})
	}
	return fn
}

// recursion allows loops to the functions that take queues: what they put off they send to a queue that invokes them, and
// what one of them does makes work for the other. By default Lambda ends such a chain after about 16 invocations and drops
// its message (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html, read 2026-12-01). It counts by a header that
// goes with everything an invocation sends, whichever message of its batch led to it (docs.aws.amazon.com/xray/latest/
// devguide/xray-services-sqs.html, read 2026-12-01), so that messages which looped never could be dropped too. The pipeline
// bounds its own chains, and more tightly: after 12 messages, what is left is kept in the tables until a sweep. The other
// functions are called by schedules and people alone, and keep Lambda's guard.
func recursion(f config.Function) awslambda.RecursiveLoop {
	if len(config.AccessOf(f, "").Consumes) > 0 {
		return awslambda.RecursiveLoop_ALLOW
	}
	return awslambda.RecursiveLoop_TERMINATE
}

// retries gives how often Lambda repeats a call that failed: a scheduled one never, since the next goes on where it
// stopped. For the others, which Lambda does not call so, nothing is set.
func retries(f config.Function) *float64 {
	if f == config.Poller || f == config.Sweeper {
		return jsii.Number(0)
	}
	return nil
}

// environment gives a function the variables that package config says it requires: their values, and their values alone.
func environment(stack awscdk.Stack, f config.Function, r reach, props FunctionsProps) *map[string]*string {
	values := map[string]func() *string{
		config.EnvConfig:   func() *string { return jsii.String(configPath) },
		config.EnvQueuesAt: func() *string { return props.Queues.At(stack) },
		config.EnvQueueNames: func() *string {
			access := config.AccessOf(f, r.connection)
			return props.Queues.Names(stack, slices.Concat(access.Sends, access.Counts), r.connections)
		},
		config.EnvSecretARNs:     func() *string { return props.Secrets.ARNs(stack, r.platforms) },
		config.EnvMatchSecretARN: props.Secrets.MatchARN,
		config.EnvPublicURL:      func() *string { return props.PublicURL },
		config.EnvStack:          stack.StackName,
		config.EnvDigestTopicARN: func() *string { return props.Digest.topic.TopicArn() },
		config.EnvConnection:     func() *string { return jsii.String(string(r.connection)) },
	}
	for _, table := range store.Tables() {
		values[tableEnvironment[table]] = func() *string { return props.State.TableName(table) }
	}
	variables := map[string]*string{}
	for _, name := range config.Environment(f) {
		value, ok := values[name]
		if !ok {
			panic(fmt.Sprintf("%s requires %s, which infra does not know; it knows %v", f, name, slices.Sorted(maps.Keys(values))))
		}
		variables[name] = value()
	}
	return &variables
}

// grant lets a function's role do what its work asks.
func grant(role awsiam.Role, f config.Function, r reach, props FunctionsProps) {
	access := config.AccessOf(f, r.connection)
	for _, kind := range access.Sends {
		for _, c := range r.connections {
			props.Queues.Of(kind, c).GrantSend(role)
		}
	}
	for _, kind := range access.Counts {
		for _, c := range r.connections {
			props.Queues.Of(kind, c).GrantCount(role)
		}
	}
	if access.Publishes {
		props.Digest.GrantPublish(role)
	}
	props.State.Grant(role, access)
	required := config.Environment(f)
	if slices.Contains(required, config.EnvSecretARNs) {
		props.Secrets.GrantApps(role, r.platforms)
	}
	if slices.Contains(required, config.EnvMatchSecretARN) {
		props.Secrets.GrantMatch(role)
	}
}

// consume makes a function take a queue's messages. A message that fails comes again alone. The maximum concurrency is
// the event source's, so that Lambda leaves in the queue what would only be throttled and spend its receives.
func consume(fn awslambda.Function, kind record.QueueKind, c config.Deployed, queues *Queues) {
	fn.AddEventSource(awslambdaeventsources.NewSqsEventSource(queues.Of(kind, c.Name).Queue, &awslambdaeventsources.SqsEventSourceProps{
		BatchSize: jsii.Number(batches[kind].size), MaxBatchingWindow: awscdk.Duration_Seconds(jsii.Number(batches[kind].windowSeconds)),
		MaxConcurrency: jsii.Number(c.Concurrent()), ReportBatchItemFailures: jsii.Bool(true)}))
}
