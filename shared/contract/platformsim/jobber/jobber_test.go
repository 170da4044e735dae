package jobber_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/jobber"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

var begin = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)

// account is a simulator with a clock of the test's.
type account struct {
	*jobber.Simulator
	t   *testing.T
	now time.Time
}

func newAccount(t *testing.T) *account {
	a := &account{t: t, now: begin}
	a.Simulator = jobber.New(a.options())
	return a
}

func (a *account) options() platformsim.Options {
	return platformsim.Options{Now: func() time.Time { return a.now }, Seed: 3, WebhookURL: "https://front.example/jobber"}
}

func (a *account) create(object record.Object, fields record.Fields) record.ExternalID {
	a.t.Helper()
	id, err := a.Create(object, fields)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

func (a *account) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	a.t.Helper()
	if err := a.Edit(object, id, fields); err != nil {
		a.t.Fatal(err)
	}
}

func (a *account) get(object record.Object, id record.ExternalID, name record.PlatformField) string {
	fields, _, _ := a.Record(object, id)
	return fields[name]
}

// topics takes the webhooks that are due, by topic.
func (a *account) topics() []string {
	a.t.Helper()
	var out []string
	for _, d := range a.Deliveries() {
		var body struct {
			Data struct {
				Event struct{ Topic, OccurredAt string } `json:"webHookEvent"`
			} `json:"data"`
		}
		if err := json.Unmarshal(d.Body, &body); err != nil || !strings.HasSuffix(body.Data.Event.OccurredAt, "-06:00") ||
			d.Header.Get("X-Jobber-Hmac-SHA256") == "" {
			a.t.Fatalf("delivery %s %v", d.Body, err)
		}
		out = append(out, body.Data.Event.Topic)
	}
	return out
}

// post sends one request; header overrides what is usual, and a blank value takes it away.
func (a *account) post(query string, variables map[string]any, header map[string]string) (int, map[string]any) {
	a.t.Helper()
	raw, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		a.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/graphql", bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.Access().AccessToken)
	r.Header.Set("X-JOBBER-GRAPHQL-VERSION", "2025-04-16")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		body = map[string]any{"text": w.Body.String()}
	}
	return w.Code, body
}

// data sends one request that succeeds.
func (a *account) data(query string, variables map[string]any) map[string]any {
	a.t.Helper()
	status, body := a.post(query, variables, nil)
	if status != http.StatusOK || body["errors"] != nil {
		a.t.Fatalf("status %d: %v", status, body)
	}
	return body["data"].(map[string]any)
}

