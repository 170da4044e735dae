package doctor_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/awsaccount"
	"github.com/fluxcascade/fluxcascade/shared/operator/doctor"
	"github.com/fluxcascade/fluxcascade/shared/proof/awsfake"
)

// template is a stack's with two event sources that run 18 functions at once.
const template = `{"Resources": {"A": {"Type": "AWS::Lambda::EventSourceMapping",
	"Properties": {"ScalingConfig": {"MaximumConcurrency": 16}}},
 "B": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"ScalingConfig": {"MaximumConcurrency": 2}}},
 "C": {"Type": "Other", "Properties": {"ScalingConfig": "text"}}}}`

// sound is an account in which everything is as it should be.
func sound() *awsfake.Account {
	return &awsfake.Account{Number: "123456789012", Region: "eu-west-1", Concurrency: 1000, Unreserved: 900, CodeBytes: 1 << 30,
		Hears: []string{"arn:aws:sns:x:1"}, Stacks: map[string]awsfake.Stack{
			"CDKToolkit": {Outputs: map[string]string{"BootstrapVersion": "29"}},
			"FluxCascade-prod": {Template: template, Status: "UPDATE_COMPLETE", Outputs: map[string]string{
				"AlarmTopic": "arn:aws:sns:eu-west-1:123456789012:alarms"}}}}
}

func look(t *testing.T, a *awsfake.Account, stack string, before doctor.Asked) *doctor.Report {
	t.Helper()
	server := httptest.NewServer(a)
	defer server.Close()
	for name, value := range awsfake.Environment(server.URL, t.TempDir()) {
		t.Setenv(name, value)
	}
	account, err := awsaccount.Open(context.Background(), awsaccount.Settings{})
	return doctor.Account(context.Background(), account, err, stack, before)
}

// tells finds a finding, and holds it to a state and to words.
func tells(t *testing.T, what string, r *doctor.Report, check string, state doctor.State, words ...string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check != check {
			continue
		}
		text := f.Found + "; " + f.Do
		if f.State != state {
			t.Errorf("%s: %s is %s (%s), want %s", what, check, f.State, text, state)
		}
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %s says %q, want it to say %q", what, check, text, word)
			}
		}
		if f.State != doctor.OK && f.Do == "" {
			t.Errorf("%s: %s is a %s and says not what to do", what, check, f.State)
		}
		return
	}
	t.Errorf("%s: nothing is said of %s: %v", what, check, r.Findings)
}

func TestASoundStackHasNothingToMend(t *testing.T) {
	r := look(t, sound(), "FluxCascade-prod", doctor.Asked{})
	for _, check := range []string{"credentials", "clock", "stack", "resources", "bootstrap", "lambda concurrency", "lambda storage",
		"alarms"} {
		tells(t, "a sound stack", r, check, doctor.OK)
	}
	tells(t, "a sound stack", r, "credentials", doctor.OK, "assumed-role/Operator/tess", "region eu-west-1 of account 123456789012")
	tells(t, "a sound stack", r, "lambda concurrency", doctor.OK, "ask for 18")
	if r.Problems() != 0 {
		t.Errorf("got %d problems", r.Problems())
	}
}

