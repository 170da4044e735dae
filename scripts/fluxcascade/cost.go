package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/cost"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

const (
	// platformTime is what a call of a platform takes, about, and platformBytes what it sends.
	platformTime, platformBytes = 300 * time.Millisecond, 2_000
	// functionsGB is the memory of the largest function that works on changes: so time is priced at the most.
	functionsGB = 1.0
	// editsMax bounds the edits of the measured run.
	editsMax    = 200
	hoursAMonth = 730
)

// bill is what cost prints.
type bill struct {
	Changes      float64       `json:"changes_a_month"`
	Mix          string        `json:"mix"`
	Measured     int           `json:"edits_measured"`
	PerChange    cost.Requests `json:"per_change"`
	Floor        []cost.Line   `json:"floor"`
	Work         []cost.Line   `json:"work"`
	Counting     cost.Line     `json:"counting"`
	FloorDollars float64       `json:"floor_dollars"`
	WorkDollars  float64       `json:"work_dollars"`
	PerMillion   float64       `json:"dollars_a_million_changes"`
	Total        float64       `json:"dollars_a_month"`
	Prices       string        `json:"prices"`
	// What is left after what AWS gives every account for nothing each month, if nothing else in it uses that.
	FloorAfterFree float64 `json:"floor_dollars_after_free"`
	TotalAfterFree float64 `json:"dollars_a_month_after_free"`
}

