package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/accountcheck"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// sampleDefault is how many records of each object check reads: enough to show a habit, and no more than a few calls.
const sampleDefault = 200

func checkCommand() *cobra.Command {
	var config string
	var simulated bool
	sample := sampleDefault
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that every account is connected, and that the configuration fits it",
		Long: `Asks each connected account who it is, what rights the authorisation has, what is left of its limits and whether webhooks can
come; holds every mapped field against the account's own schema (missing, read-only, too long, required, enum values, what a
create needs); and says which platform the data itself says is the hub. It reads a sample of records and writes nothing.

All problems are told at once, each with where, what and what to do; no value of a record is.

Exit status: 0 no error, 1 errors found (warnings and notes alone are 0), 2 the check could not be made.`,
		Args: cobra.NoArgs,
	}
	target := operating(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		checker, done, err := openCheck(cmd, target, config, simulated)
		if err != nil {
			return err
		}
		defer done()
		checker.Sample = sample
		report, err := checker.Run(cmd.Context())
		if err != nil {
			return err
		}
		if target.json {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
		} else {
			printCheck(cmd.OutOrStdout(), report, config)
		}
		if err == nil && report.Errors() > 0 {
			return exitError(1)
		}
		return err
	}
	flags := cmd.Flags()
	flags.StringVar(&config, "config", "", "configuration file (default: the one that the system runs by)")
	flags.BoolVar(&simulated, "simulated", false, "check against simulated accounts with example records, not against a system")
	flags.IntVar(&sample, "sample", sampleDefault, "how many records of each object to look at, 0 for none")
	return cmd
}

// openCheck opens what the flags name, and gives what closes it.
func openCheck(cmd *cobra.Command, f *targetFlags, config string, simulated bool) (*accountcheck.Checker, func(), error) {
	if simulated {
		if f.data != "" || f.stack != "" {
			return nil, nil, errors.New("--simulated checks simulated accounts, --data and --stack real ones: give one of them")
		}
		return openSimulatedCheck(cmd.Context(), cmd, config)
	}
	target, err := f.open(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	rules, err := rulesOf(cmd, config, target)
	if err != nil {
		_ = target.Close()
		return nil, nil, err
	}
	return liveCheck(target, rules), func() { _ = target.Close() }, nil
}

func liveCheck(target operate.Target, rules *ruleset.Rules) *accountcheck.Checker {
	system := systemOf(target, rules)
	return &accountcheck.Checker{Rules: rules, Catalog: catalog.All(), Connector: system.Connector, Authorization: authorizationOf,
		App: system.App, PublicURL: target.PublicURL(), Now: time.Now, Wait: platform.Wait,
		Account: func(ctx context.Context, c record.Connection) (credential.Account, bool, error) {
			return credential.AccountOf(ctx, target.Store(), c)
		}}
}

func authorizationOf(p record.Platform) platform.Authorization {
	v, _ := boot.VendorOf(p)
	return v.Authorization
}

func openSimulatedCheck(ctx context.Context, cmd *cobra.Command, config string) (*accountcheck.Checker, func(), error) {
	rules, err := loadRules(config)
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), err)
		return nil, nil, exitError(2)
	}
	clock := &runner.Clock{}
	st, q, _, err := openMemory(clock)
	if err != nil {
		return nil, nil, err
	}
	world, err := runner.Open(ctx, runner.Options{Rules: rules, Store: st, Queue: q, Clock: clock, Seed: 1})
	if err != nil {
		return nil, nil, err
	}
	if err := world.SeedExample(); err != nil {
		world.Close()
		return nil, nil, err
	}
	return &accountcheck.Checker{Rules: rules, Catalog: catalog.All(), Connector: world.System.Connector, Authorization: authorizationOf,
		Now: clock.Now}, world.Close, nil
}

// marks are how severities are shown.
var marks = map[accountcheck.Severity]string{accountcheck.Error: "ERROR  ", accountcheck.Warning: "warning", accountcheck.Note: "note   "}

func printCheck(out io.Writer, r *accountcheck.Report, config string) {
	for _, a := range r.Accounts {
		what := []string{"account " + a.Account}
		if a.Name != "" {
			what = append(what, a.Name)
		}
		if a.User != "" {
			what = append(what, "authorised by "+a.User)
		}
		if a.Sandbox {
			what = append(what, "for tests")
		}
		for _, b := range a.Budgets {
			what = append(what, fmt.Sprintf("%d of %d %s left", b.Left, b.Max, b.Name))
		}
		fmt.Fprintf(out, "%-12s %s\n", a.Connection, strings.Join(what, "; "))
	}
	fmt.Fprintln(out)
	for _, f := range r.Findings {
		where := f.Where
		if f.Line > 0 {
			where += fmt.Sprintf(" (%s:%d)", cmp.Or(config, "configuration"), f.Line)
		}
		fmt.Fprintf(out, "%s  %s: %s\n", marks[f.Severity], where, f.What)
		if f.Do != "" {
			fmt.Fprintf(out, "         → %s\n", f.Do)
		}
	}
	for _, h := range r.Hubs {
		verdict := "no clear hub"
		if h.Implied != "" {
			verdict = "the data says " + string(h.Implied)
		}
		fmt.Fprintf(out, "hub      %s of %s, configured %s: %s (%s)\n", h.Type, h.Group, h.Configured, verdict, h.Evidence)
	}
	if n := r.Errors(); n > 0 {
		fmt.Fprintf(out, "\n%d errors: what they name is not kept in agreement until they are gone.\n", n)
		return
	}
	fmt.Fprintln(out, "\nNo error.")
}
