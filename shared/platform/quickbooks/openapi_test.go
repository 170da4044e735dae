package quickbooks

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeRequestQueryParams: false}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		d.Errorf("request %s: %v", route.Operation.OperationID, err)
	}
	if r.URL.Query().Get("minorversion") != minorVersion && route.Operation.OperationID != "token" {
		d.Errorf("request %s without the minor version", route.Operation.OperationID)
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes()))}
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		d.Errorf("answer to %s: %v", route.Operation.OperationID, err)
	}
	d.checked[route.Operation.OperationID]++
}

func TestRequestsAndAnswersFitTheDescription(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(vendorFile(t, "rest-subset.openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCompany(t, map[string]string{OptionCustomFields: "Hub ID=1"})
	doc.Servers = openapi3.Servers{{URL: c.server.URL}}
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{T: t, router: router, inner: c.server.Config.Handler, checked: map[string]int{}}
	c.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host = "http", r.Host
		d.ServeHTTP(w, r)
	})
	c.tour()
	for _, id := range []string{"token", "createOrUpdateCustomer", "readCustomer", "createUpdateDeleteVoidInvoice", "readInvoice", "query", "cdc", "batch"} {
		if d.checked[id] == 0 {
			t.Errorf("operation %s was not called", id)
		}
	}
}

// tour calls everything once.
func (c *company) tour() {
	c.Helper()
	start := c.clock.now()
	c.renewToken()
	made := c.applied(c.createIntent("a", "customers", record.Fields{"DisplayName": "Ada", "BillAddr.City": "London", "Mobile.FreeFormNumber": "1"}),
		c.createIntent("b", "customers", record.Fields{"DisplayName": "Bob", "PrimaryEmailAddr.Address": "bob@example.com"}))
	owner := made[0].ID
	c.apply(c.createIntent("c", "customers", record.Fields{"DisplayName": "ADA"}))
	bill := c.applied(c.createIntent("d", "invoices", record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "10.5", "CustomField[Hub ID]": "1"}))[0].ID
	c.applied(c.updateIntent("customers", owner, record.Fields{"BillAddr.City": "Leeds", "Notes": "", "Active": "true"}),
		c.updateIntent("customers", made[1].ID, record.Fields{"PrimaryEmailAddr.Address": ""}))
	c.applied(c.updateIntent("invoices", bill, record.Fields{"Line[0].Amount": "11", "DueDate": "2026-05-01"}))
	stale := c.updateIntent("customers", owner, record.Fields{"Notes": "x"})
	c.edit("customers", owner, record.Fields{"Notes": "y"})
	c.apply(stale)
	c.applied(record.Intent{Key: "e", Operation: record.OperationArchive, Ref: target("invoices", bill)})
	c.applied(record.Intent{Key: "f", Operation: record.OperationDelete, Ref: target("invoices", bill)})
	c.clock.advance(time.Minute)
	for _, object := range []record.Object{"customers", "invoices"} {
		c.changes(platform.Query{Object: object, Fields: allFields(object), Since: start, Limit: 10})
		c.list(platform.Query{Object: object, Fields: allFields(object), Limit: 10})
		if _, err := c.connector.Fetch(c.Context(), object, nil, []record.ExternalID{"1", "999"}); err != nil {
			c.Error(err)
		}
		if _, err := c.connector.Fetch(c.Context(), object, nil, []record.ExternalID{"999"}); err != nil {
			c.Error(err)
		}
	}
	if _, err := c.connector.Find(c.Context(), "customers", nil, []platform.Lookup{{Field: "DisplayName", Value: "ada"}}); err != nil {
		c.Error(err)
	}
}
