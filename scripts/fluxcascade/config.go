package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// exampleConfig is the configuration used where the user names none.
const exampleConfig = "infra/sync.yaml"

// loadRules reads a configuration, the example if path is "". With an error every problem is printed, with its place.
func loadRules(path string) (*ruleset.Rules, error) {
	_, rules, err := readConfig(path)
	return rules, err
}

// readConfig gives a configuration's text too.
func readConfig(path string) (activation.Text, *ruleset.Rules, error) {
	if path == "" {
		found, err := findExample()
		if err != nil {
			return activation.Text{}, nil, err
		}
		path = found
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return activation.Text{}, nil, fmt.Errorf("read the configuration: %w", err)
	}
	rules, err := ruleset.Load(path, body, catalog.All())
	return activation.Text{Name: filepath.Base(path), Body: body}, rules, err
}

// draftFlags ask for a drafted configuration instead of a file: any platform as the hub, any others as its spokes.
type draftFlags struct {
	hub       string
	platforms []string
}

func (d *draftFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&d.hub, "hub", "", "draft a configuration with this platform as the hub, instead of reading one")
	flags.StringSliceVar(&d.platforms, "platforms", nil, "the platforms that take part, or all; with --hub, all by default")
}

// load reads the configuration at path, or drafts one if the flags ask for it.
func (d *draftFlags) load(path string) (*ruleset.Rules, error) {
	_, rules, err := d.read(path)
	return rules, err
}

// read gives the configuration's text too.
func (d *draftFlags) read(path string) (activation.Text, *ruleset.Rules, error) {
	if d.hub == "" && len(d.platforms) == 0 {
		return readConfig(path)
	}
	if path != "" {
		return activation.Text{}, nil, errors.New("--config reads a configuration, --hub and --platforms draft one: give one or the other")
	}
	draft, err := d.draft()
	if err != nil {
		return activation.Text{}, nil, err
	}
	text := activation.Text{Name: "the drafted configuration", Body: []byte(draft)}
	rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
	return text, rules, err
}

func (d *draftFlags) draft() (string, error) {
	var platforms []record.Platform
	for _, name := range d.platforms {
		platforms = append(platforms, record.Platform(name))
	}
	if len(platforms) == 0 || slices.Equal(d.platforms, []string{"all"}) {
		platforms = nil
		for _, p := range catalog.All() {
			platforms = append(platforms, p.Name)
		}
	}
	hub := record.Platform(d.hub)
	if hub == "" {
		hub = platforms[0]
	}
	first, spokes, err := starter.Accounts(catalog.All(), hub, platforms)
	if err != nil {
		return "", err
	}
	return starter.Write(first, spokes, "")
}

// findExample looks for the example from the working directory upwards.
func findExample() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, exampleConfig)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no " + exampleConfig + " here; name your configuration with --config FILE")
		}
		dir = parent
	}
}

func lintCommand() *cobra.Command {
	var config string
	var timetable bool
	var records []string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "Check a configuration file and say what is wrong, where, and what would be right",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := loadRules(config)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return exitError(1)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d connections, %d groups: no problem found\n", len(rules.Connections), len(rules.Groups))
			for _, o := range rules.Open() {
				fmt.Fprintln(cmd.OutOrStdout(), "to decide before it is activated: "+operate.Decision(o))
			}
			if err := printForecast(cmd.OutOrStdout(), rules, records); err != nil {
				return err
			}
			if timetable {
				printTimetable(cmd.OutOrStdout(), rules)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (default "+exampleConfig+")")
	addRecords(cmd, &records)
	cmd.Flags().BoolVar(&timetable, "timetable", false, "print every scheduled poll and sweep")
	return cmd
}

// printTimetable prints every scheduled call, those of one period together, and how they are staggered.
func printTimetable(out io.Writer, rules *ruleset.Rules) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "every\tfrom\tcalls\tactive")
	for _, run := range rules.Timetable() {
		what, from := "poll "+run.Place.String(), "+"+run.Offset.String()
		switch {
		case run.Sweep():
			what = "sweep " + string(run.Place.Connection)
		case run.Reconcile:
			what = "read all " + run.Place.String()
		}
		if !run.Active.IsZero() {
			from = "+" + run.Within().String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", run.Every, from, what, run.Active)
	}
	fmt.Fprintln(w, "\nfrom: after midnight UTC, or after the active hours begin; whole minutes when deployed")
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(ruleset.Schema())
			return err
		},
	}
}
