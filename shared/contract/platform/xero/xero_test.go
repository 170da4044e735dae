package xero

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/xero"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

// books are a simulated organisation and a connector to it.
type books struct {
	*testing.T
	clock     *platformtest.Clock
	sim       *simulator.Simulator
	server    *httptest.Server
	connector *Connector
	// seen holds the requests that reached the server, oldest first, without their bodies. before runs before each is
	// served, meddle may answer in the platform's place.
	mu     sync.Mutex
	seen   []*http.Request
	before func(*http.Request)
	meddle func(http.ResponseWriter, *http.Request) bool
}

func newBooks(t *testing.T) *books {
	t.Helper()
	b := &books{T: t, clock: platformtest.NewClock(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC))}
	b.sim = simulator.New(platformsim.Options{Now: b.clock.Now, Seed: 1, WebhookURL: "https://front.example/xero"})
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.seen = append(b.seen, r.Clone(context.Background()))
		before, meddle := b.before, b.meddle
		b.mu.Unlock()
		if before != nil {
			before(r)
		}
		if meddle == nil || !meddle(w, r) {
			b.sim.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(b.server.Close)
	access := b.sim.Access()
	b.connector = New(platform.Settings{Connection: "books", Account: access.Account, BaseURL: b.server.URL, Tokens: platformtest.Token(access.AccessToken), HTTP: b.server.Client(), Now: b.clock.Now})
	return b
}

// each has f run before each request is served.
func (b *books) each(f func(*http.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = f
}

// answers has f answer in the platform's place; f reports whether it did.
func (b *books) answers(f func(http.ResponseWriter, *http.Request) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meddle = f
}

func (b *books) refresher() *platform.OAuthRefresher {
	access := b.sim.Access()
	return NewRefresher(platform.RefreshSettings{TokenURL: b.server.URL + access.TokenURL, ClientID: access.ClientID, ClientSecret: access.ClientSecret, HTTP: b.server.Client(), Now: b.clock.Now})
}

func (b *books) create(object record.Object, fields record.Fields) record.ExternalID {
	b.Helper()
	id, err := b.sim.Create(object, fields)
	if err != nil {
		b.Fatalf("create %s %v: %v", object, fields, err)
	}
	return id
}

func (b *books) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	b.Helper()
	if err := b.sim.Edit(object, id, fields); err != nil {
		b.Fatalf("edit %s/%s %v: %v", object, id, fields, err)
	}
}

// truth gives a record as the platform holds it.
func (b *books) truth(object record.Object, id record.ExternalID) record.Fields {
	b.Helper()
	fields, _, ok := b.sim.Record(object, id)
	if !ok {
		b.Fatalf("%s/%s is not there", object, id)
	}
	return fields
}

// snapshot pre-reads one record, all fields.
func (b *books) snapshot(object record.Object, id record.ExternalID) *record.Snapshot {
	b.Helper()
	reads, err := b.connector.Fetch(b.Context(), object, allFields(object), []record.ExternalID{id})
	if err != nil || len(reads) != 1 || reads[0].Snapshot == nil {
		b.Fatalf("fetch %s/%s: %+v, %v", object, id, reads, err)
	}
	return reads[0].Snapshot
}

func allFields(object record.Object) []record.PlatformField {
	o, _ := catalog.Xero().Object(object)
	var fields []record.PlatformField
	for _, f := range o.Fields {
		fields = append(fields, f.Name)
	}
	return fields
}

func target(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: "books", Object: object}, ID: id}
}

func createIntent(key string, object record.Object, fields record.Fields) record.Intent {
	o, _ := catalog.Xero().Object(object)
	intent := record.Intent{Key: key, Operation: record.OperationCreate, Ref: target(object, ""), Fields: fields}
	if fields[o.Ability.Marker] != "" {
		intent.Marker = o.Ability.Marker
	}
	return intent
}

func (b *books) updateIntent(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
	return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields, Current: b.snapshot(object, id)}
}

