package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operate"
)

func activateCommand() *cobra.Command {
	var yes, dry bool
	var records []string
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Put the deployed configuration into force, after showing what it changes",
		Long: `Shows what the deployed configuration changes against the active one, asks, and puts it into force. Nothing that is
deployed runs before: a new connection is neither read nor written, and a changed configuration leaves the earlier one in
force. Marks: + new, - gone, ~ otherwise, ! can write or take away what was left alone before.

What cannot be activated is refused, with what to do instead. To go back, deploy the earlier file and activate that.`,
		Args: cobra.NoArgs,
	}
	f := operating(cmd)
	addRecords(cmd, &records)
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
		if rules.Candidate == nil {
			return errors.New(rules.Problem)
		}
		if rules.Version.Digest == rules.Candidate.Digest {
			return f.print(cmd.OutOrStdout(), operate.Done{Did: "It is active already.", Next: "Nothing changes."})
		}
		d := operate.Compare(rules.Active, rules.Candidate)
		if f.json && dry {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(d)
		} else if !f.json {
			printDifference(cmd.OutOrStdout(), rules, d)
			err = foretell(cmd.OutOrStdout(), rules.Candidate, records)
		} else {
			err = foretell(io.Discard, rules.Candidate, records)
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
		done, err := operate.Activate(ctx, t, rules, userName(), time.Now)
		if err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), done)
	}
	return cmd
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
