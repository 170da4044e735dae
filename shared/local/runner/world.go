package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// LocalStack is the stack's name where there is none.
const LocalStack = "this machine"

// Options open a world.
type Options struct {
	Rules *ruleset.Rules
	Store store.Store
	Queue queue.Queue
	// Clock is the one that Queue runs by too.
	Clock *Clock
	// Wiring: see Runner. Each function then sends only to the queues that the template tells it.
	Wiring *wiring.Wiring
	// Count counts the calls of functions; nil for nobody.
	Count *Requests
	// RealQueues: see Runner.
	RealQueues bool
	// Dir keeps the simulators' state; "" keeps nothing.
	Dir    string
	Seed   uint64
	Faults platformsim.Faults
	// Observe and Tell see what happens; nil for nobody.
	Observe func(pipeline.Event)
	Tell    func(Note)
	// Transport carries calls of the platforms; nil is the default one.
	Transport http.RoundTripper
	// FrontAddress is where the front listens, "127.0.0.1:0" by default.
	FrontAddress string
	// Flags are what an operator's command takes to reach the world, "" where none does: see Invoke.
	Flags string
}

// World is the whole system with simulated platforms on one machine.
type World struct {
	*Runner
	System *boot.System
	// FrontURL is where webhooks come in.
	FrontURL string
	Counts   Counts
	// Unmade are the fields of an account's own that are mapped, and that a person must make: no API does.
	Unmade []Unmade
	// Chosen are the decisions about money that the run took for its simulated accounts.
	Chosen []Chosen

	keepers map[record.Connection]keeper
	base    map[record.Connection]string
	servers []*http.Server
	before  map[string]int // see baseline
	once    sync.Once
	flags   string
	running context.Context // until Close
	stop    context.CancelFunc
	calls   sync.WaitGroup // of Invoke, begun under closing alone
	closing sync.Mutex
}

// Open starts the simulators and the front on loopback ports and assembles the handlers.
func Open(ctx context.Context, o Options) (*World, error) {
	w := &World{keepers: map[record.Connection]keeper{}, base: map[record.Connection]string{}, flags: o.Flags}
	w.running, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	clock, rules := o.Clock, *o.Rules
	rules.Connections = slices.Clone(rules.Connections) // accounts are filled in below
	o.Rules = &rules
	w.Runner = &Runner{Rules: o.Rules, Queue: o.Queue, Wiring: o.Wiring, RealQueues: o.RealQueues, Clock: clock, Sims: map[record.Connection]platformsim.Simulator{}, Tell: o.Tell, Booked: &Booked{}, Paused: pausedIn(o.Store), Deliver: &http.Client{Timeout: 10 * time.Second}}
	address := o.FrontAddress
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open the front for webhooks: %w", err)
	}
	w.FrontURL = "http://" + listener.Addr().String()
	for i, c := range o.Rules.Connections {
		if err := w.startSim(i, c, o); err != nil {
			w.Close()
			return nil, err
		}
	}
	w.System = &boot.System{Rules: o.Rules, Store: o.Store, Queue: o.Queue, Now: clock.Now, App: w.app, PublicURL: w.FrontURL, Transport: o.Transport,
		Meter: &meter.Meter{Stack: LocalStack, Function: "local", Store: o.Store, Now: clock.Now}}
	if err := w.connect(ctx, o.Store); err != nil {
		w.Close()
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		w.Close()
		return nil, err
	}
	if err := w.makeFields(ctx); err != nil {
		w.Close()
		return nil, err
	}
	if err := w.choose(ctx); err != nil {
		w.Close()
		return nil, err
	}
	for _, sim := range w.Sims {
		sim.SetFaults(o.Faults) // the fields were made on a good day
	}
	w.assemble(o.Observe)
	if o.Count != nil {
		w.Handlers = o.Count.Handlers(w.Handlers)
	}
	w.serve(listener, w.front(o.Wiring))
	return w, nil
}

// front takes webhooks from anybody, who must sign them, and everything else from this machine alone: what is added to home
// is behind its check.
func (w *World) front(wired *wiring.Wiring) http.Handler {
	home := http.NewServeMux()
	home.HandleFunc("POST /person/{connection}/{id}", w.person)
	home.HandleFunc("GET /records/{connection}", w.list)
	home.Handle("GET /{$}", Page(w.Syncs))
	all := http.NewServeMux()
	all.Handle("POST /webhooks/", Routed(wired, Front(w.Handlers.Webhook)))
	all.Handle("GET /connect/", Front(w.Handlers.Webhook))
	all.Handle("/", AtHome(home))
	return all
}

// prepareTries bounds how often making the fields is put off: an earlier run may have used up what a platform allows.
const prepareTries = 20

// prepare makes the fields that hold our identity, once the platforms allow the calls.
func (w *World) prepare(ctx context.Context) error {
	return w.patiently(func() error { return w.System.Prepare(ctx) })
}

