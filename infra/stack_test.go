package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// TestTheExamplesKeepThePolicy checks what must hold of every stack that a configuration can ask for.
func TestTheExamplesKeepThePolicy(t *testing.T) {
	for _, path := range []string{exampleFile, domainsFile, relayedFile} {
		t.Run(path, func(t *testing.T) {
			made := stackOf(t, path)
			keepsPolicy(t, made.template, made.deployment)
		})
	}
}

func keepsPolicy(t *testing.T, tpl template, d config.Deployment) {
	for _, rule := range []struct {
		name  string
		check func(*testing.T, template, config.Deployment)
	}{
		{"every queue has dead letters, and an alarm on them and on its age", queuesHaveDeadLetters},
		{"messages stay hidden for six timeouts, and one bad message fails alone", eventSources},
		{"environments are what config requires", environments},
		{"nothing is granted by wildcard", noWildcards},
		{"a function reaches what config says and no more", reaches},
		{"only a connection's writer reaches its tokens", tokens},
		{"what holds state outlives the stack", retained},
		{"nothing has a physical name", noPhysicalNames},
		{"everything is tagged", tagged},
		{"people get a reader's and an operator's policy, and a reader no way in", people},
		{"schedules of others cannot use our roles", trusted},
		{"nothing is written for one partition", anyPartition},
		{"keys have names", aliased},
		{"functions are as described", functionsAsDescribed},
		{"only functions that take queues may be invoked in a loop", loops},
		{"each platform that calls us has one route, throttled, logged without contents", routes},
		{"each scheduled call has one schedule", schedules},
		{"events of a bus come to their platform's route, with its secret", relays},
		{"alarms tell somebody, and say what to do", alarmsTell},
		{"every connection is watched, in words for whoever is woken", watched},
		{"each group has a dashboard that shows every metric of its members", dashboards},
		{"a monthly budget is told to the topic", budgeted},
		{"an operator is told where things are", outputs},
	} {
		t.Run(rule.name, func(t *testing.T) { rule.check(t, tpl, d) })
	}
}

func queuesHaveDeadLetters(t *testing.T, tpl template, d config.Deployment) {
	alarmed := map[string][]string{}
	for _, id := range tpl.of(t, "AWS::CloudWatch::Alarm") {
		dimensions, _ := tpl.Resources[id].at("Dimensions").([]any)
		for _, dimension := range dimensions {
			queue := target(dimension.(map[string]any)["Value"])
			alarmed[queue] = append(alarmed[queue], fmt.Sprint(tpl.Resources[id].at("MetricName")))
		}
	}
	queues := map[string]string{}
	for _, id := range tpl.of(t, "AWS::SQS::Queue") {
		queues[tpl.Resources[id].tagOf(tagQueue)] = id
	}
	if want := 2 * len(record.QueueKinds()) * len(d.Connections); len(queues) != want {
		t.Errorf("got %d queues, want %d: one of each kind and its dead letters for each connection", len(queues), want)
	}
	for _, c := range d.Connections {
		for _, kind := range record.QueueKinds() {
			name := record.QueueOf(kind, c.Name)
			queue, dead := tpl.Resources[queues[string(name)]], queues[string(name.Dead())]
			if got := target(queue.at("RedrivePolicy", "deadLetterTargetArn")); got != dead || dead == "" {
				t.Errorf("%s gives up on messages to %q, want %q", name, got, dead)
			}
			if got := alarmed[dead]; !slices.Contains(got, "ApproximateNumberOfMessagesVisible") {
				t.Errorf("the dead letters of %s have alarms %v", name, got)
			}
			if got := alarmed[queues[string(name)]]; !slices.Contains(got, "ApproximateAgeOfOldestMessage") {
				t.Errorf("%s has alarms %v", name, got)
			}
			if number(queue.at("MessageRetentionPeriod")) > number(tpl.Resources[dead].at("MessageRetentionPeriod")) {
				t.Errorf("%s keeps messages longer than its dead letters, whose age counts from the first sending", name)
			}
			if queue.at("SqsManagedSseEnabled") != true && queue.at("KmsMasterKeyId") == nil {
				t.Errorf("%s is not encrypted", name)
			}
		}
	}
}

