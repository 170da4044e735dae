package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Alarms is where every alarm goes: one topic, whose messages hold names and numbers and no field values, so that it
// needs no key of its own (CloudWatch cannot publish to a topic under the AWS managed key).
type Alarms struct {
	topic awssns.Topic
	stack string
	// of are the alarms by connection, "" for those of none.
	of map[record.Connection][]awscloudwatch.IAlarm
}

// NewAlarms makes the topic and, unless email is "", subscribes an address to it. stack is the stack's name.
func NewAlarms(scope constructs.Construct, id, stack, email string) *Alarms {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	a := &Alarms{stack: stack, of: map[record.Connection][]awscloudwatch.IAlarm{}, topic: awssns.NewTopic(scope, jsii.String("Topic"),
		&awssns.TopicProps{EnforceSSL: jsii.Bool(true), DisplayName: jsii.String("FluxCascade alarms")})}
	// A policy of its own ends the default one, by which CloudWatch may publish; budgets are another service.
	a.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("sns:Publish"),
		Resources: jsii.Strings(*a.topic.TopicArn()),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil),
			awsiam.NewServicePrincipal(jsii.String("budgets.amazonaws.com"), nil)},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": *awscdk.Stack_Of(scope).Account()}}}))
	if email != "" {
		a.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	output(scope, "AlarmTopic", "Every alarm goes here; subscribe to it", a.topic.TopicArn())
	return a
}

// AlarmProps says when somebody is told.
type AlarmProps struct {
	// Description is for the person who is told: what it means and what to do.
	Description string
	Metric      awscloudwatch.IMetric
	// Threshold is reached or passed in Periods periods one after the other; or, where it is silence that tells, the value
	// stays below it, and no data is that too.
	Threshold float64
	Periods   int
	Silence   bool
	// Missing says what no data means; good news unless given.
	Missing awscloudwatch.TreatMissingData
	// Connection is whom it is about, "" for none.
	Connection record.Connection
}

// command is a command of ours on this stack, as a person types it.
func (a *Alarms) command(words string) string { return "fluxcascade --stack " + a.stack + " " + words }

// Add makes an alarm. Whoever is told of trouble is told of its end.
func (a *Alarms) Add(scope constructs.Construct, id string, props AlarmProps) {
	missing := props.Missing
	comparison := awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	switch {
	case props.Silence:
		missing, comparison = awscloudwatch.TreatMissingData_BREACHING, awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	case missing == "":
		missing = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	alarm := awscloudwatch.NewAlarm(scope, jsii.String(id), &awscloudwatch.AlarmProps{AlarmDescription: jsii.String(props.Description),
		Metric:    props.Metric,
		Threshold: jsii.Number(props.Threshold), EvaluationPeriods: jsii.Number(props.Periods),
		ComparisonOperator: comparison, TreatMissingData: missing})
	action := awscloudwatchactions.NewSnsAction(a.topic)
	alarm.AddAlarmAction(action)
	alarm.AddOkAction(action)
	a.of[props.Connection] = append(a.of[props.Connection], alarm)
}
