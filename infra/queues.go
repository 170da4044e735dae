package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits of the queues.
const (
	// visibilityTimeouts is how many of its function's timeouts a message stays hidden
	// (docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
	visibilityTimeouts = 6
	// maxReceiveCount is how often a message is tried: for our own faults.
	maxReceiveCount = config.ReceivesMax
	// retentionDays is SQS's longest: how long a broken function may stay broken before hints are lost. The sweep heals
	// what is lost then.
	retentionDays = 14
	// backfillRetentionDays and backfillDeadDays are shorter, because first loads carry whole records. A dead-letter queue
	// counts from when a message was first sent, so it keeps longer than its source.
	backfillRetentionDays = 4
	backfillDeadDays      = 7
)

// ChangeQueueProps says what a queue is for.
type ChangeQueueProps struct {
	Kind       record.QueueKind
	Connection record.Connection
	// ConsumerTimeoutSeconds is the timeout of the function that takes its messages.
	ConsumerTimeoutSeconds int
	// Key encrypts it and its dead letters; nil for the keys of SQS.
	Key    awskms.IKey
	Alarms *Alarms
}

// ChangeQueue is a queue, its dead-letter queue and their alarms: never one without the others.
type ChangeQueue struct {
	Queue, Dead awssqs.Queue
	key         awskms.IKey
}

// NewChangeQueue makes a queue. Its id should be readable: it is all there is of a name.
func NewChangeQueue(scope constructs.Construct, id string, props ChangeQueueProps) *ChangeQueue {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	retention, deadRetention := float64(retentionDays), float64(retentionDays)
	if props.Kind == record.QueueBackfill {
		retention, deadRetention = backfillRetentionDays, backfillDeadDays
	}
	q := &ChangeQueue{key: props.Key}
	q.Dead = awssqs.NewQueue(scope, jsii.String("Dead"), sealed(props.Key, &awssqs.QueueProps{
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(deadRetention))}))
	q.Queue = awssqs.NewQueue(scope, jsii.String("Queue"), sealed(props.Key, &awssqs.QueueProps{
		RetentionPeriod:   awscdk.Duration_Days(jsii.Number(retention)),
		VisibilityTimeout: awscdk.Duration_Seconds(jsii.Number(visibilityTimeouts * props.ConsumerTimeoutSeconds)),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: q.Dead, MaxReceiveCount: jsii.Number(maxReceiveCount)}}))
	name := record.QueueOf(props.Kind, props.Connection)
	tag(q.Queue, tagQueue, string(name))
	tag(q.Dead, tagQueue, string(name.Dead()))
	tag(scope, tagConnection, string(props.Connection))
	q.alarm(scope, props, retention, deadRetention)
	return q
}

// sealed adds encryption to a queue's props, and refuses requests that are not.
func sealed(key awskms.IKey, props *awssqs.QueueProps) *awssqs.QueueProps {
	props.EnforceSSL = jsii.Bool(true)
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	if key != nil {
		// An hour of reuse keeps KMS to a few requests a queue and hour.
		props.Encryption, props.EncryptionMasterKey, props.DataKeyReuse = awssqs.QueueEncryption_KMS, key, awscdk.Duration_Hours(jsii.Number(1))
	}
	return props
}

// waitMinutesMax is how old the oldest message may be before somebody is told: twice the shortest usual sweep for live
// lanes, a working day for first loads, which take what the platform's limits leave.
var waitMinutesMax = map[record.QueueKind]float64{record.QueueChanges: 30, record.QueueDue: 30, record.QueueBackfill: 8 * 60}