func eventSources(t *testing.T, tpl template, d config.Deployment) {
	consumers := map[string]int{}
	for _, id := range tpl.of(t, "AWS::Lambda::EventSourceMapping") {
		source := tpl.Resources[id]
		queue, fn := tpl.Resources[target(source.at("EventSourceArn"))], tpl.Resources[target(source.at("FunctionName"))]
		name := queue.tagOf(tagQueue)
		consumers[name]++
		if hidden, timeout := number(queue.at("VisibilityTimeout")), number(fn.at("Timeout")); hidden < 6*timeout {
			t.Errorf("%s hides messages for %v s, under six times its function's %v s", name, hidden, timeout)
		}
		if diff := cmp.Diff([]any{"ReportBatchItemFailures"}, source.at("FunctionResponseTypes")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if number(source.at("ScalingConfig", "MaximumConcurrency")) < 2 {
			t.Errorf("%s has no maximum concurrency", name)
		}
		if number(source.at("BatchSize")) > 10 && number(source.at("MaximumBatchingWindowInSeconds")) < 1 {
			t.Errorf("%s has batches over 10 without a window, which Lambda refuses", name)
		}
		kind, connection, _ := strings.Cut(name, "-")
		if got, want := fn.tagOf(tagFunction), string(consumerOf(record.QueueKind(kind))); got != want {
			t.Errorf("%s is taken by %s, want %s", name, got, want)
		}
		if own := fn.tagOf(tagConnection); own != "" && own != connection {
			t.Errorf("%s is taken by the writer of %s", name, own)
		}
	}
	for _, c := range d.Connections {
		for _, kind := range record.QueueKinds() {
			if name := string(record.QueueOf(kind, c.Name)); consumers[name] != 1 {
				t.Errorf("%s has %d consumers", name, consumers[name])
			}
		}
	}
}

func environments(t *testing.T, tpl template, d config.Deployment) {
	seen := map[config.Function]int{}
	for _, id := range tpl.of(t, "AWS::Lambda::Function") {
		f := config.Function(tpl.Resources[id].tagOf(tagFunction))
		seen[f]++
		variables, _ := tpl.Resources[id].at("Environment", "Variables").(map[string]any)
		want := slices.Sorted(slices.Values(config.Environment(f)))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(variables))); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
		parsed, err := config.Parse(f, func(name string) string { return flat(variables[name], func(string) string { return "x" }) })
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		access := config.AccessOf(f, parsed.Connection)
		for name := range parsed.QueueURLs {
			kind, _, _ := strings.Cut(string(name), "-")
			if !slices.Contains(access.Sends, record.QueueKind(kind)) && !slices.Contains(access.Counts, record.QueueKind(kind)) {
				t.Errorf("%s is told the URL of %s, to which it does not send and which it does not count", id, name)
			}
		}
	}
	want := map[config.Function]int{config.Webhook: 1, config.Poller: 1, config.Sweeper: 1, config.Resolver: 1,
		config.Writer: len(d.Connections), config.Widget: 1, config.Digest: 1}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func retained(t *testing.T, tpl template, _ config.Deployment) {
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SecretsManager::Secret"} {
		for _, id := range tpl.of(t, kind) {
			if r := tpl.Resources[id]; r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
				t.Errorf("%s is deleted by %q and replaced by %q", id, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
		}
	}
	for _, id := range tpl.of(t, "AWS::DynamoDB::Table") {
		r := tpl.Resources[id]
		if r.at("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true || r.at("DeletionProtectionEnabled") != true ||
			r.at("SSESpecification", "KMSMasterKeyId") == nil || r.at("BillingMode") != "PAY_PER_REQUEST" {
			t.Errorf("%s lacks recovery, protection, a key of its own or billing by request: %v", id, r.Properties)
		}
		if r.at("TimeToLiveSpecification", "AttributeName") != dynamostore.ExpiryAttribute {
			t.Errorf("%s expires rows by %v, the store by %s", id, r.at("TimeToLiveSpecification"), dynamostore.ExpiryAttribute)
		}
		want := []any{map[string]any{"AttributeName": dynamostore.PartitionAttribute, "KeyType": "HASH"},
			map[string]any{"AttributeName": dynamostore.SortAttribute, "KeyType": "RANGE"}}
		if diff := cmp.Diff(want, r.at("KeySchema")); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	for _, id := range tpl.of(t, "AWS::SecretsManager::Secret") {
		text, ok := tpl.Resources[id].at("GenerateSecretString", "SecretStringTemplate").(string)
		if !ok {
			continue
		}
		var app boot.App
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&app); err != nil || app != (boot.App{}) {
			t.Errorf("%s begins as %s, which functions read as %+v, %v", id, text, app, err)
		}
	}
}

// requiredNames are names that CloudFormation asks for and that need not be unique in an account.
var requiredNames = map[string][]string{"AWS::IAM::Policy": {"PolicyName"}, "AWS::ApiGatewayV2::Api": {"Name"},
	"AWS::ApiGatewayV2::Stage": {"StageName"},
	// A key's alias carries the stack's name, which is one's own in an account and region; aliased checks that.
	"AWS::KMS::Alias": {"AliasName"},
	// A bus carries its partner event source's name, which is one organisation's.
	"AWS::Events::EventBus": {"Name"}}

func noPhysicalNames(t *testing.T, tpl template, _ config.Deployment) {
	for id, r := range tpl.Resources {
		kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
		for _, name := range []string{"Name", kind + "Name"} {
			if _, ok := r.Properties[name]; ok && !slices.Contains(requiredNames[r.Type], name) && target(r.Properties[name]) == "" {
				t.Errorf("%s (%s) has the %s %v: a second stack would clash with it", id, r.Type, name, r.Properties[name])
			}
		}
	}
}

// untaggable are types that take no tags.
var untaggable = []string{"AWS::IAM::Policy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::Lambda::Permission",
	"AWS::Lambda::EventInvokeConfig",
	"AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Integration", "AWS::Scheduler::Schedule", "AWS::CDK::Metadata",
	"AWS::KMS::Alias", "AWS::IAM::ManagedPolicy",
	"AWS::Events::Connection", "AWS::Events::ApiDestination", "AWS::Budgets::Budget", "AWS::CloudWatch::Dashboard"}

func tagged(t *testing.T, tpl template, _ config.Deployment) {
	for id, r := range tpl.Resources {
		if slices.Contains(untaggable, r.Type) {
			continue
		}
		if r.tagOf("project") != "fluxcascade" || r.tagOf("stage") != "test" {
			t.Errorf("%s (%s) has the tags %v", id, r.Type, r.Properties["Tags"])
		}
	}
}

func functionsAsDescribed(t *testing.T, tpl template, _ config.Deployment) {
	for _, id := range tpl.of(t, "AWS::Lambda::Function") {
		r := tpl.Resources[id]
		if r.at("Runtime") != "provided.al2023" || r.at("TracingConfig", "Mode") != "Active" || r.at("Handler") != "bootstrap" {
			t.Errorf("%s: %v", id, r.Properties)
		}
		if diff := cmp.Diff([]any{"arm64"}, r.at("Architectures")); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
		if logs := tpl.Resources[target(r.at("LoggingConfig", "LogGroup"))]; number(logs.at("RetentionInDays")) != 30 {
			t.Errorf("%s keeps its log for %v days", id, logs.at("RetentionInDays"))
		}
	}
}

// loops: by default Lambda drops what a function put off often enough, while a function that no queue invokes has no cause
// to invoke itself.
func loops(t *testing.T, tpl template, _ config.Deployment) {
	fed := map[string]bool{}
	for _, id := range tpl.of(t, "AWS::Lambda::EventSourceMapping") {
		fed[target(tpl.Resources[id].at("FunctionName"))] = true
	}
	for _, id := range tpl.of(t, "AWS::Lambda::Function") {
		want := "Terminate"
		if fed[id] {
			want = "Allow"
		}
		if got := tpl.Resources[id].at("RecursiveLoop"); got != want {
			t.Errorf("%s has RecursiveLoop %v, want %s", id, got, want)
		}
	}
}

func routes(t *testing.T, tpl template, d config.Deployment) {
	var got []string
	for _, id := range tpl.of(t, "AWS::ApiGatewayV2::Route") {
		got = append(got, fmt.Sprint(tpl.Resources[id].at("RouteKey")))
	}
	var want []string
	for _, p := range d.Webhooks {
		want = append(want, "POST /webhooks/"+string(p), "GET /connect/"+string(p))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Error(diff)
	}
	stage := tpl.Resources[tpl.of(t, "AWS::ApiGatewayV2::Stage")[0]]
	if number(stage.at("DefaultRouteSettings", "ThrottlingRateLimit")) == 0 ||
		number(stage.at("DefaultRouteSettings", "ThrottlingBurstLimit")) == 0 {
		t.Errorf("the stage is not throttled: %v", stage.Properties)
	}
	format, _ := stage.at("AccessLogSettings", "Format").(string)
	var logged map[string]string
	if err := json.Unmarshal([]byte(format), &logged); err != nil {
		t.Fatalf("the access log is not JSON: %v", err)
	}
	for name, variable := range logged {
		if !strings.HasPrefix(variable, "$context.") || strings.Contains(variable, "authorizer") {
			t.Errorf("the access log writes %s, as %s", variable, name)
		}
	}
}

func relays(t *testing.T, tpl template, d config.Deployment) {
	want := map[string]string{} // event source to platform
	for _, c := range d.Connections {
		if c.EventSource != "" {
			want[c.EventSource] = string(c.Platform)
		}
	}
	got := map[string]string{}
	for id, r := range tpl.Resources {
		if r.Type != "AWS::Events::Rule" || r.at("EventPattern", "source") == nil {
			continue
		}
		bus := tpl.Resources[target(r.at("EventBusName"))]
		source := fmt.Sprint(bus.at("EventSourceName"))
		if bus.at("Name") != source || !cmp.Equal(r.at("EventPattern", "source"), []any{source}) {
			t.Errorf("%s takes %v of the bus %v of %s", id, r.at("EventPattern"), bus.at("Name"), source)
		}
		targets, _ := r.at("Targets").([]any)
		if len(targets) != 1 {
			t.Fatalf("%s has the targets %v", id, targets)
		}
		destination := tpl.Resources[target(targets[0].(map[string]any)["Arn"])]
		connection := tpl.Resources[target(destination.at("ConnectionArn"))]
		_, route, _ := strings.Cut(flat(destination.at("InvocationEndpoint"), func(string) string { return "api" }), "/webhooks/")
		got[source] = route
		if connection.at("AuthParameters", "ApiKeyAuthParameters", "ApiKeyName") != catalog.RelayHeader {
			t.Errorf("%s proves itself by %v, the connector reads %s", id, connection.Properties, catalog.RelayHeader)
		}
		value := flat(connection.at("AuthParameters", "ApiKeyAuthParameters", "ApiKeyValue"),
			func(id string) string { return tpl.Resources[id].Type })
		if value != "{{resolve:secretsmanager:AWS::SecretsManager::Secret:SecretString:webhook_secret::}}" {
			t.Errorf("%s sends %s, want the webhook secret of the app, resolved when it is deployed", id, value)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func schedules(t *testing.T, tpl template, d config.Deployment) {
	var got []lambdaio.Scheduled
	for _, id := range tpl.of(t, "AWS::Scheduler::Schedule") {
		r := tpl.Resources[id]
		text := fmt.Sprint(r.at("Target", "Input"))
		if tpl.Resources[target(r.at("Target", "Arn"))].tagOf(tagFunction) == string(config.Digest) {
			if zone := r.at("ScheduleExpressionTimezone"); text != "{}" || zone != d.Zone {
				t.Errorf("the digest is called with %s by the clock of %v", text, zone)
			}
			continue
		}
		var in lambdaio.Scheduled
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			t.Errorf("%s gives %s: %v", id, text, err)
		}
		want := "poller"
		if in.Object == "" {
			want = "sweeper"
		}
		if got := tpl.Resources[target(r.at("Target", "Arn"))].tagOf(tagFunction); got != want {
			t.Errorf("%s calls %s with %s", id, got, text)
		}
		got = append(got, in)
	}
	var want []lambdaio.Scheduled
	for _, s := range d.Schedules {
		want = append(want, lambdaio.Scheduled{Connection: s.Connection, Object: s.Object, Reconcile: s.Reconcile, Active: s.Active})
	}
	order := func(a, b lambdaio.Scheduled) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func alarmsTell(t *testing.T, tpl template, _ config.Deployment) {
	topic := tpl.of(t, "AWS::SNS::Topic")[0]
	for _, id := range tpl.of(t, "AWS::CloudWatch::Alarm") {
		r := tpl.Resources[id]
		actions, _ := r.at("AlarmActions").([]any)
		if len(actions) != 1 || target(actions[0]) != topic || r.at("OKActions") == nil || r.at("AlarmDescription") == nil {
			t.Errorf("%s: %v", id, r.Properties)
		}
		if words := fmt.Sprint(r.at("AlarmDescription")); !strings.Contains(words, "fluxcascade --stack FluxCascade-test ") {
			t.Errorf("%s says no command to run: %s", id, words)
		}
	}
	publishes := slices.ContainsFunc(tpl.statements(), func(s statement) bool {
		return s.Effect == "Allow" && slices.Contains(s.Actions, "sns:Publish") && strings.HasPrefix(s.in, "Alarms")
	})
	if !publishes {
		t.Error("CloudWatch may not publish to the topic")
	}
}

func outputs(t *testing.T, tpl template, d config.Deployment) {
	want := []string{"AlarmTopic", "DigestTopic", "CostTag", "OperatorPolicy", "ReaderPolicy"}
	for _, g := range d.Groups {
		want = append(want, "Dashboard"+string(g.Name))
	}
	for _, p := range d.Platforms {
		want = append(want, "AppSecret"+string(p))
	}
	for _, p := range d.Webhooks {
		want = append(want, "WebhookURL"+string(p))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(maps.Keys(tpl.Outputs))); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameConfigurationGivesTheSameTemplate(t *testing.T) {
	first := stackOf(t, exampleFile)
	d, text := deploymentOf(t, exampleFile)
	second, _, _, err := synthesise(t, d, text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.text, second.text); diff != "" {
		t.Error(diff)
	}
}

// number reads a number that JSON or CloudFormation gave; 0 if it is none.
func number(v any) float64 {
	n, _ := v.(float64)
	return n
}
