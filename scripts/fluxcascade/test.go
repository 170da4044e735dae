package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
)

func testCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "test", Short: "Test a configuration before it touches an account"}
	cmd.AddCommand(chainCommand())
	return cmd
}

func chainCommand() *cobra.Command {
	var config string
	var drafted draftFlags
	var asJSON, calm bool
	var real liveFlags
	var seed uint64
	cmd := &cobra.Command{
		Use:   "chain",
		Short: "Try every mapping and filter of a sync chain on simulated platforms that misbehave",
		Long: `Runs, on simulated platforms with their faults on, what a careful person would try by hand: each spoke alone; a
record made in the hub reaches all spokes; an update in one spoke reaches the hub and the others; the same record
edited in two spokes at once; a change in a spoke of what records are matched by; every mapping with a filter entered
once; a record made in each spoke that may make some; every value map towards the hub. What it could not try is listed.
Fields of your own are made as connect makes them. Exit status 0 only if all hold.

With --hub NAME it drafts a configuration, in which every other platform (or those of --platforms) follows that hub.

With --live it runs in the accounts that are connected in --data, with records that carry a mark, and removes them. It
refuses accounts that do not say they are for tests, unless you give --production. What is in the accounts is read and
matched first, by the configuration's own rules, and what is due is written: use accounts where that may happen.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := drafted.load(config)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return exitError(2)
			}
			if real.on {
				return real.run(cmd, rules, asJSON)
			}
			options := rehearsal.Options{Rules: rules, Seed: seed, Faults: platformsim.Usual()}
			if calm {
				options.Faults = platformsim.Faults{}
			}
			var now atomic.Pointer[string]
			options.Begin = func(n, of int, name string) {
				text := fmt.Sprintf("%d of %d: %s", n, of, name)
				now.Store(&text)
				if !asJSON {
					fmt.Fprintln(cmd.ErrOrStderr(), text+" …")
				}
			}
			if !asJSON {
				options.Done = func(r rehearsal.Result) { printResult(cmd.OutOrStdout(), r) }
			}
			stop := beat(cmd.ErrOrStderr(), func() string {
				if test := now.Load(); test != nil {
					return *test
				}
				return "preparing"
			})
			defer stop()
			results, err := rehearsal.Run(cmd.Context(), options)
			stop()
			if err != nil {
				return err
			}
			return printSum(cmd, results, asJSON)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (default "+exampleConfig+")")
	drafted.add(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	real.add(cmd.Flags())
	cmd.Flags().BoolVar(&calm, "no-faults", false, "let the platforms behave")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "what the simulators draw from")
	return cmd
}

// printChain prints results that were not printed as they came, and their sum.
func printChain(cmd *cobra.Command, results []rehearsal.Result, asJSON bool) error {
	if !asJSON {
		for _, r := range results {
			printResult(cmd.OutOrStdout(), r)
		}
	}
	return printSum(cmd, results, asJSON)
}

func printResult(out io.Writer, r rehearsal.Result) {
	mark := "ok    "
	switch {
	case !r.Passed:
		mark = "FAILED"
	case r.Skipped != "":
		mark = "-     "
	}
	fmt.Fprintf(out, "%s %s: %s (%.1f s)\n", mark, r.Group, r.Name, r.Seconds)
	if r.Skipped != "" {
		fmt.Fprintf(out, "         not tested: %s\n", r.Skipped)
	}
	for _, d := range r.Details {
		fmt.Fprintf(out, "         %s\n", d)
	}
}

// printSum prints how many passed, failed, and tested nothing.
func printSum(cmd *cobra.Command, results []rehearsal.Result, asJSON bool) error {
	passed, failed, skipped := 0, 0, 0
	for _, r := range results {
		switch {
		case !r.Passed:
			failed++
		case r.Skipped != "":
			skipped++
		default:
			passed++
		}
	}
	out := cmd.OutOrStdout()
	if asJSON {
		err := json.NewEncoder(out).Encode(map[string]any{"passed": passed, "failed": failed, "not_tested": skipped, "tests": results})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%d passed, %d failed, %d not tested\n", passed, failed, skipped)
	}
	if failed > 0 {
		return exitError(1)
	}
	return nil
}