func (b *books) apply(intents ...record.Intent) []record.Receipt {
	b.Helper()
	receipts, err := b.connector.Apply(b.Context(), intents)
	if err != nil {
		b.Fatalf("apply: %v", err)
	}
	return receipts
}

// applied is apply where every item succeeds.
func (b *books) applied(intents ...record.Intent) []record.Receipt {
	b.Helper()
	receipts := b.apply(intents...)
	for i, r := range receipts {
		if r.Err != nil {
			b.Fatalf("item %d: %v", i, r.Err)
		}
		if r.Key != intents[i].Key {
			b.Fatalf("receipt %d is for %q, want %q", i, r.Key, intents[i].Key)
		}
	}
	return receipts
}

// requests gives the methods and query strings of requests to a list.
func (b *books) requests(method, list string) []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*http.Request
	for _, r := range b.seen {
		if r.Method == method && strings.HasSuffix(r.URL.Path, list) {
			out = append(out, r)
		}
	}
	return out
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestFetchReadsWholeRecordsWithBlanks(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada Ltd", "FirstName": "Ada", "Phones[DEFAULT].PhoneNumber": "1111111", "Phones[DEFAULT].PhoneAreaCode": "04",
		"Phones[DEFAULT].PhoneCountryCode": "0064", "Addresses[POBOX].City": "Wellington", "ContactPersons[0].FirstName": "Charles", "ContactPersons[0].IncludeInEmails": "true"})
	s := b.snapshot("contacts", id)
	for field, want := range (record.Fields{"Name": "Ada Ltd", "FirstName": "Ada", "LastName": "", "EmailAddress": "", "Phones[DEFAULT]": "+64 04 1111111", "Phones[DEFAULT].PhoneAreaCode": "04", "Phones[MOBILE]": "",
		"Addresses[POBOX].City": "Wellington", "Addresses[STREET].City": "", "ContactPersons[0].FirstName": "Charles", "ContactPersons[0].IncludeInEmails": "true", "ContactStatus": "ACTIVE",
		"ContactNumber": "", "IsCustomer": "false", "UpdatedDateUTC": "2026-03-02T17:00:00Z"}) {
		if got, told := s.Fields[field]; got != want || !told {
			t.Errorf("%s is %q (told %t), want %q", field, got, told, want)
		}
	}
	if want := b.clock.Now(); !s.ModifiedAt.Equal(want) || s.Version != "" || s.Lagging || s.Archived {
		t.Errorf("snapshot %+v, want it modified at %v", s, want)
	}
	if diff := cmp.Diff(b.truth("contacts", id), s.Fields); diff != "" {
		t.Errorf("(-platform +read):\n%s", diff)
	}
}

func TestFetchReadsInvoicesAndLeavesBillsOut(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	id := b.create("invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "Work", "LineItems[0].UnitAmount": "1234567.8901", "LineItems[0].Quantity": "2",
		"LineItems[0].TaxType": "TAX001", "Date": "2026-01-31", "Reference": "R"})
	bill, err := b.sim.CreateBill(owner, "B-1")
	if err != nil {
		t.Fatal(err)
	}
	s := b.snapshot("invoices", id)
	for field, want := range (record.Fields{"Contact.ContactID": string(owner), "LineItems[0].UnitAmount": "1234567.8901", "LineItems[0].LineAmount": "2469135.78", "SubTotal": "2469135.78",
		"TotalTax": "203703.7", "Total": "2672839.48", "AmountDue": "2672839.48", "AmountPaid": "0", "Date": "2026-01-31", "DueDate": "", "Status": "DRAFT", "InvoiceNumber": "INV-0001", "FullyPaidOnDate": ""}) {
		if got, told := s.Fields[field]; got != want || !told {
			t.Errorf("%s is %q (told %t), want %q", field, got, told, want)
		}
	}
	reads, err := b.connector.Fetch(b.Context(), "invoices", nil, []record.ExternalID{bill})
	if err != nil || reads[0].Absence == nil || reads[0].Absence.Evidence != record.EvidenceDeleted {
		t.Errorf("a bill reads as %+v, %v", reads, err)
	}
	page, err := b.connector.List(b.Context(), platform.Query{Object: "invoices", Limit: 10})
	if err != nil || len(page.Snapshots) != 1 || page.Snapshots[0].ID != id {
		t.Errorf("the list has %+v, %v", page, err)
	}
}

