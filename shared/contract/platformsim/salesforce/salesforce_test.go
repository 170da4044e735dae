package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// org is a simulator with a clock that tests move.
type org struct {
	*testing.T
	*Simulator
	at time.Time
}

func newOrg(t *testing.T) *org {
	t.Helper()
	o := &org{T: t, at: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)}
	o.Simulator = New(platformsim.Options{Now: func() time.Time { return o.at }, Seed: 7, WebhookURL: "https://front.example/s"})
	return o
}

func (o *org) made(object record.Object, fields record.Fields) record.ExternalID {
	o.Helper()
	id, err := o.Create(object, fields)
	if err != nil {
		o.Fatal(err)
	}
	return id
}

// ask sends one API request and answers its status and body.
func (o *org) ask(method, target string, header http.Header, body any) (int, []byte) {
	o.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			o.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, "/services/data/v66.0/"+target, reader)
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+o.Access().AccessToken)
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	if !strings.HasPrefix(w.Header().Get("Sforce-Limit-Info"), "api-usage=") {
		o.Errorf("%s %s answers without its usage", method, target)
	}
	return w.Code, w.Body.Bytes()
}

// code gives the error code of a call, "" if it succeeds.
func (o *org) code(method, target string, body any) string {
	o.Helper()
	_, raw := o.ask(method, target, nil, body)
	var list []struct{ ErrorCode string }
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return ""
	}
	return list[0].ErrorCode
}

type answer struct {
	TotalSize      int
	Done           bool
	NextRecordsURL string `json:"nextRecordsUrl"`
	Records        []map[string]any
}

func (o *org) query(resource, statement string) answer {
	o.Helper()
	status, raw := o.ask(http.MethodGet, resource+"?q="+url.QueryEscape(statement), nil, nil)
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil || status != http.StatusOK {
		o.Fatalf("%s: %d %s", statement, status, raw)
	}
	return a
}

func (o *org) ids(statement string) []string {
	o.Helper()
	ids := []string{}
	for _, r := range o.query("query", statement).Records {
		ids = append(ids, r["Id"].(string))
	}
	return ids
}

// results are those of a collection.
type results []struct {
	ID      string
	Success bool
	Created bool
	Errors  []struct {
		StatusCode string
		Fields     []string
	}
}

func (o *org) collection(method, target string, records ...map[string]any) results {
	o.Helper()
	status, raw := o.ask(method, target, nil, map[string]any{"records": records})
	var out results
	if err := json.Unmarshal(raw, &out); err != nil || status != http.StatusOK || len(out) != len(records) {
		o.Fatalf("%s %s: %d %s", method, target, status, raw)
	}
	return out
}

func contact(fields ...any) map[string]any {
	out := map[string]any{"attributes": map[string]any{"type": "Contact"}}
	for i := 0; i < len(fields); i += 2 {
		out[fields[i].(string)] = fields[i+1]
	}
	return out
}

func TestCollectionsAnswerEachRecordInOrder(t *testing.T) {
	o := newOrg(t)
	made := o.collection(http.MethodPost, "composite/sobjects", contact("LastName", " Curie ", "Email", "M@Example.com"),
		contact("FirstName", "No"),
		contact("LastName", "X", "Email", "nonsense"), contact("LastName", "X", "MasterRecordId", "1"), contact("LastName", "X", "Nonsense", "1"),
		contact("LastName", "X", "AccountId", "0015f0000000009AAA"), contact("LastName", strings.Repeat("x", 81)))
	codes := []string{}
	for _, r := range made {
		code := "ok " + r.ID[:min(3, len(r.ID))]
		if !r.Success {
			code = r.Errors[0].StatusCode
		}
		codes = append(codes, code)
	}
	want := []string{"ok 003", "REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD",
		"INVALID_CROSS_REFERENCE_KEY", "STRING_TOO_LONG"}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	fields, _, _ := o.Record("Contact", record.ExternalID(made[0].ID))
	if fields["LastName"] != "Curie" || fields["Email"] != "m@example.com" || fields["Name"] != "Curie" {
		t.Errorf("stored %v", fields)
	}
	if got := o.code(http.MethodPost, "composite/sobjects", map[string]any{"records": []any{}}); got != "REQUIRED_FIELD_MISSING" {
		t.Errorf("nothing sent answered %q", got)
	}
	many := make([]any, 201)
	for i := range many {
		many[i] = contact("LastName", "X")
	}
	if got := o.code(http.MethodPost, "composite/sobjects", map[string]any{"records": many}); got != "INVALID_BATCH_SIZE" {
		t.Errorf("201 records answered %q", got)
	}
	if got := o.code(http.MethodPost, "composite/sobjects",
		map[string]any{"records": []any{contact("LastName", "Y"), contact("LastName", "X", "Score__c", "much")}}); got != "JSON_PARSER_ERROR" {
		t.Errorf("a wrong type answered %q", got)
	}
	if n := len(o.IDs("Contact")); n != 1 {
		t.Errorf("%d contacts, want 1: a call refused whole saves nothing", n)
	}
	updated := o.collection(http.MethodPatch, "composite/sobjects", contact("Id", made[0].ID, "LastName", "Sklodowska", "Email", nil),
		contact("LastName", "X"), contact("Id", "0035f0000000099AAA", "LastName", "X"))
	if !updated[0].Success || updated[1].Errors[0].StatusCode != "MISSING_ARGUMENT" ||
		updated[2].Errors[0].StatusCode != "INVALID_CROSS_REFERENCE_KEY" {
		t.Errorf("updates %+v", updated)
	}
	if fields, _, _ := o.Record("Contact", record.ExternalID(made[0].ID)); fields["LastName"] != "Sklodowska" || fields["Email"] != "" {
		t.Errorf("updated to %v", fields)
	}
}

