package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/scripts/startup"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

func startupCommand() *cobra.Command {
	var rounds int
	cmd := &cobra.Command{
		Use:   "startup",
		Short: "Measure how long each function takes to start, beside an empty one",
		Long: `Startup builds every function as scripts/build does, for this machine, starts each before a stubbed Lambda Runtime API, in
turns, and tells the shortest time to its first call. Times are this machine's, and longer while it has other work: no test asserts
one. The counts beside them are held by the tests of scripts/startup.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rounds < 1 {
				return fmt.Errorf("--rounds %d: at least 1", rounds)
			}
			return runStartup(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), rounds)
		},
	}
	cmd.Flags().IntVar(&rounds, "rounds", 15, "how often each is started")
	return cmd
}

func runStartup(ctx context.Context, out, progress io.Writer, rounds int) error {
	example, err := findExample()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fluxcascade-startup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer beat(progress, func() string { return "building and starting functions" })()
	fmt.Fprintln(progress, "Building the functions, which takes a minute or two the first time…")
	if err := startup.BuildAll(ctx, dir, ""); err != nil {
		return err
	}
	bootstraps, shortest := startup.Bootstraps(dir, example), map[string]time.Duration{}
	for range rounds {
		if err := startup.Round(ctx, bootstraps, shortest); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "function\tfirst call\tof empty\tzip\tinit allocations\tinit KB\t")
	for _, name := range append([]string{startup.Empty}, names()...) {
		size, err := startup.ZipBytes(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		inits, err := startup.Inits(ctx, bootstraps[name])
		if err != nil {
			return err
		}
		allocs, bytes := startup.Sum(inits)
		fmt.Fprintf(table, "%s\t%.1f ms\t%.2f\t%.2f MB\t%d\t%d\t\n", name, shortest[name].Seconds()*1000,
			float64(shortest[name])/float64(shortest[startup.Empty]), float64(size)/1e6, allocs, bytes>>10)
	}
	return table.Flush()
}

func names() []string {
	var out []string
	for _, f := range config.Functions() {
		out = append(out, string(f))
	}
	return out
}
