package hubspot

import (
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
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/hubspot"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

// portal is a simulated account and a connector to it.
type portal struct {
	*testing.T
	clock     *platformtest.Clock
	sim       *simulator.Simulator
	server    *httptest.Server
	connector *Connector
	mu        sync.Mutex
	seen      []string // the paths of requests that reached the server, oldest first
	made      int      // contacts named so far
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	p := &portal{T: t, clock: platformtest.NewClock(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC))}
	p.sim = simulator.New(platformsim.Options{Now: p.clock.Now, Seed: 1, WebhookURL: "https://front.example/hubspot"})
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.URL.Path)
		p.mu.Unlock()
		p.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	access := p.sim.Access()
	p.connector = New(platform.Settings{Connection: "hub", Account: access.Account, BaseURL: p.server.URL,
		Tokens: platformtest.Token(access.AccessToken), HTTP: p.server.Client(), Now: p.clock.Now})
	return p
}

func (p *portal) create(object record.Object, fields record.Fields) record.ExternalID {
	p.Helper()
	id, err := p.sim.Create(object, fields)
	if err != nil {
		p.Fatalf("create %s %v: %v", object, fields, err)
	}
	return id
}

func (p *portal) contacts(n int) []record.ExternalID {
	p.Helper()
	var ids []record.ExternalID
	for range n {
		p.made++
		ids = append(ids, p.create("contacts", record.Fields{"email": fmt.Sprintf("c%d@example.com", p.made), "lastname": fmt.Sprint("N", p.made)}))
	}
	return ids
}

func (p *portal) fetch(object record.Object, fields []record.PlatformField, ids ...record.ExternalID) []platform.Read {
	p.Helper()
	reads, err := p.connector.Fetch(p.Context(), object, fields, ids)
	if err != nil || len(reads) != len(ids) {
		p.Fatalf("fetch %v: %d reads, %v", ids, len(reads), err)
	}
	return reads
}

// wantTruth compares the fields named in want with the truth.
func (p *portal) wantTruth(object record.Object, id record.ExternalID, want record.Fields) {
	p.Helper()
	all, _, ok := p.sim.Record(object, id)
	if !ok {
		p.Fatalf("%s/%s is not there", object, id)
	}
	got := record.Fields{}
	for name := range want {
		got[name] = all[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("%s/%s (-want +got):\n%s", object, id, diff)
	}
}

// requests counts the requests whose path ends in suffix.
func (p *portal) requests(suffix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, path := range p.seen {
		if strings.HasSuffix(path, suffix) {
			count++
		}
	}
	return count
}

func (p *portal) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("error = %v, want kind %s", err, kind)
	}
}

func TestFetchTellsMergedFromAbsentWithoutTheListOfMerged(t *testing.T) {
	// 1 is there, 2 was merged into 9, 3 is nowhere, and 4 was not read.
	c := scripted(t, func(path, body string) (int, string) {
		switch {
		case strings.Contains(path, "archived"):
			return 200, `{"results":[]}`
		case strings.Contains(body, `"id":"1"`):
			return 207, `{"results":[{"id":"9","properties":{}},{"id":"1","properties":{}}],"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":["3"]}},{"category":"INTERNAL_ERROR","context":{"ids":["4"]}}]}`
		}
		return 200, `{"results":[{"id":"9","properties":{}}]}`
	})
	reads, err := c.Fetch(t.Context(), "contacts", nil, []record.ExternalID{"1", "2", "3", "4"})
	if err != nil {
		t.Fatal(err)
	}
	if reads[0].Snapshot == nil || reads[1].Absence == nil || reads[1].Absence.Into != "9" || reads[2].Absence == nil || reads[2].Absence.Evidence != record.EvidenceNotFound {
		t.Errorf("reads = %+v", reads)
	}
	wantKind(t, reads[3].Err, fault.Transient)
}

func TestFetchNeverTakesHalfAnAnswerForAnAbsence(t *testing.T) {
	var ids []record.ExternalID
	for i := range 50 {
		ids = append(ids, record.ExternalID(fmt.Sprint(i+1)))
	}
	// The batch accounts for none of them, and each alone is there.
	lone := 0
	c := scripted(t, func(_, body string) (int, string) {
		if strings.Count(body, `"id"`) > 1 {
			return 200, `{"results":[]}`
		}
		lone++
		id := body[strings.Index(body, `"id":"`)+6:]
		return 200, `{"results":[{"id":"` + id[:strings.Index(id, `"`)] + `","properties":{}}]}`
	})
	reads, err := c.Fetch(t.Context(), "contacts", nil, ids)
	if err != nil || lone != lonelyMax {
		t.Fatalf("%d reads alone, want %d; %v", lone, lonelyMax, err)
	}
	for _, r := range reads {
		wantKind(t, r.Err, fault.Transient)
	}
}

