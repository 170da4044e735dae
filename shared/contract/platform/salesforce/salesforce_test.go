package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	simulator "github.com/fluxcascade/fluxcascade/shared/contract/platformsim/salesforce"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

const marker = "FluxCascade_Id__c"

// org is a simulated org and a connector to it.
type org struct {
	*testing.T
	clock     *platformtest.Clock
	sim       *simulator.Simulator
	server    *httptest.Server
	connector *Connector
	// before is called with each request, its number from 1, before it is served; nil for none.
	before func(number int, r *http.Request)
	mu     sync.Mutex
	seen   []*http.Request // without their bodies
	made   int             // contacts named so far
}

func newOrg(t *testing.T) *org {
	t.Helper()
	o := &org{T: t, clock: platformtest.NewClock(time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC))}
	o.sim = simulator.New(platformsim.Options{Now: o.clock.Now, Seed: 1, WebhookURL: "https://front.example/salesforce"})
	o.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.seen = append(o.seen, r.Clone(context.Background()))
		number := len(o.seen)
		o.mu.Unlock()
		if o.before != nil {
			o.before(number, r)
		}
		o.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(o.server.Close)
	access := o.sim.Access()
	o.connector = New(platform.Settings{Connection: "crm", Account: access.Account, BaseURL: o.server.URL, Tokens: platformtest.Token(access.AccessToken),
		HTTP: o.server.Client(), Now: o.clock.Now})
	return o
}

func (o *org) create(object record.Object, fields record.Fields) record.ExternalID {
	o.Helper()
	id, err := o.sim.Create(object, fields)
	if err != nil {
		o.Fatalf("create %s %v: %v", object, fields, err)
	}
	return id
}

func (o *org) edit(object record.Object, id record.ExternalID, fields record.Fields) {
	o.Helper()
	if err := o.sim.Edit(object, id, fields); err != nil {
		o.Fatalf("edit %s/%s %v: %v", object, id, fields, err)
	}
}

// contacts makes n contacts.
func (o *org) contacts(n int) []record.ExternalID {
	o.Helper()
	var ids []record.ExternalID
	for range n {
		o.made++
		ids = append(ids, o.create("Contact", record.Fields{"LastName": fmt.Sprintf("Contact %d", o.made)}))
	}
	return ids
}

// truth gives a record as the platform holds it.
func (o *org) truth(object record.Object, id record.ExternalID) record.Fields {
	o.Helper()
	fields, _, ok := o.sim.Record(object, id)
	if !ok {
		o.Fatalf("%s/%s is not there", object, id)
	}
	return fields
}

// snapshot pre-reads one record, all fields.
func (o *org) snapshot(object record.Object, id record.ExternalID) *record.Snapshot {
	o.Helper()
	reads, err := o.connector.Fetch(o.Context(), object, allFields(object), []record.ExternalID{id})
	if err != nil || len(reads) != 1 || reads[0].Snapshot == nil {
		o.Fatalf("fetch %s/%s: %+v, %v", object, id, reads, err)
	}
	return reads[0].Snapshot
}

func allFields(object record.Object) []record.PlatformField {
	known, _ := catalog.Salesforce().Object(object)
	fields := []record.PlatformField{marker, "Score__c", "Legacy_Id__c", "Badge__c"}
	for _, f := range known.Fields {
		fields = append(fields, f.Name)
	}
	return fields
}

// requests counts the requests whose path ends in suffix.
func (o *org) requests(suffix string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	count := 0
	for _, r := range o.seen {
		if strings.HasSuffix(r.URL.Path, suffix) {
			count++
		}
	}
	return count
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("error = %v, want kind %s", err, kind)
	}
}

