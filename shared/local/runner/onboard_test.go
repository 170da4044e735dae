package runner

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// fixed is a token that is not refreshed.
type fixed string

func (f fixed) Token(context.Context) (string, error) { return string(f), nil }
func (fixed) Refused(context.Context, string) error   { return nil }

// account is one vendor's connector on its simulator.
type account struct {
	platform.Connector
	vendor boot.Vendor
	sim    platformsim.Simulator
}

// watched serves a simulator, and holds what is asked of it and what it answers against what the vendor publishes.
type watched struct {
	t        *testing.T
	sim      http.Handler
	platform record.Platform
	spec     spectest.Validator
}

// unpublished are paths that the descriptions at hand do not have: the vendors document them elsewhere, as the connectors say;
// so
// does Jobber the query user; Xero's description spells /Connections with a capital.
var unpublished = []string{"/account-info/", "/appinstalls/", "/services/oauth2/userinfo", "/services/data/v66.0/sobjects/Organization/", "/services/data/v66.0/limits", "/companyinfo/", "/connections"}

func (w *watched) hold(base string) {
	spec, err := spectest.For(w.platform, base, base+w.sim.(platformsim.Simulator).Access().TokenURL)
	if err != nil {
		w.t.Logf("SKIPPED ALOUD: %s is held against no description: %v", w.platform, err)
		return
	}
	w.spec = spec
}

func (w *watched) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	w.sim.ServeHTTP(answer, r)
	elsewhere := slices.ContainsFunc(unpublished, func(path string) bool { return strings.Contains(r.URL.Path, path) }) || bytes.Contains(body, []byte("a0: user {"))
	if w.spec != nil && !elsewhere && answer.Code != http.StatusNotFound {
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.URL.Scheme, r.URL.Host = "http", r.Host // as it was called
		if err := w.spec.Check(r, body, answer.Code, answer.Header(), answer.Body.Bytes()); err != nil {
			w.t.Errorf("%s: %s %s: %v", w.platform, r.Method, r.URL.Path, err)
		}
	}
	for name, values := range answer.Header() {
		out.Header()[name] = values
	}
	out.WriteHeader(answer.Code)
	_, _ = out.Write(answer.Body.Bytes())
}

