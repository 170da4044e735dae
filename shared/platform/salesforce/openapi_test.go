package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// described validates every request to and answer of the simulator against the description of the API.
type described struct {
	*testing.T
	router  routers.Router
	inner   http.Handler
	checked map[string]int // by operation
	sent    map[string]map[string]any
}

func (d *described) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.Error(err)
	}
	answer := httptest.NewRecorder()
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.inner.ServeHTTP(answer, r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.check(r, answer)
	d.note(body)
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (d *described) check(r *http.Request, answer *httptest.ResponseRecorder) {
	route, parameters, err := d.router.FindRoute(r)
	if err != nil {
		d.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		d.Errorf("request %s: %v", route.Operation.OperationID, err)
	}
	if r.Header.Get("Sforce-Call-Options") != callOptions && route.Operation.OperationID != "token" {
		d.Errorf("request %s does not name us", route.Operation.OperationID)
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes()))}
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		d.Errorf("answer to %s: %v", route.Operation.OperationID, err)
	}
	d.checked[route.Operation.OperationID]++
}

// note remembers every field that was sent in a collection, with a value.
func (d *described) note(body []byte) {
	var in struct{ Records []map[string]any }
	if json.Unmarshal(body, &in) != nil {
		return
	}
	for _, one := range in.Records {
		attributes, _ := one["attributes"].(map[string]any)
		object, _ := attributes["type"].(string)
		if d.sent[object] == nil {
			d.sent[object] = map[string]any{}
		}
		for name, value := range one {
			if name != "attributes" && name != "Id" {
				d.sent[object][name] = value
			}
		}
	}
}