func TestUpsertIsIdempotentByAUniqueExternalID(t *testing.T) {
	o := newOrg(t)
	const path = "composite/sobjects/Contact/FluxCascade_Id__c"
	first := o.collection(http.MethodPatch, path, contact("LastName", "Curie", "FluxCascade_Id__c", "e-1"))
	again := o.collection(http.MethodPatch, path, contact("LastName", "Curie", "FluxCascade_Id__c", "E-1"))
	if !first[0].Created || again[0].Created || first[0].ID != again[0].ID || len(o.IDs("Contact")) != 1 {
		t.Errorf("first %+v, again %+v", first, again)
	}
	taken := o.collection(http.MethodPost, "composite/sobjects", contact("LastName", "X", "FluxCascade_Id__c", "e-1"))
	if taken[0].Success || taken[0].Errors[0].StatusCode != "DUPLICATE_VALUE" {
		t.Errorf("a taken value answered %+v", taken)
	}
	if got := o.code(http.MethodPatch, "composite/sobjects/Contact/LastName",
		map[string]any{"records": []any{contact("LastName", "X")}}); got != "NOT_FOUND" {
		t.Errorf("upsert by a field that is no external id answered %q", got)
	}
	for range 2 {
		o.made("Contact", record.Fields{"LastName": "X", "Legacy_Id__c": "7"})
	}
	status, raw := o.ask(http.MethodPatch, "sobjects/Contact/Legacy_Id__c/7", nil, map[string]any{"LastName": "Y"})
	var urls []string
	if err := json.Unmarshal(raw, &urls); err != nil || status != http.StatusMultipleChoices || len(urls) != 2 {
		t.Errorf("two holders answered %d %s", status, raw)
	}
	if status, _ := o.ask(http.MethodPatch, "sobjects/Contact/FluxCascade_Id__c/e-2", nil,
		map[string]any{"LastName": "Y"}); status != http.StatusCreated {
		t.Errorf("a row upserted anew answered %d", status)
	}
	if status, _ := o.ask(http.MethodPatch, "sobjects/Contact/FluxCascade_Id__c/e-2", nil,
		map[string]any{"LastName": "Z"}); status != http.StatusOK {
		t.Errorf("a row upserted again answered %d", status)
	}
}

func TestARowIsUpdatedOnItsCondition(t *testing.T) {
	o := newOrg(t)
	id := o.made("Contact", record.Fields{"LastName": "Curie"})
	read := o.at
	o.at = o.at.Add(3 * time.Second)
	o.Touch("Contact", id)
	patch := func(since string) int {
		status, _ := o.ask(http.MethodPatch, "sobjects/Contact/"+string(id), http.Header{"If-Unmodified-Since": {since}},
			map[string]any{"Title": "Dr"})
		return status
	}
	if got := patch(read.Format(http.TimeFormat)); got != http.StatusNoContent {
		t.Errorf("unmodified by users: %d", got)
	}
	if got := patch(read.Format(http.TimeFormat)); got != http.StatusPreconditionFailed {
		t.Errorf("modified since: %d", got)
	}
	if got := patch("lately"); got != http.StatusBadRequest {
		t.Errorf("nonsense: %d", got)
	}
}

