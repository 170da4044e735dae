package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// Activate puts the candidate into force, if the active configuration is still the one that r was read with, and starts
// what it makes necessary: keys of changed match rules are renewed before, polls begin and places are read again after.
// Cut off at any point, it is run again. Errors: the difference is refused; fault.Stale if another activation came between;
// fault.Transient.
func Activate(ctx context.Context, t Target, r *Rules, by string, now func() time.Time) (Done, error) {
	d := Compare(r.Active, r.Candidate)
	if len(d.Refused) > 0 {
		return Done{}, fmt.Errorf("it cannot be activated:\n%s", strings.Join(d.Refused, "\n"))
	}
	did := ""
	if len(d.Rematched) > 0 {
		renewed, err := rekey(ctx, t, r, now)
		if err != nil {
			return Done{}, fmt.Errorf("renew the keys of changed match rules (%d are renewed; nothing is activated, run it again): %w", renewed, err)
		}
		did = fmt.Sprintf("The keys of %d entities are renewed. ", renewed)
	}
	version, err := activation.Activate(ctx, t.Store(), r.Version, r.Text, r.Candidate.Digest, by, now())
	if err != nil {
		return Done{}, err
	}
	done := Done{Did: did + fmt.Sprintf("Configuration %d is active.", version.Number),
		Next: "What runs takes it up within a minute; what was decided under it is never decided under an earlier one again. Watch: " +
			"fluxcascade status " + t.Flags()}
	if err := startNew(ctx, t, r.Candidate, d); err != nil {
		return done, fmt.Errorf("%s Its polls were not started; their schedules do that: %w", done.Did, err)
	}
	return done, nil
}

// rekey makes entities hold the candidate's keys while the active rules still run; the first sweep under the candidate
// renews those that were decided meanwhile.
func rekey(ctx context.Context, t Target, r *Rules, now func() time.Time) (int, error) {
	secret, err := t.MatchSecret(ctx)
	if err != nil {
		return 0, err
	}
	rules := *r.Candidate
	rules.MatchSecret, rules.Version = secret, r.Version.Number // not a later one: the active rules must be able to go on
	return (&pipeline.Rekeyer{Shell: pipeline.Shell{Store: t.Store(), Rules: &rules, Now: now}}).Run(ctx)
}

// startNew starts what an activation makes necessary at once rather than on schedule.
func startNew(ctx context.Context, t Target, rules *ruleset.Rules, d *Difference) error {
	for _, run := range rules.Timetable() {
		in := lambdaio.Scheduled{Connection: run.Place.Connection, Object: run.Place.Object, Reconcile: run.Reconcile, Active: run.Active}
		f := config.Poller
		switch {
		case run.Sweep():
			f = config.Sweeper
			if len(d.Rematched) == 0 {
				continue // what is due is found by the schedule
			}
		case run.Reconcile && !slices.Contains(d.Reread, run.Place):
			continue
		}
		if _, err := t.Start(ctx, f, in); err != nil {
			return err
		}
	}
	return nil
}

// ActivateAlone puts rules into force without asking, unless they are already: for runs on simulated platforms. The rules
// then carry their version.
func ActivateAlone(ctx context.Context, s store.Store, text activation.Text, rules *ruleset.Rules, now time.Time) error {
	version, err := activation.Active(ctx, s)
	if err != nil {
		return err
	}
	if version.Digest != rules.Digest {
		if version, err = activation.Activate(ctx, s, version, text, rules.Digest, "local", now); err != nil {
			return err
		}
	}
	rules.Version = version.Number
	return nil
}
