package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
)

// exampleConfig is the configuration used where the user names none.
const exampleConfig = "infra/sync.yaml"

// loadRules reads a configuration, the example if path is "". With an error every problem is printed, with its place.
func loadRules(path string) (*ruleset.Rules, error) {
	if path == "" {
		found, err := findExample()
		if err != nil {
			return nil, err
		}
		path = found
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	rules, err := ruleset.Load(path, text, catalog.All())
	if err != nil {
		return nil, err
	}
	return rules, nil
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

// matchSecret gives the key of the match hashes: kept in dir, so that a later run finds the same keys; made anew
// without one.
func matchSecret(dir string) ([]byte, error) {
	secret := make([]byte, 32)
	if dir == "" {
		_, err := rand.Read(secret)
		return secret, err
	}
	path := filepath.Join(dir, "match-secret")
	kept, err := os.ReadFile(path)
	if err == nil {
		return kept, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return secret, os.WriteFile(path, secret, 0o600)
}

func lintCommand() *cobra.Command {
	var config string
	var timetable bool
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
			if timetable {
				printTimetable(cmd.OutOrStdout(), rules)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file (default "+exampleConfig+")")
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
