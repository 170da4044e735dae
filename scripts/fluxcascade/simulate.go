package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/proof/simtest"
)

// simulateOptions are the flags of dev simulate.
type simulateOptions struct {
	seeds        int
	from         uint64
	asJSON, bugs bool
	bug, engine  string
	explain      bool
	calm         bool
	draws        []string
}

// gcPercent lets a simulation collect garbage more rarely than a service should: it lives on short-lived values.
const gcPercent = 400

// bugSeedsMax is how many histories a seeded bug may take to show.
const bugSeedsMax = 100_000

func simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run the whole system through seeded histories of edits and faults, and check that nothing is lost, doubled or looping",
		Long: `Simulate runs the production handlers over a store, queues and platforms in memory, under one virtual clock. Each seed
draws what the platforms can do, what people do and what goes wrong. A violated invariant is shown with its seed and
with the smallest history that still shows it. The same seed always replays the same history.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			debug.SetGCPercent(gcPercent)
			if o.seeds < 1 {
				return errors.New("--seeds must be at least 1")
			}
			if o.bugs {
				return runBugs(cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
			}
			return runSimulation(cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	cmd.Flags().IntVar(&o.seeds, "seeds", 10_000, "how many histories to run")
	cmd.Flags().Uint64Var(&o.from, "from", 0, "the first seed")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringVar(&o.engine, "engine", "production", "production, or naive: the engine that guides describe")
	cmd.Flags().BoolVar(&o.bugs, "bugs", false, "switch on every seeded bug in turn, and say in how many histories it shows")
	cmd.Flags().StringVar(&o.bug, "bug", "", "switch on one seeded bug")
	cmd.Flags().BoolVar(&o.calm, "calm", false, "nothing fails and people wait for each other: hold every state at rest against the model "+
		"of the configuration")
	cmd.Flags().StringSliceVar(&o.draws, "draw", nil, "draw this in calm histories too, which the system is known to fail: "+drawsInWords())
	cmd.Flags().BoolVar(&o.explain, "explain", true, "show the smallest history of each violated invariant")
	return cmd
}

func runSimulation(out, progress io.Writer, o simulateOptions) error {
	options := simtest.Options{Calm: o.calm, Draws: o.draws}
	if unknown := unknownDraws(o.draws); unknown != nil {
		return unknown
	}
	switch o.engine {
	case "production":
	case "naive":
		options.Naive = true
	default:
		return fmt.Errorf("--engine %s is neither production nor naive", o.engine)
	}
	if o.bug != "" {
		bug, ok := simtest.FindBug(o.bug)
		if !ok {
			return fmt.Errorf("there is no seeded bug %q; the bugs are %s", o.bug, strings.Join(bugNames(), ", "))
		}
		options.Bug, options.Calm = bug, o.calm || bug.Options().Calm
	}
	fmt.Fprintf(progress, "%d histories from seed %d…\n", o.seeds, o.from)
	var done atomic.Int64
	stop := beat(progress, func() string { return fmt.Sprintf("%d of %d histories", done.Load(), o.seeds) })
	defer stop() // what is shown of a violation is made small first, which takes time too
	report := simtest.Simulate(o.from, o.seeds, options, func(now int) { done.Store(int64(now)) }, nil)
	if o.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else {
		printReport(out, report)
		if o.explain {
			explainAll(out, report, options)
		}
	}
	if report.Failed > 0 && !options.Naive && options.Bug == nil {
		return fmt.Errorf("%d of %d histories violate an invariant", report.Failed, report.Histories)
	}
	return nil
}

func printReport(w io.Writer, r simtest.Report) {
	fmt.Fprintf(w, "%d histories, %.0f a second: %d changes by people, %d faults, %d calls of unknown outcome, %d edits raced\n",
		r.Histories, r.HistoriesPerSecond, r.UserChanges, r.Faults, r.UnknownOutcomes, r.Raced)
	for _, i := range simtest.Invariants() {
		fmt.Fprintf(w, "  %-34s %d\n", strings.ReplaceAll(string(i), "_", " "), r.Violations[i])
	}
	for _, why := range slices.Sorted(maps.Keys(r.Excuses)) {
		fmt.Fprintf(w, "  excused %6.1f times in 1,000 histories: %s\n", 1000*float64(r.Excuses[why])/float64(r.Histories), why)
	}
	if r.Failed == 0 {
		fmt.Fprintln(w, "Every invariant holds in every history.")
	}
}

func explainAll(w io.Writer, r simtest.Report, o simtest.Options) {
	for _, i := range simtest.Invariants() {
		if len(r.First[i]) == 0 {
			continue
		}
		e := simtest.Explain(r.First[i][0], i, o)
		fmt.Fprintf(w, "\n%s, seed %d, with %d actions of people (run it alone: --from %d --seeds 1)\n", i, e.Seed, e.UserActions, e.Seed)
		for _, line := range e.Lines {
			fmt.Fprintln(w, "  "+line)
		}
	}
}

// drawsInWords lists what calm histories draw only when asked.
func drawsInWords() string {
	var out []string
	for _, d := range simtest.Extras() {
		out = append(out, d.Name+" ("+d.Words+")")
	}
	return strings.Join(out, ", ")
}

func unknownDraws(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(simtest.Extras(), func(d simtest.Extra) bool { return d.Name == name }) {
			return fmt.Errorf("there is no draw %q; the draws are %s", name, drawsInWords())
		}
	}
	return nil
}

func bugNames() []string {
	var out []string
	for _, b := range simtest.Bugs() {
		out = append(out, b.Name)
	}
	return out
}

// bugReport is how one seeded bug shows.
type bugReport struct {
	Name      string                    `json:"name"`
	Words     string                    `json:"words"`
	Histories int                       `json:"histories"`
	Caught    int                       `json:"caught"`
	First     uint64                    `json:"first_seed"`
	By        map[simtest.Invariant]int `json:"by"`
	// Actions is how many things people do in the shrunk history of the first seed.
	Actions int               `json:"shrunk_to_actions"`
	shows   simtest.Invariant // in the first seed
}

// bugChunk is how many histories are run before it is asked whether a bug has shown.
const bugChunk = 1000

// runBugs runs --seeds histories with each bug, and up to bugSeedsMax until it shows.
func runBugs(out, progress io.Writer, o simulateOptions) error {
	var reports []bugReport
	var done atomic.Int64
	var name atomic.Pointer[string]
	missed := 0
	stop := beat(progress, func() string { return fmt.Sprintf("bug %s, %d histories", *name.Load(), done.Load()) })
	defer stop()
	for _, bug := range simtest.Bugs() {
		r := bugReport{Name: bug.Name, Words: bug.Words, By: map[simtest.Invariant]int{}}
		done.Store(0)
		name.Store(&bug.Name)
		for r.Histories < bugSeedsMax && (r.Histories < o.seeds || r.Caught == 0) {
			n := min(bugChunk, bugSeedsMax-r.Histories)
			begun, options := r.Histories, bug.Options()
			options.Calm = options.Calm || o.calm
			tell := func(now int) { done.Store(int64(begun + now)) }
			part := simtest.Simulate(o.from+uint64(begun), n, options, tell, nil)
			for i, count := range part.Violations {
				if count == 0 {
					continue
				}
				if len(r.By) == 0 || part.First[i][0] < r.First {
					r.First, r.shows = part.First[i][0], i
				}
				r.By[i] += count
			}
			r.Histories += part.Histories
			r.Caught += part.Failed
		}
		if r.Caught > 0 {
			r.Actions = shrunk(r, bug)
		}
		reports = append(reports, r)
		if r.Caught == 0 {
			missed++
		}
		if !o.asJSON {
			fmt.Fprintf(out, "%-26s %6d of %6d histories, shrunk to %d actions  (%s)\n", r.Name, r.Caught, r.Histories, r.Actions, r.Words)
		}
	}
	if o.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(reports); err != nil {
			return err
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d seeded bugs were not caught", missed)
	}
	return nil
}

// shrunk makes the first history that shows a bug small, and gives how many things people do in it.
func shrunk(r bugReport, bug simtest.Bug) int {
	return simtest.Explain(r.First, r.shows, bug.Options()).UserActions
}
