package jobber_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/jobber"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/jobber"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

const here record.Connection = "jobber-north"

var begin = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)

// sent is one request as it left: text and variables.
type sent struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// harness is a connector before a simulator over HTTP.
type harness struct {
	*jobber.Connector
	t     *testing.T
	sim   *simulator.Simulator
	clock *platformtest.Clock
	// between runs before each request reaches the simulator; nil for nothing.
	between func(sent)
	asked   []sent
	tokens  platform.Tokens
	url     string
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{t: t, clock: platformtest.NewClock(begin)}
	h.sim = simulator.New(platformsim.Options{Now: h.clock.Now, Seed: 7, WebhookURL: "https://front.example/jobber"})
	server := httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(server.Close)
	h.url = server.URL
	h.tokens = platformtest.Token(h.sim.Access().AccessToken)
	h.Connector = jobber.New(h.settings(server.Client()))
	return h
}

func (h *harness) settings(client *http.Client) platform.Settings {
	return platform.Settings{Connection: here, BaseURL: h.url, Tokens: h.tokens, HTTP: client, Now: h.clock.Now}
}

func (h *harness) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	var s sent
	if json.Unmarshal(body, &s) == nil {
		h.asked = append(h.asked, s)
		if h.between != nil {
			h.between(s)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.sim.ServeHTTP(w, r)
}

func (h *harness) create(object record.Object, fields record.Fields) record.ExternalID {
	h.t.Helper()
	id, err := h.sim.Create(object, fields)
	if err != nil {
		h.t.Fatalf("create %s: %v", object, err)
	}
	return id
}

func (h *harness) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	h.t.Helper()
	if err := h.sim.Edit(object, id, fields); err != nil {
		h.t.Fatalf("edit %s: %v", object, err)
	}
}

// people makes n clients with a job each, a second apart.
func (h *harness) people(n int) (clients, jobs []record.ExternalID) {
	for i := range n {
		h.clock.Advance(time.Second)
		id := h.create("clients", record.Fields{"firstName": fmt.Sprintf("P%03d", i), "lastName": "Q", "properties[first].street1": "1 Way"})
		clients = append(clients, id)
		jobs = append(jobs, h.create("jobs", record.Fields{"client": string(id), "title": fmt.Sprintf("J%03d", i)}))
	}
	return clients, jobs
}

// fetch reads one record that is there.
func (h *harness) fetch(object record.Object, id record.ExternalID, fields ...record.PlatformField) *record.Snapshot {
	h.t.Helper()
	reads, err := h.Fetch(context.Background(), object, fields, []record.ExternalID{id})
	if err != nil || reads[0].Snapshot == nil {
		h.t.Fatalf("fetch %s: %+v, %v", id, reads, err)
	}
	return reads[0].Snapshot
}

// apply performs one intent and gives its receipt.
func (h *harness) apply(intent record.Intent) record.Receipt {
	h.t.Helper()
	intent.Ref.Connection = here
	if intent.Key == "" {
		intent.Key = "k"
	}
	receipts, err := h.Apply(context.Background(), []record.Intent{intent})
	if err != nil {
		return record.Receipt{Err: err}
	}
	return receipts[0]
}

// update writes fields of a record, pre-read in those fields and others.
func (h *harness) update(object record.Object, id record.ExternalID, fields record.Fields, others ...record.PlatformField) record.Receipt {
	h.t.Helper()
	names := others
	for name := range fields {
		names = append(names, name)
	}
	return h.apply(record.Intent{Operation: record.OperationUpdate, Ref: ref(object, id), Fields: fields, Current: h.fetch(object, id, names...)})
}

func ref(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: here, Object: object}, ID: id}
}

// allFields lists what the catalog says can be read of an object, and one custom field.
func allFields(object record.Object) []record.PlatformField {
	o, _ := catalog.Jobber().Object(object)
	var out []record.PlatformField
	for _, f := range o.Fields {
		out = append(out, f.Name)
	}
	return append(out, "customFields[HubSpot ID]")
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error %v, want kind %v", err, kind)
	}
}

