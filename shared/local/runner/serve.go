package runner

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// idleWait is how long a loop rests after finding nothing.
const idleWait = 250 * time.Millisecond

// waitsAgain is when a first load that waits for another's looks again, in place of a whole period.
const waitsAgain = 10 * time.Second

// drainsAgain is when a first load whose pages are queued looks again whether they are absorbed.
const drainsAgain = time.Second

// Serve runs the system for real accounts until ctx ends: for each connection a loop over its queues and one over its
// timetable, in real time, so that a platform that does not answer stops nobody else. It returns once every loop has
// ended; what was in hand then is still on its queue.
func (r *Runner) Serve(ctx context.Context) {
	var group sync.WaitGroup
	for _, c := range r.connections() {
		own := &Runner{Rules: r.Rules, Queue: r.Queue, Clock: r.Clock, Handlers: r.Handlers, Tell: r.Tell, Booked: r.Booked, only: c}
		group.Go(func() { own.follow(ctx, c) })
		group.Go(func() { own.keepTime(ctx) })
	}
	group.Wait()
}

func (r *Runner) follow(ctx context.Context, c record.Connection) {
	for ctx.Err() == nil {
		if r.consumeConnection(ctx, c) == 0 {
			_ = platform.Wait(ctx, idleWait)
		}
	}
}

// keepTime runs the connection's timetable; runs that fell behind come at once, one after the other.
func (r *Runner) keepTime(ctx context.Context) {
	for ctx.Err() == nil {
		r.settledReset()
		run, at, ok := r.nextRun()
		if !ok {
			return
		}
		if wait := at.Sub(r.Clock.Now()); wait > 0 {
			_ = platform.Wait(ctx, min(wait, time.Second))
			continue
		}
		r.Run(ctx, run)
	}
}

// Listen serves a front at an address until ctx ends.
func Listen(ctx context.Context, address string, front http.Handler) error {
	server := &http.Server{Addr: address, Handler: front, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	err := server.ListenAndServe()
	if ctx.Err() != nil {
		return nil
	}
	return err
}
