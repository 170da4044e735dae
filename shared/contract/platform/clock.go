package platform

import (
	"context"
	"time"
)

// ClockSkewMax is how far a platform's clock, as its answers tell it, may be from ours to be believed.
const ClockSkewMax = time.Hour

// Clock is the platform's clock at an answer to a request that left at began, or ours if that is behind: whichever is wrong,
// a walk that resumes too early only repeats. ok is false where the answer tells no clock (zero), or one that cannot be.
func Clock(told, began time.Time) (at time.Time, ok bool) {
	if skew := told.Sub(began); told.IsZero() || skew >= ClockSkewMax || skew <= -ClockSkewMax {
		return time.Time{}, false
	}
	if told.Before(began) {
		return told, true
	}
	return began, true
}

// Wait waits for d by the real clock, or until ctx ends, whose error it then gives.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
