package runner

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// digestWatch is how often the loop looks whether it is time: the clock may be set meanwhile.
const digestWatch = time.Minute

// tellDigests gives the digest at first and then once a day, at config.DigestHour by this machine's zone, until ctx ends. One that
// cannot be made is told as a failure, and the next day has its own.
func (h *Host) tellDigests(ctx context.Context, first time.Time, zone *time.Location) {
	at := first
	for ctx.Err() == nil {
		now := h.Clock.Now()
		if now.Before(at) {
			_ = platform.Wait(ctx, min(at.Sub(now), digestWatch))
			continue
		}
		at = nextDigest(now, zone)
		p, err := h.Syncs(ctx)
		if err != nil {
			h.tell(err)
			continue
		}
		if m, ok := syncs.Digest(p); ok {
			h.Digest(m)
		}
	}
}

// nextDigest gives the first time after now at which a digest is due.
func nextDigest(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), config.DigestHour, 0, 0, 0, zone)
	if !at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, config.DigestHour, 0, 0, 0, zone)
	}
	return at
}
