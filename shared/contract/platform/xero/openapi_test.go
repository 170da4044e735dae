package xero

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// described validates every request to and answer of the simulator against the vendor's descriptions of its APIs.
type described struct {
	*testing.T
	routers []routers.Router
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
	if r.URL.Path != "/connect/token" { // described in words only
		d.check(r, answer)
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (d *described) check(r *http.Request, answer *httptest.ResponseRecorder) {
	for _, router := range d.routers {
		route, parameters, err := router.FindRoute(r)
		if err != nil {
			continue
		}
		id := route.Operation.OperationID
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, SkipSettingDefaults: true}}
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			d.Errorf("request %s: %v", id, err)
		}
		if answer.Code < 300 || answer.Code == http.StatusBadRequest {
			output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes()))}
			if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
				d.Errorf("answer to %s: %v", id, err)
			}
			d.known(id, answer.Body.Bytes())
		}
		d.checked[id]++
		return
	}
	d.Errorf("%s %s is described nowhere", r.Method, r.URL.Path)
}

// known checks that an answer has no keys that the description lacks: its schemas would let them pass.
func (d *described) known(id string, body []byte) {
	var envelope struct {
		Contacts, Invoices []map[string]any
	}
	if json.Unmarshal(body, &envelope) != nil {
		return
	}
	for name, list := range map[string][]map[string]any{"Contact": envelope.Contacts, "Invoice": envelope.Invoices} {
		schema := spec(d.T).Components.Schemas[name].Value
		for _, item := range list {
			for key := range item {
				// In the description's own examples, though not in its schemas.
				aside := name == "Invoice" && (key == "DateString" || key == "DueDateString" || key == "UpdatedDateUTCString" || key == "Prepayments")
				if schema.Properties[key] == nil && !aside {
					d.Errorf("answer to %s: a %s has %s", id, name, key)
				}
			}
		}
	}
}

var loaded *openapi3.T

// spec loads the description of the accounting API. Its own examples and defaults do not fit its schemas.
func spec(t *testing.T) *openapi3.T {
	t.Helper()
	if loaded != nil {
		return loaded
	}
	text := platformtest.VendorFile(t, "xero", "xero_accounting.trimmed.yaml")
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation()); err != nil {
		t.Fatal(err)
	}
	// The pages of the API have this header in UTC without a zone.
	doc.Components.Parameters["ifModifiedSince"].Value.Schema.Value.Format = ""
	loaded = doc
	return doc
}

func routerOf(t *testing.T, doc *openapi3.T, base string) routers.Router {
	t.Helper()
	doc.Servers = openapi3.Servers{{URL: base}}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation())
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func TestRequestsAndAnswersFitTheDescription(t *testing.T) {
	accounting := spec(t)
	text := platformtest.VendorFile(t, "xero", "xero-identity.yaml")
	// Its times have no zone, and clients call it in small letters.
	text = []byte(strings.NewReplacer("/Connections", "/connections", "format: date-time", "format: utc-without-a-zone").Replace(string(text)))
	identity, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	b := newBooks(t)
	b.sim.SetDayLimit(1000)
	d := &described{T: t, inner: b.server.Config.Handler, checked: map[string]int{},
		routers: []routers.Router{routerOf(t, accounting, b.server.URL+"/api.xro/2.0"), routerOf(t, identity, b.server.URL)}}
	b.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host = "http", r.Host
		d.ServeHTTP(w, r)
	})
	b.tour()
	for _, id := range []string{"getContacts", "createContacts", "updateOrCreateContacts", "getInvoices", "createInvoices", "updateOrCreateInvoices", "getConnections", "deleteConnection"} {
		if d.checked[id] == 0 {
			t.Errorf("operation %s was not called", id)
		}
	}
}

