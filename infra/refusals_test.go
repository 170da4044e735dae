package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestWhatCannotBeDeployedIsRefused(t *testing.T) {
	d, text := deploymentOf(t, exampleFile)
	many := config.Deployment{}
	for i := range connectionsMax + 1 {
		many.Connections = append(many.Connections, config.Deployed{Name: record.Connection(fmt.Sprintf("c%d", i))})
	}
	cases := []struct {
		name  string
		props SyncStackProps
		want  string
	}{
		{"a stage that cannot be part of a stack's name", SyncStackProps{Stage: "it's", Deployment: d}, `stage is "it's"; write letters`},
		{"no connections", SyncStackProps{Stage: "dev"}, "0 connections take part in a group"},
		{"more connections than a function's environment holds", SyncStackProps{Stage: "dev", Deployment: many}, "one stack takes 1 to"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			needNode(t)
			c.props.Config, c.props.Work = text, t.TempDir()
			_, err := NewSyncStack(awscdk.NewApp(nil), c.props)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAStackThatIsNotBuiltIsNotDeployed(t *testing.T) {
	needNode(t)
	d, text := deploymentOf(t, exampleFile)
	dist := t.TempDir()
	for _, f := range config.Functions()[1:] {
		if err := os.MkdirAll(filepath.Join(dist, string(f)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dist, string(f), bootstrapFile), []byte("built "+f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: cdkContext(t)})
	stack, err := NewSyncStack(app, SyncStackProps{Stage: "test", Deployment: d, Config: text, Dist: dist, Work: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	found := *assertions.Annotations_FromStack(stack).FindError(jsii.String("*"),
		assertions.Match_StringLikeRegexp(jsii.String(`not built: \[webhook\]`)))
	if len(found) != 1 {
		t.Errorf("got %d errors on the stack, want one that names the webhook", len(found))
	}
	packages := 0
	err = filepath.WalkDir(*app.Synth(nil).Directory(), func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Name() == configFile {
			packages++
			got, readErr := os.ReadFile(path)
			if string(got) != string(text) {
				t.Errorf("%s is not the stack's configuration", path)
			}
			return readErr
		}
		return err
	})
	if err != nil || packages != len(config.Functions()) {
		t.Errorf("got %d packages with a configuration, %v; want %d", packages, err, len(config.Functions()))
	}
}
