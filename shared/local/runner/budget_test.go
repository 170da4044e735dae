package runner_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
)

// refusals counts what the simulators answer to calls that are over their limits, each in its vendor's form.
type refusals struct{ calls, refused atomic.Int64 }

// RoundTrip implements http.RoundTripper.
func (c *refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return response, err
	}
	c.calls.Add(1)
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(raw))
	if response.StatusCode == http.StatusTooManyRequests || bytes.Contains(raw, []byte(`"THROTTLED"`)) || bytes.Contains(raw, []byte("REQUEST_LIMIT_EXCEEDED")) {
		c.refused.Add(1)
	}
	return response, nil
}

// TestNoCallIsRefusedForItsRate plays the whole example, first load and scenes: whatever the handlers do at once, no
// simulator ever has to refuse a call for its limits.
func TestNoCallIsRefusedForItsRate(t *testing.T) {
	ctx, clock, count := context.Background(), &runner.Clock{}, &refusals{}
	w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1, Transport: count})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	if !w.Settle(ctx, nil) {
		t.Fatal("the first load does not come to rest")
	}
	for _, scene := range w.Scenes() {
		if err := scene.Play(); err != nil {
			t.Fatal(err)
		}
		if !w.Settle(ctx, nil) {
			t.Fatalf("%s: it does not come to rest", scene.Title)
		}
	}
	if count.refused.Load() > 0 || count.calls.Load() < 100 {
		t.Errorf("%d of %d calls were refused, want none of some hundreds", count.refused.Load(), count.calls.Load())
	}
	t.Logf("%d calls, none refused", count.calls.Load())
}