func TestTheRecycleBinShowsDeletionsAndMerges(t *testing.T) {
	o := newOrg(t)
	firm := o.made("Account", record.Fields{"Name": "Acme"})
	other := o.made("Account", record.Fields{"Name": "Acme Inc"})
	person := o.made("Contact", record.Fields{"LastName": "Curie", "AccountId": string(other)})
	o.at = o.at.Add(time.Minute)
	if err := o.Merge("Account", firm, other); err != nil {
		t.Fatal(err)
	}
	if fields, _, _ := o.Record("Contact", person); fields["AccountId"] != string(firm) {
		t.Error("the contact did not follow the merge")
	}
	rows := o.query("queryAll", "SELECT Id, IsDeleted, MasterRecordId, SystemModstamp FROM Account WHERE IsDeleted = true").Records
	if len(rows) != 1 || rows[0]["Id"] != string(other) || rows[0]["MasterRecordId"] != string(firm) ||
		rows[0]["SystemModstamp"] != "2026-03-02T17:01:00.000+0000" {
		t.Errorf("the bin holds %v", rows)
	}
	if err := o.Delete("Account", firm); err != nil {
		t.Fatal(err)
	}
	if len(o.IDs("Contact")) != 0 {
		t.Error("an account took its contact not along")
	}
	if got := o.code(http.MethodDelete, "sobjects/Account/"+string(firm), nil); got != "ENTITY_IS_DELETED" {
		t.Errorf("deleted again: %q", got)
	}
	if err := o.Undelete("Account", firm); err != nil || len(o.IDs("Contact")) != 1 {
		t.Errorf("undeleted: %v, %d contacts", err, len(o.IDs("Contact")))
	}
	if err := o.Merge("Opportunity", "1", "2"); err == nil {
		t.Error("opportunities were merged")
	}
}

func TestThePoolEndsAndRefills(t *testing.T) {
	o := newOrg(t)
	o.SetPool(3)
	for range 3 {
		if got := o.code(http.MethodGet, "limits", nil); got != "" {
			t.Fatal(got)
		}
	}
	if got := o.code(http.MethodGet, "limits", nil); got != "REQUEST_LIMIT_EXCEEDED" {
		t.Errorf("beyond the pool: %q", got)
	}
	o.at = o.at.Add(25 * time.Hour)
	if got := o.code(http.MethodGet, "limits", nil); got != "" {
		t.Errorf("a day later: %q", got)
	}
}

func TestStateSurvives(t *testing.T) {
	o := newOrg(t)
	id := o.made("Opportunity", record.Fields{"Name": "Big", "StageName": "Closed Won", "CloseDate": "2026-05-01", "Amount": "12345678.905"})
	raw, err := o.State()
	if err != nil || o.Dirty() {
		t.Fatal(err, o.Dirty())
	}
	again := New(platformsim.Options{Now: func() time.Time { return o.at }, State: raw})
	before, _, _ := o.Record("Opportunity", id)
	after, _, ok := again.Record("Opportunity", id)
	if diff := cmp.Diff(before, after); diff != "" || !ok {
		t.Errorf("state (-before +after):\n%s", diff)
	}
	if after["Amount"] != "12345678.91" || after["IsWon"] != "true" || after["Probability"] != "100" {
		t.Errorf("opportunity %v", after)
	}
	if again.Access() != o.Access() {
		t.Error("other tokens after a restart")
	}
}

func TestIDsHaveEighteenCharacters(t *testing.T) {
	for short, want := range map[string]string{"001ak00000OKNPH": "001ak00000OKNPHAA5", "0015f00002J9YYE": "0015f00002J9YYEAA3",
		"003ak00000luKU1": "003ak00000luKU1AAM"} {
		if got := long(short); got != want {
			t.Errorf("%s is %s, want %s (recorded)", short, got, want)
		}
	}
}

// recordedObject and recordedField are what a describe tells, as far as it matters here.
type recordedObject struct {
	KeyPrefix string
	Mergeable bool
	Fields    []recordedField
}

