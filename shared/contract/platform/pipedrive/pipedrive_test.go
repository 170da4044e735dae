package pipedrive

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

const marker = "custom_fields[FluxCascade ID]"

// account is a simulated account and a connector to it.
type account struct {
	*testing.T
	clock     *platformtest.Clock
	sim       *simulator.Simulator
	server    *httptest.Server
	connector *Connector
	// before is called with each request, its number from 1, before it is served; nil for none.
	before func(number int, r *http.Request)
	mu     sync.Mutex
	seen   []*http.Request // without their bodies
	made   int             // persons named so far
}

// newAccount opens an account whose persons, organizations and deals have the field of our identity.
func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{T: t, clock: platformtest.NewClock(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC))}
	a.sim = simulator.New(platformsim.Options{Now: a.clock.Now, Seed: 1, WebhookURL: "https://front.example/pipedrive"})
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.seen = append(a.seen, r.Clone(context.Background()))
		number := len(a.seen)
		a.mu.Unlock()
		if a.before != nil {
			a.before(number, r)
		}
		a.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(a.server.Close)
	access := a.sim.Access()
	a.connector = New(platform.Settings{Connection: "crm", Account: access.Account, BaseURL: a.server.URL, Tokens: platformtest.Token(access.AccessToken), HTTP: a.server.Client(), Now: a.clock.Now})
	for _, object := range a.sim.Objects() {
		if err := a.connector.Prepare(t.Context(), object, marker); err != nil {
			t.Fatal(err)
		}
		k, _ := a.connector.kindOf(object)
		if _, err := a.connector.definitions(t.Context(), k, platform.FoundLife); err != nil {
			t.Fatal(err)
		}
	}
	a.seen = nil
	return a
}

// refresher refreshes at the simulated token endpoint.
func (a *account) refresher() *platform.OAuthRefresher {
	access := a.sim.Access()
	return NewRefresher(platform.RefreshSettings{TokenURL: a.server.URL + access.TokenURL, ClientID: access.ClientID, ClientSecret: access.ClientSecret, HTTP: a.server.Client(), Now: a.clock.Now})
}

func (a *account) create(object record.Object, fields record.Fields) record.ExternalID {
	a.Helper()
	id, err := a.sim.Create(object, fields)
	if err != nil {
		a.Fatalf("create %s %v: %v", object, fields, err)
	}
	return id
}

func (a *account) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	a.Helper()
	if err := a.sim.Edit(object, id, fields); err != nil {
		a.Fatalf("edit %s/%s %v: %v", object, id, fields, err)
	}
}

// do lets people act.
func (a *account) do(errs ...error) {
	a.Helper()
	for _, err := range errs {
		if err != nil {
			a.Fatal(err)
		}
	}
}

// persons makes n persons.
func (a *account) persons(n int) []record.ExternalID {
	a.Helper()
	var ids []record.ExternalID
	for range n {
		a.made++
		ids = append(ids, a.create("persons", record.Fields{"name": fmt.Sprintf("Person %d", a.made)}))
	}
	return ids
}

// truth gives a record as the platform holds it.
func (a *account) truth(object record.Object, id record.ExternalID) record.Fields {
	a.Helper()
	fields, _, ok := a.sim.Record(object, id)
	if !ok {
		a.Fatalf("%s/%s is not there", object, id)
	}
	return fields
}

