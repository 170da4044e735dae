package xero

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

// books are a simulator with a clock that tests move.
type books struct {
	*testing.T
	*Simulator
	at time.Time
}

func newBooks(t *testing.T) *books {
	t.Helper()
	b := &books{T: t, at: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)}
	b.Simulator = New(platformsim.Options{Now: func() time.Time { return b.at }, Seed: 7, WebhookURL: "https://front.example/x"})
	return b
}

func (b *books) made(object record.Object, fields record.Fields) record.ExternalID {
	b.Helper()
	id, err := b.Create(object, fields)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// send sends one API request with headers in pairs.
func (b *books) send(method, target string, body any, headers ...string) *httptest.ResponseRecorder {
	b.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			b.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, "/api.xro/2.0/"+target, reader)
	r.Header.Set("Authorization", "Bearer "+b.Access().AccessToken)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("xero-tenant-id", b.Access().Account)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// ask is send, and gives the answer's JSON.
func (b *books) ask(method, target string, body any, headers ...string) (int, map[string]any) {
	b.Helper()
	w := b.send(method, target, body, headers...)
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out
}

// names gives the names that a list of contacts answers.
func (b *books) names(query url.Values, headers ...string) []string {
	b.Helper()
	status, out := b.ask("GET", "Contacts?"+query.Encode(), nil, headers...)
	if status != http.StatusOK {
		b.Fatalf("%v: status %d, %v", query, status, out)
	}
	var names []string
	list, _ := out["Contacts"].([]any)
	for _, item := range list {
		names = append(names, get(item.(map[string]any), "Name"))
	}
	return names
}

type object = map[string]any

func contactsOf(items ...any) object { return object{"Contacts": items} }

func TestFilters(t *testing.T) {
	b := newBooks(t)
	b.made("contacts", record.Fields{"Name": "Ada", "EmailAddress": "Ada@example.com", "FirstName": "Ada"})
	b.made("contacts", record.Fields{"Name": "Bob", "EmailAddress": "bob@example.com"})
	b.at = b.at.Add(time.Hour)
	b.made("contacts", record.Fields{"Name": `Bob "The Builder"`})
	for where, want := range map[string]string{
		`Name=="Ada"`: "Ada", `Name=="ada"`: "", `Name.ToLower()=="ada"`: "Ada",
		`EmailAddress!=null AND EmailAddress.ToLower()=="ada@example.com"`: "Ada",
		`Name=="Ada" OR Name=="Bob"`:                                       "Ada,Bob", `Name=="Ada" || Name=="Bob" && FirstName=="x"`: "Ada",
		`(Name=="Ada" OR Name=="Bob") AND FirstName==null`: "Bob",
		`Name.Contains("The")`:                             `Bob "The Builder"`, `Name.StartsWith("Bob")`: `Bob,Bob "The Builder"`,
		`Name=="Bob ""The Builder"""`:               `Bob "The Builder"`,
		`UpdatedDateUTC>=DateTime(2026,3,2,18,0,0)`: `Bob "The Builder"`, `UpdatedDateUTC<DateTime(2026,03,02,17,30,0)`: "Ada,Bob",
		`ContactStatus!="ARCHIVED" AND IsCustomer==false AND Name!="Ada"`: `Bob,Bob "The Builder"`,
		`Unicorn=="1"`: "", `Unicorn==null`: `Ada,Bob,Bob "The Builder"`,
	} {
		if got := strings.Join(b.names(url.Values{"where": {where}, "order": {"Name"}}), ","); got != want {
			t.Errorf("%s answers %q, want %q", where, got, want)
		}
	}
	for _, where := range []string{`Name=`, `Name=="Ada`, `Name=="Ada" AND`, `(Name=="Ada"`, `=="Ada"`, `Name=="Ada")`, `ContactID==Guid("x")`,
		`Name.Contains(1)`, `Date==DateTime(x)`} {
		if status, out := b.ask("GET", "Contacts?where="+url.QueryEscape(where), nil); status != http.StatusBadRequest ||
			out["Type"] != "QueryParseException" {
			t.Errorf("%s: status %d, %v", where, status, out)
		}
	}
	if status, _ := b.ask("GET", "Contacts?where="+url.QueryEscape(`EmailAddress.ToLower()=="x" OR FirstName.ToLower()=="x"`),
		nil); status != http.StatusInternalServerError {
		t.Errorf("a method of what is not there: status %d", status)
	}
}

func TestListsPageOrderAndSearch(t *testing.T) {
	b := newBooks(t)
	for i := range 5 {
		b.made("contacts", record.Fields{"Name": fmt.Sprint("N", i), "Phones[DEFAULT].PhoneNumber": "1"})
		b.at = b.at.Add(time.Minute)
	}
	if err := b.Delete("contacts", b.IDs("contacts")[1]); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"order=Name+DESC": "N4,N3,N2,N0", "order=Name&includeArchived=true": "N0,N1,N2,N3,N4",
		"order=UpdatedDateUTC+DESC&includeArchived=true&page=1&pageSize=2": "N1,N4",
		"order=Name&page=2&pageSize=3":                                     "N4", "order=Name&page=3&pageSize=3": "", "searchTerm=n3": "N3",
		"searchTerm=1": ""} {
		q, _ := url.ParseQuery(query)
		if got := strings.Join(b.names(q), ","); got != want {
			t.Errorf("%s answers %q, want %q", query, got, want)
		}
	}
	_, out := b.ask("GET", "Contacts?page=2&pageSize=3&order=Name", nil)
	if diff := cmp.Diff(object{"page": 2.0, "pageSize": 3.0, "pageCount": 2.0, "itemCount": 4.0}, out["pagination"].(object)); diff != "" {
		t.Error(diff)
	}
	for _, query := range []string{"page=0", "pageSize=1001", "page=x", "order=Unicorn", "order=Name+UP"} {
		if status, _ := b.ask("GET", "Contacts?"+query, nil); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", query, status)
		}
	}
	since := time.Date(2026, 3, 2, 17, 3, 0, 0, time.UTC)
	for _, form := range []string{"2006-01-02T15:04:05", time.RFC3339, http.TimeFormat} {
		if got := strings.Join(b.names(url.Values{"order": {"Name"}, "includeArchived": {"true"}}, "If-Modified-Since", since.Format(form)),
			","); got != "N1,N4" {
			t.Errorf("since %s: %s, its own second left out", since.Format(form), got)
		}
	}
	if got := b.names(url.Values{}, "If-Modified-Since", "soon"); len(got) != 4 {
		t.Errorf("an unreadable time was heeded: %v", got)
	}
}