type recordedField struct {
	Name, Type                                                                string
	Length                                                                    int
	Scale                                                                     int32
	Nillable, DefaultedOnCreate, Createable, Updateable, Filterable, IDLookup bool
	ReferenceTo                                                               []string
}

// TestFieldsAreThoseOfARecordedOrg holds the simulator's fields, and the catalog's, against recorded describes.
func TestFieldsAreThoseOfARecordedOrg(t *testing.T) {
	for _, name := range objectNames {
		var recorded recordedObject
		if err := json.Unmarshal(platformtest.VendorFile(t, "salesforce", "describe/"+name+".json"), &recorded); err != nil {
			t.Fatal(err)
		}
		o := schemas[name]
		if o.prefix != recorded.KeyPrefix || o.mergeable != recorded.Mergeable {
			t.Errorf("%s: prefix %s, mergeable %v", name, o.prefix, o.mergeable)
		}
		known, _ := catalog.Salesforce().Object(record.Object(name))
		for _, f := range o.fields {
			if strings.HasSuffix(f.name, "__c") {
				continue
			}
			i := slices.IndexFunc(recorded.Fields, func(r recordedField) bool { return r.Name == f.name })
			if i < 0 {
				t.Errorf("%s.%s is of no recorded org", name, f.name)
				continue
			}
			r := recorded.Fields[i]
			want := field{name: r.Name, kind: r.Type, length: r.Length, scale: r.Scale, create: r.Createable, update: r.Updateable,
				required: r.Createable && !r.Nillable && !r.DefaultedOnCreate, idLookup: r.IDLookup, unfiltered: !r.Filterable, values: f.values}
			if len(r.ReferenceTo) > 0 {
				want.refers = r.ReferenceTo[0]
			}
			if diff := cmp.Diff(want, f, cmp.AllowUnexported(field{})); diff != "" {
				t.Errorf("%s.%s (-recorded +simulated):\n%s", name, f.name, diff)
			}
			c, listed := known.Field(record.PlatformField(f.name))
			if !listed {
				continue
			}
			if c.MaxLength != 0 && c.MaxLength != r.Length || c.ReadOnly != !r.Createable || c.CreateOnly != (r.Createable && !r.Updateable) ||
				c.Required != want.required {
				t.Errorf("catalog %s.%s = %+v, recorded %+v", name, f.name, c, r)
			}
		}
		for _, c := range known.Fields {
			if _, simulated := o.field(string(c.Name)); !simulated {
				t.Errorf("the catalog's %s.%s is not simulated", name, c.Name)
			}
		}
	}
}

func TestRelayedEventsFitTheirSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(platformtest.VendorFile(t, "salesforce", "change-event-header.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("event.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	o := newOrg(t)
	a, b := o.made("Contact", record.Fields{"LastName": "A"}), o.made("Contact", record.Fields{"LastName": "B"})
	if err := o.Edit("Contact", a, record.Fields{"Phone": "4155551234"}); err != nil {
		t.Fatal(err)
	}
	if status, _ := o.ask(http.MethodDelete, "composite/sobjects?ids="+string(a)+","+string(b), nil, nil); status != http.StatusOK {
		t.Fatal(status)
	}
	if len(o.Deliveries()) != 0 {
		t.Error("delivered before it could be relayed")
	}
	o.at = o.at.Add(time.Second)
	seen := []string{}
	for _, d := range o.Deliveries() {
		if d.Header.Get(secretHeader) != o.Access().WebhookSecret {
			t.Error("a delivery without the secret")
		}
		var event struct {
			Detail struct{ Payload json.RawMessage }
		}
		if err := json.Unmarshal(d.Body, &event); err != nil {
			t.Fatal(err)
		}
		payload, err := jsonschema.UnmarshalJSON(bytes.NewReader(event.Detail.Payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(payload); err != nil {
			t.Error(err)
		}
		var body struct {
			ChangeEventHeader struct {
				ChangeType string
				RecordIDs  []string `json:"recordIds"`
			}
		}
		if err := json.Unmarshal(event.Detail.Payload, &body); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, fmt.Sprint(body.ChangeEventHeader.ChangeType, len(body.ChangeEventHeader.RecordIDs)))
	}
	if diff := cmp.Diff([]string{"CREATE1", "CREATE1", "UPDATE1", "DELETE2"}, seen); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if fields, _, _ := o.Record("Contact", a); fields != nil {
		t.Error("a deleted contact is there")
	}
}
