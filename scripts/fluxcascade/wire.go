package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// stopper makes a server's Stop a Close.
type stopper struct{ *awslocal.Server }

// Close implements io.Closer.
func (s stopper) Close() error { return s.Stop() }

// openWire gives a store and queues over the AWS wire: DynamoDB Local and an SQS server on this machine, whose state
// goes with them, with the tables and queues of a synthesised template.
func openWire(ctx context.Context, w *wiring.Wiring) (store.Store, queue.Queue, []io.Closer, error) {
	var closers []io.Closer
	fail := func(err error) (store.Store, queue.Queue, []io.Closer, error) {
		for _, c := range closers {
			_ = c.Close()
		}
		return nil, nil, nil, wireNeeds(err)
	}
	dynamo, err := awslocal.StartDynamoDB(ctx)
	if err != nil {
		return fail(err)
	}
	closers = append(closers, stopper{dynamo})
	server, err := awslocal.StartSQS(ctx)
	if err != nil {
		return fail(err)
	}
	closers = append(closers, stopper{server})
	client := dynamo.DynamoDB("local")
	tables, urls, err := awslocal.CreateWired(ctx, client, server.SQS(), "fluxcascade-", w)
	if err != nil {
		return fail(err)
	}
	st, err := dynamostore.New(dynamostore.Settings{Client: client, Tables: tables})
	if err != nil {
		return fail(err)
	}
	return st, sqsqueue.New(server.SQS(), urls), closers, nil
}

func wireNeeds(err error) error {
	return fmt.Errorf("--wire needs DynamoDB Local and an SQS server, which ./scripts/test installs: %w", err)
}

// assemblyDir is where cdk synth leaves its templates.
const assemblyDir = "cdk.out"

// readWiring reads the template that a local run is wired by: the file named, else the one in cdk.out, else one that is
// synthesised now. It must be wired as the configuration asks.
func readWiring(ctx context.Context, path string, text []byte, rules *ruleset.Rules, say func(string)) (*wiring.Wiring, error) {
	if path == "" {
		found, err := filepath.Glob(filepath.Join(assemblyDir, "*.template.json"))
		switch {
		case err != nil:
			return nil, err
		case len(found) > 1:
			return nil, fmt.Errorf("%s holds %d templates; name one with --template FILE", assemblyDir, len(found))
		case len(found) == 1:
			path = found[0]
		}
	}
	if path == "" {
		dir, err := os.MkdirTemp("", "fluxcascade-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		say("Synthesising the stack, which takes Node and about a minute the first time…\n")
		if path, err = synthesise(ctx, dir, text); err != nil {
			return nil, err
		}
	}
	template, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	w, err := wiring.Read(template)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := w.Check(config.Deploy(rules)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return w, nil
}

// synthesise runs the CDK app as its command line would, on the text of a configuration, and gives the template that it
// wrote to dir.
func synthesise(ctx context.Context, dir string, text []byte) (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", fmt.Errorf("there is no template in %s, and without Node none can be made; install Node 20 or later, or name one with "+
			"--template FILE", assemblyDir)
	}
	example, err := findExample()
	if err != nil {
		return "", err
	}
	configPath := filepath.Join(dir, "sync.yaml")
	if err := os.WriteFile(configPath, text, 0o600); err != nil {
		return "", err
	}
	given, err := json.Marshal(map[string]string{"config": configPath, "stage": "local"})
	if err != nil {
		return "", err
	}
	app := exec.CommandContext(ctx, "go", "run", "./infra")
	app.Dir = filepath.Dir(filepath.Dir(example))
	// The variables by which cdk synth tells its app where to write and with which context.
	app.Env = append(os.Environ(), "CDK_OUTDIR="+dir, "CDK_CONTEXT_JSON="+string(given), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
	if out, err := app.CombinedOutput(); err != nil {
		return "", fmt.Errorf("synthesise the stack: %w\n%s", err, out)
	}
	return filepath.Join(dir, "FluxCascade-local.template.json"), nil
}
