package operate

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// lookAtSyncs gives the words of the Syncs page on a target, so that a terminal and the page say the same.
func lookAtSyncs(ctx context.Context, t Target, rules *Rules, now time.Time) (syncs.Page, error) {
	f, err := syncs.Load(ctx, t.Store(), t.Queue(), syncs.Facts{Now: now, Zone: time.Local, Target: t.Name(), Flags: t.Flags(),
		Rules: rules.Running(), Active: rules.Active != nil})
	if err != nil {
		return syncs.Page{}, err
	}
	return syncs.Build(f), nil
}