func TestEachFaultIsFoundAndSaysWhatToDo(t *testing.T) {
	refuse := func(operation, code string) func(*awsfake.Account) {
		return func(a *awsfake.Account) {
			a.Refuse = map[string]awsfake.Refusal{operation: {Status: 403, Code: code, Message: "x"}}
		}
	}
	stack := func(name string, change func(*awsfake.Stack)) func(*awsfake.Account) {
		return func(a *awsfake.Account) { s := a.Stacks[name]; change(&s); a.Stacks[name] = s }
	}
	clock := func(off time.Duration) func(*awsfake.Account) {
		return func(a *awsfake.Account) { a.Now = func() time.Time { return time.Now().Add(off) } }
	}
	for _, c := range []struct {
		name  string
		spoil func(*awsfake.Account)
		check string
		state doctor.State
		words []string
	}{
		{"a new account's ten executions", func(a *awsfake.Account) { a.Concurrency, a.Unreserved = 10, 10 }, "lambda concurrency",
			doctor.Problem,
			[]string{"10 functions at once", "ask for 18", "request-service-quota-increase", "L-B99A9384", "eu-west-1"}},
		{"executions that others reserved", func(a *awsfake.Account) { a.Unreserved = 17 }, "lambda concurrency", doctor.Problem, []string{"17"}},
		{"no room beside the queues", func(a *awsfake.Account) { a.Unreserved = 20 }, "lambda concurrency", doctor.Warning,
			[]string{"want 10 beside"}},
		{"packages fill the account", func(a *awsfake.Account) { a.CodeBytes = 74 << 30 }, "lambda storage", doctor.Warning,
			[]string{"old versions"}},
		{"a clock six minutes ahead", clock(-6 * time.Minute), "clock", doctor.Problem, []string{"ahead of", "NTP"}},
		{"a clock six minutes behind", clock(6 * time.Minute), "clock", doctor.Problem, []string{"behind"}},
		{"a clock two minutes ahead", clock(-2 * time.Minute), "clock", doctor.Warning, []string{"ahead of"}},
		{"no bootstrap", func(a *awsfake.Account) { delete(a.Stacks, "CDKToolkit") }, "bootstrap", doctor.Warning,
			[]string{"npx aws-cdk@", "bootstrap aws://123456789012/eu-west-1"}},
		{"a bootstrap that is too old", stack("CDKToolkit", func(s *awsfake.Stack) { s.Outputs["BootstrapVersion"] = "5" }), "bootstrap",
			doctor.Problem, []string{"version 5", "needs 6"}},
		{"an unsafe bootstrap", stack("CDKToolkit", func(s *awsfake.Stack) { s.Outputs["BootstrapVersion"] = "20" }), "bootstrap", doctor.Warning,
			[]string{"21"}},
		{"a stack that is not there", func(a *awsfake.Account) { delete(a.Stacks, "FluxCascade-prod") }, "stack", doctor.Problem,
			[]string{"region eu-west-1 of account 123456789012", "--region", "AWS_PROFILE"}},
		{"a stack half deployed", stack("FluxCascade-prod", func(s *awsfake.Stack) { s.Status = "UPDATE_ROLLBACK_FAILED" }), "stack",
			doctor.Problem,
			[]string{"events"}},
		{"a stack set back", stack("FluxCascade-prod", func(s *awsfake.Stack) { s.Status = "UPDATE_ROLLBACK_COMPLETE" }), "stack", doctor.Warning,
			[]string{"as before"}},
		{"a stack under way", stack("FluxCascade-prod", func(s *awsfake.Stack) { s.Status = "UPDATE_IN_PROGRESS" }), "stack", doctor.Warning,
			[]string{"wait"}},
		{"a stack that is nearly full", stack("FluxCascade-prod", func(s *awsfake.Stack) {
			s.Template = `{"Resources": {` + `"first": {}` + manyResources(460) + `}}`
		}), "resources", doctor.Warning, []string{"461 of 500"}},
		{"a template of another program", stack("FluxCascade-prod", func(s *awsfake.Stack) { s.Template = "Resources:" }), "resources",
			doctor.Warning, []string{"JSON"}},
		{"nobody hears the alarms", func(a *awsfake.Account) { a.Hears = nil }, "alarms", doctor.Problem, []string{"alarm_email"}},
		{"nobody has confirmed", func(a *awsfake.Account) { a.Hears = []string{"PendingConfirmation"} }, "alarms", doctor.Problem,
			[]string{"confirm"}},
		{"one has confirmed", func(a *awsfake.Account) { a.Hears = append(a.Hears, "PendingConfirmation") }, "alarms", doctor.Warning,
			[]string{"1 have not"}},
		{"keys that are not known", refuse("GetCallerIdentity", "InvalidClientTokenId"), "credentials", doctor.Problem,
			[]string{"does not know"}},
		{"no right to see limits", refuse("GetAccountSettings", "AccessDeniedException"), "lambda concurrency", doctor.Warning,
			[]string{"lambda:GetAccountSettings"}},
		{"no right to see subscribers", refuse("ListSubscriptionsByTopic", "AuthorizationError"), "alarms", doctor.Warning,
			[]string{"sns:ListSubscriptionsByTopic"}},
		{"no right to see templates", refuse("GetTemplate", "AccessDenied"), "resources", doctor.Warning, []string{"cloudformation:GetTemplate"}},
		{"no right to see stacks", refuse("DescribeStacks", "AccessDenied"), "bootstrap", doctor.Warning,
			[]string{"cloudformation:DescribeStacks"}},
	} {
		a := sound()
		c.spoil(a)
		tells(t, c.name, look(t, a, "FluxCascade-prod", doctor.Asked{}), c.check, c.state, c.words...)
	}
}

