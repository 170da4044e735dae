package pipedrive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// described validates every request to and every good answer of the simulator against the descriptions of both versions of
// the API. Refusals are not described.
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
	if r.URL.Path != "/oauth/token" {
		d.check(r, answer)
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (d *described) check(r *http.Request, answer *httptest.ResponseRecorder) {
	var route *routers.Route
	var parameters map[string]string
	err := fmt.Errorf("no description")
	for _, router := range d.routers {
		if route, parameters, err = router.FindRoute(r); err == nil {
			break
		}
	}
	if err != nil {
		d.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		d.Errorf("request %s: %v", route.Operation.OperationID, err)
	}
	for name := range r.URL.Query() { // a parameter that is not described is not refused by the validation
		if !slices.ContainsFunc(route.Operation.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == name }) {
			d.Errorf("request %s has the parameter %s", route.Operation.OperationID, name)
		}
	}
	d.checked[route.Operation.OperationID]++
	if answer.Code >= 300 {
		return
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes()))}
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		d.Errorf("answer to %s: %v", route.Operation.OperationID, err)
	}
}

// nullable are properties that answers and bodies hold as null although the descriptions, which were derived from a client's
// types, do not say so: references and times that a record has not, the end of a list, parts of an address.
var nullable = []string{"next_cursor", "org_id", "person_id", "won_time", "lost_time", "close_time", "expected_close_date", "address", "options", "subfields", "country", "admin_area_level_1",
	"admin_area_level_2", "locality", "sublocality", "route", "street_number", "subpremise", "postal_code", "lost_reason", "data", "probability", "visible_to", "value"}

// loosen makes them so, wherever they are, and does away with what the validation cannot read: the item of recents is described
// as that of the first of all kinds alone, and the ids of the platform's own options as numbers.
func loosen(s *openapi3.SchemaRef, name string, seen map[*openapi3.Schema]bool) {
	if s == nil || s.Value == nil || seen[s.Value] {
		return
	}
	v := s.Value
	seen[v] = true
	if slices.Contains(nullable, name) {
		v.Nullable = true
	}
	for _, list := range []openapi3.SchemaRefs{v.AllOf, v.AnyOf, v.OneOf} {
		for _, one := range list {
			loosen(one, name, seen)
		}
	}
	loosen(v.Items, "", seen)
	for key, one := range v.Properties {
		if name == "options" || key == "options" {
			one.Value.Items = &openapi3.SchemaRef{Value: openapi3.NewObjectSchema()}
		}
		loosen(one, key, seen)
	}
}

func describeAll(t *testing.T, a *account) *described {
	t.Helper()
	d := &described{T: t, inner: a.server.Config.Handler, checked: map[string]int{}}
	for _, version := range []string{"v2", "v1"} {
		doc, err := openapi3.NewLoader().LoadFromFile(platformtest.VendorPath(t, "pipedrive", version+".openapi.json"))
		if err != nil {
			t.Fatal(err)
		}
		doc.Servers = openapi3.Servers{{URL: a.server.URL + "/api/" + version}}
		seen := map[*openapi3.Schema]bool{}
		for path, item := range doc.Paths.Map() {
			item.Servers = nil
			for _, operation := range item.Operations() {
				operation.Servers = nil
				for _, answer := range operation.Responses.Map() {
					for _, content := range answer.Value.Content {
						if path == "/recents" {
							content.Schema.Value.Properties["data"] = &openapi3.SchemaRef{Value: openapi3.NewArraySchema().WithItems(openapi3.NewObjectSchema()).WithNullable()}
						}
						loosen(content.Schema, "", seen)
					}
				}
				if operation.RequestBody != nil {
					for _, content := range operation.RequestBody.Value.Content {
						loosen(content.Schema, "", seen)
						if content.Schema.Value.AdditionalProperties.Has == nil && len(content.Schema.Value.AllOf) == 0 {
							no := false
							content.Schema.Value.AdditionalProperties.Has = &no // v2 refuses what it does not know
						}
					}
				}
			}
		}
		router, err := legacy.NewRouter(doc)
		if err != nil {
			t.Fatal(err)
		}
		d.routers = append(d.routers, router)
	}
	a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host = "http", r.Host
		d.ServeHTTP(w, r)
	})
	return d
}

func TestRequestsAndAnswersFitTheDescription(t *testing.T) {
	a := newAccount(t)
	d := describeAll(t, a)
	a.tour()
	for _, id := range []string{"getPersons", "addPerson", "getPerson", "updatePerson", "deletePerson", "searchPersons", "getOrganizations", "addOrganization", "updateOrganization", "getDeals", "addDeal", "updateDeal",
		"deleteDeal", "getArchivedDeals", "getPersonFields", "addPersonField", "getDealFields", "getOrganizationFields", "searchItemByField", "getStages", "getPipelines", "getCurrentUser", "getRecents",
		"getWebhooks", "addWebhook", "deleteWebhook"} {
		if d.checked[id] == 0 {
			t.Errorf("operation %s was not called", id)
		}
	}
}

