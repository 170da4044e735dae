package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what runs, what waits, what is parked and why, and what to do next",
		Long: `Shows the active configuration and the deployed one, each connection with its pause, its tokens' age, its queues and how
far it is read, and what waits for a person with reasons and ages. No value of any record is shown. It scans the state:
for a million entities some minutes and a few cents.`,
		Args: cobra.NoArgs,
	}
	f := operating(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := f.open(cmd.Context())
		if err != nil {
			return err
		}
		defer t.Close()
		s, err := operate.Look(cmd.Context(), t, t.Now())
		if err != nil {
			return err
		}
		if f.json {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
		}
		printStatus(cmd.OutOrStdout(), s, t.Flags())
		return nil
	}
	return cmd
}

func printStatus(out io.Writer, s *operate.Status, flags string) {
	fmt.Fprintln(out, s.Target)
	if s.Active.Number == 0 {
		fmt.Fprintf(out, "  no configuration is active: nothing runs. Activate it: fluxcascade activate %s\n", flags)
	} else {
		fmt.Fprintf(out, "  configuration %d (%s) is active for %s\n", s.Active.Number, s.Active.Name, age(s.At, s.Active.At))
	}
	switch {
	case s.Candidate.Problem != "":
		fmt.Fprintf(out, "  the deployed configuration cannot be read: %s\n", s.Candidate.Problem)
	case s.Candidate.Differs && s.Active.Number > 0:
		fmt.Fprintf(out, "  the deployed configuration differs and is not active: fluxcascade activate %s\n", flags)
	}
	fmt.Fprintf(out, "\n  %s\n", s.Headline)
	for _, words := range s.Words {
		fmt.Fprintf(out, "  - %s\n", words)
	}
	for i := range s.Connections {
		printConnection(out, &s.Connections[i], s.At, flags)
	}
	fmt.Fprintf(out, "\n%d entities\n", s.Entities)
	if len(s.Waiting) == 0 {
		fmt.Fprintln(out, "  nothing waits for a person")
	}
	for _, w := range s.Waiting {
		fmt.Fprintf(out, "  %6d %-9s %s in %s, the oldest for %s\n", w.Count, w.Kind, w.Reason.Plain(), w.Group,
			age(s.At, w.Oldest))
		for _, x := range w.Examples {
			fmt.Fprintf(out, "           %s %s %s\n", x.Entity, x.Field, x.Place)
			if x.Words != "" {
				fmt.Fprintf(out, "             %s\n", x.Words)
			}
		}
	}
	if s.Incomplete {
		fmt.Fprintln(out, "  not everything was looked at: there is more")
	}
}

func printConnection(out io.Writer, c *operate.ConnectionStatus, now time.Time, flags string) {
	fmt.Fprintf(out, "\n%s (%s)\n", c.Name, c.Platform)
	if c.Paused != nil {
		why := "by an operator"
		if c.Paused.By != "" {
			why = "by " + c.Paused.By
		}
		if c.Paused.Reason == controltable.PausedUnauthorized {
			why = fmt.Sprintf("its authorisation ended; give it again: fluxcascade connect %s --again %s", c.Name, flags)
		}
		if c.Paused.Note != "" {
			why += ": " + c.Paused.Note
		}
		fmt.Fprintf(out, "  PAUSED for %s, %s\n", age(now, c.Paused.Since), why)
	}
	switch {
	case c.GrantUnseen && c.Grant.RenewedAt.IsZero():
		fmt.Fprintln(out, "  whether it is connected, these credentials may not see")
	case c.Grant.Over:
		fmt.Fprintf(out, "  the platform has ended our authorisation: fluxcascade connect %s --again %s\n", c.Name, flags)
	case !c.Grant.Connected:
		fmt.Fprintf(out, "  not connected yet: fluxcascade connect %s %s\n", c.Name, flags)
	case !c.Grant.RenewedAt.IsZero():
		fmt.Fprintf(out, "  tokens renewed %s ago\n", age(now, c.Grant.RenewedAt))
	}
	printStanding(out, c.Standing)
	if c.Kept > 0 {
		fmt.Fprintf(out, "  %s kept, to be read once it answers and is not paused\n", syncs.Messages(record.QueueChanges, c.Kept))
	}
	for _, kind := range record.QueueKinds() {
		if n := c.Queues[kind]; n > 0 {
			fmt.Fprintf(out, "  %s on the way\n", syncs.Messages(kind, n))
		}
		if n := c.Dead[kind]; n > 0 {
			fmt.Fprintf(out, "  SET ASIDE: %s failed again and again; see the log, then: fluxcascade redrive %s %s\n", syncs.Messages(kind, n),
				c.Name, flags)
		}
	}
	for _, p := range c.Places {
		switch p.Phase {
		case "":
			fmt.Fprintf(out, "  %-12s not read yet\n", p.Object)
		case controltable.PhaseDone:
			fmt.Fprintf(out, "  %-12s %d records at the first load, read %s ago\n", p.Object, p.Records, age(now, p.PolledAt))
		default:
			fmt.Fprintf(out, "  %-12s first load: %d records so far\n", p.Object, p.Records)
		}
	}
	for _, x := range c.Stopped {
		fmt.Fprintf(out, "  STOPPED: %s reached the limit of %d an hour in %s, %s ago; look, then: fluxcascade release %s %s\n", x.Kind, x.Limit,
			x.Group, age(now, x.Since), c.Name, flags)
	}
}

// age says how long ago something was, in the largest unit that fits.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "an unknown time"
	}
	d := now.Sub(then)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(max(d, 0)/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

// printStanding tells how the records of a connection stand, where they are not all in step.
func printStanding(out io.Writer, s *pipeline.Standing) {
	if s == nil {
		return
	}
	for _, line := range []struct {
		n    int
		what string
	}{{s.Due, "due now"}, {s.Scheduled, "wait for their mapping's next run"}, {s.Children, "wait for a record that they name"},
		{s.Waiting, "wait for the first load, the hub's record or their next try"}, {s.Held, "wait for a person"}} {
		if line.n > 0 {
			fmt.Fprintf(out, "  %6d %s\n", line.n, line.what)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(s.Apart)) {
		fmt.Fprintf(out, "  %6d differ and are left so: %s\n", s.Apart[why], why.Plain())
	}
}