func TestOnlyPagesAndSingleReadsAreWhole(t *testing.T) {
	b := newBooks(t)
	id := b.made("contacts", record.Fields{"Name": "Ada", "Phones[DEFAULT].PhoneNumber": "1", "ContactPersons[0].FirstName": "Eve"})
	sale := b.made("invoices", record.Fields{"Contact.ContactID": string(id), "LineItems[0].Description": "x"})
	if err := b.Number(id, "H-1"); err != nil {
		t.Fatal(err)
	}
	for target, whole := range map[string]bool{"Contacts": false, "Contacts?page=1": true, "Contacts/" + string(id): true,
		"Contacts/H-1":               true,
		"Contacts?IDs=" + string(id): false, "Contacts?page=1&summaryOnly=true": false} {
		_, out := b.ask("GET", target, nil)
		first := out["Contacts"].([]any)[0].(object)
		if got := len(first["Phones"].([]any)) > 0; got != whole || (len(first["ContactPersons"].([]any)) > 0) != whole {
			t.Errorf("%s shows phones: %t, want %t", target, got, whole)
		}
	}
	for target, whole := range map[string]bool{"Invoices": false, "Invoices?page=1": true, "Invoices/" + string(sale): true,
		"Invoices/INV-0001": true} {
		_, out := b.ask("GET", target, nil)
		if got := len(out["Invoices"].([]any)[0].(object)["LineItems"].([]any)) > 0; got != whole {
			t.Errorf("%s shows lines: %t, want %t", target, got, whole)
		}
	}
	for _, target := range []string{"Contacts/" + nobody, "Unicorns", "Contacts/x/y/z"} {
		if w := b.send("GET", target, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", target, w.Code)
		}
	}
}

