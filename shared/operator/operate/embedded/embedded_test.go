package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/socket"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// serving is what `serve` is, over simulated accounts, with its clock moved by the test.
type serving struct {
	dir   string
	world *runner.World // its simulators alone
	clock *runner.Clock
	stop  func()
}

func example(t *testing.T) (activation.Text, *ruleset.Rules) {
	t.Helper()
	body, err := os.ReadFile("../../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.ReplaceAll(body, []byte("value: choose"), []byte(`value: "1"`)) // as a person who has chosen
	rules, err := ruleset.Load("sync.yaml", body, catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	return activation.Text{Name: "sync.yaml", Body: body}, rules
}

// folder makes a data folder with a candidate in it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fc") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	state, err := embedded.OpenState(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := example(t)
	if err := activation.SetCandidate(context.Background(), state.Store, text); err != nil {
		t.Fatal(err)
	}
	if err := state.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t *testing.T, dir string) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	_, rules := example(t)
	s := &serving{dir: dir, clock: &runner.Clock{}}
	var err error
	s.world, err = runner.Open(ctx, runner.Options{Rules: rules, Store: memstore.New(), Queue: memqueue.New(s.clock.Now), Clock: s.clock,
		Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.world.SeedExample(); err != nil {
		t.Fatal(err)
	}
	state, err := embedded.OpenState(dir, s.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rules.Connections {
		if err := credential.Put(ctx, state.Store, c.Name, platform.Grant{RefreshToken: s.world.Access(c.Name).RefreshToken}); err != nil {
			t.Fatal(err)
		}
	}
	host := &runner.Host{Store: state.Store, Queue: state.Queue, Clock: s.clock,
		Load: func(ctx context.Context) (*ruleset.Rules, error) {
			_, rules, err := operate.LoadActive(ctx, state.Store)
			if rules != nil {
				rules.MatchSecret = []byte("test")
				for i := range rules.Connections {
					rules.Connections[i].Account = s.world.Sims[rules.Connections[i].Name].Access().Account
				}
			}
			return rules, err
		},
		System: func(rules *ruleset.Rules) *boot.System {
			return &boot.System{Rules: rules, Store: state.Store, Queue: state.Queue, Now: s.clock.Now, App: s.world.System.App}
		}}
	listener, err := socket.Listen(embedded.SocketPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := host.Run(ctx); err != nil {
			t.Errorf("host: %v", err)
		}
	})
	group.Go(func() {
		_ = socket.Serve(ctx, listener, socket.Served{Store: state.Store, Queue: state.Queue, Invoke: host.Invoke})
	})
	s.stop = sync.OnceFunc(func() {
		stop()
		group.Wait()
		s.world.Close()
		_ = state.Close()
	})
	t.Cleanup(s.stop)
	return s
}

// until moves the clock until something holds. It sets no limit of its own: how long it takes is the machine's, and go test has
// one, which shows where it waits.
func (s *serving) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-t.Context().Done():
			t.Fatalf("the test ended before %s", what)
		case <-tick.C:
			s.clock.Skip(2 * time.Second)
		}
	}
}