func TestFetchTellsDeletedMergedAndUnknown(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(4)
	if err := o.sim.Delete("Contact", ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.Merge("Contact", ids[0], ids[2]); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.Delete("Contact", ids[3]); err != nil {
		t.Fatal(err)
	}
	o.sim.Purge(ids[3])
	asked := []record.ExternalID{ids[2], "nonsense", ids[0][:15], ids[1], ids[3], "' OR Id != '", ids[0][:17] + "9", ""}
	reads, err := o.connector.Fetch(t.Context(), "Contact", []record.PlatformField{"LastName"}, asked)
	if err != nil || len(reads) != len(asked) {
		t.Fatalf("fetch: %v, %v", reads, err)
	}
	want := map[int]record.Evidence{0: record.EvidenceMerged, 1: record.EvidenceNotFound, 3: record.EvidenceDeleted, 4: record.EvidenceNotFound, 5: record.EvidenceNotFound, 6: record.EvidenceNotFound, 7: record.EvidenceNotFound}
	for i, r := range reads {
		switch {
		case i == 2:
			if r.Snapshot == nil || r.Snapshot.ID != ids[0] || r.ID != asked[2] {
				t.Errorf("short id = %+v", r)
			}
		case r.Absence == nil || r.Absence.Evidence != want[i] || r.Absence.ID != asked[i]:
			t.Errorf("%q = %+v, want %s", asked[i], r.Absence, want[i])
		}
	}
	if reads[0].Absence.Into != ids[0] {
		t.Errorf("merged into %q, want %q", reads[0].Absence.Into, ids[0])
	}
	if n := o.requests("/queryAll"); n != 1 {
		t.Errorf("%d queries, want 1", n)
	}
}

func TestARecordTakenOutOfTheBinIsThereAgain(t *testing.T) {
	o := newOrg(t)
	id := o.contacts(1)[0]
	if err := o.sim.Delete("Contact", id); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.Undelete("Contact", id); err != nil {
		t.Fatal(err)
	}
	if s := o.snapshot("Contact", id); s.ID != id || s.Archived {
		t.Errorf("read %+v", s)
	}
}

func TestFetchIsBoundedAndComesInParts(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(200)
	o.sim.CutAnswers(60)
	reads, err := o.connector.Fetch(t.Context(), "Contact", allFields("Contact"), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range reads {
		if r.Snapshot == nil || r.Snapshot.ID != ids[i] {
			t.Fatalf("read %d = %+v", i, r)
		}
	}
	o.sim.CutAnswers(1)
	_, err = o.connector.Fetch(t.Context(), "Contact", nil, ids)
	wantKind(t, err, fault.Transient)
	_, err = o.connector.Fetch(t.Context(), "Contact", nil, make([]record.ExternalID, 201))
	wantKind(t, err, fault.Rejected)
	_, err = o.connector.Fetch(t.Context(), "Lead", nil, ids[:1])
	wantKind(t, err, fault.Rejected)
	before := len(o.seen)
	if reads, err := o.connector.Fetch(t.Context(), "Contact", nil, nil); reads != nil || err != nil || len(o.seen) != before {
		t.Errorf("nothing asked: %v, %v", reads, err)
	}
}

func TestStatementsFitIntoAURL(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(200)
	fields := allFields("Contact")
	for i := range 200 {
		fields = append(fields, record.PlatformField(fmt.Sprintf("A_Custom_Field_With_A_Long_Name_%03d__c", i)))
	}
	reads, err := o.connector.Fetch(t.Context(), "Contact", fields, ids)
	if err != nil || len(reads) != 200 || len(reads[199].Snapshot.Gone) != 200 { // the simulated org lacks them
		t.Errorf("read: %d, %v", len(reads), err)
	}
	for _, r := range o.seen {
		if len(r.RequestURI) > 16_384 {
			t.Errorf("URL of %d bytes", len(r.RequestURI))
		}
	}
	if len(o.seen) == 0 {
		t.Error("nothing was asked")
	}
	for i := range 600 {
		fields = append(fields, record.PlatformField(fmt.Sprintf("Another_Field_With_A_Long_Name_%03d__c", i)))
	}
	before := len(o.seen)
	_, err = o.connector.Fetch(t.Context(), "Contact", fields, ids)
	wantKind(t, err, fault.Rejected)
	if len(o.seen) != before {
		t.Error("a statement too long was sent")
	}
}

func TestFindIsExactWithoutCaseAndBounded(t *testing.T) {
	o := newOrg(t)
	one := o.create("Contact", record.Fields{"LastName": "O'Brien", "Email": "Obrien@Example.com", marker: `e\'1`})
	for i := range 12 {
		o.create("Contact", record.Fields{"LastName": fmt.Sprint("Shared ", i), "Email": "shared@example.com"})
	}
	gone := o.create("Contact", record.Fields{"LastName": "Gone", "Email": "gone@example.com"})
	if err := o.sim.Delete("Contact", gone); err != nil {
		t.Fatal(err)
	}
	lookups := []platform.Lookup{{Field: "Email", Value: "OBRIEN@example.com"}, {Field: "Email", Value: "shared@example.com"}, {Field: "Email", Value: "gone@example.com"},
		{Field: "Email", Value: " "}, {Field: "Email", Value: `') OR (Email != '`}, {Field: marker, Value: `E\'1`}, {Field: "Email", Value: "a\nb\x01@example.com"}}
	found, err := o.connector.Find(t.Context(), "Contact", []record.PlatformField{"LastName"}, lookups)
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{}
	for _, f := range found {
		counts = append(counts, len(f))
	}
	if diff := cmp.Diff([]int{1, 10, 0, 0, 0, 1, 0}, counts); diff != "" {
		t.Fatalf("matches (-want +got):\n%s", diff)
	}
	if found[0][0].ID != one || found[5][0].ID != one || found[0][0].Fields["LastName"] != "O'Brien" {
		t.Errorf("found %+v", found[0])
	}
	_, err = o.connector.Find(t.Context(), "Contact", nil, []platform.Lookup{{Field: "Description", Value: "x"}})
	wantKind(t, err, fault.Rejected)
	firm := o.create("Account", record.Fields{"Name": "Acme"})
	found, err = o.connector.Find(t.Context(), "Account", nil, []platform.Lookup{{Field: "Name", Value: "ACME"}})
	if err != nil || len(found[0]) != 1 || found[0][0].ID != firm {
		t.Errorf("account by name: %v, %v", found, err)
	}
}

func TestFindSplitsStatementsByTheirLength(t *testing.T) {
	o := newOrg(t)
	var lookups []platform.Lookup
	for i := range 200 {
		// In capitals, so that each is asked for in two spellings, which may fall into two statements.
		value := fmt.Sprintf("%s-%d@EXAMPLE.com", strings.Repeat("Ü", 40), i)
		lookups = append(lookups, platform.Lookup{Field: "Email", Value: value})
		o.create("Contact", record.Fields{"LastName": fmt.Sprint(i), "Email": value})
	}
	found, err := o.connector.Find(t.Context(), "Contact", nil, lookups)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if len(f) != 1 {
			t.Errorf("look-up %d found %d, want 1", i, len(f))
		}
	}
	if n := o.requests("/query"); n < 2 {
		t.Errorf("%d queries for 200 long values", n)
	}
}

func TestFindTellsEveryMatchOfACutAnswer(t *testing.T) {
	o := newOrg(t)
	for _, email := range []string{"two@example.com", "one@example.com", "two@example.com"} {
		o.create("Contact", record.Fields{"LastName": "X", "Email": email})
	}
	o.sim.CutAnswers(1)
	found, err := o.connector.Find(t.Context(), "Contact", nil, []platform.Lookup{{Field: "Email", Value: "one@example.com"}, {Field: "Email", Value: "two@example.com"}})
	if err != nil || len(found[0]) != 1 || len(found[1]) != 2 {
		t.Errorf("found %d and %d, %v: one of two is no only match", len(found[0]), len(found[1]), err)
	}
}

func TestFindAsksAloneWhereOneValueFillsTheAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("1,100 records")
	}
	o := newOrg(t)
	for i := range 1100 {
		o.create("Contact", record.Fields{"LastName": fmt.Sprint("N", i), "Email": "none@example.com"})
	}
	rare := o.create("Contact", record.Fields{"LastName": "Rare", "Email": "rare@example.com"})
	found, err := o.connector.Find(t.Context(), "Contact", nil, []platform.Lookup{{Field: "Email", Value: "none@example.com"}, {Field: "Email", Value: "rare@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found[0]) != matchesMax || len(found[1]) != 1 || found[1][0].ID != rare {
		t.Errorf("found %d and %v", len(found[0]), found[1])
	}
}

func TestTokensGoToSalesforceOnly(t *testing.T) {
	for _, tt := range []struct {
		base, option string
		calls        bool
	}{
		{"https://acme.my.salesforce.com", "", true},
		{"https://acme--box.sandbox.my.salesforce.com", "", true},
		{"https://acme.lightning.force.com", "", true},
		{"http://127.0.0.1:8080", "", true},
		{"http://localhost:1", "https://acme.my.salesforce.com", true},
		{"https://login.salesforce.com", "https://acme.my.salesforce.com/", true},
		{"https://test.salesforce.com", "https://acme.my.salesforce.com", true},
		{"https://login.salesforce.com", "", false},
		{"", "", false},
		{"http://acme.my.salesforce.com", "", false},
		{"https://acme.my.salesforce.com.evil.example", "", false},
		{"https://evilsalesforce.com", "", false},
		{"https://acme.my.salesforce.com@evil.example", "", false},
		{"https://user@acme.my.salesforce.com", "", false},
		{"https://evil.example/.salesforce.com", "", false},
		{"https://evil.example?.salesforce.com", "", false},
		{"https://acme.my.salesforce.com:8443", "", false},
		{"https://login.salesforce.com", "https://evil.example", false},
		{"https://login.salesforce.com", "http://10.0.0.1", false},
		{"://", "", false},
	} {
		sent := 0
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			sent++
			return nil, fmt.Errorf("no network here")
		})}
		c := New(platform.Settings{BaseURL: tt.base, Tokens: platformtest.Token("t"), HTTP: client, Now: time.Now, Options: map[string]string{OptionInstanceURL: tt.option}})
		_, err := c.List(t.Context(), platform.Query{Object: "Contact", Limit: 1})
		if want := map[bool]fault.Kind{true: fault.Transient, false: fault.Unauthorized}[tt.calls]; !fault.Is(err, want) || (sent == 1) != tt.calls {
			t.Errorf("%q with option %q: %v after %d requests", tt.base, tt.option, err, sent)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestIDsAreCheckedAndLengthened(t *testing.T) {
	for id, want := range map[record.ExternalID]bool{"001ak00000OKNPHAA5": true, "001ak00000OKNPH": true, "001ak00000OKNPHAA6": false, "001ak00000OKNP": false,
		"": false, "001*": false, "001ak00000OKNP'": false, "001ak00000OKNPHaa5": false} {
		if got := wellFormed(id); got != want {
			t.Errorf("%q well formed: %v", id, got)
		}
	}
	if got := long("0015f00002J9YYE"); got != "0015f00002J9YYEAA3" {
		t.Errorf("lengthened to %s", got)
	}
}

func TestStatementsQuoteWhateverIsAsked(t *testing.T) {
	for value, want := range map[string]string{`O'Brien`: `'O\'Brien'`, `a\`: `'a\\'`, "a\nb": `'a\u000ab'`, "é": "'é'", "": "''"} {
		if got := quote(value); got != want {
			t.Errorf("%q quoted as %s, want %s", value, got, want)
		}
	}
	q := soql{object: must(catalog.Salesforce().Object("Contact")), fields: []record.PlatformField{"Email", "Email", "Id", "Nonsense", "x) FROM Account"}, order: "Id", limit: 1}
	text, err := url.QueryUnescape(q.path())
	if want := apiPath + "/query?q=SELECT Id, SystemModstamp, IsDeleted, MasterRecordId, Email FROM Contact ORDER BY Id LIMIT 1"; err != nil || text != want {
		t.Errorf("statement %s, want %s", text, want)
	}
}

func must(o *catalog.Object, ok bool) *catalog.Object {
	if !ok {
		panic("unknown object")
	}
	return o
}

func missing(told map[record.ExternalID]int, ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return told[id] > 0 })
}