func TestAnOutsideClientsQueriesWork(t *testing.T) {
	a := newAccount(t)
	id := a.create("clients", record.Fields{"firstName": "Ada", "lastName": "Byron", "phones[primary].number": "3125550123",
		"customFields[Note]":     "n",
		"properties[first].city": "Olds"})
	a.create("jobs", record.Fields{"client": string(id), "lineItems[0].name": "Tiles", "lineItems[0].quantity": "3",
		"lineItems[0].unitPrice": "19.99"})
	got := a.data(`query Q($id: EncodedId!, $phones: Boolean!, $n: Int = 1) {
		me: client(id: $id) { ...Names phones @include(if: $phones) { friendly } ... on Client { lastName } customFields {
		  __typename ... on CustomFieldText { label valueText } ... on CustomFieldDropdown { valueDropdown } } }
		other: client(id: "bm9uZQ==") { id }
		clients(first: $n) { totalCount edges { node { clientProperties(first: 2) { nodes { address { city } client { firstName } } } jobs {
		  nodes { total jobNumber lineItems(first: 1) { nodes { totalPrice } } } } } } pageInfo { endCursor hasNextPage } }
	}
	fragment Names on Client { firstName name }`, map[string]any{"id": id, "phones": true})
	want := map[string]any{
		"me": map[string]any{"firstName": "Ada", "name": "Ada Byron", "lastName": "Byron",
			"phones":       []any{map[string]any{"friendly": "(312) 555-0123"}},
			"customFields": []any{map[string]any{"__typename": "CustomFieldText", "label": "Note", "valueText": "n"}}},
		"other": nil,
		"clients": map[string]any{"totalCount": 1.0, "pageInfo": map[string]any{"endCursor": "MQ", "hasNextPage": false},
			"edges": []any{map[string]any{"node": map[string]any{
				"clientProperties": map[string]any{"nodes": []any{map[string]any{"address": map[string]any{"city": "Olds"},
					"client": map[string]any{"firstName": "Ada"}}}},
				"jobs": map[string]any{"nodes": []any{map[string]any{"total": 59.97, "jobNumber": 1.0,
					"lineItems": map[string]any{"nodes": []any{map[string]any{"totalPrice": 59.97}}}}}}}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBusinessErrorsComeWithANullEntity(t *testing.T) {
	a := newAccount(t)
	got := a.data(`mutation { clientCreate(input: {lastName: "B", emails: [{address: "nowhere"}]}) { client { id } userErrors { message `+
		`path } } }`, nil)
	want := map[string]any{"clientCreate": map[string]any{"client": nil, "userErrors": []any{map[string]any{"message": "Email is invalid",
		"path": []any{"emails", "0", "address"}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if ids := a.IDs("clients"); len(ids) != 0 {
		t.Errorf("created all the same: %v", ids)
	}
	_, body := a.post(`mutation { clientArchive(clientId: "bm9uZQ==") { client { id } } }`, nil, nil)
	code := body["errors"].([]any)[0].(map[string]any)["extensions"].(map[string]any)["code"]
	if code != "NOT_FOUND" {
		t.Errorf("code %v", code)
	}
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	a := newAccount(t)
	query := `{ account { id } }`
	for _, test := range []struct {
		name   string
		header map[string]string
		status int
		body   string
	}{
		{"another token", map[string]string{"Authorization": "Bearer no"}, 401, "Token not recognized"},
		{"no version", map[string]string{"X-JOBBER-GRAPHQL-VERSION": ""}, 400, "version"},
		{"an unknown version", map[string]string{"X-JOBBER-GRAPHQL-VERSION": "1999-01-01"}, 404,
			"GraphQL API version '1999-01-01' does not exist"},
		{"a form", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, ""},
	} {
		status, body := a.post(query, nil, test.header)
		message, _ := body["message"].(string)
		if status != test.status || !strings.Contains(message, test.body) || body["data"] != nil {
			t.Errorf("%s: %d %v", test.name, status, body)
		}
	}
	for _, bad := range []string{`{ account { shoeSize } }`, `query($id: EncodedId!) { client(id: $id) { id } }`, `{`} {
		if status, body := a.post(bad, nil, nil); status != 200 || body["errors"] == nil || body["data"] != nil {
			t.Errorf("%s: %d %v", bad, status, body)
		}
	}
}

func TestCostsAreChargedAndRestored(t *testing.T) {
	a := newAccount(t)
	for range 5 {
		a.create("clients", record.Fields{"lastName": "B"})
	}
	_, body := a.post(`{ clients(first: 10) { nodes { id lastName } pageInfo { hasNextPage } } }`, nil, nil)
	cost := body["extensions"].(map[string]any)["cost"]
	// Asked: 1 + 10 * (id, lastName, pageInfo and its one field); answered: 1 + 5 * 2 + 2.
	want := map[string]any{"requestedQueryCost": 41.0, "actualQueryCost": 13.0,
		"throttleStatus": map[string]any{"maximumAvailable": 10000.0, "currentlyAvailable": 9987.0, "restoreRate": 500.0}}
	if diff := cmp.Diff(want, cost); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	_, body = a.post(`{ clients { nodes { jobs { nodes { id } } } } }`, nil, nil)
	errs, _ := json.Marshal(body["errors"])
	if body["data"] != nil || !strings.Contains(string(errs), `"THROTTLED"`) {
		t.Errorf("a query of cost 10,201 was admitted: %v", body)
	}
	a.now = a.now.Add(time.Second)
	_, body = a.post(`{ account { id } }`, nil, nil)
	status := body["extensions"].(map[string]any)["cost"].(map[string]any)["throttleStatus"].(map[string]any)
	if status["currentlyAvailable"] != 9998.0 {
		t.Errorf("after a second: %v", status)
	}
}

func TestRequestsAreCountedInAWindow(t *testing.T) {
	a := newAccount(t)
	last := 0
	for range 2501 {
		last, _ = a.post(`{`, nil, nil)
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("request 2,501: status %d", last)
	}
	a.now = a.now.Add(5 * time.Minute)
	if status, _ := a.post(`{`, nil, nil); status != http.StatusOK {
		t.Errorf("in the next window: status %d", status)
	}
}

func TestTokensLiveAnHourAndRotate(t *testing.T) {
	a := newAccount(t)
	access := a.Access()
	refresh := func(token string) (int, map[string]any) {
		form := url.Values{"grant_type": {"refresh_token"}, "client_id": {access.ClientID}, "client_secret": {access.ClientSecret},
			"refresh_token": {token}}
		r := httptest.NewRequest(http.MethodPost, access.TokenURL, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return w.Code, body
	}
	status, grant := refresh(access.RefreshToken)
	if status != 200 || grant["refresh_token"] == access.RefreshToken || strings.Count(grant["access_token"].(string), ".") != 2 {
		t.Fatalf("%d %v", status, grant)
	}
	if status, _ := refresh(access.RefreshToken); status != http.StatusUnauthorized {
		t.Errorf("the old refresh token: status %d", status)
	}
	bearer := map[string]string{"Authorization": "Bearer " + grant["access_token"].(string)}
	if status, _ := a.post(`{ account { id } }`, nil, bearer); status != 200 {
		t.Errorf("fresh: status %d", status)
	}
	a.now = a.now.Add(time.Hour)
	if status, _ := a.post(`{ account { id } }`, nil, bearer); status != http.StatusUnauthorized {
		t.Errorf("after an hour: status %d", status)
	}
}

func TestAJobsStatusDerives(t *testing.T) {
	a := newAccount(t)
	client := a.create("clients", record.Fields{"lastName": "B", "properties[first].city": "Olds"})
	id := a.create("jobs", record.Fields{"client": string(client)})
	check := func(want string) {
		t.Helper()
		if got := a.get("jobs", id, "jobStatus"); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	check("unscheduled")
	a.edit("jobs", id, record.Fields{"startAt": "2026-03-02T15:00:00Z"})
	check("upcoming")
	a.now = a.now.Add(24 * time.Hour)
	check("today")
	a.now = a.now.Add(24 * time.Hour)
	check("late")
	a.edit("jobs", id, record.Fields{"completedAt": "2026-03-03T15:00:00Z"})
	check("requires_invoicing")
	for _, status := range []string{"active", "late", "today", "upcoming", "action_required", "on_hold", "unscheduled", "requires_invoicing",
		"archived"} {
		a.edit("jobs", id, record.Fields{"jobStatus": status})
		check(status)
	}
	if err := a.Edit("jobs", id, record.Fields{"total": "1"}); err == nil {
		t.Error("a derived total was edited")
	}
}

func TestChangesAreToldOnceAndOnlyIfThereIsOne(t *testing.T) {
	a := newAccount(t)
	a.SetPropertyBumps(0)
	id := a.create("clients", record.Fields{"firstName": "A", "lastName": "B", "properties[first].city": "Olds"})
	expect := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, a.topics()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	expect("CLIENT_CREATE", "PROPERTY_CREATE")
	edit := `mutation($id: EncodedId!, $input: ClientEditInput!) { clientEdit(clientId: $id, input: $input) { client { updatedAt } ` +
		`userErrors { message } } }`
	variables := map[string]any{"id": id, "input": map[string]any{"firstName": "C"}}
	a.now = a.now.Add(time.Minute)
	first := a.data(edit, variables)
	expect("CLIENT_UPDATE")
	a.now = a.now.Add(time.Minute)
	if diff := cmp.Diff(first, a.data(edit, variables)); diff != "" {
		t.Errorf("writing the same moved the stamp:\n%s", diff)
	}
	expect()
	a.edit("clients", id, record.Fields{"properties[first].city": "Leduc"})
	expect("PROPERTY_UPDATE")
	a.SetPropertyBumps(1)
	a.edit("clients", id, record.Fields{"properties[first].city": "Olds"})
	expect("PROPERTY_UPDATE", "CLIENT_UPDATE")
	if err := a.Delete("clients", id); err != nil {
		t.Fatal(err)
	}
	expect("CLIENT_UPDATE")
	if _, archived, ok := a.Record("clients", id); !archived || !ok || len(a.IDs("clients")) != 0 {
		t.Error("deleting a client does not archive it")
	}
}

func TestAMergeDestroysTheLoser(t *testing.T) {
	a := newAccount(t)
	winner := a.create("clients", record.Fields{"lastName": "B"})
	loser := a.create("clients", record.Fields{"lastName": "C", "emails[primary].address": "c@example.com", "properties[first].city": "Olds"})
	job := a.create("jobs", record.Fields{"client": string(loser)})
	a.topics()
	if err := a.Merge("clients", winner, loser); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CLIENT_DESTROY", "PROPERTY_CREATE", "CLIENT_UPDATE", "JOB_UPDATE"}, a.topics()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, _, ok := a.Record("clients", loser); ok || a.get("clients", winner, "emails[primary].address") != "c@example.com" ||
		a.get("jobs", job, "client") != string(winner) {
		t.Error("the winner does not hold what the loser had")
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	a := newAccount(t)
	client := a.create("clients", record.Fields{"lastName": "B", "properties[first].city": "Olds", "customFields[Note]": "n",
		"phones[FAX].number": "1"})
	job := a.create("jobs", record.Fields{"client": string(client), "lineItems[0].name": "x", "lineItems[0].unitPrice": "0.10"})
	if !a.Dirty() {
		t.Error("not dirty after edits")
	}
	state, err := a.State()
	if err != nil || a.Dirty() {
		t.Fatalf("dirty %v, %v", a.Dirty(), err)
	}
	o := a.options()
	o.State = state
	b := jobber.New(o)
	for object, id := range map[record.Object]record.ExternalID{"clients": client, "jobs": job} {
		before, _, _ := a.Record(object, id)
		after, _, ok := b.Record(object, id)
		if diff := cmp.Diff(before, after); !ok || diff != "" {
			t.Errorf("%s -before +after:\n%s", object, diff)
		}
	}
	if diff := cmp.Diff(a.Access(), b.Access()); diff != "" {
		t.Errorf("access -before +after:\n%s", diff)
	}
	if err := b.Edit("clients", client, record.Fields{"properties[first].city": "Leduc"}); err != nil {
		t.Error(err)
	}
}

func TestFaultsDoWhatTheySay(t *testing.T) {
	a := newAccount(t)
	create := `mutation { clientCreate(input: {lastName: "B"}) { client { id } userErrors { message } } }`
	a.SetFaults(platformsim.Faults{ServerError: 1})
	if status, _ := a.post(create, nil, nil); status != 502 || len(a.IDs("clients")) != 0 {
		t.Errorf("server error: status %d, %d clients", status, len(a.IDs("clients")))
	}
	a.SetFaults(platformsim.Faults{LostAnswer: 1})
	if status, _ := a.post(create, nil, nil); status != 502 || len(a.IDs("clients")) != 1 {
		t.Errorf("lost answer: status %d, %d clients", status, len(a.IDs("clients")))
	}
	a.SetFaults(platformsim.Faults{RateLimit: 1})
	seen := map[int]bool{}
	for range 40 {
		status, body := a.post(create, nil, nil)
		seen[status] = true
		if status == 200 && body["errors"] == nil {
			t.Errorf("rate limit: %v", body)
		}
	}
	if !seen[200] || !seen[429] || len(a.IDs("clients")) != 1 {
		t.Errorf("rate limit: statuses %v, %d clients", seen, len(a.IDs("clients")))
	}
	a.SetFaults(platformsim.Faults{ItemError: 1})
	status, body := a.post(create, nil, nil)
	if status != 200 || body["errors"] == nil || len(a.IDs("clients")) != 1 {
		t.Errorf("item error: %d %v", status, body)
	}
	if a.Requests() != 43 {
		t.Errorf("%d requests counted", a.Requests())
	}
}

func TestScreensRefuseWhatDoesNotFit(t *testing.T) {
	a := newAccount(t)
	id := a.create("clients", record.Fields{"lastName": "B"})
	for name, fields := range map[string]record.Fields{
		"no name":           {"lastName": ""},
		"a bad email":       {"emails[primary].address": "nowhere"},
		"a bad phone":       {"phones[primary].number": "none"},
		"a derived field":   {"properties[first].id": "x"},
		"an unknown field":  {"shoeSize": "1"},
		"an unknown part":   {"billingAddress.planet": "Earth"},
		"an unknown street": {"properties[first].planet": "Earth"},
	} {
		if err := a.Edit("clients", id, fields); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := a.Create("jobs", record.Fields{"client": string(id)}); err == nil {
		t.Error("a job without a property was accepted")
	}
}
