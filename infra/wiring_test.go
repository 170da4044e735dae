package main

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// TestTheTemplatesAreWiredAsTheConfigurationAsks reads them as a local run over the wire does.
func TestTheTemplatesAreWiredAsTheConfigurationAsks(t *testing.T) {
	for _, file := range []string{exampleFile, domainsFile, relayedFile} {
		made := stackOf(t, file)
		w, err := wiring.Read([]byte(made.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Check(made.deployment); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if tagConnection != wiring.TagConnection || tagFunction != wiring.TagFunction || tagQueue != wiring.TagQueue ||
		tagTable != wiring.TagTable {
		t.Error("the tags that are read are not those that are written")
	}
}

// TestAWrongWireFails breaks the example's template in one place each and wants the words that say so.
func TestAWrongWireFails(t *testing.T) {
	made := stackOf(t, exampleFile)
	byTag := func(kind, key, value string) string {
		for id, r := range made.Resources {
			if r.Type == kind && r.tagOf(key) == value && (key != tagFunction || value != "writer" || r.tagOf(tagConnection) == "jobber") {
				return id
			}
		}
		t.Fatalf("no %s is tagged %s=%s", kind, key, value)
		return ""
	}
	pointing := func(kind string, path []string, at string) string {
		for id, r := range made.Resources {
			if r.Type == kind && target(r.at(path...)) == at {
				return id
			}
		}
		t.Fatalf("no %s points at %s", kind, at)
		return ""
	}
	queue := func(name string) string { return byTag("AWS::SQS::Queue", tagQueue, name) }
	function := func(name string) string { return byTag("AWS::Lambda::Function", tagFunction, name) }
	source := func(name string) string {
		return pointing("AWS::Lambda::EventSourceMapping", []string{"EventSourceArn"}, queue(name))
	}
	schedule := func(text string) string {
		for id, r := range made.Resources {
			if r.Type == "AWS::Scheduler::Schedule" && r.at("Target", "Input") == text {
				return id
			}
		}
		t.Fatalf("no schedule gives %s", text)
		return ""
	}
	route := func(key string) string {
		for id, r := range made.Resources {
			if r.Type == "AWS::ApiGatewayV2::Route" && r.at("RouteKey") == key {
				return id
			}
		}
		t.Fatalf("no route is %s", key)
		return ""
	}
	arn := func(id string) any { return map[string]any{"Fn::GetAtt": []any{id, "Arn"}} }
	urls := func(id string) map[string]any {
		return made.Resources[id].at("Environment", "Variables", "QUEUE_NAMES").(map[string]any)
	}
	cases := []struct {
		name, id string
		set      map[string]any // by property; nil removes it, "" the resource
		want     string
	}{
		{"a queue that hides messages too briefly", queue("changes-jobber"), map[string]any{"VisibilityTimeout": 60},
			"changes-jobber hides messages for 1m0s, under 6 times"},
		{"a queue without dead letters", queue("due-hubspot"), map[string]any{"RedrivePolicy": nil}, `due-hubspot gives up on messages to ""`},
		{"dead letters of another queue", queue("due-hubspot"),
			map[string]any{"RedrivePolicy": map[string]any{"deadLetterTargetArn": arn(queue("due-jobber-dead")), "maxReceiveCount": 5}},
			`due-hubspot gives up on messages to "due-jobber-dead"`},
		{"a queue of another name", queue("backfill-jobber"),
			map[string]any{"Tags": []any{map[string]any{"Key": tagQueue, "Value": "backfil-jobber"}}}, "there is no queue backfill-jobber"},
		{"no partial responses", source("changes-hubspot"), map[string]any{"FunctionResponseTypes": nil},
			"changes-hubspot is taken without partial responses"},
		{"large batches without a window", source("due-jobber"), map[string]any{"MaximumBatchingWindowInSeconds": nil},
			"due-jobber is taken 100 messages at once without a window"},
		{"no maximum concurrency", source("due-jobber"), map[string]any{"ScalingConfig": nil}, "due-jobber has a maximum concurrency of 0"},
		{"a queue that another's writer takes", source("due-quickbooks"),
			map[string]any{"FunctionName": map[string]any{"Ref": function("writer")}},
			"due-quickbooks is taken by the writer of jobber, not by the writer of quickbooks"},
		{"a queue that nobody takes", source("backfill-quickbooks"), map[string]any{"": nil}, "backfill-quickbooks has 0 consumers"},
		{"a table with other keys", byTag("AWS::DynamoDB::Table", tagTable, "control"),
			map[string]any{"KeySchema": []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}}}, "table control has the keys"},
		{"rows that never expire", byTag("AWS::DynamoDB::Table", tagTable, "versions"), map[string]any{"TimeToLiveSpecification": nil},
			"table versions has the keys"},
		{"no table", byTag("AWS::DynamoDB::Table", tagTable, "cross-reference"), map[string]any{"": nil}, "there is no table cross-reference"},
		{"a poll that nothing calls", schedule(`{"connection":"jobber","object":"jobs"}`), map[string]any{"": nil},
			"nothing calls the poller for jobber/jobs, always"},
		{"a poll that calls the sweeper", schedule(`{"connection":"jobber","object":"jobs"}`),
			map[string]any{"Target": map[string]any{"Arn": arn(function("sweeper")), "Input": `{"connection":"jobber","object":"jobs"}`}},
			"calls the sweeper, not the poller"},
		{"a poll that is called for twice", schedule(`{"connection":"jobber","object":"clients"}`),
			map[string]any{"Target": map[string]any{"Arn": arn(function("poller")), "Input": `{"connection":"jobber","object":"jobs"}`}},
			"two schedules call for jobber/jobs, always"},
		{"a route that is missing", route("POST /webhooks/hubspot"), map[string]any{"": nil}, "hubspot has no route POST /webhooks/hubspot"},
		{"a function that is not told a name", function("sweeper"),
			map[string]any{"Environment": map[string]any{"Variables": map[string]any{"STACK": "x"}}}, "the sweeper is not told TABLE_VERSIONS"},
		{"a function that is told another's queue", function("writer"),
			map[string]any{"Environment": map[string]any{"Variables": map[string]any{"QUEUE_NAMES": swapped(urls(function("writer")),
				queue("due-hubspot"), queue("due-jobber"))}}},
			`the writer of jobber sends what is for due-hubspot to "due-jobber"`},
		{"no template of ours", "", nil, "it is not one of ours"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var tree struct {
				Resources map[string]map[string]any
			}
			if err := json.Unmarshal([]byte(made.text), &tree); err != nil {
				t.Fatal(err)
			}
			if c.id == "" {
				clear(tree.Resources)
			}
			for property, value := range c.set {
				properties, _ := tree.Resources[c.id]["Properties"].(map[string]any)
				switch {
				case property == "":
					delete(tree.Resources, c.id)
				case value == nil:
					delete(properties, property)
				default:
					properties[property] = value
				}
			}
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			w, err := wiring.Read(text)
			if err == nil {
				err = w.Check(made.deployment)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// swapped copies a join with one reference put for another.
func swapped(join map[string]any, from, to string) any {
	text := strings.ReplaceAll(compact(join), from, to)
	var out any
	if json.Unmarshal([]byte(text), &out) != nil {
		return maps.Clone(join)
	}
	return out
}