func TestXMLIsTheDefault(t *testing.T) {
	b := newBooks(t)
	b.made("contacts", record.Fields{"Name": "Ada & Sons"})
	w := b.send("GET", "Contacts?page=1", nil, "Accept", "*/*")
	if !strings.Contains(w.Body.String(), "<Contact><") || !strings.Contains(w.Body.String(), "<Name>Ada &amp; Sons</Name>") ||
		!strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
		t.Errorf("got %s: %s", w.Header().Get("Content-Type"), w.Body)
	}
	if w := b.send("GET", "Contacts?where=x", nil, "Accept", ""); !strings.Contains(w.Body.String(),
		"<ApiException><ErrorNumber>16</ErrorNumber>") {
		t.Errorf("got %s", w.Body)
	}
}

func TestTheGateway(t *testing.T) {
	b := newBooks(t)
	for name, c := range map[string]struct {
		headers []string
		want    int
	}{"no token": {[]string{"Authorization", ""}, 401}, "another token": {[]string{"Authorization", "Bearer x"}, 401},
		"no organisation": {[]string{"xero-tenant-id", ""}, 403}, "another organisation": {[]string{"xero-tenant-id", nobody}, 403},
		"right": {nil, 200}} {
		w := b.send("GET", "Contacts", nil, c.headers...)
		if w.Code != c.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.want)
		}
		if told := w.Header().Get("X-MinLimit-Remaining"); (told != "") != (c.want == 200) {
			t.Errorf("%s: %q calls are left", name, told)
		}
	}
	if w := b.send("GET", "Contacts?IDs="+strings.Repeat(nobody+",", 60), nil); w.Code != http.StatusNotFound {
		t.Errorf("60 ids: status %d", w.Code)
	}
	b.SetFaults(platformsim.Faults{RateLimit: 1})
	if w := b.send("GET", "Contacts", nil); w.Code != 429 || w.Header().Get("X-Rate-Limit-Problem") != "appminute" ||
		w.Header().Get("Retry-After") == "" {
		t.Errorf("limited: %d %v", w.Code, w.Header())
	}
	b.SetFaults(platformsim.Faults{LostAnswer: 1})
	if w := b.send("PUT", "Contacts", contactsOf(object{"Name": "Ada"})); w.Code != 504 || len(b.IDs("contacts")) != 1 {
		t.Errorf("a lost answer: status %d, %d contacts", w.Code, len(b.IDs("contacts")))
	}
}

func TestLimitsRollOn(t *testing.T) {
	b := newBooks(t)
	for i := range minuteLimit {
		if w := b.send("GET", "Contacts", nil); w.Code != 200 || w.Header().Get("X-MinLimit-Remaining") != fmt.Sprint(minuteLimit-i-1) {
			t.Fatalf("call %d: %d %v", i, w.Code, w.Header())
		}
		b.at = b.at.Add(500 * time.Millisecond)
	}
	w := b.send("GET", "Contacts", nil)
	if w.Code != 429 || w.Header().Get("Retry-After") != "31" || w.Header().Get("X-DayLimit-Remaining") != fmt.Sprint(dayLimit-minuteLimit) {
		t.Errorf("call 61: %d %v", w.Code, w.Header())
	}
	b.at = b.at.Add(31 * time.Second)
	if w := b.send("GET", "Contacts", nil); w.Code != 200 {
		t.Errorf("after the wait: %d", w.Code)
	}
	b.SetDayLimit(minuteLimit + 1)
	if w := b.send("GET", "Contacts", nil); w.Header().Get("X-Rate-Limit-Problem") != "day" {
		t.Errorf("beyond the day: %d %v", w.Code, w.Header())
	}
	b.at = b.at.Add(25 * time.Hour)
	if w := b.send("GET", "Contacts", nil); w.Code != 200 {
		t.Errorf("the day after: %d", w.Code)
	}
}

