package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
)

func activateCommand() *cobra.Command {
	var yes, dry bool
	var file string
	var version int64
	var records []string
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Put the deployed configuration into force, after showing what it changes",
		Long: `Shows what the deployed configuration changes against the active one, asks, and puts it into force. Nothing that is
deployed runs before: a new connection is neither read nor written, and a changed configuration leaves the earlier one in
force. Marks: + new, - gone, ~ otherwise, ! can write or take away what was left alone before.

For a stack, what doctor finds wrong with its account is told first. What cannot be activated is refused, with what to do
instead. To go back: --version N, which gives the earlier text a new
number; then deploy that file again too, or the next deployment proposes the later one anew.`,
		Args: cobra.NoArgs,
	}
	f := operating(cmd)
	addRecords(cmd, &records)
	cmd.Flags().Int64Var(&version, "version", 0, "activate an earlier version again, under a new number")
	cmd.Flags().StringVar(&file, "config", "", "with --data: activate this file instead of the one that serve was started with")
	cmd.MarkFlagsMutuallyExclusive("version", "config")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show the difference and activate nothing; exit status 1 if it cannot be activated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		t, err := f.open(ctx)
		if err != nil {
			return err
		}
		defer t.Close()
		rules, err := operate.LoadRules(ctx, t)
		if err != nil {
			return err
		}
		if err := propose(ctx, f, t, rules, file, version); err != nil {
			return err
		}
		if rules.Candidate == nil {
			return errors.New(rules.Problem)
		}
		if !rules.Differs() {
			return f.print(cmd.OutOrStdout(), operate.Done{Did: "It is active already.", Next: "Nothing changes."})
		}
		d := operate.Compare(rules.Active, rules.Candidate)
		if err := tellHealth(cmd, f); err != nil {
			return err
		}
		if f.json && dry {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(d)
		} else if !f.json {
			printDifference(cmd.OutOrStdout(), rules, d)
			err = printForecast(cmd.OutOrStdout(), rules.Candidate, records)
		} else {
			err = printForecast(io.Discard, rules.Candidate, records)
		}
		switch {
		case err != nil:
			return err
		case len(d.Refused) > 0 && (dry || !f.json):
			return exitError(1)
		case dry:
			return nil
		case !yes && !agree(cmd, "Activate it?"):
			return exitError(1)
		}
		done, err := operate.Activate(ctx, t, rules, userName(), t.Now)
		if err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), done)
	}
	return cmd
}

// propose replaces the candidate by an earlier version or a file, where one is named.
func propose(ctx context.Context, f *targetFlags, t operate.Target, rules *operate.Rules, file string, version int64) error {
	switch {
	case version > 0:
		text, err := activation.TextOf(ctx, t.Store(), version)
		if err != nil {
			return err
		}
		return rules.Propose(ctx, t, text)
	case file != "" && f.stack != "":
		return errors.New("a stack's configuration is deployed with it: deploy the file, then activate")
	case file != "":
		text, _, err := readConfig(file)
		if err != nil {
			return err
		}
		if err := activation.SetCandidate(ctx, t.Store(), text); err != nil {
			return err
		}
		return rules.Propose(ctx, t, text)
	}
	return nil
}

func printDifference(out io.Writer, rules *operate.Rules, d *operate.Difference) {
	if rules.Version.Number == 0 {
		fmt.Fprintf(out, "%s, the first configuration:\n", rules.Text.Name)
	} else {
		fmt.Fprintf(out, "%s against version %d of %s:\n", rules.Text.Name, rules.Version.Number, rules.Version.At.Format(time.RFC3339))
	}
	for _, c := range d.Changes {
		fmt.Fprintf(out, "  %s %s: %s\n", c.Mark, c.Where, c.Words)
	}
	for _, place := range d.Reread {
		fmt.Fprintf(out, "    every record of %s is read again, behind live changes\n", place)
	}
	for _, why := range d.Refused {
		fmt.Fprintf(out, "CANNOT BE ACTIVATED: %s\n", why)
	}
}

// userName is who runs the command, as far as the machine knows.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
