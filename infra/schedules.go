package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/config"
)

// SchedulesProps says what is called when.
type SchedulesProps struct {
	Schedules       []config.Schedule
	Poller, Sweeper awslambda.Function
}

// input is what a scheduled call is given; package lambdaio reads it.
type input struct {
	Connection string `json:"connection"`
	Object     string `json:"object,omitempty"`
	Reconcile  bool   `json:"reconcile,omitempty"`
}

// NewSchedules makes a schedule for each scheduled call. A call that Lambda does not take is tried again for a while,
// though not into the next call's time.
func NewSchedules(scope constructs.Construct, id string, props SchedulesProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	group := awsscheduler.NewCfnScheduleGroup(scope, jsii.String("Group"), nil)
	// The account's condition keeps the role from schedules of others
	// (docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html, 2026).
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{Description: jsii.String("FluxCascade schedules"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": *awscdk.Stack_Of(scope).Account()}}})})
	allow(role, []string{"lambda:InvokeFunction"}, *props.Poller.FunctionArn(), *props.Sweeper.FunctionArn())
	for _, s := range props.Schedules {
		target := props.Poller
		if s.Function == config.Sweeper {
			target = props.Sweeper
		}
		text, err := json.Marshal(input{Connection: string(s.Connection), Object: string(s.Object), Reconcile: s.Reconcile})
		if err != nil {
			panic("a schedule's input does not marshal: " + err.Error()) // it holds texts alone
		}
		expression, window := timing(s.Every, s.Offset)
		schedule := awsscheduler.NewCfnSchedule(scope, jsii.String(scheduleID(s)), &awsscheduler.CfnScheduleProps{GroupName: group.Ref(),
			Description: jsii.String(describe(s)), ScheduleExpression: jsii.String(expression), ScheduleExpressionTimezone: jsii.String("UTC"), FlexibleTimeWindow: window,
			Target: &awsscheduler.CfnSchedule_TargetProperty{Arn: target.FunctionArn(), RoleArn: role.RoleArn(), Input: jsii.String(string(text)),
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(retriesMax), MaximumEventAgeInSeconds: jsii.Number(max(60, s.Every.Seconds()/2))}}})
		// A schedule may be used before its role's policy is there, and would then be refused.
		schedule.Node().AddDependency(role)
	}
}

// retriesMax is how often the scheduler tries a call that Lambda did not take.
const retriesMax = 3

func scheduleID(s config.Schedule) string {
	switch {
	case s.Function == config.Sweeper:
		return "sweep-" + string(s.Connection)
	case s.Reconcile:
		return "reconcile-" + string(s.Connection) + "-" + string(s.Object)
	}
	return "poll-" + string(s.Connection) + "-" + string(s.Object)
}

func describe(s config.Schedule) string {
	switch {
	case s.Function == config.Sweeper:
		return fmt.Sprintf("Sends what is due on %s", s.Connection)
	case s.Reconcile:
		return fmt.Sprintf("Reads every record of %s on %s again", s.Object, s.Connection)
	}
	return fmt.Sprintf("Reads what changed in %s on %s", s.Object, s.Connection)
}

// timing gives a schedule's expression and window. Periods that divide an hour or a day are cron expressions, exact to the
// minute, so that the offset holds whenever the stack is deployed: a rate counts from the deployment, and a start date
// earlier than five minutes ago is refused, so it would make every later deployment fail. Any other period is a
// rate, spread by chance over a window instead.
func timing(every, offset time.Duration) (string, *awsscheduler.CfnSchedule_FlexibleTimeWindowProperty) {
	exact := &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")}
	minutes, start := int(every/time.Minute), int(offset%every/time.Minute)
	switch {
	case minutes == 60:
		return fmt.Sprintf("cron(%d * * * ? *)", start), exact
	case minutes == 24*60:
		return fmt.Sprintf("cron(%d %d * * ? *)", start%60, start/60), exact
	case minutes < 60 && 60%minutes == 0:
		return fmt.Sprintf("cron(%d/%d * * * ? *)", start, minutes), exact
	case minutes%60 == 0 && 24*60%minutes == 0:
		return fmt.Sprintf("cron(%d %d/%d * * ? *)", start%60, start/60, minutes/60), exact
	}
	return fmt.Sprintf("rate(%d minutes)", minutes), &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{
		Mode: jsii.String("FLEXIBLE"), MaximumWindowInMinutes: jsii.Number(max(1, min(minutes/2, 15)))}
}