// wantTruth compares the fields named in want with the truth.
func (a *account) wantTruth(object record.Object, id record.ExternalID, want record.Fields) {
	a.Helper()
	got := record.Fields{}
	for name, value := range a.truth(object, id) {
		if _, asked := want[name]; asked {
			got[name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		a.Errorf("%s/%s (-want +truth):\n%s", object, id, diff)
	}
}

// snapshot pre-reads one record, all fields.
func (a *account) snapshot(object record.Object, id record.ExternalID) *record.Snapshot {
	a.Helper()
	reads, err := a.connector.Fetch(a.Context(), object, allFields(object), []record.ExternalID{id})
	if err != nil || len(reads) != 1 || reads[0].Snapshot == nil {
		a.Fatalf("fetch %s/%s: %+v, %v", object, id, reads, err)
	}
	return reads[0].Snapshot
}

func allFields(object record.Object) []record.PlatformField {
	known, _ := catalog.Pipedrive().Object(object)
	fields := []record.PlatformField{marker}
	for _, f := range known.Fields {
		if !strings.Contains(f.Source, "contact sync") { // of what the simulated account lacks
			fields = append(fields, f.Name)
		}
	}
	return fields
}

// requests counts the requests whose path ends in suffix.
func (a *account) requests(suffix string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	count := 0
	for _, r := range a.seen {
		if strings.HasSuffix(r.URL.Path, suffix) {
			count++
		}
	}
	return count
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("error = %v, want kind %s", err, kind)
	}
}

func TestFetchReadsWholeRecordsWithBlanks(t *testing.T) {
	a := newAccount(t)
	firm := a.create("organizations", record.Fields{"name": " Acme ", "address.value": "1 Main, Springfield, USA", "label_ids": "6,5"})
	person := a.create("persons", record.Fields{"name": "Ada Lovelace", "emails[work].value": "Ada@Example.com", "emails[home].value": "ada@home.example",
		"phones[mobile].value": "4155551234", "org_id": string(firm), marker: "e-1"})
	deal := a.create("deals", record.Fields{"title": "Engine", "value": "150.50", "person_id": string(person), "org_id": string(firm), "expected_close_date": "2026-05-01", "status": "lost", "lost_reason": "price"})
	for object, id := range map[record.Object]record.ExternalID{"organizations": firm, "persons": person, "deals": deal} {
		got, want := a.snapshot(object, id), record.Fields{}
		for _, field := range allFields(object) {
			want[field] = a.truth(object, id)[field]
		}
		if diff := cmp.Diff(want, got.Fields); diff != "" {
			t.Errorf("%s (-truth +read):\n%s", object, diff)
		}
		if !got.ModifiedAt.Equal(a.clock.Now()) || !got.ReadBegan.Equal(a.clock.Now()) || got.Lagging || got.Archived {
			t.Errorf("%s snapshot = %+v", object, got)
		}
	}
	if fields := a.snapshot("deals", deal).Fields; fields["value"] != "150.5" || fields["currency"] != "USD" || fields["won_time"] != "" || fields["lost_time"] != "2026-03-02T17:00:00Z" {
		t.Errorf("deal %v", fields)
	}
	if fields := a.snapshot("organizations", firm).Fields; fields["address.locality"] != "Springfield" || fields["label_ids"] != "5,6" || fields["address.postal_code"] != "" {
		t.Errorf("organization %v", fields)
	}
	if fields := a.snapshot("persons", person).Fields; fields["emails[primary].value"] != "ada@home.example" || fields["emails[work].value"] != "Ada@Example.com" || fields["emails[other].value"] != "" {
		t.Errorf("person %v", fields)
	}
}

func TestFetchTellsDeletedArchivedAndUnknown(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(3)
	a.do(a.sim.Delete("persons", ids[1]), a.sim.Merge("persons", ids[0], ids[2]))
	asked := []record.ExternalID{ids[2], "nonsense", ids[0], ids[1], "99", "", "-1", "007", ids[0]}
	reads, err := a.connector.Fetch(t.Context(), "persons", []record.PlatformField{"name"}, asked)
	if err != nil || len(reads) != len(asked) {
		t.Fatalf("fetch: %v, %v", reads, err)
	}
	for i, r := range reads {
		if i == 2 || i == 8 {
			if r.Snapshot == nil || r.Snapshot.ID != ids[0] {
				t.Errorf("the winner = %+v", r)
			}
			continue
		}
		if r.Absence == nil || r.Absence.Evidence != record.EvidenceNotFound || r.Absence.ID != asked[i] {
			t.Errorf("%q = %+v, want an absence by not being found", asked[i], r)
		}
	}
	deals := []record.ExternalID{a.create("deals", record.Fields{"title": "live"}), a.create("deals", record.Fields{"title": "archived"}), a.create("deals", record.Fields{"title": "deleted"})}
	a.do(a.sim.Archive(deals[1], true), a.sim.Delete("deals", deals[2]))
	for _, asked := range [][]record.ExternalID{deals, {deals[1]}} {
		a.seen = nil
		reads, err := a.connector.Fetch(t.Context(), "deals", []record.PlatformField{"title", "is_archived"}, asked)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.Index(asked, deals[1])
		if s := reads[i].Snapshot; s == nil || !s.Archived || s.Fields["title"] != "archived" || s.Fields["is_archived"] != "true" {
			t.Errorf("archived deal among %d = %+v", len(asked), reads[i])
		}
		if len(asked) == 3 && (reads[0].Snapshot == nil || reads[0].Snapshot.Archived || reads[2].Absence == nil || reads[2].Absence.Evidence != record.EvidenceDeleted || len(a.seen) != 3) {
			t.Errorf("deals = %+v after %d requests", reads, len(a.seen))
		}
		if len(asked) == 1 && len(a.seen) != 1 {
			t.Errorf("%d requests for one deal", len(a.seen))
		}
	}
}

func TestARecordThatMayNotBeSeenIsNoAbsence(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(3)
	inner := a.server.Config.Handler
	a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/persons/"+string(ids[1])) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"success":false,"error":"You do not have permission","code":"ERR_FORBIDDEN"}`))
			return
		}
		if q := r.URL.Query(); q.Get("ids") != "" { // a list leaves it out
			q.Set("ids", string(ids[0])+","+string(ids[2]))
			r.URL.RawQuery = q.Encode()
		}
		inner.ServeHTTP(w, r)
	})
	reads, err := a.connector.Fetch(t.Context(), "persons", []record.PlatformField{"name"}, ids)
	if err != nil || reads[0].Snapshot == nil || reads[2].Snapshot == nil {
		t.Fatalf("%+v, %v", reads, err)
	}
	if wantKind(t, reads[1].Err, fault.Rejected); reads[1].Absence != nil {
		t.Errorf("read %+v", reads[1])
	}
}

