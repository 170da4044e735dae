package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// template is a synthesised template, as CloudFormation reads it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any
	text      string
}

type resource struct {
	Type                                string
	DeletionPolicy, UpdateReplacePolicy string
	Properties                          map[string]any
}

// The configurations whose stacks the tests look at.
const (
	exampleFile = "sync.yaml"
	domainsFile = "sync.domains.yaml"
	relayedFile = "testdata/salesforce.yaml"
)

func deploymentOf(t *testing.T, path string) (config.Deployment, []byte) {
	t.Helper()
	rules, err := config.LoadRules(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return config.Deploy(rules), text
}

// assembly is one stack, synthesised once for all tests that look at it.
type assembly struct {
	template
	deployment config.Deployment
	dir        string    // the cloud assembly's
	findings   []finding // of cdk-nag
	err        error
}

var (
	assembliesMu sync.Mutex
	assemblies   = map[string]*assembly{}
	// workDir holds every assembly; TestMain removes it.
	workDir string
)

func TestMain(m *testing.M) {
	var err error
	if workDir, err = os.MkdirTemp("", "fluxcascade-infra-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(workDir)
	os.Exit(code)
}

// stackOf synthesises the stack of a configuration, with the context of cdk.json, as the command line would, and with
// cdk-nag looking on.
func stackOf(t *testing.T, path string) *assembly {
	t.Helper()
	needNode(t)
	assembliesMu.Lock()
	defer assembliesMu.Unlock()
	made, ok := assemblies[path]
	if !ok {
		made = &assembly{}
		assemblies[path] = made
		d, text := deploymentOf(t, path)
		made.deployment = d
		made.template, made.dir, made.findings, made.err = synthesise(t, d, text, nagging)
	}
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made
}

type look func(awscdk.App)

// synthesise makes a template in a folder of its own.
func synthesise(t *testing.T, d config.Deployment, text []byte, looks ...look) (template, string, []finding, error) {
	t.Helper()
	needNode(t)
	dir, err := os.MkdirTemp(workDir, "stack-")
	if err != nil {
		return template{}, "", nil, err
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(filepath.Join(dir, "out")), Context: cdkContext(t)})
	stack, err := NewSyncStack(app, SyncStackProps{Stage: "test", Deployment: d, Config: text, Dist: filepath.Join(dir, "dist"),
		Work: filepath.Join(dir, "work")})
	if err != nil {
		return template{}, "", nil, err
	}
	for _, l := range looks {
		l(app)
	}
	out := *app.Synth(nil).Directory()
	tpl, err := read(out, "FluxCascade-test")
	if err != nil || len(looks) == 0 {
		return tpl, out, nil, err
	}
	return tpl, out, findings(stack), nil
}

func read(dir, stack string) (template, error) {
	raw, err := os.ReadFile(filepath.Join(dir, stack+".template.json"))
	if err != nil {
		return template{}, err
	}
	out := template{text: string(raw)}
	return out, json.Unmarshal(raw, &out)
}

func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("SKIPPED ALOUD: Node is not here, and the CDK runs in it:", err)
	}
}

// cdkContext is that of cdk.json, so that tests see the same feature flags, and without bundling.
func cdkContext(t *testing.T) *map[string]any {
	t.Helper()
	raw, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	file.Context["aws:cdk:bundling-stacks"] = []string{}
	return &file.Context
}

// of lists the ids of the resources of a type, sorted; it fails the test if there are none.
func (tpl template) of(t *testing.T, kind string) []string {
	t.Helper()
	var ids []string
	for id, r := range tpl.Resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	slices.Sort(ids)
	return ids
}

// target gives the id that a Ref or a GetAtt names, "" if v is neither.
func target(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	if id, ok := m["Ref"].(string); ok {
		return id
	}
	if parts, ok := m["Fn::GetAtt"].([]any); ok {
		return fmt.Sprint(parts[0])
	}
	return ""
}

// tagOf gives a resource's tag, "" if it has none of that key.
func (r resource) tagOf(key string) string {
	switch tags := r.Properties["Tags"].(type) {
	case []any:
		for _, tag := range tags {
			if pair := tag.(map[string]any); pair["Key"] == key {
				return fmt.Sprint(pair["Value"])
			}
		}
	case map[string]any:
		if value, ok := tags[key]; ok {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// at walks to a property by names; nil if there is none.
func (r resource) at(names ...string) any {
	var v any = r.Properties
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// texts makes a list of a text or a list of texts; whatever is not a text is given as JSON.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
			continue
		}
		raw, _ := json.Marshal(one)
		out = append(out, string(raw))
	}
	return out
}

// statement is one statement of a policy.
type statement struct {
	in                 string // the resource that holds it
	Effect             string
	Actions, Resources []string
	Condition          any
}

// statements lists every statement of the template's policies but those of keys.
func (tpl template) statements() []statement {
	var out []statement
	for _, id := range slices.Sorted(maps.Keys(tpl.Resources)) {
		r := tpl.Resources[id]
		if !strings.HasSuffix(r.Type, "Policy") {
			continue
		}
		list, _ := r.at("PolicyDocument", "Statement").([]any)
		for _, s := range list {
			m := s.(map[string]any)
			out = append(out, statement{in: id, Effect: fmt.Sprint(m["Effect"]), Actions: texts(m["Action"]), Resources: texts(m["Resource"]),
				Condition: m["Condition"]})
		}
	}
	return out
}

// rolesOf maps each function's id to the id of its role.
func (tpl template) rolesOf(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, id := range tpl.of(t, "AWS::Lambda::Function") {
		out[id] = target(tpl.Resources[id].at("Role"))
	}
	return out
}
