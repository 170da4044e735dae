package runner_test

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
)

// TestServeLoadsAndLinksByItself runs the loops that serve runs, over simulated accounts, until every client is linked.
func TestServeLoadsAndLinksByItself(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	clock := &runner.Clock{}
	w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { w.Serve(ctx); close(ended) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for linked(w) < 10 { // how long it takes is the machine's, and go test has a limit
		<-tick.C
		clock.Skip(time.Second)
	}
	stop()
	<-ended
}

// linked counts the contacts whose service address came from their client.
func linked(w *runner.World) int {
	n := 0
	for _, id := range w.Sims["hubspot"].IDs("contacts") {
		if fields, _, _ := w.Sims["hubspot"].Record("contacts", id); fields["service_street"] != "" {
			n++
		}
	}
	return n
}