func (q *ChangeQueue) alarm(scope constructs.Construct, props ChangeQueueProps, retention, deadRetention float64) {
	name := string(record.QueueOf(props.Kind, props.Connection))
	five := awscdk.Duration_Minutes(jsii.Number(5))
	a := props.Alarms
	a.Add(scope, "DeadLetters", AlarmProps{Connection: props.Connection,
		Description: "Messages of " + name + " were given up on, after " + strconv.Itoa(maxReceiveCount) + " tries. They are kept for " +
			strconv.Itoa(int(deadRetention)) + " days. Their kind and reason are in the function's log: mend that, then send them again: " +
			a.command("redrive "+string(props.Connection)),
		Metric:    q.Dead.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Period: five, Statistic: jsii.String("Maximum")}),
		Threshold: 1, Periods: 1})
	a.Add(scope, "Waiting", AlarmProps{Connection: props.Connection,
		Description: "The oldest message of " + name + " waits longer than it should. It is kept for " + strconv.Itoa(int(retention)) +
			" days, so nothing is lost yet, and the sweep finds again what is lost then. See whether its function fails, and run: " +
			a.command("status"),
		Metric:    q.Queue.MetricApproximateAgeOfOldestMessage(&awscloudwatch.MetricOptions{Period: five, Statistic: jsii.String("Maximum")}),
		Threshold: waitMinutesMax[props.Kind] * 60, Periods: 3})
}

// GrantSend lets a role send to the queue, and nothing else.
func (q *ChangeQueue) GrantSend(role awsiam.Role) {
	allow(role, []string{"sqs:SendMessage"}, *q.Queue.QueueArn())
	if q.key != nil {
		allow(role, []string{"kms:Decrypt", "kms:GenerateDataKey"}, *q.key.KeyArn())
	}
}

// GrantCount lets a role count the queue's messages and its dead letters, and nothing else: no message is read by it.
func (q *ChangeQueue) GrantCount(role awsiam.Role) {
	allow(role, []string{"sqs:GetQueueAttributes"}, *q.Queue.QueueArn(), *q.Dead.QueueArn())
}

// QueuesProps says whose queues to make.
type QueuesProps struct {
	Deployment config.Deployment
	Alarms     *Alarms
}

// Queues are every connection's queues.
type Queues struct {
	key awskms.Key
	of  map[record.QueueKind]map[record.Connection]*ChangeQueue
}

// NewQueues makes the queues of every connection. Polls and first loads carry whole records, so the lanes they use have
// a key of their own; due notices carry no values.
func NewQueues(scope constructs.Construct, id string, props QueuesProps) *Queues {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	key := awskms.NewKey(scope, jsii.String("RecordsKey"), &awskms.KeyProps{EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		Description:   jsii.String("FluxCascade: records on their way in change queues")})
	alias(key, props.Alarms.stack, "queues")
	keys := map[record.QueueKind]awskms.IKey{record.QueueChanges: key, record.QueueBackfill: key}
	queues := &Queues{key: key, of: map[record.QueueKind]map[record.Connection]*ChangeQueue{}}
	for _, kind := range record.QueueKinds() {
		queues.of[kind] = map[record.Connection]*ChangeQueue{}
		for _, c := range props.Deployment.Connections {
			queues.of[kind][c.Name] = NewChangeQueue(scope, string(record.QueueOf(kind, c.Name)), ChangeQueueProps{
				Kind: kind, Connection: c.Name, Key: keys[kind], Alarms: props.Alarms, ConsumerTimeoutSeconds: sizes[consumerOf(kind)].timeoutSeconds})
		}
	}
	return queues
}

// Of gives a connection's queue of a kind.
func (q *Queues) Of(kind record.QueueKind, c record.Connection) *ChangeQueue { return q.of[kind][c] }

// Names gives the JSON object of the names that SQS knows queues by, by ours, which functions read; At gives what every URL of
// theirs begins with (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html, 2026).
func (q *Queues) Names(stack awscdk.Stack, kinds []record.QueueKind, connections []record.Connection) *string {
	names := map[string]any{}
	for _, kind := range kinds {
		for _, c := range connections {
			names[string(record.QueueOf(kind, c))] = q.Of(kind, c).Queue.QueueName()
		}
	}
	return stack.ToJsonString(names, nil)
}

// At is the beginning of every queue's URL.
func (q *Queues) At(stack awscdk.Stack) *string {
	return jsii.String("https://sqs." + *stack.Region() + "." + *stack.UrlSuffix() + "/" + *stack.Account() + "/")
}

// consumerOf gives the function that takes a kind's messages.
func consumerOf(kind record.QueueKind) config.Function {
	if kind == record.QueueDue {
		return config.Writer
	}
	return config.Resolver
}
