// Package runner runs the whole system on one machine: the production handlers, fed the exact JSON that AWS would
// feed them, around any store and queue, with schedules, a front for webhooks, and, where there are no real accounts,
// the simulators. It owns loops and time; it knows no rule of the sync.
package runner

import (
	"sync"
	"time"
)

// Clock is real time plus what was skipped: where nothing happens until a known time, the runner skips to it.
type Clock struct {
	mu      sync.Mutex
	skipped time.Duration
}

// Now gives the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skipped).UTC()
}

// Skip moves the time forward by d; a negative d does nothing.
func (c *Clock) Skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += max(d, 0)
}
