package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// everywhere are actions that AWS defines for no resource, so that "*" is the only one to write: the tracing of any
// function (docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html, 2026), and an account's limits.
var everywhere = []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments", "lambda:GetAccountSettings"}

// byTag reports whether a statement is for what carries this stack's tag alone.
func byTag(s statement) bool {
	return strings.Contains(compact(s.Condition), `"StringEquals":{"aws:ResourceTag/fluxcascade:stack":"FluxCascade-test"}`)
}

// ofToolkit is CDK's own stack, whose ARN ends in an id that nobody knows before; it is looked at alone.
const ofToolkit = ":stack/CDKToolkit/*"

func noWildcards(t *testing.T, tpl template, _ config.Deployment) {
	for _, s := range tpl.statements() {
		if s.Effect != "Allow" {
			continue
		}
		for _, action := range s.Actions {
			if strings.Contains(action, "*") {
				t.Errorf("%s allows %s", s.in, action)
			}
		}
		for _, r := range s.Resources {
			if strings.Contains(r, "*") && !subset(s.Actions, everywhere) && !byTag(s) && !(strings.Contains(r, ofToolkit) &&
				subset(s.Actions, lookActions)) {
				t.Errorf("%s allows %v on %s", s.in, s.Actions, r)
			}
		}
	}
	for _, id := range tpl.of(t, "AWS::IAM::Role") {
		for _, name := range []string{"ManagedPolicyArns", "Policies"} {
			if got := tpl.Resources[id].at(name); got != nil {
				t.Errorf("%s has %s, which this test does not read: %v", id, name, got)
			}
		}
	}
}

func subset(some, of []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(of, s) })
}

// reaches compares, for each function, the resources its role may act on with what config says.
func reaches(t *testing.T, tpl template, d config.Deployment) {
	peers := map[record.Connection][]record.Connection{}
	var all []record.Connection
	for _, c := range d.Connections {
		peers[c.Name] = c.Peers
		all = append(all, c.Name)
	}
	roles := tpl.rolesOf(t)
	if len(roles) != len(slices.Compact(slices.Sorted(maps.Values(roles)))) {
		t.Errorf("functions share roles: %v", roles)
	}
	for id, role := range roles {
		fn := tpl.Resources[id]
		own := record.Connection(fn.tagOf(tagConnection))
		access := config.AccessOf(config.Function(fn.tagOf(tagFunction)), own)
		sends, consumes := all, all
		if own != "" {
			sends, consumes = peers[own], []record.Connection{own}
		}
		want := map[string]bool{}
		for _, kind := range access.Sends {
			for _, c := range sends {
				want["sqs:SendMessage "+string(record.QueueOf(kind, c))] = true
			}
		}
		for _, kind := range access.Consumes {
			for _, c := range consumes {
				want["sqs:ReceiveMessage "+string(record.QueueOf(kind, c))] = true
				want["sqs:GetQueueAttributes "+string(record.QueueOf(kind, c))] = true // as event sources ask for
			}
		}
		for _, kind := range access.Counts {
			for _, c := range all {
				want["sqs:GetQueueAttributes "+string(record.QueueOf(kind, c))] = true
				want["sqs:GetQueueAttributes "+string(record.QueueOf(kind, c).Dead())] = true
			}
		}
		if access.Publishes {
			want["sns:Publish "] = true
		}
		for _, table := range access.Tables {
			want["dynamodb:BatchGetItem "+string(table.Table)] = true
			if table.Write {
				want["dynamodb:PutItem "+string(table.Table)] = true
			}
			if table.Scan {
				want["dynamodb:Scan "+string(table.Table)] = true
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), tpl.grants(role)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

// grants lists what a role may do, by the tags of what it may do it to: one action stands for its like.
func (tpl template) grants(role string) []string {
	stands := []string{"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:GetQueueAttributes", "sns:Publish", "dynamodb:BatchGetItem",
		"dynamodb:PutItem", "dynamodb:Scan"}
	var out []string
	for _, s := range tpl.statements() {
		if tpl.roleOf(s.in) != role {
			continue
		}
		for _, action := range s.Actions {
			if !slices.Contains(stands, action) {
				continue
			}
			for _, text := range s.Resources {
				var reference any
				if json.Unmarshal([]byte(text), &reference) != nil {
					continue
				}
				r := tpl.Resources[target(reference)]
				out = append(out, action+" "+r.tagOf(tagQueue)+r.tagOf(tagTable))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// roleOf gives the role that a policy is attached to.
func (tpl template) roleOf(policy string) string {
	roles, _ := tpl.Resources[policy].at("Roles").([]any)
	if len(roles) != 1 {
		return ""
	}
	return target(roles[0])
}

// tokens checks that whoever may read the control table may name no token row but those of the platforms it calls.
func tokens(t *testing.T, tpl template, _ config.Deployment) {
	want := map[config.Function][]string{config.Poller: {"token#*"}, config.Resolver: {"token#*"}}
	for id, role := range tpl.rolesOf(t) {
		fn := tpl.Resources[id]
		expected := want[config.Function(fn.tagOf(tagFunction))]
		if own := fn.tagOf(tagConnection); own != "" {
			expected = []string{"token#" + own}
		}
		var got []string
		for _, s := range tpl.statements() {
			if tpl.roleOf(s.in) != role || !strings.HasPrefix(s.Actions[0], "dynamodb:") || !tpl.concerns(s, "control") {
				continue
			}
			keys, ok := resource{Properties: map[string]any{"c": s.Condition}}.at("c", "ForAllValues:StringLike", "dynamodb:LeadingKeys").([]any)
			if !ok {
				t.Errorf("%s reaches every row of the control table", id)
			}
			if slices.Contains(s.Actions, "dynamodb:Scan") {
				t.Errorf("%s may scan the control table, and a scan names no rows", id)
			}
			for _, key := range keys {
				if text := fmt.Sprint(key); strings.HasPrefix(text, "token#") {
					got = append(got, text)
				}
			}
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

func (tpl template) concerns(s statement, table string) bool {
	return slices.ContainsFunc(s.Resources, func(text string) bool {
		var reference any
		return json.Unmarshal([]byte(text), &reference) == nil && tpl.Resources[target(reference)].tagOf(tagTable) == table
	})
}

// TestEveryCallOfTheStoreIsGranted fails when the store begins to call what no role may.
func TestEveryCallOfTheStoreIsGranted(t *testing.T) {
	granted := slices.Concat(readActions, writeActions, scanActions)
	client := reflect.TypeFor[dynamostore.Client]()
	for i := range client.NumMethod() {
		name := client.Method(i).Name
		// A transaction is allowed by the actions of the writes in it.
		if name != "TransactWriteItems" && !slices.Contains(granted, "dynamodb:"+name) {
			t.Errorf("the store calls %s, and no role may", name)
		}
	}
}
