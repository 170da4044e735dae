package quickbooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

// company is a simulator with a clock that tests move.
type company struct {
	*testing.T
	*Simulator
	at time.Time
}

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{T: t, at: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)}
	c.Simulator = New(platformsim.Options{Now: func() time.Time { return c.at }, Seed: 7, WebhookURL: "https://front.example/q"})
	return c
}

func (c *company) made(object record.Object, fields record.Fields) record.ExternalID {
	c.Helper()
	id, err := c.Create(object, fields)
	if err != nil {
		c.Fatal(err)
	}
	return id
}

// ask sends one API request and answers its status and JSON.
func (c *company) ask(method, target string, body any) (int, map[string]any) {
	c.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, "/v3/company/"+c.Access().Account+"/"+target, reader)
	r.Header.Set("Authorization", "Bearer "+c.Access().AccessToken)
	r.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out
}

func (c *company) code(method, target string, body any) string {
	c.Helper()
	_, out := c.ask(method, target, body)
	raw, err := json.Marshal(out["Fault"])
	if err != nil {
		c.Fatal(err)
	}
	var f struct{ Error []struct{ Code string } }
	if json.Unmarshal(raw, &f) != nil || len(f.Error) == 0 {
		return ""
	}
	return f.Error[0].Code
}

// ids gives the ids that a query answers.
func (c *company) ids(text string) []string {
	c.Helper()
	status, out := c.ask(http.MethodGet, "query?query="+url.QueryEscape(text), nil)
	if status != http.StatusOK {
		c.Fatalf("%s: %d %v", text, status, out)
	}
	response, _ := out["QueryResponse"].(map[string]any)
	ids := []string{}
	for _, k := range []entityKind{customer, invoice} {
		list, _ := response[string(k)].([]any)
		for _, item := range list {
			ids = append(ids, item.(map[string]any)["Id"].(string))
		}
	}
	return ids
}

func TestAFullUpdateClearsWhatIsLeftOut(t *testing.T) {
	c := newCompany(t)
	id := c.made("customers", record.Fields{"DisplayName": "Ada", "Notes": "n", "BillAddr.City": "London", "BillAddr.Line1": "1 Main St",
		"CurrencyRef": "EUR"})
	status, out := c.ask(http.MethodPost, "customer", map[string]any{"Id": string(id), "SyncToken": "0", "DisplayName": "Ada B",
		"sparse": false})
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	got, _, _ := c.Record("customers", id)
	if got["Notes"] != "" || got["BillAddr.City"] != "" || got["DisplayName"] != "Ada B" || got["CurrencyRef"] != "EUR" ||
		got["Active"] != "true" {
		t.Errorf("after a full update: %v", got)
	}
	status, _ = c.ask(http.MethodPost, "customer", map[string]any{"Id": string(id), "SyncToken": "1", "sparse": true, "Notes": "m",
		"BillAddr": map[string]any{"City": "Leeds"}})
	got, _, _ = c.Record("customers", id)
	if status != http.StatusOK || got["Notes"] != "m" || got["DisplayName"] != "Ada B" || got["BillAddr.City"] != "Leeds" {
		t.Errorf("after a sparse update: %v", got)
	}
	if code := c.code(http.MethodPost, "customer", map[string]any{"Id": string(id), "SyncToken": "1", "DisplayName": "x"}); code != codeStale {
		t.Errorf("old token answered %q", code)
	}
}

