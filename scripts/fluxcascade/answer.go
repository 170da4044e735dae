package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func answerCommand() *cobra.Command {
	var group, value, force string
	var blank bool
	cmd := &cobra.Command{
		Use:   "answer ENTITY FIELD --value TEXT",
		Short: "Decide the value of a parked field",
		Long: `Gives a parked field its value, everywhere it is mapped. status names the entities and fields that wait. The value is
decided under the active configuration, as any edit is, and is written where it differs. It is brought into the field's
form first, and refused if it has none, or if another record already has it as its key.`,
		Args: cobra.ExactArgs(2),
	}
	f := operating(cmd)
	cmd.Flags().StringVar(&group, "group", "", "the group, where there are several")
	cmd.Flags().StringVar(&value, "value", "", "the value of the field")
	cmd.Flags().BoolVar(&blank, "blank", false, "empty the field")
	cmd.Flags().StringVar(&force, "force", "", "why a field is decided that does not wait for you")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if blank == (value != "") {
			return errors.New("give --value TEXT, or --blank for none")
		}
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
		answer := resolve.Answer{Entity: record.EntityID(args[0]), Field: record.HubField(args[1]), Value: value, Force: force}
		done, err := operate.Answer(ctx, t, rules, record.Group(group), answer, t.Now)
		if err != nil {
			return err
		}
		return f.print(cmd.OutOrStdout(), done)
	}
	return cmd
}

func releaseCommand() *cobra.Command {
	var group, kind string
	var all bool
	cmd := &cobra.Command{
		Use:   "release CONNECTION",
		Short: "Let writes go on that reached a limit of spread",
		Long: `A limit of spread stops writes of a kind (deletes, creates, blanks, overrides, field:NAME) to a connection until you have
looked: status tells which. Released, what was held is sent, up to the limit, and the hour is counted anew. With --all everything
that is held now is sent.`,
		Args: cobra.ExactArgs(1),
	}
	f := operating(cmd)
	cmd.Flags().StringVar(&group, "group", "", "only in this group")
	cmd.Flags().StringVar(&kind, "kind", "", "only this kind of writes")
	cmd.Flags().BoolVar(&all, "all", false, "let everything pass that is held now, also beyond the limit")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return onConnection(cmd, f, args[0], func(ctx context.Context, t operate.Target, rules *operate.Rules,
			c *ruleset.Connection) (operate.Done, error) {
			return operate.Release(ctx, t, rules, c.Name, operate.Releasing{Group: record.Group(group), Kind: kind, All: all}, t.Now)
		})
	}
	return cmd
}
