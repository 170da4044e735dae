package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/operator/forecast"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// addRecords gives a command the flag that says how many records there are.
func addRecords(cmd *cobra.Command, records *[]string) {
	cmd.Flags().StringArrayVar(records, "records", nil,
		"how many records there are, to forecast the first load: CONNECTION=NUMBER or CONNECTION/OBJECT=NUMBER (repeatable)")
}

// printForecast says what the first load takes, where it is known how many records there are. What does not fit in a day's
// quota ends the command with status 1.
func printForecast(out io.Writer, rules *ruleset.Rules, specs []string) error {
	records, err := forecast.Parse(rules, specs)
	if err != nil {
		return err
	}
	fits := true
	for _, line := range forecast.FirstLoads(rules, catalog.All(), records) {
		fmt.Fprintf(out, "  first load of %s\n", line)
		if line.Refused != "" {
			fmt.Fprintf(out, "DOES NOT FIT: %s\n", line.Refused)
			fits = false
		}
	}
	if !fits {
		return exitError(1)
	}
	return nil
}
