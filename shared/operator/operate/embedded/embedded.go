// Package embedded is the operator's hold on the data folder of `serve` or `local`: through its socket while it runs, and on the
// files themselves while it does not. It also owns the folder's layout and its secrets file.
package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/boltqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/boltstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/socket"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// Names within the folder.
const (
	stateFile       = "state.db"
	queuesFile      = "queues.db"
	matchSecretFile = "match-secret"
	publicURLFile   = "public-url"
	socketFile      = "control.sock"
)

// SocketPath is where the program that runs on the folder answers operators.
func SocketPath(dir string) string { return filepath.Join(dir, socketFile) }

// State is the folder's open files.
type State struct {
	Store *boltstore.Store
	Queue *boltqueue.Queue
}

// OpenState opens the folder's files, which only one process at a time can.
func OpenState(dir string, now func() time.Time) (*State, error) {
	st, err := boltstore.Open(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, fmt.Errorf("open the state in %s: %w", dir, err)
	}
	q, err := boltqueue.Open(filepath.Join(dir, queuesFile), now, boltqueue.Limits{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the queues in %s: %w", dir, err), st.Close())
	}
	return &State{Store: st, Queue: q}, nil
}

// Close closes the files.
func (s *State) Close() error { return errors.Join(s.Store.Close(), s.Queue.Close()) }

// Target is a data folder.
type Target struct {
	dir     string
	client  *socket.Client // nil while nothing runs there
	state   *State         // nil while something does
	secrets Secrets
}

var _ operate.Target = (*Target)(nil)

// Make makes a data folder for `serve`, with nothing in it yet, unless it is one already. Nobody else can look into it.
func Make(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err == nil {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil { // it was there, and perhaps open to others
		return err
	}
	state, err := OpenState(dir, time.Now)
	if err != nil {
		return err
	}
	return state.Close()
}

// Open opens a data folder that `serve` or `local` uses or has used. Errors: it is none; its files are open in a program that does
// not answer operators.
func Open(dir string) (*Target, error) {
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err != nil {
		return nil, fmt.Errorf("%s is not a data folder of serve or local: %w", dir, err)
	}
	t := &Target{dir: dir, secrets: Secrets{Path: filepath.Join(dir, SecretsFile)}}
	client, err := socket.Dial(SocketPath(dir))
	switch {
	case err == nil:
		t.client = client
		return t, nil
	case !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("reach the program that runs on %s: %w", dir, err)
	}
	if t.state, err = OpenState(dir, time.Now); err != nil {
		return nil, fmt.Errorf("%w (is another program using it?)", err)
	}
	return t, nil
}

// Name implements operate.Target.
func (t *Target) Name() string {
	if t.client == nil {
		return "folder " + t.dir + " (nothing runs on it)"
	}
	return "folder " + t.dir
}

// Flags implements operate.Target.
func (t *Target) Flags() string { return Flags(t.dir) }

// Flags names a folder on a command line as a shell reads it.
func Flags(dir string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,:@%", r)
	}
	if dir != "" && strings.TrimFunc(dir, plain) == "" {
		return "--data " + dir
	}
	return "--data '" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
}

// Running reports whether a program runs on the folder.
func (t *Target) Running() bool { return t.client != nil }

// Store implements operate.Target.
func (t *Target) Store() store.Store {
	if t.client != nil {
		return t.client
	}
	return t.state.Store
}

// Now implements operate.Target: the running program's time, and this machine's where nothing runs or it does not say.
func (t *Target) Now() time.Time {
	if t.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), nowPatience)
		defer cancel()
		if now, err := t.client.Now(ctx); err == nil {
			return now
		}
	}
	return time.Now()
}

// nowPatience bounds the question for the time. A program that is merely busy answers within it: this machine's own clock in place
// of its answer would be another time where the program's is set.
const nowPatience = 30 * time.Second

// Queue implements operate.Target.
func (t *Target) Queue() queue.Queue {
	if t.client != nil {
		return t.client.Queue()
	}
	return t.state.Queue
}

// Start implements operate.Target.
func (t *Target) Start(ctx context.Context, f config.Function, in lambdaio.Scheduled) (bool, error) {
	if t.client == nil {
		return false, nil
	}
	input, err := json.Marshal(in)
	if err != nil {
		return false, err
	}
	return t.client.Invoke(ctx, string(f), input)
}

// Candidate implements operate.Target: what `serve` was last started with.
func (t *Target) Candidate(ctx context.Context) (activation.Text, error) {
	text, ok, err := activation.Candidate(ctx, t.Store())
	if err == nil && !ok {
		err = fault.Newf(fault.Gone, "read the candidate", "serve was not started with --config yet")
	}
	return text, err
}

// App implements operate.Target.
func (t *Target) App(_ context.Context, c *ruleset.Connection) (platform.App, error) {
	s, err := t.secrets.Of(c.Name)
	return s.App, err
}

// SaveApp implements operate.Target.
func (t *Target) SaveApp(_ context.Context, c *ruleset.Connection, app platform.App) error {
	return t.secrets.Save(c.Name, app)
}

// MatchSecret implements operate.Target.
func (t *Target) MatchSecret(context.Context) ([]byte, error) { return MatchSecret(t.dir) }

// PublicURL implements operate.Target: what `serve` was last started with.
func (t *Target) PublicURL() string { return PublicURL(t.dir) }

// PublicURL gives the URL that was kept; "" for none.
func PublicURL(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, publicURLFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// KeepPublicURL notes the URL that `serve` is called at, for those who register webhooks.
func KeepPublicURL(dir, url string) error {
	return os.WriteFile(filepath.Join(dir, publicURLFile), []byte(url+"\n"), 0o600)
}

// Close implements operate.Target.
func (t *Target) Close() error {
	if t.client != nil {
		return t.client.Close()
	}
	return t.state.Close()
}