func accounts(t *testing.T) []account {
	t.Helper()
	var out []account
	for _, v := range boot.Vendors() {
		sim, err := Simulator(v.Catalog.Name, platformsim.Options{Now: time.Now, Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		watched := &watched{t: t, sim: sim, platform: v.Catalog.Name}
		server := httptest.NewServer(watched)
		t.Cleanup(server.Close)
		watched.hold(server.URL)
		a := sim.Access()
		out = append(out, account{vendor: v, sim: sim, Connector: v.Connect(platform.Settings{Connection: "here", Account: a.Account, BaseURL: server.URL,
			Tokens: fixed(a.AccessToken), AppKey: a.DeveloperKey, HTTP: server.Client(), Now: time.Now})})
	}
	return out
}

func TestEveryConnectorTellsTheAccount(t *testing.T) {
	for _, a := range accounts(t) {
		connecting, ok := a.Connector.(platform.Connecting)
		if !ok {
			t.Errorf("%s tells no account", a.vendor.Catalog.Name)
			continue
		}
		identities, err := connecting.Identify(context.Background())
		if err != nil || !slices.ContainsFunc(identities, func(i platform.Identity) bool { return i.Account == a.sim.Access().Account }) {
			t.Errorf("%s: got %+v, %v, want account %s", a.vendor.Catalog.Name, identities, err, a.sim.Access().Account)
		}
		for _, i := range identities {
			if i.Name == "" {
				t.Errorf("%s: account %s has no name", a.vendor.Catalog.Name, i.Account)
			}
		}
	}
}

// TestEveryConnectorDescribesItsFields: what the catalog says is there, is; what a write would need, is said.
func TestEveryConnectorDescribesItsFields(t *testing.T) {
	for _, a := range accounts(t) {
		connecting := a.Connector.(platform.Connecting)
		for _, o := range a.vendor.Catalog.Objects {
			t.Run(string(a.vendor.Catalog.Name)+" "+string(o.Name), func(t *testing.T) {
				infos, err := connecting.Describe(context.Background(), o.Name)
				if err != nil {
					t.Fatal(err)
				}
				seen := map[record.PlatformField]platform.FieldInfo{}
				for _, f := range infos {
					if _, twice := seen[f.Name]; twice || f.Name == "" || f.Kind == "" || f.Label == "" {
						t.Errorf("field %q, kind %q, label %q: none may be missing, nor twice", f.Name, f.Kind, f.Label)
					}
					if _, known := o.Field(f.Name); !known {
						t.Errorf("field %s is none that a configuration may name", f.Name)
					}
					seen[f.Name] = f
				}
				for _, f := range o.Required() {
					if _, ok := seen[f.Name]; !ok {
						t.Errorf("required field %s is not described", f.Name)
					}
				}
				if o.Created != "" && !seen[o.Created].ReadOnly {
					t.Errorf("the stamp of creation %s is described as %+v", o.Created, seen[o.Created])
				}
			})
		}
		if _, err := connecting.Describe(context.Background(), "unicorns"); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s describes unicorns: %v", a.vendor.Catalog.Name, err)
		}
	}
}

// TestAFieldThatIsMadeIsThereOnce makes a field twice, finds it described, and finds its value after a write.
func TestAFieldThatIsMadeIsThereOnce(t *testing.T) {
	ctx := context.Background()
	for _, a := range accounts(t) {
		making, ok := a.Connector.(platform.FieldMaking)
		if !ok {
			continue
		}
		object, name := a.vendor.Catalog.Objects[0].Name, record.PlatformField("site_notes")
		if !a.vendor.Catalog.Objects[0].Custom.MatchString(string(name)) {
			name = "customFields[Site notes]"
		}
		if !a.vendor.Catalog.Objects[0].Custom.MatchString(string(name)) {
			name = "custom_fields[Site notes]"
		}
		for range 2 {
			made, err := making.MakeField(ctx, object, platform.NewField{Name: name, Label: "Site notes"})
			if err != nil {
				t.Fatalf("%s: %v", a.vendor.Catalog.Name, err)
			}
			name = made
		}
		infos, err := a.Connector.(platform.Connecting).Describe(ctx, object)
		found := 0
		for _, f := range infos {
			if f.Name == name && f.Custom && !f.ReadOnly && f.Label == "Site notes" {
				found++
			}
		}
		if err != nil || found != 1 {
			t.Errorf("%s: %s is described %d times, %v, want once", a.vendor.Catalog.Name, name, found, err)
		}
	}
}

// TestWebhooksAreRegisteredOnceAndAgain registers twice, has the vendor drop what it can, registers again, and ends it all.
func TestWebhooksAreRegisteredOnceAndAgain(t *testing.T) {
	ctx := context.Background()
	for _, a := range accounts(t) {
		subscribing, ok := a.Connector.(platform.Subscribing)
		if !ok {
			continue
		}
		o := a.vendor.Catalog.Objects[0]
		want := platform.Subscription{Callback: "https://sync.example.com/webhooks/x", Secret: "s", Fields: map[record.Object][]record.PlatformField{o.Name: {o.Fields[0].Name}}}
		first, err := subscribing.Subscribe(ctx, want)
		if err != nil || len(first) == 0 {
			t.Fatalf("%s: %v, %v", a.vendor.Catalog.Name, first, err)
		}
		want.Known = first
		if again, err := subscribing.Subscribe(ctx, want); err != nil || len(again) != len(first) {
			t.Errorf("%s: a second time %d, %v, want %d as before", a.vendor.Catalog.Name, len(again), err, len(first))
		} else {
			want.Known = again
		}
		inForce := func() int {
			telling, ok := a.Connector.(platform.Telling)
			if !ok {
				return len(want.Known)
			}
			live, err := telling.InForce(ctx, want.Known)
			if err != nil {
				t.Errorf("%s: %v", a.vendor.Catalog.Name, err)
			}
			return len(live)
		}
		if live := inForce(); live != len(first) {
			t.Errorf("%s: %d are in force, want %d", a.vendor.Catalog.Name, live, len(first))
		}
		switch sim := a.sim.(type) {
		case interface{ PauseHooks() }:
			sim.PauseHooks()
			if live := inForce(); live != 0 {
				t.Errorf("%s: %d are in force after the vendor paused all", a.vendor.Catalog.Name, live)
			}
		case interface{ DropEndpoints() }:
			sim.DropEndpoints()
		}
		ids, err := subscribing.Subscribe(ctx, want)
		if err != nil || len(ids) != len(first) {
			t.Errorf("%s: after the vendor dropped them %d, %v, want %d", a.vendor.Catalog.Name, len(ids), err, len(first))
		}
		if sim, ok := a.sim.(interface{ Hooks() (int, int) }); ok {
			if active, paused := sim.Hooks(); active != len(first) || paused != 0 {
				t.Errorf("%s: %d active and %d paused, want %d and 0", a.vendor.Catalog.Name, active, paused, len(first))
			}
		}
		for range 2 { // one that is gone is no failure
			if err := subscribing.Unsubscribe(ctx, ids); err != nil {
				t.Errorf("%s: %v", a.vendor.Catalog.Name, err)
			}
		}
		if sim, ok := a.sim.(interface{ Endpoints() []string }); ok && len(sim.Endpoints()) > 0 {
			t.Errorf("%s: %v are left", a.vendor.Catalog.Name, sim.Endpoints())
		}
	}
}

func TestWithoutTheAppsKeyWebhooksAreAPersonsToSet(t *testing.T) {
	for _, a := range accounts(t) {
		if a.sim.Access().DeveloperKey == "" {
			continue
		}
		without := a.vendor.Connect(platform.Settings{Connection: "here", BaseURL: "http://127.0.0.1:1", Tokens: fixed("x"), HTTP: http.DefaultClient, Now: time.Now})
		_, err := without.(platform.Subscribing).Subscribe(context.Background(), platform.Subscription{Callback: "https://x"})
		if !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %v, want rejected", a.vendor.Catalog.Name, err)
		}
	}
}