func TestFetchTellsArchivedMergedAndUnknown(t *testing.T) {
	b := newBooks(t)
	ids := []record.ExternalID{b.create("contacts", record.Fields{"Name": "A"}), b.create("contacts", record.Fields{"Name": "B"}), b.create("contacts", record.Fields{"Name": "C"})}
	if err := b.sim.Delete("contacts", ids[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.sim.Merge("contacts", ids[2], ids[1]); err != nil {
		t.Fatal(err)
	}
	asked := []record.ExternalID{ids[0], ids[1], "nonsense", record.ExternalID(strings.ToUpper(string(ids[2]))), "00000000-0000-4000-8000-00000000000a"}
	reads, err := b.connector.Fetch(t.Context(), "contacts", []record.PlatformField{"Name"}, asked)
	if err != nil || len(reads) != len(asked) {
		t.Fatal(reads, err)
	}
	for i, id := range asked {
		if reads[i].ID != id {
			t.Errorf("read %d is of %s, want %s", i, reads[i].ID, id)
		}
	}
	if s := reads[0].Snapshot; s == nil || !s.Archived {
		t.Errorf("archived: %+v", reads[0])
	}
	if a := reads[1].Absence; a == nil || a.Evidence != record.EvidenceMerged || a.Into != ids[2] {
		t.Errorf("merged: %+v", reads[1].Absence)
	}
	for _, i := range []int{2, 4} {
		if a := reads[i].Absence; a == nil || a.Evidence != record.EvidenceNotFound {
			t.Errorf("unknown: %+v", reads[i])
		}
	}
	if s := reads[3].Snapshot; s == nil || s.Fields["Name"] != "C" {
		t.Errorf("by capitals: %+v", reads[3])
	}
	if err := b.sim.Unarchive(ids[1]); err != nil {
		t.Fatal(err)
	}
	if s := b.snapshot("contacts", ids[1]); s.Archived {
		t.Errorf("made active again by a person: %+v", s)
	}
}

func TestFetchIsBoundedAndOneCall(t *testing.T) {
	b := newBooks(t)
	var ids []record.ExternalID
	for i := range 50 {
		ids = append(ids, b.create("contacts", record.Fields{"Name": fmt.Sprint("N", i)}))
	}
	reads, err := b.connector.Fetch(t.Context(), "contacts", []record.PlatformField{"Name"}, ids)
	if err != nil || slices.ContainsFunc(reads, func(r platform.Read) bool { return r.Snapshot == nil }) {
		t.Fatal(reads, err)
	}
	calls := b.requests(http.MethodGet, "/Contacts")
	if len(calls) != 1 || len(calls[0].URL.RawQuery) > queryBytesMax {
		t.Errorf("%d calls, the first of %d bytes", len(calls), len(calls[0].URL.RawQuery))
	}
	_, err = b.connector.Fetch(t.Context(), "contacts", nil, append(ids, ids[0]))
	wantKind(t, err, fault.Rejected)
	_, err = b.connector.Fetch(t.Context(), "unicorns", nil, ids[:1])
	wantKind(t, err, fault.Rejected)
	if reads, err := b.connector.Fetch(t.Context(), "contacts", nil, nil); reads != nil || err != nil {
		t.Error(reads, err)
	}
}

func TestFindIsExactWithoutCaseAndBounded(t *testing.T) {
	b := newBooks(t)
	ada := b.create("contacts", record.Fields{"Name": "Ada Ltd", "EmailAddress": "Ada@Example.com"})
	b.create("contacts", record.Fields{"Name": "Ada Ltd Two", "EmailAddress": "not-ada@example.com"})
	b.create("contacts", record.Fields{"Name": "No Address"})
	quoted := b.create("contacts", record.Fields{"Name": `Bob "The Builder" Smith`})
	b.create("contacts", record.Fields{"Name": `Bob "The Builder" Smith and Sons`})
	for i := range 12 {
		b.create("contacts", record.Fields{"Name": fmt.Sprint("Many", i), "EmailAddress": "many@example.com"})
	}
	gone := b.create("contacts", record.Fields{"Name": "Gone", "EmailAddress": "gone@example.com"})
	if err := b.sim.Delete("contacts", gone); err != nil {
		t.Fatal(err)
	}
	if err := b.sim.Number(ada, "H-1"); err != nil {
		t.Fatal(err)
	}
	lookups := []platform.Lookup{{Field: "EmailAddress", Value: "ADA@example.com"}, {Field: "Name", Value: "ada ltd"}, {Field: "Name", Value: `bob "the builder" smith`}, {Field: "EmailAddress", Value: "gone@example.com"},
		{Field: "EmailAddress", Value: " "}, {Field: "EmailAddress", Value: "many@example.com"}, {Field: "ContactNumber", Value: "H-1"}, {Field: "Name", Value: `x" OR Name!="`}, {Field: "Name", Value: `a\`}}
	found, err := b.connector.Find(t.Context(), "contacts", []record.PlatformField{"Name"}, lookups)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]record.ExternalID{{ada}, {ada}, {quoted}, nil, nil, nil, {ada}, nil, nil} {
		if i == 5 {
			if len(found[i]) != matchesMax {
				t.Errorf("%d of many, want %d", len(found[i]), matchesMax)
			}
			continue
		}
		var got []record.ExternalID
		for _, s := range found[i] {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("look-up %d %+v found %v, want %v", i, lookups[i], got, want)
		}
	}
	_, err = b.connector.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "TaxNumber", Value: "1"}})
	wantKind(t, err, fault.Rejected)
}

func TestFindSplitsQueriesByTheirLength(t *testing.T) {
	b := newBooks(t)
	var lookups []platform.Lookup
	for i := range 50 {
		address := fmt.Sprintf("a-rather-long-address-%d@example-of-a-long-domain.com", i)
		b.create("contacts", record.Fields{"Name": fmt.Sprint("N", i), "EmailAddress": address})
		lookups = append(lookups, platform.Lookup{Field: "EmailAddress", Value: address})
	}
	found, err := b.connector.Find(t.Context(), "contacts", []record.PlatformField{"Name"}, lookups)
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		if len(found[i]) != 1 || found[i][0].Fields["Name"] != fmt.Sprint("N", i) {
			t.Errorf("look-up %d found %+v", i, found[i])
		}
	}
	for _, r := range b.requests(http.MethodGet, "/Contacts") {
		if len(r.URL.RawQuery) > 2048 {
			t.Errorf("a query of %d bytes", len(r.URL.RawQuery))
		}
	}
}

func TestFindSearchesForWhatNoFilterHolds(t *testing.T) {
	b := newBooks(t)
	long := strings.Repeat("\U0001F600", 200)
	id := b.create("contacts", record.Fields{"Name": long})
	b.create("contacts", record.Fields{"Name": long + "x"})
	ada := b.create("contacts", record.Fields{"Name": "Ada"})
	found, err := b.connector.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "Name", Value: long}, {Field: "Name", Value: "ada"}})
	if err != nil || len(found[0]) != 1 || found[0][0].ID != id || len(found[1]) != 1 || found[1][0].ID != ada {
		t.Errorf("found %+v, %v", found, err)
	}
	for i := range findRowsMax + 1 {
		b.create("contacts", record.Fields{"Name": fmt.Sprintf(`The "Many" %d`, i)})
	}
	last := b.create("contacts", record.Fields{"Name": `The "Many"`})
	found, err = b.connector.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "Name", Value: `the "many"`}})
	if err != nil || len(found[0]) != 1 || found[0][0].ID != last {
		t.Errorf("among many: found %+v, %v", found, err)
	}
	b.sim.SetDayLimit(100_000)
	b.answers(func(w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprintf(w, `{"pagination":{"page":1,"pageSize":500,"pageCount":999,"itemCount":9999},"Contacts":[{"ContactID":%q}]}`, id)
		return true
	})
	_, err = b.connector.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "Name", Value: `"`}})
	wantKind(t, err, fault.Rejected)
}

func TestWithoutAnOrganisationNothingIsAsked(t *testing.T) {
	b := newBooks(t)
	b.connector.client.Settings.Account = ""
	_, err := b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
	wantKind(t, err, fault.Unauthorized)
	if identities, err := b.connector.Identify(t.Context()); err != nil || len(identities) != 1 {
		t.Errorf("who it is can still be asked: %v, %v", identities, err)
	}
	if n := len(b.requests(http.MethodGet, "/Contacts")); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestFindAsksAloneWhereOneValueFillsTheAnswer(t *testing.T) {
	b := newBooks(t)
	b.sim.SetDayLimit(100_000)
	for i := range findRowsMax + 5 {
		b.create("contacts", record.Fields{"Name": fmt.Sprint("Many", i), "EmailAddress": "many@example.com"})
	}
	ada := b.create("contacts", record.Fields{"Name": "Ada", "EmailAddress": "ada@example.com"})
	found, err := b.connector.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "EmailAddress", Value: "many@example.com"}, {Field: "EmailAddress", Value: "ada@example.com"}})
	if err != nil || len(found[0]) != matchesMax || len(found[1]) != 1 || found[1][0].ID != ada {
		t.Errorf("found %d and %+v, %v", len(found[0]), found[1], err)
	}
}

func TestEveryCallAsksForJSONOfItsOrganisation(t *testing.T) {
	b := newBooks(t)
	b.create("contacts", record.Fields{"Name": "Ada"})
	other := b.sim.AddTenant("Other")
	if _, err := b.sim.CreateIn(other, "contacts", record.Fields{"Name": "Eve"}); err != nil {
		t.Fatal(err)
	}
	page, err := b.connector.List(t.Context(), platform.Query{Object: "contacts", Fields: []record.PlatformField{"Name"}, Limit: 10})
	if err != nil || len(page.Snapshots) != 1 || page.Snapshots[0].Fields["Name"] != "Ada" {
		t.Errorf("got %+v, %v", page, err)
	}
	for _, r := range b.requests(http.MethodGet, "/Contacts") {
		if r.Header.Get("Accept") != "application/json" || r.Header.Get("xero-tenant-id") != b.sim.Access().Account {
			t.Errorf("header %v", r.Header)
		}
	}
	b.connector.client.Settings.Account = "00000000-0000-4000-8000-000000000001"
	_, err = b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 10})
	wantKind(t, err, fault.Unauthorized)
}

