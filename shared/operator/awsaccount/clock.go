package awsaccount

import (
	"net/http"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
)

// SkewMax is how far a clock may be off before AWS refuses its signatures: five minutes for most services
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html, read 2026-12).
const SkewMax = 5 * time.Minute

// clock reads the Date of every answer on its way. Its zero value has seen none.
type clock struct {
	around awsclient.Doer

	mu    sync.Mutex
	ahead time.Duration
	seen  bool
}

// Do implements awsclient.Doer.
func (c *clock) Do(r *http.Request) (*http.Response, error) {
	response, err := c.around.Do(r)
	if err != nil {
		return nil, err
	}
	// An answer with an Age comes from a cache between us, whose date says nothing.
	if date, wrong := http.ParseTime(response.Header.Get("Date")); wrong == nil && response.Header.Get("Age") == "" {
		c.mu.Lock()
		c.ahead, c.seen = time.Since(date), true
		c.mu.Unlock()
	}
	return response, nil
}

func (c *clock) skew() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead, c.seen
}
