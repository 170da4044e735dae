package operate

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// countOf counts how everything stands on a target; nil while no configuration is active.
func countOf(ctx context.Context, t Target, rules *Rules, now time.Time) (*pipeline.Census, error) {
	if rules.Active == nil {
		return nil, nil
	}
	o, err := operator(ctx, t, rules, func() time.Time { return now })
	if err != nil {
		return nil, err
	}
	return (&pipeline.Counter{Shell: o.Shell}).Run(ctx, statusPagesMax)
}

// lookAtSyncs gives the words of the Syncs page on a target, so that a terminal and the page say the same. With a census, what
// waits for a mapping's run is counted as of now, and not as of the last sweep.
func lookAtSyncs(ctx context.Context, t Target, rules *Rules, census *pipeline.Census, now time.Time) (syncs.Page, error) {
	f, err := syncs.Load(ctx, t.Store(), t.Queue(), syncs.Facts{Now: now, Zone: time.Local, Target: t.Name(), Flags: t.Flags(),
		Rules: rules.Running(), Active: rules.Active != nil})
	if err != nil {
		return syncs.Page{}, err
	}
	if census != nil {
		f.Scheduled = map[record.Connection]syncs.Scheduled{}
		for c, s := range census.Connections {
			f.Scheduled[c] = syncs.Scheduled{Count: s.Scheduled, Next: s.NextRun, Children: s.Children}
		}
	}
	return syncs.Build(f), nil
}