func TestWebhooksAreSignedNumberedAndRetried(t *testing.T) {
	b := newBooks(t)
	b.made("contacts", record.Fields{"Name": "Ada"})
	b.made("contacts", record.Fields{"Name": "Bob"})
	b.at = b.at.Add(time.Second)
	sent := b.Deliveries()
	if len(sent) != 1 || sent[0].Header.Get("x-xero-signature") == "" {
		t.Fatalf("sent %v", sent)
	}
	var notice struct {
		Events                                []object
		FirstEventSequence, LastEventSequence int
	}
	if err := json.Unmarshal(sent[0].Body, &notice); err != nil || len(notice.Events) != 2 || notice.FirstEventSequence != 1 ||
		notice.LastEventSequence != 2 {
		t.Fatalf("%s, %v", sent[0].Body, err)
	}
	if at := notice.Events[0]["eventDateUtc"]; at != "2026-03-02T17:00:00.000" {
		t.Errorf("an event of %v", at)
	}
	began, tries := b.at, 0
	for b.WebhookEnabled() && tries < 100 {
		for _, d := range sent {
			tries++
			b.Delivered(d, 500)
		}
		b.at = b.at.Add(10 * time.Minute)
		if sent = b.Deliveries(); len(sent) == 0 && b.PendingDeliveries() == 0 {
			break
		}
	}
	if waited := b.at.Sub(began); b.WebhookEnabled() || waited < 23*time.Hour || waited > 28*time.Hour || tries > 40 {
		t.Errorf("enabled %t after %v and %d tries", b.WebhookEnabled(), waited, tries)
	}
	b.made("contacts", record.Fields{"Name": "Eve"})
	b.at = b.at.Add(time.Minute)
	if sent := b.Deliveries(); len(sent) != 0 {
		t.Errorf("a disabled webhook was told %v", sent)
	}
	for _, right := range []bool{false, true} {
		b.SaveWebhook()
		for i, d := range b.Deliveries() {
			status := http.StatusOK
			if right && !intents[i] {
				status = http.StatusUnauthorized
			}
			b.Delivered(d, status)
		}
		if b.WebhookEnabled() != right {
			t.Errorf("enabled %t after answers that were right: %t", b.WebhookEnabled(), right)
		}
	}
}

func TestStateSurvives(t *testing.T) {
	b := newBooks(t)
	id := b.made("contacts", record.Fields{"Name": "Ada", "Phones[DEFAULT]": "1"})
	b.made("invoices", record.Fields{"Contact.ContactID": string(id), "LineItems[0].Description": "x",
		"LineItems[0].UnitAmount": "12345678901234.56"})
	b.ask("PUT", "Contacts", contactsOf(object{"Name": "Bob"}), "Idempotency-Key", "k")
	state, err := b.State()
	if err != nil || b.Dirty() {
		t.Fatal(err)
	}
	again := &books{T: t, at: b.at}
	again.Simulator = New(platformsim.Options{Now: func() time.Time { return again.at }, Seed: 99, State: state})
	for _, o := range b.Objects() {
		for _, id := range b.IDs(o) {
			want, _, _ := b.Record(o, id)
			got, _, ok := again.Record(o, id)
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Errorf("%s: %s", id, diff)
			}
		}
	}
	if _, out := again.ask("PUT", "Contacts", contactsOf(object{"Name": "Bob"}), "Idempotency-Key", "k"); len(again.IDs("contacts")) != 2 ||
		out["Status"] != "OK" {
		t.Errorf("the key is forgotten: %v", out)
	}
	if diff := cmp.Diff(b.Access(), again.Access()); diff != "" {
		t.Error(diff)
	}
}
