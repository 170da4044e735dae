package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/doctor"
)

func doctorCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what a stack stands on: credentials, region, clock, tools, the account's limits, who hears the alarms",
		Long: `Looks at what can stop a deployed stack and is no part of it: your credentials and which account and region they mean, this
machine's clock against AWS's, Node and CDK, the region's bootstrap, how many functions the account may run at once against
what the event sources ask, the stack's size, and whether anybody hears its alarms. It changes nothing and reads no record.

Without --stack it looks at what the first deployment needs: --config says of which file. Each finding is ok, a warning (it
can wait) or a problem (it stops work, or will), with what to do.

Rights that it needs: cloudformation:DescribeStacks, cloudformation:GetTemplate, lambda:GetAccountSettings and
sns:ListSubscriptionsByTopic. What it may not look at is a warning.

Exit status: 0 no problem (warnings are 0), 1 problems found, 2 it could not look.`,
		Args: cobra.NoArgs,
	}
	f := &targetFlags{}
	flags := cmd.Flags()
	flags.StringVar(&f.stack, "stack", "", "the name of a deployed stack, FluxCascade-prod")
	flags.StringVar(&f.region, "region", "", "the AWS region (default: as the AWS command line finds it)")
	flags.StringVar(&file, "config", "", "before the first deployment: the configuration that is to be deployed (default: the example)")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("stack", "config")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var asked doctor.Asked
		if f.stack == "" {
			rules, err := loadRules(file)
			if err != nil {
				return err
			}
			asked = doctor.AskedBy(config.Deploy(rules))
		}
		ctx := cmd.Context()
		account, opening := f.account(ctx)
		report := doctor.Join(doctor.Account(ctx, account, opening, f.stack, asked), doctor.Machine(ctx, doctor.OfThisMachine, f.stack != ""))
		if f.json {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(report); err != nil {
				return err
			}
		} else {
			printFindings(cmd.OutOrStdout(), report, true)
		}
		if report.Problems() > 0 {
			return exitError(1)
		}
		return nil
	}
	return cmd
}

// printFindings writes a report for a person; all includes what is as it should be.
func printFindings(out io.Writer, report *doctor.Report, all bool) {
	for _, f := range report.Findings {
		if f.State == doctor.OK && !all {
			continue
		}
		fmt.Fprintf(out, "%-8s %s: %s\n", f.State, f.Check, f.Found)
		if f.Do != "" {
			fmt.Fprintf(out, "         %s\n", f.Do)
		}
	}
}

// tellHealth tells, before a stack's configuration is activated, what doctor finds wrong: on the error output, for the
// other may be JSON. It stops nothing: a person may have asked AWS for more already.
func tellHealth(cmd *cobra.Command, f *targetFlags) error {
	if f.stack == "" {
		return nil
	}
	account, err := f.account(cmd.Context())
	if err != nil {
		return err
	}
	printFindings(cmd.ErrOrStderr(), doctor.Account(cmd.Context(), account, nil, f.stack, doctor.Asked{}), false)
	return nil
}