func costCommand() *cobra.Command {
	var path, template, mix string
	var changes float64
	var together int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "What the deployed stack costs a month: measured requests at list prices",
		Long: `Counts the stack's resources in its template, and the requests of a change in a run on this machine: edits are made on
the simulated platforms, and everything that follows is counted, echoes included. A change is one edit by a person,
written wherever it is due. List prices are of ` + cost.PricesDate + `, ` + cost.PricesRegion + `; what AWS gives each
account for nothing is told apart.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, rules, err := readConfig(path)
			if err != nil {
				return err
			}
			w, err := readWiring(cmd.Context(), template, text.Body, rules, func(s string) { fmt.Fprint(cmd.ErrOrStderr(), s) })
			if err != nil {
				return err
			}
			shares, err := parseMix(mix, rules)
			if err != nil {
				return err
			}
			b, err := measure(cmd.Context(), text, rules, shares, together)
			if err != nil {
				return err
			}
			b.price(w, rules, changes)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(b)
			}
			return b.print(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&path, "config", "", "configuration file (default "+exampleConfig+")")
	flags.StringVar(&template, "template", "", "the stack's template (default the one in "+assemblyDir+", else it is synthesised)")
	flags.Float64Var(&changes, "changes", 100_000, "edits by people a month, over all platforms")
	flags.StringVar(&mix, "mix", "", "where they are made: hubspot=60,jobber=40 (default the same everywhere)")
	flags.IntVar(&together, "together", 10, "how many are made at once: batches cost less than single ones")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// share is a connection's part of the edits.
type share struct {
	connection record.Connection
	parts      int
}

func parseMix(text string, rules *ruleset.Rules) ([]share, error) {
	var out []share
	if text == "" {
		for _, c := range config.Deploy(rules).Connections {
			out = append(out, share{c.Name, 1})
		}
		return out, nil
	}
	for _, part := range strings.Split(text, ",") {
		name, parts, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(parts)
		if _, ok := rules.Connection(record.Connection(name)); !ok || err != nil || n < 1 || n > editsMax {
			return nil, fmt.Errorf("--mix has %q; write CONNECTION=SHARE,… with shares from 1 to %d", part, editsMax)
		}
		out = append(out, share{record.Connection(name), n})
	}
	return out, nil
}

// measure plays edits on simulated platforms and counts what they take.
func measure(ctx context.Context, text activation.Text, rules *ruleset.Rules, shares []share, together int) (*bill, error) {
	clock := &runner.Clock{}
	st, q, _, err := openMemory(clock)
	if err != nil {
		return nil, err
	}
	rules.MatchSecret = []byte("only for this run")
	if err := operate.ActivateAlone(ctx, st, text, rules, clock.Now()); err != nil {
		return nil, err
	}
	counted := &runner.Requests{MemoryGB: functionsGB}
	w, err := runner.Open(ctx, runner.Options{Rules: rules, Store: counted.Store(st), Queue: counted.Queue(q), Clock: clock, Seed: 1,
		Count: counted})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		return nil, err
	}
	if !w.Settle(ctx, nil) {
		return nil, errors.New("the first load does not come to rest")
	}
	counted.Take(0, 0)
	calls := platformCalls(w)
	edits, err := edit(ctx, w, shares, together)
	if err != nil {
		return nil, err
	}
	n := platformCalls(w) - calls
	total := counted.Take(n, platformTime)
	total.OutBytes = float64(n) * platformBytes
	return &bill{Measured: edits, PerChange: total.Times(1 / float64(edits))}, nil
}

func platformCalls(w *runner.World) int {
	total := 0
	for _, sim := range w.Sims {
		total += sim.Requests()
	}
	return total
}

// edit makes edits in turn, some at once, and lets what follows from webhooks and queues move, without any schedule: those
// are in the floor.
func edit(ctx context.Context, w *runner.World, shares []share, together int) (int, error) {
	var order []record.Connection
	for _, s := range shares {
		for range s.parts {
			order = append(order, s.connection)
		}
	}
	edits := 0
	for edits < max(60, 2*len(order)) && edits < editsMax {
		for range max(1, together) {
			c := order[edits%len(order)]
			if err := editOne(w, c, edits); err != nil {
				return edits, err
			}
			edits++
		}
		for range 120 { // two minutes: webhooks that come late, delayed messages
			w.Pump(ctx)
			w.Clock.Skip(time.Second)
		}
	}
	return edits, nil
}

// editOne changes one text of one record, as a person would.
func editOne(w *runner.World, c record.Connection, n int) error {
	for _, place := range w.Rules.Places() {
		ids := w.Sims[c]
		if place.Connection != c || ids == nil || len(ids.IDs(place.Object)) == 0 {
			continue
		}
		all := ids.IDs(place.Object)
		slices.Sort(all)
		for _, field := range w.Rules.FieldsAt(place) {
			declared, ok := fieldOf(w.Rules, place, field)
			if ok && declared.Kind == catalog.Text && !declared.ReadOnly && !declared.CreateOnly && len(declared.Values) == 0 &&
				field != w.Rules.MarkerAt(place) {
				return ids.Edit(place.Object, all[n%len(all)], record.Fields{field: fmt.Sprintf("Cost %d", n)})
			}
		}
	}
	return fmt.Errorf("nothing can be edited on %s", c)
}

func fieldOf(rules *ruleset.Rules, place record.Place, name record.PlatformField) (catalog.Field, bool) {
	declared, _ := rules.Connection(place.Connection)
	for _, p := range catalog.All() {
		if p.Name != declared.Platform {
			continue
		}
		if object, ok := p.Object(place.Object); ok {
			i := slices.IndexFunc(object.Fields, func(f catalog.Field) bool { return f.Name == name })
			if i >= 0 {
				return object.Fields[i], true
			}
		}
	}
	return catalog.Field{}, false
}

// price fills in a bill.
func (b *bill) price(w *wiring.Wiring, rules *ruleset.Rules, changes float64) {
	d := config.Deploy(rules)
	s := cost.Stack{Keys: w.Resources["AWS::KMS::Key"], Secrets: w.Resources["AWS::SecretsManager::Secret"], AlarmMetrics: w.AlarmMetrics,
		Dashboards: w.Resources["AWS::CloudWatch::Dashboard"], PolledQueues: len(w.Sources)}
	for _, m := range config.Metrics() {
		n := len(d.Connections)
		if m.Dimensions[1] == config.DimensionPlatform {
			n = len(d.Webhooks)
		}
		switch {
		case m.Seldom, m.Logged:
		case m.Statistic == "Maximum": // a state, which polls and sweeps tell whether anything happens or not
			s.CustomMetrics += n
		default:
			s.BusyMetrics += n
		}
	}
	for _, run := range d.Schedules {
		s.ScheduledCalls += hoursAMonth * float64(time.Hour) / float64(run.Every)
	}
	b.Changes, b.Prices = changes, cost.PricesDate+", "+cost.PricesRegion
	// A poll at rest: a handful of rows, a call of the platform; a position written.
	b.Floor = cost.Floor(s, cost.Requests{DynamoReads: 6, DynamoWrites: 1, Lambda: 1, GBSeconds: 0.25, LogBytes: 400, OutBytes: platformBytes})
	b.Work = cost.Work(b.PerChange.Times(changes))
	b.Counting = cost.Counting(s)
	b.FloorDollars, b.WorkDollars = cost.Sum(b.Floor), cost.Sum(b.Work)
	b.PerMillion, b.Total = cost.Sum(cost.Work(b.PerChange.Times(1e6))),
		b.FloorDollars+b.Counting.Dollars+b.WorkDollars
	b.FloorAfterFree = b.FloorDollars - cost.Free(b.Floor)
	b.TotalAfterFree = b.Total - cost.Free(slices.Concat(b.Floor, b.Work, []cost.Line{b.Counting}))
}

func (b *bill) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	section := func(title string, lines []cost.Line, sum float64) {
		fmt.Fprintf(w, "%s\t\t\t\n", title)
		for _, l := range lines {
			if l.Dollars >= 0.005 {
				fmt.Fprintf(w, "%s\t%.4g\t$%.2f\t\n", l.What, l.Count, l.Dollars)
			}
		}
		fmt.Fprintf(w, "together\t\t$%.2f\t\n\t\t\t\n", sum)
	}
	section("A month with nothing to do:", b.Floor, b.FloorDollars)
	section(fmt.Sprintf("%.0f changes:", b.Changes), append([]cost.Line{b.Counting}, b.Work...), b.WorkDollars+b.Counting.Dollars)
	if err := w.Flush(); err != nil {
		return err
	}
	p := b.PerChange
	fmt.Fprintf(out, "Idle: $%.2f a month by the list, $%.2f after what AWS gives every account for nothing. With these changes: $%.2f, and "+
		"$%.2f.\n", b.FloorDollars, b.FloorAfterFree, b.Total, b.TotalAfterFree)
	fmt.Fprintf(out, "$%.2f a million changes. Measured over %d edits, each with its writes and echoes: %.1f write units, "+
		"%.1f read units, %.1f SQS requests, %.1f calls of functions.\nList prices of %s. What is free is one account's: a second stack in it "+
		"pays the list.\n",
		b.PerMillion, b.Measured, p.DynamoWrites, p.DynamoReads, p.SQS, p.Lambda, b.Prices)
	return nil
}