func (w *World) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	w.servers = append(w.servers, server)
	go func() { _ = server.Serve(l) }()
}

func (w *World) startSim(i int, c ruleset.Connection, o Options) error {
	state, err := loadState(o.Dir, c.Name)
	if err != nil {
		return fmt.Errorf("read the kept state of %s: %w", c.Name, err)
	}
	sim, err := Simulator(c.Platform, platformsim.Options{Now: w.Clock.Now, Seed: o.Seed + uint64(i), Account: c.Account, State: state,
		WebhookURL: w.FrontURL + "/webhooks/" + string(c.Platform)})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the simulator of %s: %w", c.Name, err)
	}
	if c.Account == "" {
		o.Rules.Connections[i].Account = sim.Access().Account
	}
	w.Sims[c.Name], w.keepers[c.Name] = sim, keeper{sim: sim, path: statePath(o.Dir, c.Name)}
	w.base[c.Name] = "http://" + listener.Addr().String()
	w.serve(listener, w.keepers[c.Name])
	return nil
}

// Access gives what an outside client needs for a connection's simulator.
func (w *World) Access(c record.Connection) platformsim.Access {
	a := Serve(w.Sims[c], w.base[c])
	if a.TokenURL == "" {
		a.TokenURL = a.BaseURL
	}
	return a
}

func (w *World) app(_ context.Context, c record.Connection) (boot.App, error) {
	if _, ok := w.Sims[c]; !ok {
		return boot.App{}, fmt.Errorf("no simulator for %s", c)
	}
	a := w.Access(c)
	return boot.App{ClientID: a.ClientID, ClientSecret: a.ClientSecret, WebhookSecret: a.WebhookSecret, BaseURL: a.BaseURL, TokenURL: a.TokenURL}, nil
}

// connect stores each simulator's refresh token, as authorising the app would, unless an earlier run did.
func (w *World) connect(ctx context.Context, s store.Store) error {
	for _, c := range w.Rules.Connections {
		has, err := credential.Has(ctx, s, c.Name)
		if err != nil {
			return err
		}
		if has {
			continue
		}
		if err := credential.Put(ctx, s, c.Name, platform.Grant{RefreshToken: w.Access(c.Name).RefreshToken}); err != nil {
			return err
		}
	}
	return nil
}

// assemble makes the handlers and has them counted.
func (w *World) assemble(observe func(pipeline.Event)) {
	w.Handlers = AssembleWired(w.System, w.Wiring, func(e pipeline.Event) {
		w.count(e)
		if observe != nil {
			observe(e)
		}
	})
}

// instances makes a handler again for each call: Lambda runs calls at the same time in instances of their own, and a
// lambda.Handler's answer is good only until its next call.
type instances func() lambda.Handler

// Invoke implements lambda.Handler.
func (make instances) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return make().Invoke(ctx, payload)
}

// Assemble makes the handlers of a system, each as its Lambda function would be. A connection's queues are consumed
// one batch at a time, so its resolver and writer are one instance each.
func Assemble(s *boot.System, observe func(pipeline.Event)) Handlers {
	return assemble(s.Rules.Connections, func(wiring.FunctionKey) *boot.System { return s }, observe)
}

// AssembleWired makes the handlers of a system, each told only of the queues that a template tells its function.
func AssembleWired(s *boot.System, w *wiring.Wiring, observe func(pipeline.Event)) Handlers {
	if w == nil {
		return Assemble(s, observe)
	}
	return assemble(s.Rules.Connections, func(key wiring.FunctionKey) *boot.System {
		return s.WithQueue(told{sender: s.Queue, key: key, sends: w.Functions[key].Sends})
	}, observe)
}

// told sends to the queues that a function's environment names, by the names it knows them under.
type told struct {
	sender queue.Sender
	key    wiring.FunctionKey
	sends  map[queue.Name]queue.Name
}

// Send implements queue.Sender.
func (t told) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	to := t.sends[name]
	if to == "" {
		return fmt.Errorf("the %s has no URL for queue %s", t.key, name)
	}
	return t.sender.Send(ctx, to, messages)
}

