package connect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/connect"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

func TestEveryPlatformIsConnectedByABrowserOnThisMachine(t *testing.T) {
	w := newWorld(t)
	for p, sim := range w.sims {
		t.Run(string(p), func(t *testing.T) {
			job, who := w.job(t, p)
			if err := job.Connect(t.Context(), connect.Options{App: w.given[p], Redirect: freeRedirect(t)}); err != nil {
				t.Fatalf("%v\n%s", err, who.said.String())
			}
			account, ok, err := credential.AccountOf(t.Context(), w.store, job.Connection.Name)
			if err != nil || !ok || account.Account != sim.Access().Account || account.At.IsZero() {
				t.Errorf("kept %+v, %v, %v, want account %s", account, ok, err, sim.Access().Account)
			}
			if token, err := w.token(p); err != nil || token == "" {
				t.Errorf("no token: %v", err)
			}
			w.now = w.now.Add(3 * time.Hour) // the access token is over
			if token, err := w.token(p); err != nil || token == "" {
				t.Errorf("no refreshed token: %v", err)
			}
			for _, want := range []string{"service user", account.Account, "is connected", "account: "} {
				if !strings.Contains(who.said.String(), want) {
					t.Errorf("never said %q:\n%s", want, who.said.String())
				}
			}
			w.unspoken(t, p, who)
		})
	}
}

// TestWhatTheConfigurationNamesIsThereAfterConnecting: markers and fields, so that check has nothing to say of them.
func TestWhatTheConfigurationNamesIsThereAfterConnecting(t *testing.T) {
	w := newWorld(t)
	for p := range w.sims {
		job, who := w.job(t, p)
		if err := job.Connect(t.Context(), connect.Options{App: w.given[p], Redirect: freeRedirect(t)}); err != nil {
			t.Fatalf("%s: %v\n%s", p, err, who.said.String())
		}
		v, _ := boot.VendorOf(p)
		token, err := w.token(p)
		if err != nil {
			t.Fatal(err)
		}
		account := w.sims[p].Access().Account
		c := v.Connect(platform.Settings{Connection: job.Connection.Name, Account: account, BaseURL: w.given[p].BaseURL, Tokens: held(token),
			HTTP: http.DefaultClient, Now: time.Now})
		for _, place := range w.rules.Places() {
			if place.Connection != job.Connection.Name {
				continue
			}
			infos, err := c.(platform.Connecting).Describe(t.Context(), place.Object)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range w.rules.FieldsAt(place) {
				if !slices.ContainsFunc(infos, func(f platform.FieldInfo) bool { return f.Name == name }) &&
					!strings.Contains(who.said.String(), string(name)) {
					t.Errorf("%s lacks %s, and nobody was told", place, name)
				}
			}
		}
	}
}

type held string

func (h held) Token(context.Context) (string, error) { return string(h), nil }

func (held) Refused(context.Context, string) error { return nil }

// TestAnAddressIsPasted: what is not the answer to this attempt is asked for again, and what is serves.
func TestAnAddressIsPasted(t *testing.T) {
	w := newWorld(t)
	job, who := w.job(t, "quickbooks")
	who.browse = who.hold
	who.answers = []string{"nonsense", "https://sync.example.com/connect/quickbooks?code=forged&state=forged&realmId=1", "ENDED"}
	if err := job.Connect(t.Context(), connect.Options{App: w.given["quickbooks"],
		Redirect: "https://sync.example.com/connect/quickbooks"}); err != nil {
		t.Fatalf("%v\n%s", err, who.said.String())
	}
	if n := strings.Count(who.said.String(), "another attempt"); n != 2 {
		t.Errorf("refused %d addresses, want 2:\n%s", n, who.said.String())
	}
	w.unspoken(t, "quickbooks", who)
}

// TestACodeOfAnotherAttemptOpensNothing: a leaked address is of no use to another run, which has another state and verifier.
func TestACodeOfAnotherAttemptOpensNothing(t *testing.T) {
	w := newWorld(t)
	var leaked string
	job, who := w.job(t, "salesforce")
	who.browse = func(address string) { who.hold(address); leaked = who.ended }
	// nobody pastes
	_ = job.Connect(t.Context(), connect.Options{App: w.given["salesforce"], Redirect: "https://sync.example.com/connect/salesforce"})
	stolen, err := url.Parse(leaked)
	if err != nil || stolen.Query().Get("code") == "" {
		t.Fatalf("no code in %q", leaked)
	}
	thief, at := w.job(t, "salesforce")
	at.browse = func(address string) { // the thief puts the stolen code under a state of their own
		at.hold(address)
		own, _ := url.Parse(at.ended)
		q := own.Query()
		q.Set("code", stolen.Query().Get("code"))
		own.RawQuery = q.Encode()
		at.ended = own.String()
	}
	at.answers = []string{"ENDED"}
	err = thief.Connect(t.Context(), connect.Options{App: w.given["salesforce"], Redirect: "https://sync.example.com/connect/salesforce"})
	if err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("got %v, want the code refused", err)
	}
	if has, _ := credential.Has(t.Context(), w.store, "salesforce"); has {
		t.Error("a stolen code connected something")
	}
}

