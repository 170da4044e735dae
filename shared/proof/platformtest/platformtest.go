// Package platformtest is the conformance suite of platform.Connector: what every connector must do, run against its
// simulator over the vendor's own URLs, through the client, the tokens and the classification that production uses. A
// rule found in one connector moves here.
//
// Rules are data, so that they run from go test and from the command line alike. A rule that rests on an ability which a
// connector does not declare (catalog.Ability, catalog.Webhooks) is not skipped: its Unable check tries, and shows that
// the ability is really absent or unused. Two things hold under every rule: the answers of the connector keep the contract
// (watch.go), and what goes over the wire fits the vendor's description where that is at hand (package spectest).
//
// It knows no vendor: what differs is in a Bench. It asserts nothing of how a connector asks, only of what it sends, what
// it answers, and what the simulator then holds.
package platformtest

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Rule is one thing that every connector must do.
type Rule struct {
	// Name says it in words; it is unique.
	Name string
	// Why says what goes wrong in a sync where it does not hold.
	Why string
	// Needs is the ability that the rule rests on, nil where every connector must keep it.
	Needs *Ability
	// Once says that the rule is of the platform, not of each object: it is checked with the bench's first.
	Once  bool
	Check Check
	// Unable shows that what is not declared is really absent, or that nothing uses it. Set where Needs is.
	Unable Check
}

// Check runs on a stand of its own. The error says what was found, and what should have been.
type Check func(*Stand) error

// Ability is something that a platform may lack.
type Ability struct {
	// Name reads after "unable: ".
	Name string
	Has  func(p *catalog.Platform, o *catalog.Object) bool
}

// Status is how a rule ended.
type Status string

// The statuses.
const (
	Passed Status = "passed"
	Failed Status = "failed"
	Unable Status = "unable"
)

// Result is one rule on one connector.
type Result struct {
	Rule   string `json:"rule"`
	Status Status `json:"status"`
	// Reason says what failed, or what the catalog declares that the platform cannot do; "" for a rule that passed everywhere.
	Reason string `json:"reason,omitempty"`
	// Lacking are the objects that are declared unable where others passed.
	Lacking []record.Object `json:"lacking,omitempty"`
}

// Rules lists every rule, in the order of the table.
func Rules() []Rule {
	return slices.Concat(walkRules(), removalRules(), readRules(), findRules(), writeRules(), fieldRules(), batchRules(), doubtRules(),
		limitRules(), tokenRules(), hostileRules(), webhookRules())
}

// Run runs one rule on one connector, on every object of the bench. It never panics: a panic is a failure.
func Run(rule Rule, b *Bench) Result {
	result := Result{Rule: rule.Name, Status: Passed}
	objects := b.Objects
	if rule.Once {
		objects = objects[:1]
	}
	var failures []string
	able := 0
	for i := range objects {
		o := &objects[i]
		lacks := rule.Needs != nil && !rule.Needs.Has(b.Catalog, b.object(o.Name))
		check := rule.Check
		if lacks {
			check = rule.Unable
			result.Lacking = append(result.Lacking, o.Name)
		} else {
			able++
		}
		if err := try(check, b, o); err != nil {
			if lacks {
				err = fmt.Errorf("declared unable (%s), but %w", rule.Needs.Name, err)
			}
			failures = append(failures, fmt.Sprintf("%s: %v", o.Name, err))
		}
	}
	switch {
	case len(failures) > 0:
		result.Status, result.Reason, result.Lacking = Failed, strings.Join(failures, "; "), nil
	case able == 0:
		result.Status, result.Reason, result.Lacking = Unable, rule.Needs.Name, nil
	}
	return result
}

func try(check Check, b *Bench, o *Object) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	s, err := newStand(b, o)
	if err != nil {
		return fmt.Errorf("the stand: %w", err)
	}
	if err := check(s); err != nil {
		return err
	}
	return s.broken()
}

// Test runs the suite as subtests.
func Test(t *testing.T, b *Bench) {
	t.Helper()
	if err := b.Described(); err != nil {
		t.Logf("SKIPPED ALOUD: what goes over the wire is held against no description: %v", err)
	}
	for _, rule := range Rules() {
		t.Run(rule.Name, func(t *testing.T) {
			switch r := Run(rule, b); r.Status {
			case Failed:
				t.Errorf("%s\nwhy it matters: %s", r.Reason, rule.Why)
			case Unable:
				t.Logf("unable: %s", r.Reason)
			}
		})
	}
}
