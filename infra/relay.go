package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// relayHours is how long the bus keeps trying to hand over an event: its longest. What it gives up on, a poll finds.
const relayHours = 24

// relayAttempts is the bus's most (docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html, 2026).
const relayAttempts = 185

// RelayProps says whose events are relayed, and where to.
type RelayProps struct {
	Connection config.Deployed
	// URL is the platform's webhook route, Secret what proves to it that the bus sent a request.
	URL, Secret *string
	Alarms      *Alarms
}

// NewRelay takes a connection's partner event source into the account, as a bus, and hands its events to the platform's
// webhook route, where they are verified and queued like every other: so nothing but the webhook function sends there. The
// bus must carry its source's name. There is no dead-letter queue: events carry values, and are only hints.
func NewRelay(scope constructs.Construct, id string, props RelayProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	name := string(props.Connection.Name)
	bus := awsevents.NewCfnEventBus(scope, jsii.String("Bus"), &awsevents.CfnEventBusProps{Name: jsii.String(props.Connection.EventSource),
		EventSourceName: jsii.String(props.Connection.EventSource), Description: jsii.String("FluxCascade: change events of " + name)})
	connection := awsevents.NewCfnConnection(scope, jsii.String("Connection"),
		&awsevents.CfnConnectionProps{AuthorizationType: jsii.String("API_KEY"),
			Description: jsii.String("FluxCascade: proves to our webhook route that the bus of " + name + " sent a request"),
			AuthParameters: &awsevents.CfnConnection_AuthParametersProperty{
				ApiKeyAuthParameters: &awsevents.CfnConnection_ApiKeyAuthParametersProperty{
					ApiKeyName: jsii.String(catalog.RelayHeader), ApiKeyValue: props.Secret}}})
	destination := awsevents.NewCfnApiDestination(scope, jsii.String("Destination"),
		&awsevents.CfnApiDestinationProps{ConnectionArn: connection.AttrArn(),
			HttpMethod: jsii.String("POST"), InvocationEndpoint: props.URL, InvocationRateLimitPerSecond: jsii.Number(requestsPerSecond),
			Description: jsii.String("FluxCascade: the webhook route that events of " + name + " go to")})
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{Description: jsii.String("FluxCascade: hands over events of " + name),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": *awscdk.Stack_Of(scope).Account()}}})})
	allow(role, []string{"events:InvokeApiDestination"}, *destination.AttrArn())
	rule := awsevents.NewCfnRule(scope, jsii.String("Rule"), &awsevents.CfnRuleProps{EventBusName: bus.Ref(),
		Description:  jsii.String("FluxCascade: every change event of " + name),
		EventPattern: map[string]any{"source": []string{props.Connection.EventSource}},
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("webhook"), Arn: destination.AttrArn(), RoleArn: role.RoleArn(),
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(relayHours * 3600),
				MaximumRetryAttempts: jsii.Number(relayAttempts)}}}})
	// A rule may be used before its role's policy is there, and would then lose what it could not hand over.
	rule.Node().AddDependency(role)
	tag(scope, tagConnection, name)
	props.Alarms.Add(scope, "GivenUp", AlarmProps{
		Description: "Events of " + name + " were not taken by our webhook route for a day. Polls find what changed, only later: see the " +
			"webhook function's log, and the webhook_secret in the app's secret, which must be the one the stack was deployed with; and run: " +
			props.Alarms.command("check"),
		Metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/Events"),
			MetricName: jsii.String("FailedInvocations"), Statistic: jsii.String("Sum"),
			Period: awscdk.Duration_Hours(jsii.Number(1)), DimensionsMap: &map[string]*string{"EventBusName": bus.AttrName(),
				"RuleName": ruleName(rule)}}),
		Threshold: 1, Periods: 1})
}

// ruleName is the name of a rule on a bus of its own, whose Ref is "bus|rule".
func ruleName(rule awsevents.CfnRule) *string {
	return awscdk.Fn_Select(jsii.Number(1), awscdk.Fn_Split(jsii.String("|"), rule.Ref(), nil))
}
