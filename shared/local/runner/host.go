package runner

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// versionWatch is how often a host looks whether another configuration was activated: one row of its own file.
const versionWatch = time.Second

// Host runs the active configuration on real accounts, and starts its loops over when another is activated. While none is,
// it takes webhooks, and nothing else.
type Host struct {
	Store store.Store
	Queue queue.Queue
	Clock *Clock
	// Load gives the active configuration with its version, nil while there is none, and the system around rules.
	Load   func(ctx context.Context) (*ruleset.Rules, error)
	System func(rules *ruleset.Rules) *boot.System
	// Candidate is what webhooks are taken by while none is active; nil takes none.
	Candidate *ruleset.Rules
	Observe   func(pipeline.Event)
	Tell      func(Note)
	// Name says on the page which system it is; Flags are what an operator's command takes to reach it.
	Name, Flags string
	// Digest is given each day's digest; nil makes none.
	Digest func(syncs.Message)
	// Started is told of each configuration that begins to run, nil when none is active.
	Started func(*ruleset.Rules)

	mu       sync.Mutex
	handlers *Handlers
	rules    *ruleset.Rules
	booked   *Booked
	running  context.Context
	calls    sync.WaitGroup
}

// Run runs until ctx ends. What was in hand then is still on its queue. Errors: the active configuration cannot be loaded
// when it begins; one that cannot be loaded later leaves the earlier one running, and is told.
func (h *Host) Run(ctx context.Context) error {
	rules, err := h.Load(ctx)
	if err != nil {
		return err
	}
	var digests sync.WaitGroup
	if h.Digest != nil {
		digests.Go(func() { h.tellDigests(ctx, nextDigest(h.Clock.Now(), time.Local), time.Local) })
	}
	defer digests.Wait()
	for ctx.Err() == nil {
		rules = h.generation(ctx, rules)
	}
	h.rest(ctx)
	h.calls.Wait()
	return nil
}

// generation runs one configuration until another is activated, and gives that.
func (h *Host) generation(ctx context.Context, rules *ruleset.Rules) *ruleset.Rules {
	own, stop := context.WithCancel(ctx)
	defer stop()
	if h.Started != nil {
		h.Started(rules)
	}
	var loops sync.WaitGroup
	defer loops.Wait()
	defer stop()
	switch {
	case rules != nil:
		system := h.System(rules)
		handlers := Assemble(system, h.Observe)
		booked := &Booked{}
		h.use(own, &handlers, rules, booked)
		runner := &Runner{Rules: rules, Queue: h.Queue, Clock: h.Clock, Handlers: handlers, Tell: h.Tell, Booked: booked}
		loops.Go(func() {
			if err := system.Prepare(own); err != nil && own.Err() == nil { // creates on that platform are refused until the field is there
				h.tell(fmt.Errorf("prepare: %w", err))
			}
		})
		loops.Go(func() { runner.Serve(own) })
	case h.Candidate != nil:
		h.use(own, &Handlers{Webhook: Assemble(h.System(h.Candidate), nil).Webhook}, nil, nil)
	}
	return h.await(ctx, rules)
}

// await waits until another configuration is active than the one that runs.
func (h *Host) await(ctx context.Context, rules *ruleset.Rules) *ruleset.Rules {
	number := int64(0)
	if rules != nil {
		number = rules.Version
	}
	for {
		_ = platform.Wait(ctx, versionWatch)
		if ctx.Err() != nil {
			return nil
		}
		version, err := activation.Active(ctx, h.Store)
		if err == nil && version.Number == number {
			continue
		}
		var next *ruleset.Rules
		if err == nil {
			next, err = h.Load(ctx)
		}
		if err == nil && next != nil {
			return next
		}
		if err != nil && ctx.Err() == nil {
			h.tell(err)
		}
	}
}

func (h *Host) tell(err error) {
	if h.Tell != nil {
		h.Tell(Note{At: h.Clock.Now(), Err: err})
	}
}

func (h *Host) use(ctx context.Context, handlers *Handlers, rules *ruleset.Rules, booked *Booked) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running, h.handlers, h.rules, h.booked = ctx, handlers, rules, booked
}

// rest ends taking calls. What ran last stays known, for the last word on how it stands.
func (h *Host) rest(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running, h.handlers = ctx, nil
}

func (h *Host) now() (context.Context, *Handlers) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running, h.handlers
}

// ServeHTTP is the front for webhooks, and, on the machine itself, the Syncs page.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		Page(h.Syncs).ServeHTTP(w, r)
		return
	}
	_, handlers := h.now()
	if handlers == nil {
		http.Error(w, "no configuration is active yet", http.StatusServiceUnavailable)
		return
	}
	Front(handlers.Webhook).ServeHTTP(w, r)
}

// Invoke starts a function as its schedule would, and does not wait for its end. It is false if no configuration runs.
// Errors: no such function, no such input.
func (h *Host) Invoke(function string, input []byte) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.handlers == nil || h.running.Err() != nil {
		return false, nil
	}
	return h.handlers.start(h.running, function, input, &h.calls, h.tell)
}