// tour calls everything once.
func (a *account) tour() {
	a.Helper()
	start := a.clock.Now()
	if _, err := a.refresher().Refresh(a.Context(), a.sim.Access().RefreshToken); err != nil {
		a.Error(err)
	}
	budget := a.sim.AddField("persons", "Budget", "monetary")
	a.sim.AddField("persons", "Team", "enum", "Red", "Blue")
	for _, object := range a.sim.Objects() {
		if err := a.connector.Prepare(a.Context(), object, "custom_fields[Another ID]"); err != nil {
			a.Error(err)
		}
		if _, err := a.connector.Describe(a.Context(), object); err != nil {
			a.Error(err)
		}
	}
	firm := a.applied(a.createIntent("o-1", "organizations", record.Fields{"name": "Acme", "address.value": "1 Main, Springfield, USA", "owner_id": "777", "visible_to": "3"}))[0].ID
	a.applied(a.updateIntent("organizations", firm, record.Fields{"address.value": "", "label_ids": "5"}))
	people := a.applied(a.createIntent("p-1", "persons", record.Fields{"name": "Marie Curie", "emails[primary].value": "m@example.com", "phones[mobile].value": "123", "org_id": string(firm),
		record.PlatformField("custom_fields[" + budget + "]"): "10.5", "custom_fields[Budget].currency": "EUR"}), a.createIntent("p-2", "persons", record.Fields{"name": "Bob", "label_ids": "5,6"}))
	again := a.createIntent("p-1", "persons", record.Fields{"name": "Marie Curie"})
	again.AttemptsBegan = start
	a.applied(again)
	never := a.createIntent("p-3", "persons", record.Fields{"name": "Never landed"})
	never.AttemptsBegan = start
	a.applied(never)
	a.applied(a.updateIntent("persons", people[0].ID, record.Fields{"org_id": "", "emails[home].value": "h@example.com", "custom_fields[Budget]": "", "label_ids": ""}))
	deal := a.applied(a.createIntent("d-1", "deals", record.Fields{"title": "Big", "value": "10.5", "currency": "EUR", "stage_id": "2", "person_id": string(people[0].ID), "expected_close_date": "2026-05-01", "probability": "20"}))[0].ID
	a.applied(a.updateIntent("deals", deal, record.Fields{"status": "lost", "lost_reason": "price", "expected_close_date": "", "person_id": ""}))
	for _, operation := range []record.Operation{record.OperationArchive, record.OperationRestore, record.OperationArchive, record.OperationDelete} {
		a.applied(record.Intent{Key: "k", Operation: operation, Ref: target("deals", deal)})
	}
	a.apply(a.updateIntent("persons", people[1].ID, record.Fields{"org_id": "99"}), deleteIntent("persons", people[1].ID), deleteIntent("persons", "99"))
	for _, object := range a.sim.Objects() {
		a.changes(platform.Query{Object: object, Fields: allFields(object), Since: start, Limit: 2})
		a.list(platform.Query{Object: object, Fields: allFields(object), Limit: 1})
		if _, err := a.connector.Fetch(a.Context(), object, allFields(object), []record.ExternalID{"1", "2", "99"}); err != nil {
			a.Error(err)
		}
	}
	if _, err := a.connector.Find(a.Context(), "persons", nil, []platform.Lookup{{Field: "emails[primary].value", Value: "m@example.com"}, {Field: marker, Value: "p-1"}}); err != nil {
		a.Error(err)
	}
	if _, err := a.connector.Identify(a.Context()); err != nil {
		a.Error(err)
	}
	ids, err := a.connector.Subscribe(a.Context(), platform.Subscription{Callback: "https://sync.example/x", Secret: "s", Fields: map[record.Object][]record.PlatformField{"persons": nil}})
	if err != nil {
		a.Error(err)
	}
	if err := a.connector.Unsubscribe(a.Context(), ids); err != nil {
		a.Error(err)
	}
}

// TestRecordedAnswersAreUnderstood decodes what is known of the platform's answers.
func TestRecordedAnswersAreUnderstood(t *testing.T) {
	read := func(name string) string {
		raw := platformtest.VendorFile(t, "pipedrive", "samples/"+name)
		return string(raw)
	}
	page, err := answering(t, 200, nil, read("deals.json")).List(t.Context(), platform.Query{Object: "deals", Fields: []record.PlatformField{"title", "value", "status", "person_id"}, Limit: 10})
	if err != nil || len(page.Snapshots) != 1 || page.Snapshots[0].ID != "1" || page.Snapshots[0].Fields["value"] != "1000" || page.Snapshots[0].Fields["status"] != "open" {
		t.Errorf("deals: %+v, %v", page, err)
	}
	if _, told := page.Snapshots[0].Fields["person_id"]; told {
		t.Error("a field that the answer lacks is told")
	}
	var fields struct{ Data []definition }
	if err := json.Unmarshal([]byte(read("dealsFields.json")), &fields); err != nil || len(fields.Data) != 3 {
		t.Fatalf("%d fields, %v", len(fields.Data), err)
	}
	if options, values := fields.Data[1].options([]string{"open", "won", "lost"}); len(options) != 3 || !slices.Equal(values, []string{"open", "lost", "won"}) {
		t.Errorf("statuses %v", options)
	}
	_, err = answering(t, 403, nil, read("not-found.json")).List(t.Context(), platform.Query{Object: "persons", Limit: 1})
	var f *fault.Error
	if f, _ = err.(*fault.Error); f == nil || f.Kind != fault.Unauthorized || f.Code != "403" || strings.Contains(err.Error(), "mismatch") {
		t.Errorf("a scope that was not granted: %v", err)
	}
	// An answer that does not say that it succeeded is not taken for an empty list: what is missing would be taken for gone.
	_, err = answering(t, 200, nil, read("zero-records.json")).List(t.Context(), platform.Query{Object: "persons", Limit: 1})
	wantKind(t, err, fault.Transient)
	if at := parseTime("2026-03-02 17:00:00"); !at.Equal(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("a time of v1 is read as %v", at)
	}
}