func TestValidation(t *testing.T) {
	c := newCompany(t)
	owner := string(c.made("customers", record.Fields{"DisplayName": "Owner"}))
	line := func(detail map[string]any, amount any) []any {
		return []any{map[string]any{"DetailType": salesDetail, "Amount": amount, salesDetail: detail}}
	}
	ref := func(id string) map[string]any { return map[string]any{"value": id} }
	cases := []struct {
		name, path string
		body       map[string]any
		code       string
	}{
		{"customer without a name", "customer", map[string]any{"Notes": "x"}, codeRequired},
		{"name with a colon", "customer", map[string]any{"DisplayName": "a:b"}, codeBusinessRule},
		{"name taken in other letters", "customer", map[string]any{"DisplayName": "OWNER"}, codeDuplicateName},
		{"email without an @", "customer", map[string]any{"DisplayName": "e", "PrimaryEmailAddr": map[string]any{"Address": "x"}}, codeEmail},
		{"long phone", "customer", map[string]any{"DisplayName": "p", "Mobile": map[string]any{"FreeFormNumber": strings.Repeat("1", 31)}},
			codeLength},
		{"unknown currency", "customer", map[string]any{"DisplayName": "c", "CurrencyRef": ref("XXX")}, codeBadReference},
		{"unknown custom field", "customer", map[string]any{"DisplayName": "f", "CustomField": []any{map[string]any{"DefinitionId": "9"}}},
			codeUnsupported},
		{"invoice without a customer", "invoice", map[string]any{"Line": line(nil, 1)}, codeRequired},
		{"invoice for nobody", "invoice", map[string]any{"CustomerRef": ref("99"), "Line": line(nil, 1)}, codeBadReference},
		{"invoice without lines", "invoice", map[string]any{"CustomerRef": ref(owner)}, codeRequired},
		{"line without an amount", "invoice", map[string]any{"CustomerRef": ref(owner), "Line": line(nil, nil)}, codeRequired},
		{"wrong product", "invoice", map[string]any{"CustomerRef": ref(owner), "Line": line(map[string]any{"Qty": 2, "UnitPrice": 3}, 7)},
			codeAmount},
		{"unknown item", "invoice", map[string]any{"CustomerRef": ref(owner), "Line": line(map[string]any{"ItemRef": ref("6")}, 7)},
			codeBadReference},
		{"unknown tax code", "invoice", map[string]any{"CustomerRef": ref(owner), "Line": line(map[string]any{"TaxCodeRef": ref("X")}, 7)},
			codeBadReference},
		{"unknown term", "invoice", map[string]any{"CustomerRef": ref(owner), "SalesTermRef": ref("6"), "Line": line(nil, 7)}, codeBadReference},
		{"long number", "invoice", map[string]any{"CustomerRef": ref(owner), "DocNumber": strings.Repeat("1", 22), "Line": line(nil, 7)},
			codeLength},
		{"no date", "invoice", map[string]any{"CustomerRef": ref(owner), "DueDate": "soon", "Line": line(nil, 7)}, codeUnsupported},
		{"unknown status", "invoice", map[string]any{"CustomerRef": ref(owner), "EmailStatus": "x", "Line": line(nil, 7)}, codeUnsupported},
		{"unknown record", "customer", map[string]any{"Id": "99", "SyncToken": "0"}, codeNotFound},
		{"fits", "invoice", map[string]any{"CustomerRef": ref(owner), "Line": line(map[string]any{"Qty": 2, "UnitPrice": 3.5}, 7)}, ""},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.code(http.MethodPost, tt.path, tt.body); got != tt.code {
				t.Errorf("code %q, want %q", got, tt.code)
			}
		})
	}
}

