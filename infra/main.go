// Command infra is the CDK app: it synthesises one stack from one configuration. `npx aws-cdk synth` and `deploy` run
// it through cdk.json; the context says what is made:
//
//	-c config=FILE      the configuration; infra/sync.yaml unless given
//	-c stage=NAME       the stack is FluxCascade-NAME, so that several live in one account; dev unless given
//	-c alarm_email=ADDR who is told of alarms; nobody unless given
//	-c budget=DOLLARS   what it may cost a month before somebody is told; 150 unless given
//
// It reads no environment and no network. A configuration that cannot be deployed fails here, with the line to mend.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

func main() {
	err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	jsii.Close() // after the message, since ending Node may add one of its own
	if err != nil {
		os.Exit(1)
	}
}

func run() error {
	work, err := os.MkdirTemp("", "fluxcascade-")
	if err != nil {
		return fmt.Errorf("make a folder for packages: %w", err)
	}
	defer os.RemoveAll(work)
	app := awscdk.NewApp(nil)
	if err := build(app, work); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// build adds the stack that the app's context asks for.
func build(app awscdk.App, work string) error {
	path := contextText(app, "config", "infra/sync.yaml")
	rules, err := config.LoadRules(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	budget, err := strconv.ParseFloat(contextText(app, "budget", strconv.Itoa(budgetDefault)), 64)
	if err != nil || budget <= 0 {
		return fmt.Errorf("budget is %q; write dollars a month, for instance 50", contextText(app, "budget", ""))
	}
	_, err = NewSyncStack(app, SyncStackProps{
		Stage: contextText(app, "stage", "dev"), Deployment: config.Deploy(rules), Config: text, Dist: "dist", Work: work,
		AlarmEmail: contextText(app, "alarm_email", ""), BudgetDollars: budget,
	})
	return err
}

func contextText(app awscdk.App, key, fallback string) string {
	if text, ok := app.Node().TryGetContext(jsii.String(key)).(string); ok && text != "" {
		return text
	}
	return fallback
}