func TestAPersonWhoRefusesIsUnderstood(t *testing.T) {
	w := newWorld(t)
	job, who := w.job(t, "hubspot")
	who.browse = func(address string) {
		u, _ := url.Parse(address)
		back, _ := url.Parse(u.Query().Get("redirect_uri"))
		back.RawQuery = url.Values{"error": {"access_denied"}, "error_description": {"<b>secret</b>"}, "state": {u.Query().Get("state")}}.Encode()
		go func() {
			if response, err := http.Get(back.String()); err == nil {
				_ = response.Body.Close()
			}
		}()
	}
	err := job.Connect(t.Context(), connect.Options{App: w.given["hubspot"], Redirect: freeRedirect(t)})
	if err == nil || !strings.Contains(err.Error(), "access_denied") || strings.Contains(err.Error(), "<b>") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherAccountIsRefused(t *testing.T) {
	w := newWorld(t)
	t.Run("than the configured one", func(t *testing.T) {
		job, _ := w.job(t, "jobber")
		configured := *job.Connection
		configured.Account = "somebody-else"
		job.Connection = &configured
		err := job.Connect(t.Context(), connect.Options{App: w.given["jobber"], Redirect: freeRedirect(t)})
		if has, _ := credential.Has(t.Context(), w.store, "jobber"); err == nil ||
			!strings.Contains(err.Error(), "must be account somebody-else") || has {
			t.Errorf("got %v, kept %v", err, has)
		}
	})
	t.Run("than the one before", func(t *testing.T) {
		job, _ := w.job(t, "jobber")
		before := credential.Account{Account: "earlier", Name: "Earlier Ltd"}
		if err := credential.PutAccount(t.Context(), w.store, "jobber", before); err != nil {
			t.Fatal(err)
		}
		err := job.Connect(t.Context(), connect.Options{App: w.given["jobber"], Again: true, Redirect: freeRedirect(t)})
		if err == nil || !strings.Contains(err.Error(), "must be account earlier") {
			t.Errorf("got %v", err)
		}
	})
}

func TestConnectingAgainAsksForItAndKeepsCursors(t *testing.T) {
	w := newWorld(t)
	place := record.Place{Connection: "hubspot", Object: "contacts"}
	if _, err := controltable.SaveProgress(t.Context(), w.store, place, controltable.Progress{Phase: controltable.PhaseDone,
		Changes: "cursor"}); err != nil {
		t.Fatal(err)
	}
	for i, o := range []connect.Options{{}, {}, {Again: true}} {
		job, who := w.job(t, "hubspot")
		if i > 0 { // the app is kept
			o.Redirect = freeRedirect(t)
		} else {
			o.App, o.Redirect = w.given["hubspot"], freeRedirect(t)
		}
		_ = controltable.SetPause(t.Context(), w.store, "hubspot", controltable.Pause{Reason: controltable.PausedUnauthorized, Since: w.now})
		err := job.Connect(t.Context(), o)
		if i == 1 {
			if err == nil || !strings.Contains(err.Error(), "--again") {
				t.Errorf("a second time without --again: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, who.said.String())
		}
		if _, paused, _ := controltable.Paused(t.Context(), w.store, "hubspot"); paused {
			t.Error("it is still paused for want of an authorisation")
		}
	}
	progress, err := controltable.LoadProgress(t.Context(), w.store, []record.Place{place})
	if err != nil || progress[place].Changes != "cursor" {
		t.Errorf("the cursor is %+v, %v", progress[place], err)
	}
}

// TestAHomeThatIsNotThePlatformsIsNeverCalled: a token answer that names another host, however it is dressed.
func TestAHomeThatIsNotThePlatformsIsNeverCalled(t *testing.T) {
	for _, home := range []string{"https://evil.example.com", "https://salesforce.com.evil.example", "http://x.my.salesforce.com",
		"https://user@x.my.salesforce.com", "https://x.my.salesforce.com:8443",
		"https://x.my.salesforce.com/path", "https://x.my.salesforce.com?q", "https://evilsalesforce.com", "", "::"} {
		w := newWorld(t)
		server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(out).Encode(map[string]string{"access_token": "a", "refresh_token": "r", "instance_url": home,
				"token_type": "Bearer"})
		}))
		app := w.given["salesforce"]
		app.BaseURL, app.TokenURL = "", server.URL
		job, who := w.job(t, "salesforce")
		who.browse = who.hold
		who.answers = []string{"ENDED"}
		err := job.Connect(t.Context(), connect.Options{App: app, Redirect: "https://sync.example.com/connect/salesforce"})
		if err == nil || !strings.Contains(err.Error(), "nothing was sent there") {
			t.Errorf("%q: got %v", home, err)
		}
		server.Close()
	}
}

