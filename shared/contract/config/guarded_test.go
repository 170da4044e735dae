package config_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// errDenied is what IAM would answer.
var errDenied = errors.New("denied")

// guard refuses what a function's role would not be allowed, and remembers it.
type guard struct {
	store.Store
	queue  queue.Sender
	f      config.Function
	own    record.Connection // a writer's
	peers  []record.Connection
	access config.Access
	log    *denials
}

type denials struct {
	mu   sync.Mutex
	seen map[string]bool
	// used are the permissions that were needed, by function.
	used map[config.Function]map[string]bool
}

func (g *guard) check(permission string, allowed bool) error {
	g.log.mu.Lock()
	defer g.log.mu.Unlock()
	if g.log.used[g.f] == nil {
		g.log.used[g.f] = map[string]bool{}
	}
	g.log.used[g.f][permission] = true
	if allowed {
		return nil
	}
	g.log.seen[fmt.Sprintf("%s %s: %s", g.f, g.own, permission)] = true
	return errDenied
}

func (g *guard) row(k store.Key, write bool) error {
	verb := "read"
	if write {
		verb = "write"
	}
	kind := ""
	if k.Table == store.Control {
		kind, _, _ = strings.Cut(k.Partition, "#")
	}
	return g.check(fmt.Sprintf("%s %s %s", verb, k.Table, kind), g.access.Allows(k, write))
}

func (g *guard) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	for _, k := range keys {
		if err := g.row(k, false); err != nil {
			return nil, err
		}
	}
	return g.Store.Get(ctx, keys)
}

func (g *guard) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if err := g.row(store.Key{Table: q.Table, Partition: q.Partition}, false); err != nil {
		return nil, err
	}
	return g.Store.Query(ctx, q)
}

func (g *guard) Scan(ctx context.Context, s store.Scan) ([]store.Row, string, error) {
	may := slices.ContainsFunc(g.access.Tables, func(a config.TableAccess) bool { return a.Table == s.Table && a.Scan })
	if err := g.check("scan "+string(s.Table), may); err != nil {
		return nil, "", err
	}
	return g.Store.Scan(ctx, s)
}

func (g *guard) Commit(ctx context.Context, writes []store.Write) error {
	for _, w := range writes {
		if err := g.row(w.Key, true); err != nil {
			return err
		}
	}
	return g.Store.Commit(ctx, writes)
}

func (g *guard) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	kind, connection, _ := strings.Cut(string(name), "-")
	may := slices.Contains(g.access.Sends, record.QueueKind(kind)) && (g.own == "" || slices.Contains(g.peers, record.Connection(connection)))
	if err := g.check("send "+kind, may); err != nil {
		return err
	}
	return g.queue.Send(ctx, name, messages)
}

// TestEveryFunctionDoesWithTheAccessItHas plays the example with each function held to its access, on good and bad days.
func TestEveryFunctionDoesWithTheAccessItHas(t *testing.T) {
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules.MatchSecret = []byte("test")
	log := &denials{seen: map[string]bool{}, used: map[config.Function]map[string]bool{}}
	for seed, faults := range []platformsim.Faults{{}, platformsim.Usual(), platformsim.Usual()} {
		playGuarded(t, rules, uint64(seed), faults, log)
	}
	for denial := range log.seen {
		t.Error(denial)
	}
	// What the play must have exercised to count.
	needed := map[config.Function][]string{
		config.Poller: {"send changes", "send backfill", "read control token", "write control token", "write control progress",
			"write control pages", "read control pages", "read control pause", "write control seen", "write control health"},
		config.Sweeper: {"send due", "scan versions", "read control progress", "read control seen", "write control summary",
			"write control health"},
		config.Resolver: {"send changes", "send due", "read control token", "write versions ", "write cross-reference ", "write control pages",
			"read control waiter", "read control progress", "write control health"},
		config.Writer: {"send due", "read control token", "write control token", "write versions ", "write cross-reference ",
			"read control pause",
			"read control waiter", "read control spread", "write control health"},
	}
	for f, permissions := range needed {
		for _, p := range permissions {
			if !log.used[f][p] {
				t.Errorf("%s never used %q, so the play shows too little; it used %v", f, p, log.used[f])
			}
		}
	}
}

func playGuarded(t *testing.T, rules *ruleset.Rules, seed uint64, faults platformsim.Faults, log *denials) {
	t.Helper()
	ctx, clock := context.Background(), &runner.Clock{}
	w, err := runner.Open(ctx, runner.Options{Rules: rules, Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: seed,
		Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	hold(w, log)
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	steps := []runner.Scene{{Title: "first load", Play: func() error { return nil }}}
	for _, scene := range append(steps, w.Scenes()...) {
		if err := scene.Play(); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, scene.Title, err)
		}
		if !w.Settle(ctx, nil) {
			t.Fatalf("seed %d: %s: it does not come to rest; denied: %v", seed, scene.Title, log.seen)
		}
	}
	v, err := w.Verify(ctx)
	if err != nil || len(v.Differences) > 0 {
		t.Errorf("seed %d: %v differences, %v", seed, v.Differences, err)
	}
}

// hold gives each function a system of its own, over the world's store and queue but within its access.
func hold(w *runner.World, log *denials) {
	observe := func(e pipeline.Event) {
		quiet := e.Outcome == resolve.Noop || e.Outcome == resolve.Superseded || e.Outcome == resolve.Unsupported
		if (e.Kind == pipeline.EventDecision && !quiet) || (e.Kind == pipeline.EventWrite && e.Outcome == resolve.Applied) {
			w.Moved()
		}
	}
	deployment := config.Deploy(w.Rules)
	handlers := func(f config.Function, c config.Deployed) runner.Handlers {
		g := &guard{Store: w.System.Store, queue: w.System.Queue, f: f, own: c.Name, peers: c.Peers, access: config.AccessOf(f, c.Name), log: log}
		return runner.Assemble(&boot.System{Rules: w.System.Rules, Store: g, Queue: g, Now: w.System.Now, App: w.System.App,
			PublicURL: w.System.PublicURL,
			Meter:     &meter.Meter{Stack: "test", Function: string(f), Store: g, Now: w.System.Now}}, observe)
	}
	none := config.Deployed{}
	// The front has the webhook's handler from before; it sends to queues alone, which its own test covers.
	w.Handlers.Poller = handlers(config.Poller, none).Poller
	w.Handlers.Sweeper = handlers(config.Sweeper, none).Sweeper
	resolvers := handlers(config.Resolver, none).Resolver
	for _, c := range deployment.Connections {
		w.Handlers.Resolver[c.Name] = resolvers[c.Name]
		w.Handlers.Writer[c.Name] = handlers(config.Writer, c).Writer[c.Name]
	}
}
