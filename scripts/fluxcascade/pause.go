package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func pauseCommand() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   "pause CONNECTION",
		Short: "Stop a connection: nothing is written to it and nothing read from it until you resume it",
		Long: `Stops one connection. What is due there stays due, its webhooks are kept, the other connections go on. Nothing is lost
however long it stays paused. It wakes nobody: the Syncs page, the status and the daily digest say since when it is paused,
by whom and why.`,
		Args: cobra.ExactArgs(1),
	}
	f := operating(cmd)
	cmd.Flags().StringVar(&note, "note", "", "why: shown in the status")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, _ *operate.Rules, c *ruleset.Connection) (operate.Done,
			error) {
			return operate.Pause(ctx, t, c.Name, userName(), note, t.Now())
		})
	}
	return cmd
}

func resumeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "resume CONNECTION", Short: "Let a paused connection go on", Args: cobra.ExactArgs(1)}
	f := operating(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, rules *operate.Rules,
			c *ruleset.Connection) (operate.Done, error) {
			return operate.Resume(ctx, t, rules, c.Name)
		})
	}
	return cmd
}

// onConnection opens the target, finds the connection, and tells what do did.
func onConnection(
	cmd *cobra.Command, f *targetFlags, name string, do func(context.Context, operate.Target, *operate.Rules,
		*ruleset.Connection) (operate.Done, error),
) error {
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
	c, err := rules.Connection(name)
	if err != nil {
		return err
	}
	done, err := do(ctx, t, rules, c)
	if err != nil {
		return err
	}
	return f.print(cmd.OutOrStdout(), done)
}