func TestNames(t *testing.T) {
	c := newCompany(t)
	id := c.made("customers", record.Fields{"GivenName": " Ada ", "FamilyName": "Lovelace", "PrimaryPhone.FreeFormNumber": " 555 / 1 "})
	if got, _, _ := c.Record("customers", id); got["DisplayName"] != "Ada Lovelace" || got["GivenName"] != "Ada" ||
		got["PrimaryPhone.FreeFormNumber"] != " 555 / 1 " {
		t.Errorf("record %v", got)
	}
	if err := c.Delete("customers", id); err != nil {
		t.Fatal(err)
	}
	other := c.made("customers", record.Fields{"DisplayName": "Ada Lovelace"})
	if got, archived, ok := c.Record("customers", id); !ok || !archived || got["DisplayName"] != "Ada Lovelace (deleted)" {
		t.Errorf("inactive: %v %v %v", got["DisplayName"], archived, ok)
	}
	if err := c.Edit("customers", id, record.Fields{"Active": "true"}); err == nil {
		t.Error("made active although its name is taken")
	}
	if err := c.Edit("customers", other, record.Fields{"DisplayName": "Other"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Edit("customers", id, record.Fields{"Active": "true"}); err != nil {
		t.Fatal(err)
	}
	if got, archived, _ := c.Record("customers", id); archived || got["DisplayName"] != "Ada Lovelace" {
		t.Errorf("active again: %v %v", got["DisplayName"], archived)
	}
}

func TestInvoicesArePaidVoidedAndMoveWithAMerge(t *testing.T) {
	c := newCompany(t)
	one, two := c.made("customers", record.Fields{"DisplayName": "One"}), c.made("customers", record.Fields{"DisplayName": "Two"})
	bill := c.made("invoices", record.Fields{"CustomerRef": string(two), "Line[0].Amount": "30.10", "SalesTermRef": "3"})
	if err := c.Pay(bill, "10.10"); err != nil {
		t.Fatal(err)
	}
	got, _, _ := c.Record("invoices", bill)
	if got["Balance"] != "20" || got["TotalAmt"] != "30.1" || got["DocNumber"] != "1001" || got["TxnDate"] != "2026-03-02" ||
		got["DueDate"] != "2026-04-01" {
		t.Errorf("invoice %v", got)
	}
	if err := c.Merge("customers", one, two); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := c.Record("invoices", bill); got["CustomerRef"] != string(one) {
		t.Errorf("after the merge it is %s's", got["CustomerRef"])
	}
	if owed, _, _ := c.Record("customers", one); owed["Balance"] != "20" {
		t.Errorf("the winner owes %s", owed["Balance"])
	}
	if _, _, ok := c.Record("customers", two); ok {
		t.Error("the loser is still there")
	}
	if err := c.Void(bill); err != nil {
		t.Fatal(err)
	}
	if got, archived, _ := c.Record("invoices", bill); !archived || got["TotalAmt"] != "0" || got["Balance"] != "0" ||
		got["PrivateNote"] != "Voided" {
		t.Errorf("voided: %v, archived %v", got, archived)
	}
	if len(c.IDs("invoices")) != 0 || len(c.IDs("customers")) != 1 {
		t.Errorf("live: %v %v", c.IDs("invoices"), c.IDs("customers"))
	}
	for _, err := range []error{c.Merge("invoices", bill, bill), c.Merge("customers", one, "99"), c.Void("99"), c.Pay("99", "1"),
		c.Pay(bill, "x"),
		c.Edit("customers", one, record.Fields{"Balance": "1"}), c.Edit("customers", one, record.Fields{"Nothing": "1"}),
		c.Delete("tasks", one)} {
		if err == nil {
			t.Error("a wrong act was taken")
		}
	}
}

func TestWebhooksAggregateRepeatAndRetry(t *testing.T) {
	c := newCompany(t)
	id := c.made("customers", record.Fields{"DisplayName": "A"})
	for i := range 3 {
		if err := c.Edit("customers", id, record.Fields{"Notes": fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Deliveries(); len(got) != 0 || c.PendingDeliveries() != 1 {
		t.Fatalf("left before aggregation: %d, pending %d", len(got), c.PendingDeliveries())
	}
	c.at = c.at.Add(aggregation)
	got := c.Deliveries()
	var events []map[string]any
	if len(got) != 1 || json.Unmarshal(got[0].Body, &events) != nil || len(events) != 2 {
		t.Fatalf("deliveries %d with %d events", len(got), len(events))
	}
	if events[0]["type"] != "qbo.customer.created.v1" || events[1]["type"] != "qbo.customer.updated.v1" ||
		events[1]["intuitentityid"] != string(id) {
		t.Errorf("events %v", events)
	}
	c.Delivered(got[0], 503)
	c.at = c.at.Add(time.Minute)
	again := c.Deliveries()
	if len(again) != 1 || again[0].Header.Get("intuit-signature") != got[0].Header.Get("intuit-signature") {
		t.Fatalf("retry: %d", len(again))
	}
	c.Delivered(again[0], 200)
	if c.PendingDeliveries() != 0 {
		t.Errorf("%d pending", c.PendingDeliveries())
	}
	c.SetFaults(platformsim.Faults{Twice: 1})
	_, _ = c.ask(http.MethodPost, "customer", map[string]any{"Id": string(id), "SyncToken": "3", "sparse": true, "Notes": "by API"})
	c.at = c.at.Add(time.Second)
	if got := c.Deliveries(); len(got) != 2 {
		t.Errorf("%d deliveries of a client's own write told twice", len(got))
	}
}

func TestStateSurvives(t *testing.T) {
	c := newCompany(t)
	id := c.made("customers", record.Fields{"DisplayName": "A", "BillAddr.City": "London"})
	bill := c.made("invoices", record.Fields{"CustomerRef": string(id), "Line[0].Amount": "12345678901234567.89"})
	_, first := c.ask(http.MethodPost, "customer?requestid=r-1", map[string]any{"DisplayName": "By request"})
	if !c.Dirty() {
		t.Error("not dirty after writes")
	}
	raw, err := c.State()
	if err != nil || c.Dirty() {
		t.Fatalf("state: %v, dirty %v", err, c.Dirty())
	}
	again := &company{T: t, at: c.at}
	again.Simulator = New(platformsim.Options{Now: func() time.Time { return again.at }, State: raw})
	if diff := cmp.Diff(c.Access(), again.Access()); diff != "" {
		t.Errorf("access (-before +after):\n%s", diff)
	}
	for object, id := range map[record.Object]record.ExternalID{"customers": id, "invoices": bill} {
		before, _, _ := c.Record(object, id)
		after, _, _ := again.Record(object, id)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s (-before +after):\n%s", object, diff)
		}
	}
	if _, repeated := again.ask(http.MethodPost, "customer?requestid=r-1", map[string]any{"DisplayName": "By request"}); !cmp.Equal(first,
		repeated) {
		t.Errorf("repeated request answered %v, first %v", repeated, first)
	}
	if c.Version("customers", id) != again.Version("customers", id) || len(again.Objects()) != 2 {
		t.Error("versions or objects differ")
	}
	if fresh := New(platformsim.Options{State: []byte("{"), Account: "77"}); fresh.Access().Account != "77" {
		t.Error("a broken state did not begin empty")
	}
}

func TestGateway(t *testing.T) {
	c := newCompany(t)
	request := func(change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/v3/company/"+c.Access().Account+"/query?query=select+*+from+Customer", nil)
		r.Header.Set("Authorization", "Bearer "+c.Access().AccessToken)
		r.Header.Set("Accept", "application/json")
		change(r)
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w
	}
	if w := request(func(r *http.Request) { r.Header.Del("Accept") }); !strings.HasPrefix(w.Body.String(), "<?xml") {
		t.Errorf("without Accept: %s", w.Body)
	}
	if w := request(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }); w.Code != 401 ||
		!strings.Contains(w.Body.String(), "AUTHENTICATION") {
		t.Errorf("wrong token: %d %s", w.Code, w.Body)
	}
	if w := request(func(r *http.Request) { r.URL.Path = "/v3/company/1/query" }); w.Code != 404 {
		t.Errorf("another company: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodPost, tokenPath, strings.NewReader("grant_type=refresh_token&refresh_token="+c.Access().RefreshToken))
	r.SetBasicAuth(c.Access().ClientID, c.Access().ClientSecret)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &grant); err != nil {
		t.Fatal(err)
	}
	fresh := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+grant.AccessToken) }
	if w := request(fresh); w.Code != 200 {
		t.Errorf("fresh token: %d", w.Code)
	}
	c.at = c.at.Add(tokenLife)
	if w := request(fresh); w.Code != 401 || w.Header().Get("intuit_tid") == "" {
		t.Errorf("expired token: %d", w.Code)
	}
}

func TestTheSameSeedFailsTheSame(t *testing.T) {
	fates := func() []int {
		c := newCompany(t)
		c.SetFaults(platformsim.Usual())
		var codes []int
		for range 200 {
			status, _ := c.ask(http.MethodGet, "query?query=select+*+from+Customer", nil)
			codes = append(codes, status)
		}
		if c.Requests() != 200 {
			t.Errorf("%d requests counted", c.Requests())
		}
		return codes
	}
	first := fates()
	if diff := cmp.Diff(first, fates()); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	if !strings.Contains(fmt.Sprint(first), "429") || !strings.Contains(fmt.Sprint(first), "50") {
		t.Errorf("no faults in %v", first)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	c := newCompany(t)
	items := []any{}
	for i := range 31 {
		items = append(items, map[string]any{"bId": fmt.Sprint(i), "operation": "create",
			"Customer": map[string]any{"DisplayName": fmt.Sprint("N", i)}})
	}
	if code := c.code(http.MethodPost, "batch", map[string]any{"BatchItemRequest": items}); code == "" || len(c.IDs("customers")) != 0 {
		t.Errorf("31 items answered %q", code)
	}
	items[0] = map[string]any{"bId": "0", "operation": "explode", "Customer": map[string]any{"Id": "1"}}
	items[1] = map[string]any{"bId": "1", "Query": "select * from Customer"}
	items[2] = map[string]any{"bId": "2"}
	status, out := c.ask(http.MethodPost, "batch", map[string]any{"BatchItemRequest": items[:30]})
	if answers, _ := out["BatchItemResponse"].([]any); status != 200 || len(answers) != 30 || len(c.IDs("customers")) != 27 {
		t.Errorf("%d, %d answers, %d customers", status, len(answers), len(c.IDs("customers")))
	}
}

func TestCaptureRefuses(t *testing.T) {
	c := newCompany(t)
	for _, target := range []string{"cdc?entities=Customer&changedSince=2025-01-01", "cdc?entities=TaxCode&changedSince=2026-03-01",
		"cdc?entities=Customer&changedSince=x"} {
		if c.code(http.MethodGet, target, nil) == "" {
			t.Errorf("%s was served", target)
		}
	}
}
