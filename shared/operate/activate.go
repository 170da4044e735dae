package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/activation"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
)

// Activate puts the candidate into force, if the active configuration is still the one that r was read with, and starts
// what it makes necessary. Errors: fault.Stale if another activation came between, fault.Transient.
func Activate(ctx context.Context, t Target, r *Rules, by string, now time.Time) (Done, error) {
	version, err := activation.Activate(ctx, t.Store(), r.Version, r.Text, r.Candidate.Digest, by, now)
	if err != nil {
		return Done{}, err
	}
	done := Done{Did: fmt.Sprintf("Configuration %d is active.", version.Number),
		Next: "What runs takes it up within a minute; what was decided under it is never decided under an earlier one again. Watch: fluxcascade status " + t.Flags()}
	for _, run := range r.Candidate.Timetable() {
		if run.Sweep() || run.Reconcile {
			continue
		}
		if _, err := t.Start(ctx, config.Poller, lambdaio.Scheduled{Connection: run.Place.Connection, Object: run.Place.Object}); err != nil {
			return done, fmt.Errorf("%s Its polls were not started; their schedules do that: %w", done.Did, err)
		}
	}
	return done, nil
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