// tour calls everything once, in every form.
func (b *books) tour() {
	b.Helper()
	start := b.clock.Now().Add(-time.Minute)
	full := record.Fields{"Name": "Ada", "ContactNumber": "H-1", "EmailAddress": "ada@example.com", "FirstName": "Ada", "TaxNumber": "1", "AccountNumber": "2", "CompanyNumber": "3", "BankAccountDetails": "4", "DefaultCurrency": "NZD",
		"Phones[DEFAULT]": "1", "Phones[MOBILE].PhoneNumber": "2", "Addresses[POBOX].City": "London", "Addresses[STREET].Country": "New Zealand", "ContactPersons[0].FirstName": "Eve", "ContactPersons[0].IncludeInEmails": "true"}
	made := b.applied(createIntent("a", "contacts", full), createIntent("b", "contacts", record.Fields{"Name": "Bob", "ContactNumber": "H-2"}), createIntent("c", "contacts", record.Fields{"Name": "No Number"}))
	b.apply(createIntent("d", "contacts", record.Fields{"Name": "ADA", "ContactNumber": "H-4"}))
	owner := made[0].ID
	bill := b.applied(createIntent("e", "invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "Work", "LineItems[0].UnitAmount": "10.5", "LineItems[0].Quantity": "2", "LineItems[0].TaxType": "OUTPUT",
		"LineItems[0].AccountCode": "200", "LineItems[0].ItemCode": "PARTS", "Status": "AUTHORISED", "Date": "2026-03-01", "DueDate": "2026-04-01", "Reference": "R", "Url": "https://example.com/1", "CurrencyCode": "USD",
		"LineAmountTypes": "Inclusive", "SentToContact": "true", "BrandingThemeID": someID}))[0].ID
	b.apply(createIntent("f", "invoices", record.Fields{"Contact.ContactID": someID, "LineItems[0].Description": "x"}))
	b.applied(b.updateIntent("contacts", owner, record.Fields{"Phones[DEFAULT]": "3", "Addresses[STREET].City": "Leeds", "ContactPersons[0].LastName": "x", "FirstName": ""}), b.updateIntent("contacts", made[1].ID, record.Fields{"LastName": "x"}))
	b.apply(b.updateIntent("contacts", made[1].ID, record.Fields{"Name": "Ada"}))
	b.applied(b.updateIntent("invoices", bill, record.Fields{"LineItems[0].UnitAmount": "11", "DueDate": "2026-05-01"}))
	if err := b.sim.Pay(bill, b.truth("invoices", bill)["AmountDue"]); err != nil {
		b.Fatal(err)
	}
	if err := b.sim.Merge("contacts", owner, made[1].ID); err != nil {
		b.Fatal(err)
	}
	b.applied(record.Intent{Key: "g", Operation: record.OperationArchive, Ref: target("contacts", made[2].ID)})
	retried := createIntent("h", "contacts", record.Fields{"Name": "Late", "ContactNumber": "H-9"})
	retried.AttemptsBegan = start
	b.applied(retried)
	b.clock.Advance(time.Minute)
	for _, object := range []record.Object{"contacts", "invoices"} {
		b.walk(platform.Query{Object: object, Fields: allFields(object), Since: start, Limit: 10})
		if _, err := b.connector.List(b.Context(), platform.Query{Object: object, Fields: allFields(object), Limit: 10}); err != nil {
			b.Error(err)
		}
		if _, err := b.connector.Fetch(b.Context(), object, nil, []record.ExternalID{owner, bill}); err != nil {
			b.Error(err)
		}
	}
	lookups := []platform.Lookup{{Field: "Name", Value: "ada"}, {Field: "EmailAddress", Value: "ada@example.com"}, {Field: "Name", Value: `"`}, {Field: "ContactNumber", Value: "H-1"}}
	if _, err := b.connector.Find(b.Context(), "contacts", nil, lookups); err != nil {
		b.Error(err)
	}
	if _, err := b.connector.Find(b.Context(), "invoices", nil, []platform.Lookup{{Field: "Reference", Value: "R"}, {Field: "InvoiceNumber", Value: "INV-0001"}}); err != nil {
		b.Error(err)
	}
	if _, err := b.connector.Identify(b.Context()); err != nil {
		b.Error(err)
	}
	if err := b.connector.Leave(b.Context()); err != nil {
		b.Error(err)
	}
}

func TestRecordedAnswersAreUnderstood(t *testing.T) {
	text := platformtest.VendorFile(t, "xero", "samples/contacts.json")
	c := answering(t, http.StatusOK, nil, string(text))
	reads, err := c.Fetch(t.Context(), "contacts", allFields("contacts"), []record.ExternalID{"bd2270c3-8706-4c11-9cfb-000b551c3f51"})
	if err != nil || reads[0].Snapshot == nil {
		t.Fatal(reads, err)
	}
	s := reads[0].Snapshot
	for field, want := range (record.Fields{"Name": "ABC Limited", "FirstName": "Andrea", "Phones[DEFAULT]": "+64 04 1111111", "Phones[MOBILE]": "", "Addresses[POBOX].AddressLine1": "P O Box 123", "Addresses[POBOX].AttentionTo": "Andrea",
		"Addresses[STREET].City": "", "DefaultCurrency": "NZD", "IsCustomer": "true", "ContactNumber": ""}) {
		if got := s.Fields[field]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if want := time.UnixMilli(1488391422280).UTC(); !s.ModifiedAt.Equal(want) {
		t.Errorf("modified %v, want %v", s.ModifiedAt, want)
	}
}