func TestFetchIsOneRequestAndBounded(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(100)
	reads, err := a.connector.Fetch(t.Context(), "persons", allFields("persons"), ids)
	if err != nil || a.requests("/persons") != 1 {
		t.Fatalf("%v after %d lists", err, a.requests("/persons"))
	}
	for i, r := range reads {
		if r.Snapshot == nil || r.Snapshot.ID != ids[i] {
			t.Fatalf("read %d = %+v", i, r)
		}
	}
	_, err = a.connector.Fetch(t.Context(), "persons", nil, make([]record.ExternalID, 101))
	wantKind(t, err, fault.Rejected)
	_, err = a.connector.Fetch(t.Context(), "leads", nil, ids[:1])
	wantKind(t, err, fault.Rejected)
	before := len(a.seen)
	if reads, err := a.connector.Fetch(t.Context(), "persons", nil, nil); reads != nil || err != nil || len(a.seen) != before {
		t.Errorf("nothing asked: %v, %v", reads, err)
	}
}

func TestTokensGoToPipedriveOnly(t *testing.T) {
	for _, tt := range []struct {
		base, option string
		calls        bool
	}{
		{"https://api.pipedrive.com", "", true},
		{"https://acme.pipedrive.com", "", true},
		{"", "", true},
		{"", "https://acme.pipedrive.com/", true},
		{"https://api.pipedrive.com", "https://acme.pipedrive.com", true},
		{"http://127.0.0.1:8080", "https://acme.pipedrive.com", true},
		{"http://localhost:1", "", true},
		{"http://acme.pipedrive.com", "", false},
		{"ftp://acme.pipedrive.com", "", false},
		{"https://acme.pipedrive.com.evil.example", "", false},
		{"https://evilpipedrive.com", "", false},
		{"https://pipedrive.com", "", false},
		{"https://acme.pipedrive.com@evil.example", "", false},
		{"https://user@acme.pipedrive.com", "", false},
		{"https://evil.example/.pipedrive.com", "", false},
		{"https://evil.example?.pipedrive.com", "", false},
		{"https://acme.pipedrive.com:8443", "", false},
		{"https://api.pipedrive.com", "https://evil.example", false},
		{"https://api.pipedrive.com", "http://10.0.0.1", false},
		{"://", "", false},
	} {
		sent := ""
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r.URL.Host
			return nil, fmt.Errorf("no network here")
		})}
		c := New(platform.Settings{BaseURL: tt.base, Tokens: platformtest.Token("t"), HTTP: client, Now: time.Now, Options: map[string]string{OptionDomain: tt.option}})
		_, err := c.List(t.Context(), platform.Query{Object: "persons", Limit: 1})
		if want := map[bool]fault.Kind{true: fault.Transient, false: fault.Unauthorized}[tt.calls]; !fault.Is(err, want) || (sent != "") != tt.calls {
			t.Errorf("%q with option %q: %v after a call of %q", tt.base, tt.option, err, sent)
		}
		if tt.calls && tt.option != "" && !strings.HasPrefix(tt.base, "http://") && sent != "acme.pipedrive.com" {
			t.Errorf("%q with option %q called %s", tt.base, tt.option, sent)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestThePriceOfCallsIsWhatTheCatalogSays(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(2)
	poll := func() { a.changes(platform.Query{Object: "persons", Since: a.clock.Now(), Limit: 500}) }
	for _, tt := range []struct {
		name string
		call func()
		want int
	}{
		{"a poll", poll, 30},
		{"one record", func() { _, _ = a.connector.Fetch(t.Context(), "persons", nil, ids[:1]) }, 1},
		{"a bulk read", func() { _, _ = a.connector.Fetch(t.Context(), "persons", nil, ids) }, 10},
		{"a plain update, with the test's own pre-read", func() { a.applied(a.updateIntent("persons", ids[0], record.Fields{"name": "x"})) }, 6},
		{"a deletion", func() { a.applied(deleteIntent("persons", ids[1])) }, 3},
		{"a bulk read that misses one", func() { _, _ = a.connector.Fetch(t.Context(), "persons", nil, ids) }, 11},
	} {
		before := a.sim.Spent()
		if tt.call(); a.sim.Spent()-before != tt.want {
			t.Errorf("%s costs %d tokens, want %d", tt.name, a.sim.Spent()-before, tt.want)
		}
	}
}

func missing(told map[record.ExternalID]int, ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return told[id] > 0 })
}
