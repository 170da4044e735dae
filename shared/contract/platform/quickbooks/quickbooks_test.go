package quickbooks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/quickbooks"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

// company is a simulated company and a connector to it.
type company struct {
	*testing.T
	clock     *platformtest.Clock
	sim       *simulator.Simulator
	server    *httptest.Server
	connector *Connector
	// seen holds the requests that reached the server, oldest first, without their bodies.
	mu   sync.Mutex
	seen []*http.Request
	made int // customers named so far
}

func newCompany(t *testing.T, options map[string]string) *company {
	t.Helper()
	c := &company{T: t, clock: platformtest.NewClock(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC))}
	c.sim = simulator.New(platformsim.Options{Now: c.clock.Now, Seed: 1, WebhookURL: "https://front.example/quickbooks"})
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.seen = append(c.seen, r.Clone(context.Background()))
		c.mu.Unlock()
		c.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(c.server.Close)
	access := c.sim.Access()
	c.connector = New(platform.Settings{Connection: "books", Account: access.Account, BaseURL: c.server.URL,
		Tokens: platformtest.Token(access.AccessToken), HTTP: c.server.Client(), Now: c.clock.Now, Options: options})
	return c
}

// renewToken gives the connector a fresh access token, after the clock passed the old one's life.
func (c *company) renewToken() {
	c.Helper()
	grant, err := c.refresher().Refresh(c.Context(), c.sim.Access().RefreshToken)
	if err != nil {
		c.Fatal(err)
	}
	c.connector.client.Settings.Tokens = platformtest.Token(grant.AccessToken)
}

func (c *company) refresher() *platform.OAuthRefresher {
	access := c.sim.Access()
	return NewRefresher(platform.RefreshSettings{TokenURL: c.server.URL + access.TokenURL, ClientID: access.ClientID,
		ClientSecret: access.ClientSecret, HTTP: c.server.Client(), Now: c.clock.Now})
}

func (c *company) create(object record.Object, fields record.Fields) record.ExternalID {
	c.Helper()
	id, err := c.sim.Create(object, fields)
	if err != nil {
		c.Fatalf("create %s %v: %v", object, fields, err)
	}
	return id
}

func (c *company) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	c.Helper()
	if err := c.sim.Edit(object, id, fields); err != nil {
		c.Fatalf("edit %s/%s %v: %v", object, id, fields, err)
	}
}

// truth gives a record as the platform holds it.
func (c *company) truth(object record.Object, id record.ExternalID) record.Fields {
	c.Helper()
	fields, _, ok := c.sim.Record(object, id)
	if !ok {
		c.Fatalf("%s/%s is not there", object, id)
	}
	return fields
}

// snapshot pre-reads one record, all fields.
func (c *company) snapshot(object record.Object, id record.ExternalID) *record.Snapshot {
	c.Helper()
	reads, err := c.connector.Fetch(c.Context(), object, allFields(object), []record.ExternalID{id})
	if err != nil || len(reads) != 1 || reads[0].Snapshot == nil {
		c.Fatalf("fetch %s/%s: %+v, %v", object, id, reads, err)
	}
	return reads[0].Snapshot
}

func allFields(object record.Object) []record.PlatformField {
	o, _ := catalog.QuickBooks().Object(object)
	var fields []record.PlatformField
	for _, f := range o.Fields {
		fields = append(fields, f.Name)
	}
	return fields
}

