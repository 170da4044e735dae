package runner_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// TestThePageIsForThisMachineAlone: the front may be reached from the world; the page on it is not.
func TestThePageIsForThisMachineAlone(t *testing.T) {
	page := runner.Page(func(context.Context) (syncs.Page, error) { return syncs.Page{Headline: "Well.", Zone: time.UTC}, nil })
	for name, c := range map[string]struct {
		peer, host, header string
		want               int
	}{
		"from this machine":                     {"127.0.0.1:5000", "127.0.0.1:8480", "", 200},
		"by its name":                           {"[::1]:5000", "localhost:8480", "", 200},
		"from another":                          {"192.0.2.7:5000", "127.0.0.1:8480", "", 403},
		"by a name that was made to lead here":  {"127.0.0.1:5000", "evil.example:8480", "", 403},
		"through a proxy":                       {"127.0.0.1:5000", "127.0.0.1:8480", "X-Forwarded-For", 403},
		"through another kind of proxy":         {"127.0.0.1:5000", "127.0.0.1:8480", "Forwarded", 403},
		"through a tunnel that keeps the name":  {"127.0.0.1:5000", "sync.example.com", "", 403},
		"from a peer whose address is not read": {"@", "127.0.0.1:8480", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Host = c.peer, c.host
			if c.header != "" {
				r.Header.Set(c.header, "x")
			}
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r)
			if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "Well.") {
				t.Errorf("got %d: %.80s", w.Code, w.Body)
			}
			if w.Code == 200 && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("got %v", w.Header())
			}
		})
	}
}

// TestNothingOfTheFrontIsForOtherSites: records and edits, as the page, are for whoever sits at the machine. A name that a
// stranger made to lead here, or a page of theirs that is open in the browser, gets none of them.
func TestNothingOfTheFrontIsForOtherSites(t *testing.T) {
	ctx, clock := context.Background(), &runner.Clock{}
	w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	ours := w.FrontURL
	for _, request := range []struct{ method, path, body string }{{"GET", "/", ""}, {"GET", "/records/jobber", ""},
		{"POST", "/person/jobber/none", `{"phone":"1"}`}, {"GET", "/anything-added-later", ""}} {
		for name, c := range map[string]struct {
			host    string
			headers map[string]string
			refused bool
		}{
			"a program":                         {},
			"our own page":                      {headers: map[string]string{"Origin": ours, "Sec-Fetch-Site": "same-origin"}},
			"a name that was made to lead here": {host: "evil.example", refused: true},
			"a page of another site":            {headers: map[string]string{"Origin": "https://evil.example"}, refused: true},
			"a page without an origin":          {headers: map[string]string{"Origin": "null"}, refused: true},
			"another port of this machine":      {headers: map[string]string{"Origin": "http://127.0.0.1:1"}, refused: true},
			"an image in a page of another site": {headers: map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
				refused: true},
			"a proxy": {headers: map[string]string{"X-Forwarded-For": "192.0.2.1"}, refused: true},
		} {
			r, err := http.NewRequest(request.method, ours+request.path, strings.NewReader(request.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			for k, v := range c.headers {
				r.Header.Set(k, v)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if (response.StatusCode == http.StatusForbidden) != c.refused {
				t.Errorf("%s %s from %s: got %d, want refused %v", request.method, request.path, name, response.StatusCode, c.refused)
			}
		}
	}
}

func TestAStateThatCannotBeReadIsSaidWithoutItsError(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1"
	w := httptest.NewRecorder()
	runner.Page(func(context.Context) (syncs.Page, error) { return syncs.Page{}, errors.New("disk at /secret") }).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("got %d: %s", w.Code, w.Body)
	}
}

// TestThePageOfAWorldTellsWhatHappens looks at the page of the example before its first load, after it, and while a
// platform does not answer.
func TestThePageOfAWorldTellsWhatHappens(t *testing.T) {
	ctx, clock := context.Background(), &runner.Clock{}
	w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	look := func(want syncs.State) syncs.Page {
		t.Helper()
		p, err := w.Syncs(ctx)
		if err != nil || p.State != want {
			t.Errorf("got %s (%s), %v; want %s", p.State, syncs.Line(p), err, want)
		}
		return p
	}
	if err := w.SeedExample(); err != nil {
		t.Fatal(err)
	}
	look(syncs.StateLoading)
	w.Settle(ctx, nil)
	p := look(syncs.StateWell)
	if len(p.Runs) == 0 || p.Connections[0].Trend.Changes == 0 || p.Figures[0].Value == "0" {
		t.Errorf("it tells nothing of what happened: %+v", p)
	}
	w.Sims["jobber"].SetFaults(platformsim.Faults{ServerError: 1})
	for range 4 {
		clock.Skip(16 * time.Minute)
		w.Pump(ctx)
		for _, run := range w.Rules.Timetable() {
			if run.Place.Connection == "jobber" && !run.Reconcile {
				w.Run(ctx, run)
			}
		}
	}
	if p := look(syncs.StateDown); !strings.Contains(p.Detail, "Jobber has not answered since ") || !strings.Contains(p.Detail, "it resumes by itself") {
		t.Errorf("got %q", p.Detail)
	}
}

// TestAHostHasAPageBeforeAnythingIsActive, and tells no digest of a day on which nothing was.
func TestAHostHasAPageBeforeAnythingIsActive(t *testing.T) {
	clock := &runner.Clock{}
	h := &runner.Host{Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Name: "folder ./data", Flags: "--data ./data", Candidate: example(t)}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:8480"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "No configuration is active.") || !strings.Contains(w.Body.String(), "<span>activate</span> <span>--data</span>") {
		t.Errorf("got %d: %.200s", w.Code, w.Body)
	}
}
