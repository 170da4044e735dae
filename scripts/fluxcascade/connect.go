package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/connect"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// appBytesMax bounds an --app file.
const appBytesMax = 64 << 10

// connectFlags are the flags of connect and disconnect.
type connectFlags struct {
	config    string
	public    string
	target    *targetFlags
	app       string
	redirect  string
	again     bool
	sandbox   bool
	paste     bool
	noBrowser bool
	leaving   connect.Leaving
}

func connectCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "connect CONNECTION",
		Short: "Authorise an account, keep its tokens, make its fields, register its webhooks",
		Long: `Connects one connection of the configuration to its account:

  - asks for the app's client id and secret, unless it has them or --app FILE gives them as JSON
    ({"client_id": "…", "client_secret": "…", "webhook_secret": "…", "developer_api_key": "…"}; - for standard input);
  - shows the address at which you authorise the app, and waits for the browser on this machine, or has you paste the
    address that the browser ended at;
  - names the account and who authorised, and refuses another account than the configured or the earlier one;
  - makes the fields that the configuration names and the account lacks, registers webhooks where the vendor lets it, and
    lists what is left to do by hand.

With --data the system is the folder of serve, with --stack a deployed one. Tokens and secrets are never printed.
fluxcascade guide connect-PLATFORM says how to register the app.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJob(cmd, &f, args[0], func(job connect.Job) error {
				app, err := readApp(cmd, f.app)
				if err != nil {
					return err
				}
				return job.Connect(cmd.Context(), connect.Options{App: app, Again: f.again, Sandbox: f.sandbox, Redirect: f.redirect, Paste: f.paste})
			})
		},
	}
	f.target = operating(cmd)
	_ = cmd.Flags().MarkHidden("json") // it is refused
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration file (default: the one that the system runs by)")
	flags.StringVar(&f.public, "public-url", "", "with --data: the URL at which platforms call serve, https://sync.example.com")
	flags.StringVar(&f.app, "app", "", "file with the app, as JSON; - for standard input")
	flags.BoolVar(&f.again, "again", false, "authorise again; cursors and links stay, and another account is refused")
	flags.BoolVar(&f.sandbox, "sandbox", false, "the account is a vendor's test account (QuickBooks, Salesforce)")
	flags.StringVar(&f.redirect, "redirect", "", "the app's redirect URL (default "+connect.DefaultRedirect+
		", or the public URL's /connect/PLATFORM)")
	flags.BoolVar(&f.paste, "paste", false, "paste the address that the browser ended at, instead of waiting for it here")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "show the address only")
	return cmd
}

func disconnectCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "disconnect CONNECTION",
		Short: "End a connection: take its webhooks back, revoke its authorisation, keep its state",
		Long: `Ends a connection at the vendor and here. It refuses while work waits in its queues, unless --now. Cursors and links stay, so
that connecting the same account again goes on where it stopped; --erase removes them too, once you have typed the name.
No record is changed anywhere.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJob(cmd, &f, args[0], func(job connect.Job) error { return job.Disconnect(cmd.Context(), f.leaving) })
		},
	}
	f.target = operating(cmd)
	_ = cmd.Flags().MarkHidden("json") // it is refused
	cmd.Flags().StringVar(&f.config, "config", "", "configuration file (default: the one that the system runs by)")
	cmd.Flags().BoolVar(&f.leaving.Now, "now", false, "do not wait for queued work, nor for a vendor that does not answer")
	cmd.Flags().BoolVar(&f.leaving.Erase, "erase", false, "remove tokens, cursors and links of this connection, after you typed its name")
	return cmd
}

// withJob opens what the flags name and runs one job on a connection.
func withJob(cmd *cobra.Command, f *connectFlags, name string, run func(connect.Job) error) error {
	if f.target.json {
		return errors.New("this command talks with a person; it has no --json")
	}
	if f.target.data != "" {
		if err := embedded.Make(f.target.data); err != nil {
			return err
		}
		if f.public != "" {
			if err := embedded.KeepPublicURL(f.target.data, strings.TrimSuffix(f.public, "/")); err != nil {
				return err
			}
		}
	}
	target, err := f.target.open(cmd.Context())
	if err != nil {
		return err
	}
	defer target.Close()
	rules, err := rulesOf(cmd, f.config, target)
	if err != nil {
		return err
	}
	c, ok := rules.Connection(record.Connection(name))
	if !ok {
		return fmt.Errorf("the configuration has no connection %s; it has %s", name, connectionNames(rules))
	}
	job := connect.Job{Target: target, Rules: rules, Connection: c, Person: newTerminal(cmd, !f.noBrowser), Now: time.Now}
	if f.config != "" {
		job.Config = "--config " + f.config
	}
	return run(job)
}

// rulesOf reads a file where one is named, else what the system runs by, or will.
func rulesOf(cmd *cobra.Command, config string, target operate.Target) (*ruleset.Rules, error) {
	if config != "" {
		rules, err := loadRules(config)
		if err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), err)
			return nil, exitError(2)
		}
		return rules, nil
	}
	known, err := operate.LoadRules(cmd.Context(), target)
	if err != nil {
		return nil, err
	}
	if rules := known.Running(); rules != nil {
		return rules, nil
	}
	return nil, fmt.Errorf("%s has no configuration yet; name one with --config FILE", target.Name())
}

func connectionNames(rules *ruleset.Rules) string {
	var names []string
	for _, c := range rules.Connections {
		names = append(names, string(c.Name))
	}
	return strings.Join(names, ", ")
}

// readApp reads the app that a person prepared; the zero App without a file.
func readApp(cmd *cobra.Command, path string) (boot.App, error) {
	if path == "" {
		return boot.App{}, nil
	}
	in := io.Reader(cmd.InOrStdin())
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return boot.App{}, err
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, appBytesMax))
	if err != nil {
		return boot.App{}, errors.New("the app could not be read")
	}
	var app boot.App
	if json.Unmarshal(raw, &app) != nil || app.ClientID == "" {
		return boot.App{}, errors.New("--app is not the JSON that connect --help shows") // the cause may quote a secret
	}
	return app, nil
}
