package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/diagram"
)

func diagramCommand() *cobra.Command {
	var config string
	var readme bool
	cmd := &cobra.Command{
		Use:   "diagram",
		Short: "Draw a configuration: what maps to what, who may create, who owns which field and why",
		Long: `Prints a configuration as a Mermaid flowchart, which GitHub, GitLab and most wikis draw. With --readme it prints the
block as a document holds it, between its marks.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := loadRules(config)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return exitError(1)
			}
			out := diagram.Mermaid(rules)
			if readme {
				out = diagram.Block(rules)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), out)
			return err
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (default "+exampleConfig+")")
	cmd.Flags().BoolVar(&readme, "readme", false, "print the block that README.md holds")
	return cmd
}
