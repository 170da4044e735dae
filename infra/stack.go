package main

import (
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// connectionsMax is how many connections one stack takes: a function's environment holds 4 KB
// (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, 2026), the resolver's three queue names a connection
// of up to 110 bytes each, and the secrets of six platforms. Groups that share no connection can be deployed as stages of their own.
const connectionsMax = 7

// stageForm keeps stack names within what CloudFormation takes.
var stageForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

// SyncStackProps says what a stack is made from.
type SyncStackProps struct {
	// Stage is letters, digits and hyphens, up to 31.
	Stage      string
	Deployment config.Deployment
	// Config is the configuration's text, which goes beside every bootstrap.
	Config []byte
	// Dist is the folder that scripts/build fills: <Dist>/<function>/bootstrap. Work is an empty one to assemble
	// packages in, needed until the app is synthesised.
	Dist, Work string
	// AlarmEmail is told of alarms; "" for nobody.
	AlarmEmail string
	// BudgetDollars are what the stack may cost a month before somebody is told; 0 for the usual.
	BudgetDollars float64
}

// NewSyncStack adds a stack to scope (an App). The error names what cannot be deployed; nothing else fails before
// CloudFormation does.
func NewSyncStack(scope constructs.Construct, props SyncStackProps) (awscdk.Stack, error) {
	if err := deployable(props); err != nil {
		return nil, err
	}
	code, err := gatherCode(props.Dist, props.Work, props.Config)
	if err != nil {
		return nil, err
	}
	name := "FluxCascade-" + props.Stage
	stack := awscdk.NewStack(scope, jsii.String(name), &awscdk.StackProps{StackName: jsii.String(name),
		Description: jsii.String("FluxCascade: keeps records in sync across business platforms")})
	tag(stack, "project", "fluxcascade")
	tag(stack, "stage", props.Stage)
	tag(stack, tagStack, name)

	alarms := NewAlarms(stack, "Alarms", name, props.AlarmEmail)
	state := NewState(stack, "State", name)
	secrets := NewSecrets(stack, "Secrets", props.Deployment.Platforms, props.Deployment.Relayed)
	queues := NewQueues(stack, "Queues", QueuesProps{Deployment: props.Deployment, Alarms: alarms})
	digest := NewDigest(stack, "Digest", props.AlarmEmail)
	api := NewAPI(stack, "Api")
	functions := NewFunctions(stack, "Functions", FunctionsProps{Deployment: props.Deployment, Code: code, State: state, Secrets: secrets,
		Queues: queues, PublicURL: api.URL(), Alarms: alarms, Digest: digest})
	api.Route(props.Deployment.Webhooks, functions.Webhook, alarms)
	for _, c := range props.Deployment.Connections {
		if c.EventSource != "" {
			NewRelay(stack, "Relay-"+string(c.Name), RelayProps{Connection: c, URL: api.WebhookURL(c.Platform), Secret: secrets.Webhook(c.Platform),
				Alarms: alarms})
		}
	}
	NewSchedules(stack, "Schedules", SchedulesProps{Schedules: props.Deployment.Schedules, Poller: functions.Poller,
		Sweeper: functions.Sweeper})
	digest.Daily(stack, "DigestSchedule", functions.Digest, props.Deployment.Zone)
	digest.Watch(stack, functions.Digest, alarms)
	NewOperators(stack, "Operators", OperatorsProps{State: state, Queues: queues, Secrets: secrets, Functions: functions, Alarms: alarms})
	counted := metrics{stack: name}
	NewWatch(stack, "Watch", WatchProps{Deployment: props.Deployment, Metrics: counted, Alarms: alarms})
	budget := props.BudgetDollars
	if budget == 0 {
		budget = budgetDefault
	}
	NewBudget(stack, "Budget", budget, alarms)
	NewDashboards(stack, "Dashboards", DashboardsProps{Deployment: props.Deployment, Metrics: counted, Queues: queues, State: state,
		Functions: functions, Alarms: alarms})
	if len(code.Missing) > 0 {
		// The command line refuses to deploy a stack with an error on it; a template for reading is made all the same.
		awscdk.Annotations_Of(stack).AddError(jsii.String(fmt.Sprintf("not built: %v; run scripts/build", code.Missing)))
	}
	return stack, nil
}

func deployable(props SyncStackProps) error {
	if !stageForm.MatchString(props.Stage) {
		return fmt.Errorf("stage is %q; write letters, digits and hyphens, up to 31, a letter first", props.Stage)
	}
	if n := len(props.Deployment.Connections); n == 0 || n > connectionsMax {
		return fmt.Errorf("%d connections take part in a group; one stack takes 1 to %d: deploy groups that share none as stages of their own", n,
			connectionsMax)
	}
	return nil
}