func TestTheAssociationThatCountsIsThePrimaryOrTheOnlyOne(t *testing.T) {
	c := scripted(t, func(path, _ string) (int, string) {
		if strings.Contains(path, "/associations/") {
			return 207, `{"results":[
				{"from":{"id":"1"},"to":[{"toObjectId":20,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341}]},{"toObjectId":"9","associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341}]},{"toObjectId":"100","associationTypes":[{"category":"USER_DEFINED","typeId":5,"label":"Payer"}]}]},
				{"from":{"id":2},"to":[{"toObjectId":"7","associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341}]},{"toObjectId":"30","associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":341},{"category":"HUBSPOT_DEFINED","typeId":5,"label":"Primary"}]}]}],
				"errors":[{"category":"OBJECT_NOT_FOUND","context":{"fromObjectId":["3"]}},{"category":"INTERNAL_ERROR","context":{"fromObjectId":["4"]}}]}`
		}
		return 200, `{"results":[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"}]}`
	})
	page, err := c.List(t.Context(), platform.Query{Object: "deals", Fields: []record.PlatformField{"associations.companies"}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, s := range page.Snapshots {
		value, read := s.Fields["associations.companies"]
		got = append(got, fmt.Sprint(value, read))
	}
	if diff := cmp.Diff([]string{"false", "30true", "true", "false"}, got); diff != "" {
		t.Errorf("associated companies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"9", "20", "100"}, page.Snapshots[0].Several["associations.companies"]); diff != "" {
		t.Errorf("several (-want +got):\n%s", diff)
	}
}

func TestFindAsksTheRecordsForUniqueFieldsAndTheIndexForOthers(t *testing.T) {
	p := newPortal(t)
	p.sim.SetFaults(platformsim.Faults{SearchLag: time.Minute})
	one := p.create("contacts", record.Fields{"email": "ada@example.com", "fluxcascade_id": "E-1"})
	gone := p.create("contacts", record.Fields{"email": "gone@example.com"})
	if err := p.sim.Delete("contacts", gone); err != nil {
		t.Fatal(err)
	}
	found, err := p.connector.Find(t.Context(), "contacts", []record.PlatformField{"associations.companies"}, []platform.Lookup{
		{Field: "email", Value: " ADA@example.com"}, {Field: "fluxcascade_id", Value: "e-1"}, {Field: "email", Value: "gone@example.com"},
		{Field: "email", Value: ""}, {Field: "email", Value: "ada@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := matchCounts(found); !slices.Equal(got, []int{1, 1, 0, 0, 1}) || found[0][0].ID != one || found[0][0].Lagging {
		t.Errorf("found %v: %+v", got, found)
	}
	if p.requests("/search") != 0 {
		t.Error("searched the index")
	}
	for range 12 {
		p.create("companies", record.Fields{"domain": "shared.example", "name": "Shared"})
	}
	other := p.create("companies", record.Fields{"domain": "other.example"})
	lookups := []platform.Lookup{{Field: "domain", Value: "Shared.Example"}, {Field: "domain", Value: "other.example"}, {Field: "domain", Value: "none.example"}}
	if found, err = p.connector.Find(t.Context(), "companies", nil, lookups); err != nil || !slices.Equal(matchCounts(found), []int{0, 0, 0}) {
		t.Errorf("before the index caught up: %v, %v", found, err)
	}
	p.clock.Advance(2 * time.Minute)
	if found, err = p.connector.Find(t.Context(), "companies", nil, lookups); err != nil || !slices.Equal(matchCounts(found), []int{10, 1, 0}) || found[1][0].ID != other {
		t.Errorf("found %v, %v", matchCounts(found), err)
	}
	_, err = p.connector.Find(t.Context(), "companies", nil, []platform.Lookup{{Field: "phone", Value: "1"}})
	wantKind(t, err, fault.Rejected)
}

func TestFindHalvesASearchThatOneValueFills(t *testing.T) {
	p := newPortal(t)
	for range 210 {
		p.create("companies", record.Fields{"domain": "common.example"})
	}
	p.create("companies", record.Fields{"domain": "zz.example"})
	p.clock.Advance(lag)
	// Of one page, the common value would take every place.
	found, err := p.connector.Find(t.Context(), "companies", nil, []platform.Lookup{{Field: "domain", Value: "common.example"}, {Field: "domain", Value: "zz.example"}})
	if err != nil || !slices.Equal(matchCounts(found), []int{foundMax, 1}) || p.requests("/search") != 3 {
		t.Errorf("found %v in %d searches, %v", matchCounts(found), p.requests("/search"), err)
	}
}

func TestFindKeepsSearchesShort(t *testing.T) {
	longest := 0
	c := scripted(t, func(_, body string) (int, string) {
		longest = max(longest, len(body))
		return 200, `{"total":0,"results":[]}`
	})
	var lookups []platform.Lookup
	for i := range 100 {
		lookups = append(lookups, platform.Lookup{Field: "domain", Value: fmt.Sprintf("%s%d.example", strings.Repeat("x", 60), i)})
	}
	if _, err := c.Find(t.Context(), "companies", nil, lookups); err != nil || longest > 3000 || longest == 0 {
		t.Errorf("longest search %d bytes, %v", longest, err)
	}
}

func matchCounts(found [][]record.Snapshot) []int {
	out := []int{}
	for _, f := range found {
		out = append(out, len(f))
	}
	return out
}
