package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// conformanceOptions are the flags of dev conformance.
type conformanceOptions struct {
	only   string
	asJSON bool
}

// conformance is the report of dev conformance.
type conformance struct {
	Rules      []ruleReport      `json:"rules"`
	Connectors []connectorReport `json:"connectors"`
}

type ruleReport struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// connectorReport is one column: the rules by how they ended.
type connectorReport struct {
	Platform record.Platform       `json:"platform"`
	Passed   []string              `json:"passed"`
	Failed   []platformtest.Result `json:"failed"`
	Unable   []platformtest.Result `json:"unable"`
	// Described says that what went over the wire was held against the vendor's description.
	Described bool `json:"described"`
}

func conformanceCommand() *cobra.Command {
	var o conformanceOptions
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Check every connector against every rule of the suite, before its simulator",
		Long: `Conformance runs the suite of connectors: paging, resume, deletions, merges, writes in doubt, limits, tokens, hostile
answers, webhooks. A connector that a rule asks too much of declares so in the catalog, and the suite shows that it is
really unable. Where the vendors' descriptions are beside the module (../shared), every request and answer is held
against them. The exit status is 1 if a rule fails.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConformance(cmd.OutOrStdout(), o) },
	}
	cmd.Flags().StringVar(&o.only, "platform", "", "check one platform's connector alone")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the report as JSON")
	return cmd
}

// benchesOf gives the benches of one platform, of all for "".
func benchesOf(only string) ([]*platformtest.Bench, error) {
	all := benches.All()
	if only == "" {
		return all, nil
	}
	var names []string
	for _, b := range all {
		if string(b.Catalog.Name) == only {
			return []*platformtest.Bench{b}, nil
		}
		names = append(names, string(b.Catalog.Name))
	}
	return nil, fmt.Errorf("there is no connector of %q; there are %s", only, strings.Join(names, ", "))
}

func runConformance(out io.Writer, o conformanceOptions) error {
	all, err := benchesOf(o.only)
	if err != nil {
		return err
	}
	report := conformance{}
	for _, r := range platformtest.Rules() {
		report.Rules = append(report.Rules, ruleReport{r.Name, r.Why})
	}
	failed := 0
	for _, b := range all {
		c := connectorReport{Platform: b.Catalog.Name, Passed: []string{}, Failed: []platformtest.Result{}, Unable: []platformtest.Result{},
			Described: b.Described() == nil}
		for _, rule := range platformtest.Rules() {
			switch r := platformtest.Run(rule, b); r.Status {
			case platformtest.Passed:
				c.Passed = append(c.Passed, r.Rule)
			case platformtest.Failed:
				c.Failed = append(c.Failed, r)
				failed++
			case platformtest.Unable:
				c.Unable = append(c.Unable, r)
			}
		}
		report.Connectors = append(report.Connectors, c)
	}
	if o.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else {
		printConformance(out, report)
	}
	if failed > 0 {
		return exitError(1)
	}
	return nil
}

// printConformance prints the table: rules down, connectors across, and below it what failed and what is declared.
func printConformance(w io.Writer, report conformance) {
	width := 0
	for _, r := range report.Rules {
		width = max(width, len(r.Name))
	}
	fmt.Fprintf(w, "%-*s", width+2, "")
	for _, c := range report.Connectors {
		fmt.Fprintf(w, "%-12s", c.Platform)
	}
	fmt.Fprintln(w)
	for _, r := range report.Rules {
		fmt.Fprintf(w, "%-*s", width+2, r.Name)
		for _, c := range report.Connectors {
			fmt.Fprintf(w, "%-12s", c.mark(r.Name))
		}
		fmt.Fprintln(w)
	}
	for _, c := range report.Connectors {
		fmt.Fprintf(w, "\n%s: %d passed, %d failed, %d declared unable", c.Platform, len(c.Passed), len(c.Failed), len(c.Unable))
		if !c.Described {
			fmt.Fprint(w, " (no description of its API is at hand: what went over the wire was held against none)")
		}
		fmt.Fprintln(w)
		for _, f := range c.Failed {
			fmt.Fprintf(w, "  FAILED  %s\n          %s\n", f.Rule, f.Reason)
		}
		for _, u := range c.Unable {
			fmt.Fprintf(w, "  unable  %s: %s\n", u.Rule, u.Reason)
		}
	}
}

func (c connectorReport) mark(rule string) string {
	is := func(r platformtest.Result) bool { return r.Rule == rule }
	switch {
	case slices.ContainsFunc(c.Failed, is):
		return "FAILED"
	case slices.ContainsFunc(c.Unable, is):
		return "unable"
	}
	return "passed"
}

// forgeOptions are the flags of dev forge.
type forgeOptions struct {
	cases  int
	seed   uint64
	only   string
	asJSON bool
}

func forgeCommand() *cobra.Command {
	var o forgeOptions
	cmd := &cobra.Command{
		Use:   "forge",
		Short: "Try forged, altered, replayed and oversized webhooks on every connector",
		Long: `Forge takes genuine webhooks of each simulator and tries to have something else accepted: without a signature, with a
guessed one, with another body, at another time, of two megabytes. None may be accepted; the exit status is 1 if one is.
What a vendor's scheme cannot tell (a body that is not signed, a time that is not told) is declared, and not tried.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runForge(cmd.OutOrStdout(), o) },
	}
	cmd.Flags().IntVar(&o.cases, "cases", 10_000, "how many to try on each platform")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "what the cases are drawn from")
	cmd.Flags().StringVar(&o.only, "platform", "", "try one platform alone")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print the report as JSON")
	return cmd
}

func runForge(out io.Writer, o forgeOptions) error {
	all, err := benchesOf(o.only)
	if err != nil {
		return err
	}
	var reports []platformtest.Forgery
	accepted := 0
	for _, b := range all {
		if !b.Catalog.Webhooks.Signed {
			continue
		}
		r, err := platformtest.Forge(b, o.cases, o.seed)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Catalog.Name, err)
		}
		reports = append(reports, r)
		accepted += r.Accepted
	}
	if o.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(reports); err != nil {
			return err
		}
	} else {
		printForge(out, reports)
	}
	if accepted > 0 {
		return exitError(1)
	}
	return nil
}

func printForge(w io.Writer, reports []platformtest.Forgery) {
	for _, r := range reports {
		total := 0
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(r.Tried)) {
			total += r.Tried[kind]
			kinds = append(kinds, fmt.Sprintf("%d %s", r.Tried[kind], kind))
		}
		fmt.Fprintf(w, "%-12s %d of %d accepted (%s; all %d genuine ones are)\n", r.Platform, r.Accepted, total, strings.Join(kinds, ", "),
			r.Genuine)
		if r.First != "" {
			fmt.Fprintf(w, "  ACCEPTED %s\n", r.First)
		}
		for _, u := range r.Unable {
			fmt.Fprintf(w, "  unable   %s\n", u)
		}
	}
}
