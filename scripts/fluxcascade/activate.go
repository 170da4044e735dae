package main

import (
	"errors"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operate"
)

func activateCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Put the deployed configuration into force, after showing what it changes",
		Args:  cobra.NoArgs,
	}
	f := operating(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
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
		if !yes && !agree(cmd, "Activate it?") {
			return exitError(1)
		}
		done, err := operate.Activate(ctx, t, rules, userName(), time.Now())
		if err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), done)
	}
	return cmd
}

// userName is who runs the command, as far as the machine knows.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