// TestNothingOpensAfterLeaving: the vendor ends the grant, whatever token asks, but for the one outside the life cycle.
func TestNothingOpensAfterLeaving(t *testing.T) {
	ctx := context.Background()
	for _, a := range accounts(t) {
		leaving, ok := a.Connector.(platform.Leaving)
		if !ok {
			if a.vendor.Authorization.RevokeURL == "" {
				t.Errorf("%s: nothing ends a grant", a.vendor.Catalog.Name)
			}
			continue
		}
		if err := leaving.Leave(ctx); err != nil {
			t.Errorf("%s: %v", a.vendor.Catalog.Name, err)
		}
		if kept := a.sim.Access().RefreshToken; !strings.HasPrefix(kept, "ended-") {
			t.Errorf("%s: the grant still holds after leaving", a.vendor.Catalog.Name)
		}
	}
}

// TestARefusedAccountIsNoAccount: an answer that cannot be read tells nothing, and says so by its kind.
func TestARefusedAccountIsNoAccount(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>maintenance</html>"))
	}))
	defer server.Close()
	for _, v := range boot.Vendors() {
		c := v.Connect(platform.Settings{Connection: "here", Account: "1", BaseURL: server.URL, Tokens: fixed("t"), HTTP: server.Client(), Now: time.Now})
		identities, err := c.(platform.Connecting).Identify(context.Background())
		var f *fault.Error
		if err == nil || !errors.As(err, &f) {
			t.Errorf("%s: got %v, %v, want a classified error", v.Catalog.Name, identities, err)
		}
	}
}
