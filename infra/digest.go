package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// Digest is where the daily digest goes: a topic apart from the alarms', since whoever reads the one each morning need not
// be woken by the other. Its messages hold names, numbers and links and no field values.
type Digest struct {
	topic awssns.Topic
}

// NewDigest makes the topic and, unless email is "", subscribes an address to it.
func NewDigest(scope constructs.Construct, id, email string) *Digest {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	d := &Digest{topic: awssns.NewTopic(scope, jsii.String("Topic"), &awssns.TopicProps{EnforceSSL: jsii.Bool(true),
		DisplayName: jsii.String("FluxCascade daily digest")})}
	if email != "" {
		d.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	output(scope, "DigestTopic", "What waits for a person and what was undone, once a day; subscribe to it", d.topic.TopicArn())
	return d
}

// GrantPublish lets a role publish to the topic, and nothing else.
func (d *Digest) GrantPublish(role awsiam.Role) {
	allow(role, []string{"sns:Publish"}, *d.topic.TopicArn())
}

// Watch alarms where no digest ended well for a day and the time by which it may come later.
func (d *Digest) Watch(scope constructs.Construct, fn awslambda.Function, alarms *Alarms) {
	hourlySum := &awscloudwatch.MetricOptions{Period: minutes(time.Hour), Statistic: jsii.String("Sum")}
	alarms.Add(scope, "DigestSilent", AlarmProps{
		Description: fmt.Sprintf("No daily digest ended well for %d hours: its function fails, or nothing calls it. What waits for a person is "+
			"on the Syncs page all the same, and in: %s. See the digest function's log", digestHours, alarms.command("status")),
		Metric: awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{Label: jsii.String("digests that ended well"),
			Period: minutes(time.Hour), Expression: jsii.String("FILL(calls, 0) - FILL(errors, 0)"),
			UsingMetrics: &map[string]awscloudwatch.IMetric{"calls": fn.MetricInvocations(hourlySum), "errors": fn.MetricErrors(hourlySum)}}),
		Threshold: 1, Periods: digestHours, Silence: true})
}

// digestHours is a day, the hour of a clock that is put back, and the quarter of an hour within which it comes.
const digestHours = 26

// Daily calls the function that tells it, each morning by the configuration's zone, within a quarter of an hour.
func (d *Digest) Daily(scope constructs.Construct, id string, fn awslambda.Function, zone string) {
	if zone == "" {
		zone = "UTC"
	}
	scope = constructs.NewConstruct(scope, jsii.String(id))
	group := awsscheduler.NewCfnScheduleGroup(scope, jsii.String("Group"), nil)
	role := schedulerRole(scope, "FluxCascade daily digest", group)
	allow(role, []string{"lambda:InvokeFunction"}, *fn.FunctionArn())
	schedule := awsscheduler.NewCfnSchedule(scope, jsii.String("Schedule"), &awsscheduler.CfnScheduleProps{GroupName: group.Ref(),
		Description:        jsii.String("The daily digest"),
		ScheduleExpression: jsii.String(fmt.Sprintf("cron(0 %d * * ? *)", config.DigestHour)), ScheduleExpressionTimezone: jsii.String(zone),
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("FLEXIBLE"),
			MaximumWindowInMinutes: jsii.Number(15)},
		Target: &awsscheduler.CfnSchedule_TargetProperty{Arn: fn.FunctionArn(), RoleArn: role.RoleArn(), Input: jsii.String("{}"),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(retriesMax),
				MaximumEventAgeInSeconds: jsii.Number(3600)}}})
	schedule.Node().AddDependency(role)
}