func describe(t *testing.T, o *org) *described {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(vendorFile(t, "rest-subset.openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: o.server.URL}}
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
		for _, operation := range item.Operations() {
			operation.Servers = nil
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{T: t, router: router, inner: o.server.Config.Handler, checked: map[string]int{}, sent: map[string]map[string]any{}}
	o.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host = "http", r.Host
		d.ServeHTTP(w, r)
	})
	return d
}

func TestRequestsAndAnswersFitTheDescription(t *testing.T) {
	o := newOrg(t)
	d := describe(t, o)
	o.tour()
	for _, id := range []string{"token", "query", "queryAll", "describe", "update", "collectionsCreate", "collectionsUpdate", "collectionsDelete", "collectionsUpsert"} {
		if d.checked[id] == 0 {
			t.Errorf("operation %s was not called", id)
		}
	}
	d.fields()
}

// fields holds every field that was sent against the recorded describes: there, writable, and of a fitting JSON type.
func (d *described) fields() {
	d.Helper()
	for _, object := range []string{"Contact", "Account", "Opportunity"} {
		raw, err := os.ReadFile(vendorFile(d.T, "describe/"+object+".json"))
		if err != nil {
			d.Fatal(err)
		}
		var recorded struct {
			Fields []struct {
				Name, Type             string
				Createable, Updateable bool
			}
		}
		if err := json.Unmarshal(raw, &recorded); err != nil {
			d.Fatal(err)
		}
		types := map[string]string{}
		for _, f := range recorded.Fields {
			if f.Createable {
				types[f.Name] = f.Type
			}
		}
		if len(d.sent[object]) < 5 {
			d.Errorf("only %d fields of %s were sent", len(d.sent[object]), object)
		}
		for name, value := range d.sent[object] {
			kind, known := types[name]
			_, number := value.(float64)
			if !strings.HasSuffix(name, "__c") && (!known || value != nil && number != (kind == "currency" || kind == "int" || kind == "percent" || kind == "double")) {
				d.Errorf("%s.%s was sent as %T; recorded type %q", object, name, value, kind)
			}
		}
	}
}

// tour calls everything once.
func (o *org) tour() {
	o.Helper()
	start := o.clock.now()
	if _, err := o.refresher().Refresh(o.Context(), o.sim.Access().RefreshToken); err != nil {
		o.Error(err)
	}
	for _, object := range []record.Object{"Contact", "Account", "Opportunity"} {
		if err := o.connector.Prepare(o.Context(), object, marker); err != nil {
			o.Error(err)
		}
	}
	firm := o.applied(o.createIntent("a-1", "Account", record.Fields{"Name": "Acme", "AnnualRevenue": "1000.4", "NumberOfEmployees": "7", "Website": "acme.example", "BillingStreet": "1 Main", "Industry": "Energy"}),
		record.Intent{Key: "a-2", Operation: record.OperationCreate, Ref: target("Account", ""), Fields: record.Fields{"Name": "Plain", "Phone": "1", "Type": "Other"}})[0].ID
	made := o.applied(o.createIntent("c-1", "Contact", record.Fields{"LastName": "Curie", "Email": "m@example.com", "Birthdate": "1867-11-07", "AccountId": string(firm), "MailingCity": "Paris"}),
		o.createIntent("c-2", "Contact", record.Fields{"LastName": "Bob", "Salutation": "Mr.", "Title": "Dr"}))
	again := o.createIntent("c-1", "Contact", record.Fields{"LastName": "Curie"})
	again.AttemptsBegan = start
	o.applied(again)
	deal := o.applied(o.createIntent("o-1", "Opportunity", record.Fields{"Name": "Big", "StageName": "Prospecting", "CloseDate": "2026-05-01", "Amount": "10.5", "Probability": "20",
		"AccountId": string(firm), "ContactId": string(made[0].ID)}))[0].ID
	o.applied(o.updateIntent("Contact", made[0].ID, record.Fields{"Title": "Prof", "Email": ""}))
	o.apply(o.updateIntent("Contact", made[0].ID, record.Fields{"Title": "Dr"}), o.updateIntent("Contact", made[1].ID, record.Fields{"Email": "nonsense"}))
	stale := o.updateIntent("Opportunity", deal, record.Fields{"NextStep": "x"})
	o.clock.advance(time.Second)
	o.edit("Opportunity", deal, record.Fields{"NextStep": "y"})
	o.apply(stale)
	o.apply(deleteIntent("Contact", made[1].ID), deleteIntent("Contact", long("0035f0000000099")))
	for _, object := range []record.Object{"Contact", "Account", "Opportunity"} {
		o.changes(platform.Query{Object: object, Fields: allFields(object), Since: start, Limit: 2})
		o.list(platform.Query{Object: object, Fields: allFields(object), Limit: 1})
		if _, err := o.connector.Fetch(o.Context(), object, allFields(object), []record.ExternalID{deal, firm, made[0].ID}); err != nil {
			o.Error(err)
		}
	}
	if _, err := o.connector.Find(o.Context(), "Contact", nil, []platform.Lookup{{Field: "Email", Value: "m@example.com"}}); err != nil {
		o.Error(err)
	}
	missing := o.connector.Prepare(o.Context(), "Contact", "Missing__c")
	wantKind(o.T, missing, fault.Rejected)
}

// TestRecordedAnswersAreUnderstood decodes what was recorded of the platform.
func TestRecordedAnswersAreUnderstood(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile(vendorFile(t, "samples/"+name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, want := range map[string]string{
		"amp__batch__create__contacts__err-bad-request.json": "REQUIRED_FIELD_MISSING", "amp__crm__delete__not-found.json": codeDeleted, "amp__invalid-field-upsert.json": "INVALID_FIELD_FOR_INSERT_UPDATE",
		"amp__unknown-field.json": "INVALID_FIELD", "amp__unknown-object.json": "INVALID_TYPE", "restforce__delete_error_response.json": codeNotFound,
		"restforce__expired_session_response.json": codeSession, "restforce__query_error_response.json": "INVALID_FIELD", "restforce__sobject_find_error_response.json": codeNotFound,
		"restforce__upsert_error_response.json": codeNotFound, "restforce__write_error_response.json": "INVALID_FIELD", "restforce__upsert_multiple_error_response.json": "",
		"restforce__refresh_error_response.json": "",
	} {
		got := ""
		if list := parseErrors([]byte(read(name))); len(list) > 0 {
			got = list[0].code()
		}
		if got != want {
			t.Errorf("%s: code %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string][]fault.Kind{
		"amp__batch__create__contacts__partial-but-allOrNone.json": {fault.Rejected, fault.Transient},
		"amp__batch__update__contacts__err-each-no-ids.json":       {fault.Rejected, fault.Rejected},
		"amp__batch__update__contacts__partial-but-allOrNone.json": {fault.Transient, fault.Rejected},
	} {
		var list results
		if err := json.Unmarshal([]byte(read(name)), &list); err != nil || len(list) != len(want) {
			t.Fatalf("%s: %d results, %v", name, len(list), err)
		}
		for i := range list {
			w := &work{call: callUpdate, intent: record.Intent{Operation: record.OperationUpdate, Ref: target("Contact", oneID)}}
			w.receive(list[i], "op")
			wantKind(t, w.receipt.Err, want[i])
		}
	}
	var made results
	if err := json.Unmarshal([]byte(read("amp__batch__create__contacts__success.json")), &made); err != nil {
		t.Fatal(err)
	}
	w := &work{call: callCreate, intent: record.Intent{Operation: record.OperationCreate}}
	if w.receive(made[0], "op"); w.receipt.Err != nil || w.receipt.ID != oneID || !w.wrote {
		t.Errorf("a recorded create: %+v", w.receipt)
	}
	var page queryAnswer
	if err := json.Unmarshal([]byte(read("amp__read-list-contacts.json")), &page); err != nil || !page.complete() || len(page.Records) == 0 {
		t.Errorf("a recorded list: %d records, %v", len(page.Records), err)
	}
	for _, name := range []string{"restforce__query_paginated_first_page_response.json", "restforce__query_paginated_last_page_response.json"} {
		var part queryAnswer
		if err := json.Unmarshal([]byte(read(name)), &part); err != nil || !part.complete() || *part.Done != strings.Contains(name, "last") {
			t.Errorf("%s: %+v, %v", name, part, err)
		}
	}
	for name, granted := range map[string]bool{"restforce__refresh_success_response.json": true, "restforce__refresh_error_response.json": false} {
		status := map[bool]int{true: 200, false: 400}[granted]
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, read(name))
		}))
		grant, err := NewRefresher(RefreshSettings{TokenURL: server.URL, HTTP: server.Client(), Now: time.Now}).Refresh(t.Context(), "r")
		if (err == nil) != granted || granted && grant.AccessToken != "refreshed_access_token" || !granted && !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}
