package ruleset_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

var update = flag.Bool("update", false, "write infra/sync.schema.json from the loader's tables")

const schemaFile = "../../../infra/sync.schema.json"

func TestThePublishedSchemaIsTheLoadersOwn(t *testing.T) {
	want := ruleset.Schema()
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go test ./shared/rules/ruleset -run Schema -update", schemaFile)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(ruleset.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sync.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sync.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// document gives a YAML text as a JSON validator sees it.
func document(t *testing.T, text []byte) any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSchemaTakesTheExamples(t *testing.T) {
	schema := compiled(t)
	for _, name := range examples(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document(t, text)); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
	if err := schema.Validate(document(t, []byte(small))); err != nil {
		t.Errorf("the tests' own configuration: %v", err)
	}
}

func TestTheSchemaRefusesWhatTheLoaderRefusesByShape(t *testing.T) {
	schema := compiled(t)
	for _, c := range problems {
		if !c.shape {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if err := schema.Validate(document(t, []byte(strings.Replace(small, c.old, c.new, 1)))); err == nil {
				t.Errorf("the schema takes a file with %q", c.new)
			}
		})
	}
}

// examples lists the configurations that the project publishes.
func examples(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../../infra/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples in infra: %v", err)
	}
	return names
}