func TestWebhooksAreRegisteredWhereTheVendorLetsIt(t *testing.T) {
	w := newWorld(t)
	for _, p := range []record.Platform{"hubspot", "jobber"} {
		job, who := w.job(t, p)
		if err := job.Connect(t.Context(), connect.Options{App: w.given[p], Redirect: freeRedirect(t)}); err != nil {
			t.Fatalf("%v\n%s", err, who.said.String())
		}
		account, _, _ := credential.AccountOf(t.Context(), w.store, job.Connection.Name)
		if len(account.Webhooks) == 0 || account.Callback != "https://sync.example.com/webhooks/"+string(p) {
			t.Errorf("%s: kept %v to %q", p, account.Webhooks, account.Callback)
		}
		if strings.Contains(who.said.String(), "Left to do by hand") {
			t.Errorf("%s leaves something to do:\n%s", p, who.said.String())
		}
	}
	job, who := w.job(t, "quickbooks")
	if err := job.Connect(t.Context(), connect.Options{App: w.given["quickbooks"], Redirect: freeRedirect(t)}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(who.said.String(), "1. ") || !strings.Contains(who.said.String(), "https://sync.example.com/webhooks/quickbooks") {
		t.Errorf("quickbooks says nothing of its webhooks:\n%s", who.said.String())
	}
}

func TestDisconnecting(t *testing.T) {
	w := newWorld(t)
	for p, sim := range w.sims {
		t.Run(string(p), func(t *testing.T) {
			job, who := w.job(t, p)
			if err := job.Connect(t.Context(), connect.Options{App: w.given[p], Redirect: freeRedirect(t)}); err != nil {
				t.Fatalf("%v\n%s", err, who.said.String())
			}
			name := queue.Name("due-" + string(p))
			if err := w.queue.Send(t.Context(), name, []queue.Message{{Body: []byte("{}")}}); err != nil {
				t.Fatal(err)
			}
			if err := job.Disconnect(t.Context(), connect.Leaving{}); err == nil || !strings.Contains(err.Error(), "1 messages of writes") {
				t.Errorf("left while work waits: %v", err)
			}
			if _, err := w.token(p); err != nil {
				t.Errorf("a refused disconnect ended the grant: %v", err)
			}
			if err := job.Disconnect(t.Context(), connect.Leaving{Now: true}); err != nil {
				t.Fatalf("%v\n%s", err, who.said.String())
			}
			if kept := sim.Access().RefreshToken; !strings.HasPrefix(kept, "ended-") {
				t.Error("the vendor still honours the grant")
			}
			if _, err := w.token(p); !fault.Is(err, fault.Unauthorized) {
				t.Errorf("got %v, want no token", err)
			}
			account, ok, _ := credential.AccountOf(t.Context(), w.store, job.Connection.Name)
			if !ok || account.Account == "" || account.Left.IsZero() || len(account.Webhooks) > 0 {
				t.Errorf("kept %+v", account)
			}
			if err := job.Disconnect(t.Context(), connect.Leaving{Now: true}); err != nil ||
				!strings.Contains(who.said.String(), "is not connected. Nothing changes.") {
				t.Errorf("a second time: %v", err)
			}
			w.unspoken(t, p, who)
		})
	}
}

func TestErasingNeedsTheName(t *testing.T) {
	w := newWorld(t)
	links := []store.Key{
		{Table: store.Versions, Partition: "customer#e1", Sort: "link#jobber/clients"}, {Table: store.Versions, Partition: "customer#e1",
			Sort: "link#hubspot/contacts"},
		{Table: store.Versions, Partition: "customer#e1", Sort: "entity"},
		{Table: store.CrossReference, Partition: "ref#customer#jobber/clients/MQ==", Sort: "ref"},
		{Table: store.CrossReference, Partition: "ref#customer#jobber2/clients/MQ==", Sort: "ref"},
		{Table: store.CrossReference, Partition: "key#customer#contacts#email#h", Sort: "key"}}
	for _, key := range links {
		if err := w.store.Commit(t.Context(), []store.Write{{Key: key, Body: []byte("{}")}}); err != nil {
			t.Fatal(err)
		}
	}
	job, who := w.job(t, "jobber")
	if err := job.Connect(t.Context(), connect.Options{App: w.given["jobber"], Redirect: freeRedirect(t)}); err != nil {
		t.Fatal(err)
	}
	who.answers = []string{"yes"}
	if err := job.Disconnect(t.Context(), connect.Leaving{Erase: true}); err == nil {
		t.Error("erased without the name")
	}
	if _, err := w.token("jobber"); err != nil {
		t.Errorf("something was done without the name: %v", err)
	}
	who.answers = []string{"jobber"}
	if err := job.Disconnect(t.Context(), connect.Leaving{Erase: true}); err != nil {
		t.Fatal(err)
	}
	rows, err := w.store.Get(t.Context(), links)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range links {
		if _, there := rows[key]; there != (i != 0 && i != 3) {
			t.Errorf("%s/%s is there: %v", key.Partition, key.Sort, there)
		}
	}
	if _, ok, _ := credential.AccountOf(t.Context(), w.store, "jobber"); ok {
		t.Error("the account is kept")
	}
}