// manyResources gives n members of a template's resources.
func manyResources(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"R` + strings.Repeat("x", i) + `": {}`)
	}
	return b.String()
}

func TestBeforeTheFirstDeployment(t *testing.T) {
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := doctor.AskedBy(config.Deploy(rules))
	a := sound()
	a.Concurrency, a.Unreserved, a.Stacks = 10, 10, nil
	r := look(t, a, "", asked)
	tells(t, "a new account", r, "lambda concurrency", doctor.Problem, "ask for 18")
	tells(t, "a new account", r, "bootstrap", doctor.Problem, "not bootstrapped")
	for _, f := range r.Findings {
		if f.Check == "stack" || f.Check == "alarms" {
			t.Errorf("there is no stack yet, and it says %v", f)
		}
	}
	r = doctor.Account(context.Background(), nil, errors.New("no AWS region is set"), "", asked)
	tells(t, "no region", r, "credentials", doctor.Problem, "no AWS region is set")
}

func TestToolsOfTheMachine(t *testing.T) {
	for _, c := range []struct {
		name   string
		tools  map[string]string
		stands bool
		check  string
		state  doctor.State
		words  string
	}{
		{"all as it should be", map[string]string{"node": "v22.11.0", "npx": "10.9.0"}, false, "node", doctor.OK, ""},
		{"all as it should be", map[string]string{"node": "v24.1.0", "npx": "10.9.0"}, false, "cdk", doctor.OK, "npx fetches aws-cdk@"},
		{"no Node before a deployment", nil, false, "node", doctor.Problem, "install Node"},
		{"no Node beside a stack", nil, true, "node", doctor.Warning, "install Node"},
		{"an old Node", map[string]string{"node": "v20.19.0", "npx": "1"}, false, "node", doctor.Problem, "no longer supported"},
		{"an odd Node", map[string]string{"node": "v23.0.0", "npx": "1"}, false, "node", doctor.Warning, "long-term"},
		{"a Node that says nothing", map[string]string{"node": ""}, false, "node", doctor.Problem, "no Node"},
		{"no npx", map[string]string{"node": "v22.11.0"}, false, "cdk", doctor.Problem, "npm"},
		{"an old cdk", map[string]string{"node": "v22.11.0", "npx": "1", "cdk": "2.99.0 (build 0)"}, false, "cdk", doctor.Warning,
			"deploy with npx"},
		{"a newer cdk", map[string]string{"node": "v22.11.0", "npx": "1", "cdk": "2.1200.0 (build 0)"}, false, "cdk", doctor.OK, "2.1200.0"},
	} {
		tool := func(_ context.Context, name string, _ ...string) (string, error) {
			line, ok := c.tools[name]
			if !ok {
				return "", os.ErrNotExist
			}
			return line, nil
		}
		tells(t, c.name, doctor.Machine(context.Background(), tool, c.stands), c.check, c.state, c.words)
	}
}

// TestEveryPageNamesTheSameTool: a person copies the command from one page and reads about it on another.
func TestEveryPageNamesTheSameTool(t *testing.T) {
	named := regexp.MustCompile(`aws-cdk@[0-9.]*[0-9]`)
	for _, file := range []string{"README.md", "infra/synth_test.go", "scripts/tools/package.json",
		"shared/operator/guide/topics/aws.md"} {
		text, err := os.ReadFile("../../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range named.FindAllString(string(text), -1) {
			if got != doctor.CDK {
				t.Errorf("%s names %s, doctor %s", file, got, doctor.CDK)
			}
		}
	}
}