// requests gives the paths of requests whose path ends in suffix.
func (c *company) requests(suffix string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for _, r := range c.seen {
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

func TestFetchReadsInvoiceLinesAndCustomFields(t *testing.T) {
	c := newCompany(t, nil)
	owner := c.create("customers", record.Fields{"DisplayName": "Owner", "CustomField[Hub ID]": "h-1"})
	id := c.create("invoices", record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "150.50", "Line[0].Qty": "2",
		"Line[0].UnitPrice": "75.25", "Line[0].ItemRef": "2", "Line[0].Description": "Work", "CustomField[Hub ID]": "d-1"})
	fields := []record.PlatformField{"CustomerRef", "Line[0].Amount", "Line[0].Qty", "Line[0].ItemRef", "Line[0].TaxCodeRef",
		"TotalAmt", "Balance", "CustomField[Hub ID]", "CustomField[Crew]"}
	reads, err := c.connector.Fetch(t.Context(), "invoices", fields, []record.ExternalID{id})
	if err != nil {
		t.Fatal(err)
	}
	want := record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "150.5", "Line[0].Qty": "2", "Line[0].ItemRef": "2",
		"Line[0].TaxCodeRef": "NON", "TotalAmt": "150.5", "Balance": "150.5", "CustomField[Hub ID]": "d-1", "CustomField[Crew]": ""}
	if diff := cmp.Diff(want, reads[0].Snapshot.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	reads, err = c.connector.Fetch(t.Context(), "customers", []record.PlatformField{"CustomField[Hub ID]", "Balance"}, []record.ExternalID{owner})
	if err != nil {
		t.Fatal(err)
	}
	want = record.Fields{"CustomField[Hub ID]": "h-1", "Balance": "150.5"}
	if diff := cmp.Diff(want, reads[0].Snapshot.Fields); diff != "" {
		t.Errorf("customer fields (-want +got):\n%s", diff)
	}
}

func TestFindIsExactWithoutCaseAndBounded(t *testing.T) {
	c := newCompany(t, nil)
	one := c.create("customers", record.Fields{"DisplayName": `O'Brien \ Sons`, "PrimaryEmailAddr.Address": "Obrien@Example.com"})
	for i := range 12 {
		c.create("customers", record.Fields{"DisplayName": fmt.Sprintf("Shared %d", i), "PrimaryEmailAddr.Address": "shared@example.com"})
	}
	gone := c.create("customers", record.Fields{"DisplayName": "Gone", "PrimaryEmailAddr.Address": "gone@example.com"})
	if err := c.sim.Delete("customers", gone); err != nil {
		t.Fatal(err)
	}
	lookups := []platform.Lookup{
		{Field: "DisplayName", Value: `o'brien \ sons`},
		{Field: "PrimaryEmailAddr.Address", Value: "OBRIEN@example.com"},
		{Field: "PrimaryEmailAddr.Address", Value: "shared@example.com"},
		{Field: "PrimaryEmailAddr.Address", Value: "gone@example.com"},
		{Field: "PrimaryEmailAddr.Address", Value: ""},
		{Field: "PrimaryEmailAddr.Address", Value: `') or ('x' = 'x`},
	}
	found, err := c.connector.Find(t.Context(), "customers", []record.PlatformField{"DisplayName"}, lookups)
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{}
	for _, f := range found {
		counts = append(counts, len(f))
	}
	if diff := cmp.Diff([]int{1, 1, 10, 0, 0, 0}, counts); diff != "" {
		t.Fatalf("matches (-want +got):\n%s", diff)
	}
	if found[0][0].ID != one || found[1][0].ID != one {
		t.Errorf("found %s and %s, want %s", found[0][0].ID, found[1][0].ID, one)
	}
	_, err = c.connector.Find(t.Context(), "customers", nil, []platform.Lookup{{Field: "Notes", Value: "x"}})
	wantKind(t, err, fault.Rejected)
}

func TestFindSplitsQueriesByTheirLength(t *testing.T) {
	c := newCompany(t, nil)
	var lookups []platform.Lookup
	for i := range 100 {
		value := fmt.Sprintf("%s-%d@example.com", strings.Repeat("x", 60), i)
		lookups = append(lookups, platform.Lookup{Field: "PrimaryEmailAddr.Address", Value: value})
		if i%10 == 0 {
			c.create("customers", record.Fields{"DisplayName": fmt.Sprint(i), "PrimaryEmailAddr.Address": value})
		}
	}
	found, err := c.connector.Find(t.Context(), "customers", nil, lookups)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if want := map[bool]int{true: 1, false: 0}[i%10 == 0]; len(f) != want {
			t.Errorf("look-up %d found %d, want %d", i, len(f), want)
		}
	}
	for _, r := range c.seen {
		if len(r.URL.RawQuery) > 2*queryBytesMax {
			t.Errorf("query of %d bytes", len(r.URL.RawQuery))
		}
	}
}

func TestFindAsksAloneWhereOneValueFillsTheQuery(t *testing.T) {
	if testing.Short() {
		t.Skip("1,100 records")
	}
	c := newCompany(t, nil)
	for i := range 1100 {
		c.create("customers", record.Fields{"DisplayName": fmt.Sprint("N", i), "PrimaryEmailAddr.Address": "none@example.com"})
	}
	rare := c.create("customers", record.Fields{"DisplayName": "Rare", "PrimaryEmailAddr.Address": "rare@example.com"})
	found, err := c.connector.Find(t.Context(), "customers", nil, []platform.Lookup{
		{Field: "PrimaryEmailAddr.Address", Value: "none@example.com"}, {Field: "PrimaryEmailAddr.Address", Value: "rare@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found[0]) != matchesMax || len(found[1]) != 1 || found[1][0].ID != rare {
		t.Errorf("found %d and %v", len(found[0]), found[1])
	}
}

func jsonNumber(text string) json.Number { return json.Number(text) }

// call sends a request past the connector, as another app of the company would.
func (c *company) call(method, resource string, body any) map[string]any {
	c.Helper()
	answer, err := c.connector.client.Do(c.Context(), platform.Call{Op: "test", Method: method, Path: c.connector.path(resource, nil), Body: body})
	if err != nil || answer.Status != http.StatusOK {
		c.Fatalf("%s %s: %d, %v", method, resource, answer.Status, err)
	}
	d := json.NewDecoder(bytes.NewReader(answer.Body))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		c.Fatal(err)
	}
	return out
}

func (c *company) post(path string, body map[string]any) record.ExternalID {
	c.Helper()
	e, _ := c.call(http.MethodPost, path, body)[strings.ToUpper(path[:1])+path[1:]].(map[string]any)
	id, _ := e["Id"].(string)
	return record.ExternalID(id)
}

func (c *company) raw(path string, id record.ExternalID) map[string]any {
	c.Helper()
	e, _ := c.call(http.MethodGet, path+"/"+string(id), nil)[strings.ToUpper(path[:1])+path[1:]].(map[string]any)
	return e
}
