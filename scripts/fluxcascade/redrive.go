package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func redriveCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "redrive CONNECTION",
		Short: "Move a connection's dead letters back to their queues, counted",
		Long: `Moves what was given up on back to where it came from, unchanged. First mend what made it fail: its kind and reason are in
the log of the resolver or the writer. A message that is moved twice is harmless.`,
		Args: cobra.ExactArgs(1),
	}
	f := operating(cmd)
	cmd.Flags().StringVar(&kind, "kind", "", "only this kind of queue: changes, backfill or due")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if kind != "" && kind != string(record.QueueChanges) && kind != string(record.QueueBackfill) && kind != string(record.QueueDue) {
			return fmt.Errorf("--kind is changes, backfill or due, not %q", kind)
		}
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, _ *operate.Rules, c *ruleset.Connection) (operate.Done,
			error) {
			_, done, err := operate.Redrive(ctx, t, c.Name, record.QueueKind(kind))
			return done, err
		})
	}
	return cmd
}

func backfillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backfill CONNECTION [OBJECT]",
		Short: "Read every record of a connection again, or of one object, now",
		Args:  cobra.RangeArgs(1, 2),
	}
	f := operating(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		object := ""
		if len(args) == 2 {
			object = args[1]
		}
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, rules *operate.Rules,
			c *ruleset.Connection) (operate.Done, error) {
			return operate.Backfill(ctx, t, rules, c.Name, record.Object(object))
		})
	}
	return cmd
}
