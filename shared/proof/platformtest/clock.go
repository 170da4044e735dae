package platformtest

import (
	"sync"
	"time"
)

// begins is when every stand begins.
var begins = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// Clock is a clock that only tests move: ours and the platform's.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock gives a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now gives the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves it forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