func TestTimesAndIDsAreReadInEveryForm(t *testing.T) {
	at := time.Date(2019, 11, 14, 18, 10, 38, 314_000_000, time.UTC)
	for text, want := range map[string]time.Time{"/Date(1573755038314+0000)/": at, "/Date(1573755038314)/": at, "/Date(1573755038314+1300)/": at, "/Date(-1000+0000)/": time.Unix(-1, 0).UTC(),
		"2019-11-14T18:10:38.314": at, "2019-11-14T18:10:38.314Z": at, "2019-11-15T07:10:38.314+13:00": at, "2019-11-14 18:10:38+00:00": at.Truncate(time.Second), "2019-11-14": at.Truncate(24 * time.Hour),
		"/Date(99999999999999999999)/": {}, "/Date(999999999999999)/": {}, "/Date(1573755038314+0000)": {}, "soon": {}, "": {}} {
		if got := parseTime(text); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	for id, want := range map[record.ExternalID]bool{"bd2270c3-8706-4c11-9cfb-000b551c3f51": true, "BD2270C3-8706-4C11-9CFB-000B551C3F51": true, "bd2270c3-8706-4c11-9cfb-000b551c3f5": false,
		"bd2270c387064c119cfb000b551c3f51": false, "bd2270c3-8706-4c11-9cfb-000b551c3f51,x": false, "": false} {
		if wellFormed(id) != want {
			t.Errorf("%q well formed: %t, want %t", id, !want, want)
		}
	}
}