func open(t *testing.T, dir string) *embedded.Target {
	t.Helper()
	target, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// TestAPersonActivatesPausesAndResumesWhileServeRuns goes the way of a first day, through the socket.
func TestAPersonActivatesPausesAndResumesWhileServeRuns(t *testing.T) {
	ctx := context.Background()
	s := start(t, folder(t))
	target := open(t, s.dir)
	if !target.Running() {
		t.Fatal("the socket does not answer")
	}
	before, err := operate.Look(ctx, target, s.clock.Now())
	if err != nil || before.Active.Number != 0 || !before.Candidate.Differs || before.Entities != 0 {
		t.Fatalf("before: %+v, %v; want nothing active and nothing read", before, err)
	}
	rules, err := operate.LoadRules(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.Activate(ctx, target, rules, "ann", s.clock.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.Activate(ctx, target, rules, "bob", s.clock.Now); !fault.Is(err, fault.Stale) {
		t.Errorf("a second activation of the same sight: got %v, want stale", err)
	}
	s.until(t, "clients are linked", func() bool {
		return strings.Contains(s.fields("hubspot", "contacts"), `"service_street"`) && s.idle(t, target)
	})

	if _, err := operate.Pause(ctx, target, "jobber", "ann", "moving office", s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	id := s.world.Sims["hubspot"].IDs("contacts")[0]
	if _, err := s.world.Edit("hubspot", id, map[string]string{"lastname": "Paused-Meanwhile"}); err != nil {
		t.Fatal(err)
	}
	s.until(t, "the edit reaches the entity", func() bool { return s.entityHolds(t, target, "Paused-Meanwhile") })
	s.clock.Skip(time.Hour)
	// A report of an earlier write may have come after the pause: it is kept, and sent again until the pause ends.
	s.until(t, "nothing is on its way but what waits", func() bool { return s.idle(t, target, "jobber") })
	if strings.Contains(s.fields("jobber", "clients"), "Paused-Meanwhile") {
		t.Error("a paused connection was written to")
	}
	status, err := operate.Look(ctx, target, s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range status.Connections {
		if paused := c.Paused != nil; paused != (c.Name == "jobber") {
			t.Errorf("%s: paused is %v", c.Name, paused)
		} else if paused && (c.Paused.Note != "moving office" || c.Paused.Reason != controltable.PausedByOperator) {
			t.Errorf("pause: %+v", c.Paused)
		}
	}
	if words := strings.Join(status.Words, "\n"); !strings.Contains(words, "Jobber (paused): Jobber has been paused for ") ||
		!strings.Contains(words, "because: moving office. ") {
		t.Errorf("the status does not say it as the Syncs page does: %s", words)
	}
	if rules, err = operate.LoadRules(ctx, target); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.Resume(ctx, target, rules, "jobber"); err != nil {
		t.Fatal(err)
	}
	s.until(t, "the edit arrives once resumed", func() bool { return strings.Contains(s.fields("jobber", "clients"), "Paused-Meanwhile") })

	s.stop()
	after := open(t, s.dir)
	if after.Running() {
		t.Error("nothing runs any more, yet the folder says so")
	}
	if status, err := operate.Look(ctx, after, s.clock.Now()); err != nil || status.Active.Number != 1 || status.Entities == 0 {
		t.Errorf("on the files: %+v, %v", status, err)
	}
}

// fields gives all live records of an object as text.
func (s *serving) fields(c, object string) string {
	var b strings.Builder
	sim := s.world.Sims[record.Connection(c)]
	for _, id := range sim.IDs(record.Object(object)) {
		fields, _, _ := sim.Record(record.Object(object), id)
		text, _ := json.Marshal(fields)
		b.Write(text)
	}
	return b.String()
}

// idle reports whether nothing is on its way; what paused connections told is kept on their queues, and is not counted.
func (s *serving) idle(t *testing.T, target operate.Target, paused ...record.Connection) bool {
	t.Helper()
	status, err := operate.Look(context.Background(), target, s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, c := range status.Connections {
		for kind, n := range c.Queues {
			if kind == record.QueueChanges && slices.Contains(paused, c.Name) {
				continue
			}
			total += n
		}
		for _, p := range c.Places {
			if p.Phase != controltable.PhaseDone {
				total++
			}
		}
	}
	return total == 0
}

func (s *serving) entityHolds(t *testing.T, target operate.Target, value string) bool {
	t.Helper()
	rows, _, err := target.Store().Scan(context.Background(), scanAll)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Sort == "entity" && strings.Contains(string(row.Body), value) {
			return true
		}
	}
	return false
}

var scanAll = store.Scan{Table: store.Versions, Limit: 1000, Segments: 1}

func TestSecretsAreReadAnewAndKeptPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), embedded.SecretsFile)
	s := &embedded.Secrets{Path: path}
	if _, err := s.Of("jobber"); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("without a file: got %v, want unauthorized", err)
	}
	if err := os.WriteFile(path, []byte(`{"jobber":{"client_id":"a","client_secret":"b","webhook_secret":"c","refresh_token":"r"}}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	if one, err := s.Of("jobber"); err != nil || one.ClientSecret != "b" {
		t.Errorf("got %v", err)
	}
	other := &embedded.Secrets{Path: path}
	if err := other.Save("jobber", platform.App{ClientID: "a", ClientSecret: "longer", WebhookSecret: "c"}); err != nil {
		t.Fatal(err)
	}
	if one, err := s.Of("jobber"); err != nil || one.ClientSecret != "longer" || one.RefreshToken != "r" {
		t.Errorf("after a rotation: the new secret is not read, or the token is lost (%v)", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode().Perm(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Of("jobber"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: got %v", err)
	}
}

func TestAFolderThatIsNoneIsRefused(t *testing.T) {
	if _, err := embedded.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a data folder of serve") {
		t.Errorf("got %v", err)
	}
}
