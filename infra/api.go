package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Throttling of each route. HubSpot, the busiest, sends ten requests at a time
// (developers.hubspot.com webhooks guide, 2025-01); vendors send again what is refused, and polls find what is not.
const (
	requestsPerSecond = 100
	requestsBurst     = 200
)

// accessLog is what is written of each request: no body, no header, no query.
var accessLog = map[string]string{
	"id": "$context.requestId", "at": "$context.requestTime", "route": "$context.routeKey", "status": "$context.status",
	"ip": "$context.identity.sourceIp",
	"ms": "$context.responseLatency", "bytes": "$context.responseLength", "error": "$context.error.messageString",
	"integration": "$context.integration.error",
}

// API is the HTTP API that platforms call.
type API struct {
	construct constructs.Construct
	api       awsapigatewayv2.HttpApi
}

// NewAPI makes the API, as yet without routes: functions must know its URL, and routes the function.
func NewAPI(scope constructs.Construct, id string) *API {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	api := awsapigatewayv2.NewHttpApi(scope, jsii.String("Http"), &awsapigatewayv2.HttpApiProps{CreateDefaultStage: jsii.Bool(false),
		Description: jsii.String("FluxCascade: webhooks of platforms")})
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{Retention: awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	format, err := json.Marshal(accessLog)
	if err != nil {
		panic("the access log's format does not marshal: " + err.Error()) // it holds texts alone
	}
	// The level 1 stage: its settings are plain data, where the level 2 one asks for an object of our own making.
	awsapigatewayv2.NewCfnStage(scope, jsii.String("Stage"), &awsapigatewayv2.CfnStageProps{ApiId: api.ApiId(),
		StageName: jsii.String("$default"), AutoDeploy: jsii.Bool(true),
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{DetailedMetricsEnabled: jsii.Bool(false),

			ThrottlingRateLimit: jsii.Number(requestsPerSecond), ThrottlingBurstLimit: jsii.Number(requestsBurst)},
		AccessLogSettings: &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: logs.LogGroupArn(),
			Format: jsii.String(string(format))}})
	return &API{construct: scope, api: api}
}

// URL gives the API's URL, without a trailing slash.
func (a *API) URL() *string { return a.api.ApiEndpoint() }

// WebhookURL is where a platform's webhooks go.
func (a *API) WebhookURL(p record.Platform) *string { return jsii.String(*a.URL() + webhookPath(p)) }

func webhookPath(p record.Platform) string { return "/webhooks/" + string(p) }

// Route sends each platform's webhooks to a function, by a route of its own, so that nothing else is let in.
func (a *API) Route(platforms []record.Platform, webhook awslambda.Function, alarms *Alarms) {
	integration := awsapigatewayv2integrations.NewHttpLambdaIntegration(jsii.String("Webhook"), webhook, nil)
	for _, p := range platforms {
		a.api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{Path: jsii.String(webhookPath(p)),
			Methods: &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod_POST}, Integration: integration})
		// The page to which the vendor sends the browser of a person who connects an account; it keeps and tells nothing.
		a.api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{Path: jsii.String("/connect/" + string(p)),
			Methods: &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod_GET}, Integration: integration})
		output(a.construct, "WebhookURL"+string(p), "Give this URL to the "+string(p)+" app for its webhooks", a.WebhookURL(p))
	}
	alarms.Add(a.construct, "ServerErrors", AlarmProps{
		Description: "Webhooks were answered with 5xx in each of two hours: the webhook function fails, cannot queue or was refused. Platforms " +
			"send again for a while, and polls find what they do not. See its log, and run: " + alarms.command("doctor"),
		Metric: a.api.MetricServerError(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Hours(jsii.Number(1)),
			Statistic: jsii.String("Sum")}),
		Threshold: 1, Periods: 2})
}