func TestAHalfReadListOfPropertiesSaysNothingOfThose(t *testing.T) {
	h := newHarness(t)
	fields := record.Fields{"lastName": "Byron"}
	for i := range 7 {
		fields[record.PlatformField(fmt.Sprintf("properties[name:N%d].city", i))] = "C"
	}
	id := h.create("clients", fields)
	got := h.fetch("clients", id, "properties[name:N1].city", "properties[name:N6].city", "properties[first].city")
	want := record.Fields{"properties[name:N1].city": "C", "properties[first].city": "C"}
	if diff := cmp.Diff(want, got.Fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// A write reads further than a snapshot, so it finds the one it must edit.
	receipt := h.apply(record.Intent{Operation: record.OperationUpdate, Ref: ref("clients", id), Fields: record.Fields{"properties[name:N6].city": "D"}})
	truth, _, _ := h.sim.Record("clients", id)
	if receipt.Err != nil || truth["properties[name:N6].city"] != "D" {
		t.Errorf("receipt %+v, city %q", receipt, truth["properties[name:N6].city"])
	}
}

func TestNoCallCostsHalfTheBucket(t *testing.T) {
	h := newHarness(t)
	costs := map[string]float64{}
	spy := &costSpy{into: costs, next: http.DefaultTransport}
	c := jobber.New(h.settings(&http.Client{Transport: spy}))
	clients, jobs := h.people(30)
	h.edit("clients", clients[0], record.Fields{"customFields[HubSpot ID]": "1"})
	ctx := context.Background()
	for object, ids := range map[record.Object][]record.ExternalID{"clients": clients, "jobs": jobs} {
		o, _ := catalog.Jobber().Object(object)
		h.clock.Advance(time.Minute)
		if _, err := c.Fetch(ctx, object, allFields(object), ids[:o.Ability.ReadMax]); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Minute)
		if _, err := c.Changes(ctx, platform.Query{Object: object, Fields: allFields(object), Limit: o.Ability.PageMax, Since: begin}); err != nil {
			t.Fatal(err)
		}
	}
	var intents []record.Intent
	for i := range 10 {
		intents = append(intents, record.Intent{Key: fmt.Sprint(i), Operation: record.OperationUpdate, Ref: ref("clients", clients[i]),
			Fields: record.Fields{"properties[first].city": "E", "emails[primary].address": "a@example.com", "phones[WORK].number": "1",
				"billingAddress.city": "E", "customFields[HubSpot ID]": "3"}})
	}
	h.clock.Advance(time.Minute)
	if _, err := c.Apply(ctx, intents); err != nil {
		t.Fatal(err)
	}
	for query, cost := range costs {
		if cost <= 0 || cost > 5000 {
			t.Errorf("requested cost %v of: %.200s", cost, query)
		}
	}
}

// costSpy keeps the requested cost of each query.
type costSpy struct {
	into map[string]float64
	next http.RoundTripper
}

func (s *costSpy) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	response, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		Extensions struct {
			Cost struct {
				Requested float64 `json:"requestedQueryCost"`
			} `json:"cost"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	s.into[string(raw)] = answer.Extensions.Cost.Requested
	return response, nil
}

func TestResolveHintsNamesTheClientsOfProperties(t *testing.T) {
	h := newHarness(t)
	clients, _ := h.people(2)
	property := h.fetch("clients", clients[1], "properties[first].id").Fields["properties[first].id"]
	got, err := h.ResolveHints(context.Background(), "properties", []record.ExternalID{record.ExternalID(property), "Z29uZQ=="})
	if diff := cmp.Diff([]record.ExternalID{clients[1], ""}, got); err != nil || diff != "" {
		t.Errorf("%v -want +got:\n%s", err, diff)
	}
	_, err = h.ResolveHints(context.Background(), "visits", []record.ExternalID{"x"})
	wantKind(t, err, fault.Rejected)
}

func TestCustomFieldsOfEveryTypeAreRead(t *testing.T) {
	c := scripted(t, 200, nil, `{"data":{"a0":{"id":"QQ==","customFields":[{"label":"T","valueText":"x"},{"label":"N","valueNumeric":1.50},`+
		`{"label":"B","valueTrueFalse":false},{"label":"D","valueDropdown":"one"},{"label":"Empty","valueNumeric":null},{}]}}}`)
	want := record.Fields{"customFields[T]": "x", "customFields[N]": "1.50", "customFields[B]": "false", "customFields[D]": "one",
		"customFields[Empty]": "", "customFields[None]": ""}
	var names []record.PlatformField
	for name := range want {
		names = append(names, name)
	}
	reads, err := c.Fetch(context.Background(), "clients", names, []record.ExternalID{"QQ=="})
	if err != nil || reads[0].Snapshot == nil {
		t.Fatalf("%+v, %v", reads, err)
	}
	if diff := cmp.Diff(want, reads[0].Snapshot.Fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPrepareMakesTheMarkerAndOwnersAreClients(t *testing.T) {
	h := newHarness(t)
	if err := h.Prepare(context.Background(), "clients", marker); err != nil {
		t.Fatal(err)
	}
	id := h.create("clients", record.Fields{"lastName": "X"})
	if receipt := h.update("clients", id, record.Fields{marker: "1"}); receipt.Err != nil {
		t.Error(receipt.Err)
	}
	wantKind(t, h.Prepare(context.Background(), "clients", "companyName"), fault.Rejected)
	if owner, ok := h.OwnerOf("properties"); owner != "clients" || !ok {
		t.Errorf("owner %q, %v", owner, ok)
	}
	if _, ok := h.OwnerOf("clients"); ok {
		t.Error("clients have an owner")
	}
}
