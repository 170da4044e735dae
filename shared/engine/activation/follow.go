package activation

import (
	"context"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
)

// checkEvery is how long a process goes on with a version before it looks whether another was activated: one read of a
// row of 200 bytes in half a minute. What an instance commits meanwhile is as if it had been activated that much later;
// the decider refuses what it would undo of the newer version.
const checkEvery = 30 * time.Second

// Follower keeps something that is built from the active configuration, and builds it again once another is active.
// Its methods are safe for concurrent use.
type Follower[H any] struct {
	Store store.Store
	Now   func() time.Time
	// Build makes it from a configuration; an error leaves it to the next call to try again.
	Build func(ctx context.Context, v Version, text Text) (H, error)

	mu      sync.Mutex
	built   H
	version int64
	checked time.Time
}

// Current gives what was built from the active configuration; ok is false while none is active. Errors: fault.Transient,
// fault.Unclassified, Build's own. A process that cannot learn what is active does nothing: its messages stay queued.
func (f *Follower[H]) Current(ctx context.Context) (h H, ok bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Now()
	if f.version > 0 && now.Sub(f.checked) < checkEvery {
		return f.built, true, nil
	}
	active, err := Active(ctx, f.Store)
	if err != nil || active.Number == 0 {
		return h, false, err
	}
	if active.Number != f.version {
		text, err := TextOf(ctx, f.Store, active.Number)
		if err != nil {
			return h, false, err
		}
		built, err := f.Build(ctx, active, text)
		if err != nil {
			return h, false, err
		}
		f.built, f.version = built, active.Number
	}
	f.checked = now
	return f.built, true, nil
}

// Handler makes a function's handler that always runs what is built from the active configuration. While none is active
// it answers the zero R, at once: nothing was read yet, so nothing can be missed, and the first load reads every record.
func Handler[E, R any](f *Follower[func(context.Context, E) (R, error)]) func(context.Context, E) (R, error) {
	return func(ctx context.Context, event E) (R, error) {
		handle, ok, err := f.Current(ctx)
		if err != nil || !ok {
			var idle R
			return idle, err
		}
		return handle(ctx, event)
	}
}