func assemble(connections []ruleset.Connection, of func(wiring.FunctionKey) *boot.System, observe func(pipeline.Event)) Handlers {
	front, polls, sweeps, resolves := of(wiring.FunctionKey{Function: config.Webhook}), of(wiring.FunctionKey{Function: config.Poller}), of(wiring.FunctionKey{Function: config.Sweeper}), of(wiring.FunctionKey{Function: config.Resolver})
	webhook, poller := front.Webhook(), polls.Poller()
	h := Handlers{
		Webhook: instances(func() lambda.Handler { return handler(front, lambdaio.Webhook(webhook)) }),
		Poller:  instances(func() lambda.Handler { return handler(polls, lambdaio.Poll(poller)) }),
		Sweeper: instances(func() lambda.Handler {
			return handler(sweeps, lambdaio.Sweep(deciding.Sweeper(sweeps, observe).Run, sweeps.Now))
		}),
		Resolver: map[record.Connection]lambda.Handler{},
		Writer:   map[record.Connection]lambda.Handler{},
	}
	for _, c := range connections {
		writes := of(wiring.FunctionKey{Function: config.Writer, Connection: c.Name})
		h.Resolver[c.Name] = handler(resolves, lambdaio.SQSBatch(deciding.Resolver(resolves, observe).Handle))
		h.Writer[c.Name] = handler(writes, lambdaio.SQSBatch(deciding.Writer(writes, observe).Handle))
	}
	return h
}

// handler makes a function that tells the health rows what it counted, as package onaws does. What cannot be told now is
// told with the next call.
func handler[In, Out any](s *boot.System, handle func(context.Context, In) (Out, error)) lambda.Handler {
	return lambda.NewHandler(lambdaio.Flushed(handle, s.Meter.Flush, func(error) {}))
}

// Invoke starts a function as its schedule would, for an operator's command, and does not wait for its end. It is false once
// the world is closed. Errors: no such function, no such input.
func (w *World) Invoke(function string, input []byte) (bool, error) {
	w.closing.Lock()
	defer w.closing.Unlock()
	if w.running.Err() != nil {
		return false, nil
	}
	return w.Handlers.start(w.running, function, input, &w.calls, func(err error) { w.tell(Note{Err: err}) })
}

// pausedIn reports, by a store, whether a connection is paused. One that cannot be read is taken for running.
func pausedIn(s store.Store) func(context.Context, record.Connection) bool {
	return func(ctx context.Context, c record.Connection) bool {
		_, paused, err := controltable.Paused(ctx, s, c)
		return err == nil && paused
	}
}

// Close stops the servers and keeps the simulators' last state.
func (w *World) Close() {
	w.once.Do(func() {
		w.closing.Lock()
		w.stop()
		w.closing.Unlock()
		w.calls.Wait()
		for _, s := range w.servers {
			_ = s.Close()
		}
		_ = w.Save()
	})
}

// Save keeps the simulators' state, for changes made by people rather than by requests.
func (w *World) Save() error {
	for _, c := range w.connections() {
		if k, ok := w.keepers[c]; ok {
			if err := k.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteEndpoints writes, as JSON, what an outside client needs to take part.
func (w *World) WriteEndpoints(path string) error {
	out := struct {
		Front      string                        `json:"front"`
		Simulators map[string]platformsim.Access `json:"simulators"`
	}{Front: w.FrontURL, Simulators: map[string]platformsim.Access{}}
	for c := range w.Sims {
		out.Simulators[string(c)] = w.Access(c)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// Verify compares every link with the truth in the simulators.
func (w *World) Verify(ctx context.Context) (pipeline.Verification, error) {
	return deciding.Verifier(w.System).Run(ctx, func(ref record.Ref) (record.Fields, bool) {
		sim, ok := w.Sims[ref.Connection]
		if !ok {
			return nil, false
		}
		fields, archived, ok := sim.Record(ref.Object, ref.ID)
		return fields, ok && !archived
	})
}

// Counts are what moved, by outcome.
type Counts struct {
	mu                                                    sync.Mutex
	Changes, Writes, Noops, Parked, DeadLettered, Retries int
}

func (w *World) count(e pipeline.Event) {
	c := &w.Counts
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Kind == pipeline.EventDeadLetter:
		c.DeadLettered++
	case e.Kind == pipeline.EventWrite && e.Outcome == resolve.Applied:
		c.Writes++
		w.Moved()
	case e.Kind == pipeline.EventPostponed:
		c.Retries++
	case e.Kind == pipeline.EventDecision:
		c.Changes++
		switch e.Outcome {
		case resolve.Noop, resolve.Superseded, resolve.Unsupported:
			c.Noops++
		case resolve.ParkedWork:
			c.Parked++
			w.Moved()
		default:
			w.Moved()
		}
	}
}

// Snapshot gives the counts as they are.
func (c *Counts) Snapshot() (changes, writes, noops, parked, deadLettered, retries int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Changes, c.Writes, c.Noops, c.Parked, c.DeadLettered, c.Retries
}

// Records counts the live records of a connection, over its mapped objects.
func (w *World) Records(c record.Connection) int {
	total := 0
	for _, place := range w.Rules.Places() {
		if place.Connection == c {
			total += len(w.Sims[c].IDs(place.Object))
		}
	}
	return total
}

// Objects lists a connection's mapped objects, in order.
func (w *World) Objects(c record.Connection) []record.Object {
	var out []record.Object
	for _, place := range w.Rules.Places() {
		if place.Connection == c {
			out = append(out, place.Object)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
