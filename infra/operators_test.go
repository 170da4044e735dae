package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/doctor"
)

// policyCharacters is how long a managed policy may be, blanks not counted (docs.aws.amazon.com/IAM/latest/UserGuide/
// reference_iam-quotas.html, read 2026-12).
const policyCharacters = 6144

// people checks the two policies for people: a reader reaches nothing that lets anybody in, an operator every command.
func people(t *testing.T, tpl template, _ config.Deployment) {
	may := map[string][]string{}
	for _, name := range []string{"Reader", "Operator"} {
		made, _ := tpl.Outputs[name+"Policy"].(map[string]any)
		id := target(made["Value"])
		if tpl.Resources[id].Type != "AWS::IAM::ManagedPolicy" {
			t.Fatalf("the output %sPolicy names %q", name, id)
		}
		if roles := tpl.Resources[id].at("Roles"); roles != nil {
			t.Errorf("%s is given to %v: who gets it is for the account to say", id, roles)
		}
		for _, s := range tpl.statements() {
			if s.in == id {
				may[name] = append(may[name], s.Actions...)
			}
		}
		if n := len(compact(tpl.Resources[id].at("PolicyDocument"))); n > policyCharacters {
			t.Errorf("%s is %d characters long, of %d", id, n, policyCharacters)
		}
	}
	for _, action := range may["Reader"] {
		service, verb, _ := strings.Cut(action, ":")
		switch {
		case service == "secretsmanager", action == "lambda:InvokeFunction", action == "sqs:ReceiveMessage", action == "sqs:SendMessage":
			t.Errorf("a reader may %s", action)
		case service == "dynamodb" && slices.Contains(writeActions, action):
			t.Errorf("a reader may %s", action)
		case strings.HasPrefix(verb, "Delete"), strings.HasPrefix(verb, "Put"), strings.HasPrefix(verb, "Update"):
			t.Errorf("a reader may %s", action)
		}
	}
	if access := config.ReaderAccess(); access.Publishes || len(access.Sends) > 0 || len(access.Consumes) > 0 {
		t.Errorf("a reader handles messages: %+v", access)
	}
	for _, table := range config.ReaderAccess().Tables {
		for _, pattern := range table.Partitions {
			if strings.HasPrefix("token#", strings.TrimSuffix(pattern, "*")) || strings.HasPrefix(pattern, "token") {
				t.Errorf("a reader reaches tokens by %s", pattern)
			}
		}
		if table.Table == "control" && (table.Partitions == nil || table.Scan) {
			t.Errorf("a reader reaches every row of the control table, tokens too: %+v", table)
		}
	}
	// What the command line calls: package deployed by its clients, the stores and queues by theirs, doctor by its own.
	for _, action := range slices.Concat(readActions, writeActions, scanActions, lookActions, countActions, handleActions, secretActions,
		[]string{"lambda:GetFunction", "lambda:InvokeFunction", "lambda:GetAccountSettings", "sns:ListSubscriptionsByTopic", "kms:Decrypt"}) {
		if !slices.Contains(may["Operator"], action) {
			t.Errorf("an operator may not %s", action)
		}
	}
	for _, action := range may["Operator"] {
		if strings.HasPrefix(action, "iam:") || strings.HasPrefix(action, "cloudformation:") && !slices.Contains(lookActions, action) {
			t.Errorf("an operator may %s, which changes the stack", action)
		}
	}
}

// trusted checks that roles of the scheduler are for the schedules of their own group in this account.
func trusted(t *testing.T, tpl template, _ config.Deployment) {
	found := 0
	for _, id := range tpl.of(t, "AWS::IAM::Role") {
		text := compact(tpl.Resources[id].at("AssumeRolePolicyDocument"))
		if !strings.Contains(text, "scheduler.amazonaws.com") {
			continue
		}
		found++
		if !strings.Contains(text, `"aws:SourceAccount":{"Ref":"AWS::AccountId"}`) || !strings.Contains(text, `"aws:SourceArn":{"Fn::GetAtt"`) {
			t.Errorf("%s may be used by other schedules: %s", id, text)
		}
	}
	if found != 2 {
		t.Errorf("got %d roles of the scheduler, want 2: for the schedules and for the digest", found)
	}
}

// anyPartition checks that nothing is written for the commercial partition alone, so that the stack is right in GovCloud and
// China.
func anyPartition(t *testing.T, tpl template, _ config.Deployment) {
	for id, r := range tpl.Resources {
		if text := compact(r.Properties); strings.Contains(text, "arn:aws:") || strings.Contains(text, "arn:aws-") {
			t.Errorf("%s (%s) spells a partition: %s", id, r.Type, text)
		}
	}
}

// aliased checks that each key has a name, which is this stack's.
func aliased(t *testing.T, tpl template, _ config.Deployment) {
	named := map[string]bool{}
	for _, id := range tpl.of(t, "AWS::KMS::Alias") {
		name, _ := tpl.Resources[id].at("AliasName").(string)
		if !strings.HasPrefix(name, "alias/FluxCascade-test-") {
			t.Errorf("%s is %q: a second stack would clash with it", id, name)
		}
		named[target(tpl.Resources[id].at("TargetKeyId"))] = true
	}
	for _, id := range tpl.of(t, "AWS::KMS::Key") {
		if !named[id] {
			t.Errorf("%s has no alias", id)
		}
	}
}

// TestDoctorAsksForTheBootstrapThatTheStackNeeds holds doctor to what CDK writes of the stack.
func TestDoctorAsksForTheBootstrapThatTheStackNeeds(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(stackOf(t, exampleFile).dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct{ RequiresBootstrapStackVersion int }
		}
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	if got := manifest.Artifacts["FluxCascade-test"].Properties.RequiresBootstrapStackVersion; got != doctor.BootstrapMin {
		t.Errorf("the stack needs bootstrap %d, doctor asks for %d", got, doctor.BootstrapMin)
	}
}
