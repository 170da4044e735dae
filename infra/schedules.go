package main

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
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
	Active     string `json:"active,omitempty"`
}

// NewSchedules makes a schedule for each scheduled call. A call that Lambda does not take is tried again for a while,
// though not into the next call's time.
func NewSchedules(scope constructs.Construct, id string, props SchedulesProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	group := awsscheduler.NewCfnScheduleGroup(scope, jsii.String("Group"), nil)
	role := schedulerRole(scope, "FluxCascade schedules", group)
	allow(role, []string{"lambda:InvokeFunction"}, *props.Poller.FunctionArn(), *props.Sweeper.FunctionArn())
	for _, s := range props.Schedules {
		target := props.Poller
		if s.Function == config.Sweeper {
			target = props.Sweeper
		}
		in := input{Connection: string(s.Connection), Object: string(s.Object), Reconcile: s.Reconcile}
		if !s.Active.IsZero() {
			in.Active = s.Active.String()
		}
		text, err := json.Marshal(in)
		if err != nil {
			panic("a schedule's input does not marshal: " + err.Error()) // it holds texts alone
		}
		at := timing(s)
		schedule := awsscheduler.NewCfnSchedule(scope, jsii.String(scheduleID(s)), &awsscheduler.CfnScheduleProps{GroupName: group.Ref(),
			Description: jsii.String(describe(s)), ScheduleExpression: jsii.String(at.expression), ScheduleExpressionTimezone: jsii.String(at.zone),
			FlexibleTimeWindow: at.window(),
			Target: &awsscheduler.CfnSchedule_TargetProperty{Arn: target.FunctionArn(), RoleArn: role.RoleArn(), Input: jsii.String(string(text)),
				RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(retriesMax),
					MaximumEventAgeInSeconds: jsii.Number(max(60, s.Every.Seconds()/2))}}})
		// A schedule may be used before its role's policy is there, and would then be refused.
		schedule.Node().AddDependency(role)
	}
}

// schedulerRole makes a role for the schedules of one group. The conditions keep it from those of others, in this account
// and elsewhere; Scheduler takes a group and no single schedule in them
// (docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html, read 2026-12).
func schedulerRole(scope constructs.Construct, description string, group awsscheduler.CfnScheduleGroup) awsiam.Role {
	return awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{Description: jsii.String(description),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": *awscdk.Stack_Of(scope).Account(),
				"aws:SourceArn": *group.AttrArn()}}})})
}

// retriesMax is how often the scheduler tries a call that Lambda did not take.
const retriesMax = 3

// scheduleID is the same for as long as a call's place and hours are: a place may have a schedule for each of its hours.
func scheduleID(s config.Schedule) string {
	id := "poll-" + string(s.Connection) + "-" + string(s.Object)
	switch {
	case s.Function == config.Sweeper:
		id = "sweep-" + string(s.Connection)
	case s.Reconcile:
		id = "reconcile-" + string(s.Connection) + "-" + string(s.Object)
	}
	if !s.Active.IsZero() {
		id += "-" + unfit.ReplaceAllString(s.Active.String(), "-")
	}
	return id
}

// unfit is what a construct's id should not hold.
var unfit = regexp.MustCompile(`[^A-Za-z0-9]+`)

func describe(s config.Schedule) string {
	what := fmt.Sprintf("Reads what changed in %s on %s", s.Object, s.Connection)
	switch {
	case s.Function == config.Sweeper:
		what = fmt.Sprintf("Sends what is due on %s", s.Connection)
	case s.Reconcile:
		what = fmt.Sprintf("Reads every record of %s on %s again", s.Object, s.Connection)
	}
	return fmt.Sprintf("%s: every %s, %s", what, s.Every, s.Active)
}
