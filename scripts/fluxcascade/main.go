// Command fluxcascade runs, tests and operates FluxCascade: the whole system on one machine, the user's configuration
// against simulated platforms, and, under dev, what proves the engine. One file for each subcommand.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	var failed exitError
	switch {
	case errors.As(err, &failed):
		os.Exit(int(failed))
	case err != nil:
		fmt.Fprintln(os.Stderr, "fluxcascade:", err)
		os.Exit(2)
	}
}

// exitError ends the program with a status; what was wrong has been printed.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// The groups of the help, in the order in which a user needs them.
const (
	groupStart   = "start"
	groupOperate = "operate"
	groupProve   = "prove"
)

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fluxcascade",
		Short: "Keeps records in agreement across business platforms, through one hub",
		Long: `FluxCascade keeps contacts, deals, jobs and invoices in agreement across HubSpot, Jobber, QuickBooks and others.
One platform is the hub and owns the master record; every other maps only to it. One file says what maps to what.

New here? Run:   go run ./scripts/fluxcascade local`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cobra.EnableCommandSorting = false // the help is in the order of need
	cmd.AddGroup(&cobra.Group{ID: groupStart, Title: "Try it:"}, &cobra.Group{ID: groupOperate, Title: "Run it for real:"},
		&cobra.Group{ID: groupProve, Title: "For those who build it:"})
	for _, c := range []*cobra.Command{localCommand(), recordsCommand(), editCommand(), lintCommand(), costCommand(), diagramCommand(),
		testCommand()} {
		c.GroupID = groupStart
		cmd.AddCommand(c)
	}
	for _, c := range []*cobra.Command{guideCommand(), initCommand(), connectCommand(), checkCommand(), serveCommand(), doctorCommand(),
		activateCommand(), statusCommand(), pauseCommand(), resumeCommand(), answerCommand(), releaseCommand(), redriveCommand(),
		backfillCommand(), rotateCommand(),
		disconnectCommand()} {
		c.GroupID = groupOperate
		cmd.AddCommand(c)
	}
	dev := devCommand()
	dev.GroupID = groupProve
	cmd.AddCommand(dev)
	return cmd
}

// devCommand holds what proves the engine.
func devCommand() *cobra.Command {
	dev := &cobra.Command{Use: "dev", Short: "What proves the engine: schema, simulate, conformance, forge, startup"}
	dev.AddCommand(schemaCommand(), simulateCommand(), conformanceCommand(), forgeCommand(), startupCommand())
	return dev
}
