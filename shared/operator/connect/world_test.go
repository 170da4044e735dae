package connect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/connect"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// system is a connect.Target in memory.
type system struct {
	store  store.Store
	queue  *memqueue.Queue
	apps   map[record.Connection]boot.App
	public string
}

func (s *system) Name() string { return "a test" }

func (s *system) Flags() string { return "--data ." }

func (s *system) Store() store.Store { return s.store }

func (s *system) Queue() queue.Queue { return s.queue }

func (s *system) PublicURL() string { return s.public }

func (s *system) App(_ context.Context, c *ruleset.Connection) (boot.App, error) {
	return s.apps[c.Name], nil
}

func (s *system) SaveApp(_ context.Context, c *ruleset.Connection, app boot.App) error {
	s.apps[c.Name] = app
	return nil
}

// person answers what is asked, in order, and authorises whatever address is said. What they are told is kept.
type person struct {
	t       *testing.T
	said    strings.Builder
	answers []string
	// browse is what the person does with an address; nil is to open it and follow where it leads.
	browse func(address string)
	// ended is where the browser ended, for pasting; pasting answers with it.
	ended string
}

var shown = regexp.MustCompile(`(?m)^  (https?://\S+)$`)

func (p *person) Say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.said.WriteString(text + "\n")
	if m := shown.FindStringSubmatch(text); m != nil && p.browse != nil {
		p.browse(m[1])
	}
}

func (p *person) Ask(prompt string) (string, error) {
	p.said.WriteString(prompt + "\n")
	if len(p.answers) == 0 {
		return "", errors.New("nobody is there")
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	if answer == "ENDED" {
		answer = p.ended
	}
	return answer, nil
}

func (p *person) AskSecret(prompt string) (string, error) { return p.Ask(prompt) }

func (p *person) Open(string) {}

// open follows an address as a browser does, in its own time, and shows what it ends at.
func (p *person) open(address string) {
	go func() {
		response, err := http.Get(address)
		if err != nil {
			p.t.Errorf("the browser: %v", err)
			return
		}
		defer response.Body.Close()
		if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || !strings.Contains(string(body), "go back to the terminal") {
			p.t.Errorf("the browser ended at status %d: %s", response.StatusCode, body)
		}
	}()
}

// hold follows an address up to the redirect and keeps where that goes.
func (p *person) hold(address string) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address)
	if err != nil {
		p.t.Fatalf("the browser: %v", err)
	}
	defer response.Body.Close()
	if p.ended = response.Header.Get("Location"); p.ended == "" {
		body, _ := io.ReadAll(response.Body)
		p.t.Fatalf("the vendor's page sends nobody on: %d %s", response.StatusCode, body)
	}
}

// world is every vendor's simulator, a configuration over them, and a system.
type world struct {
	*system
	rules *ruleset.Rules
	sims  map[record.Platform]platformsim.Simulator
	given map[record.Platform]boot.App
	now   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{sims: map[record.Platform]platformsim.Simulator{}, given: map[record.Platform]boot.App{}, now: time.Now()}
	w.system = &system{store: memstore.New(), queue: memqueue.New(time.Now), apps: map[record.Connection]boot.App{},
		public: "https://sync.example.com"}
	var platforms []record.Platform
	for _, v := range boot.Vendors() {
		platforms = append(platforms, v.Catalog.Name)
		sim, err := runner.Simulator(v.Catalog.Name, platformsim.Options{Now: func() time.Time { return w.now }, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		a := runner.Serve(sim, server.URL)
		w.sims[v.Catalog.Name] = sim
		w.given[v.Catalog.Name] = boot.App{ClientID: a.ClientID, ClientSecret: a.ClientSecret, WebhookSecret: a.WebhookSecret,
			DeveloperKey: a.DeveloperKey,
			BaseURL:      a.BaseURL, TokenURL: a.TokenURL, AuthorizeURL: a.AuthorizeURL, RevokeURL: a.RevokeURL}
	}
	hub, spokes, err := starter.Accounts(catalog.All(), "hubspot", platforms)
	if err != nil {
		t.Fatal(err)
	}
	text, err := starter.Write(hub, spokes, "")
	if err != nil {
		t.Fatal(err)
	}
	if w.rules, err = ruleset.Load("drafted", []byte(text), catalog.All()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) job(t *testing.T, p record.Platform) (connect.Job, *person) {
	t.Helper()
	c, ok := w.rules.Connection(record.Connection(p))
	if !ok {
		t.Fatalf("no connection %s", p)
	}
	who := &person{t: t}
	who.browse = who.open
	return connect.Job{Target: w, Rules: w.rules, Connection: c, Person: who, Now: func() time.Time { return w.now }}, who
}

// freeRedirect is a redirect to this machine that nobody listens at yet.
func freeRedirect(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "http://localhost:" + port + "/connect"
}

// token gives the access token that a connection would use now.
func (w *world) token(p record.Platform) (string, error) {
	v, _ := boot.VendorOf(p)
	app := w.apps[record.Connection(p)]
	source := &credential.Source{Store: w.store, Connection: record.Connection(p), Refresher: v.Refresh(app, boot.HTTPClient(app, v, nil),
		func() time.Time { return w.now }),
		Now: func() time.Time { return w.now }, Wait: func(context.Context, time.Duration) error { return nil }}
	return source.Token(context.Background())
}

// unspoken fails if a secret was said.
func (w *world) unspoken(t *testing.T, p record.Platform, who *person) {
	t.Helper()
	app := w.apps[record.Connection(p)]
	held, _, _ := credential.Held(context.Background(), w.store, record.Connection(p))
	for what, secret := range map[string]string{"client secret": app.ClientSecret, "webhook secret": app.WebhookSecret,
		"developer key": app.DeveloperKey,
		"access token":  held.AccessToken, "refresh token": held.RefreshToken} {
		if secret != "" && strings.Contains(who.said.String(), secret) {
			t.Errorf("the %s was said:\n%s", what, who.said.String())
		}
	}
}
