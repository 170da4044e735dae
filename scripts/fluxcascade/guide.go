package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/guide"
)

func guideCommand() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "guide [TOPIC]",
		Short: "Read a short guide: registering an app, choosing a hub, addresses, conflicts, …",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if len(args) == 0 {
				for _, t := range guide.Topics() {
					fmt.Fprintf(out, "  %-20s %s\n", t.Name, t.Title)
				}
				return nil
			}
			topic, err := guide.Find(args[0])
			if err != nil {
				return err
			}
			text := guide.Plain(topic.Text)
			if markdown {
				text = topic.Text
			}
			_, err = io.WriteString(out, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "as Markdown")
	return cmd
}
