package salesforce

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

// pagesMax bounds a test's walk.
const pagesMax = 4000

var lag = catalog.Salesforce().Objects[0].Ability.LagBound

// walk follows a list to its end and answers how often each record was told, the absences, and the cursor to resume.
func (o *org) walk(q platform.Query, page func(platform.Query) (platform.Page, error)) (told map[record.ExternalID]int, gone []record.Absence, next platform.Cursor) {
	o.Helper()
	told = map[record.ExternalID]int{}
	for range pagesMax {
		p, err := page(q)
		if err != nil {
			o.Fatalf("page at %q: %v", q.Cursor, err)
		}
		if len(p.Snapshots)+len(p.Absences) > q.Limit {
			o.Fatalf("page of %d at limit %d", len(p.Snapshots)+len(p.Absences), q.Limit)
		}
		for _, s := range p.Snapshots {
			told[s.ID]++
		}
		gone = append(gone, p.Absences...)
		if q.Cursor = p.Next; p.Next == "" {
			o.Fatal("empty cursor")
		}
		if !p.More {
			return told, gone, q.Cursor
		}
	}
	o.Fatalf("no end after %d pages", pagesMax)
	return nil, nil, ""
}

func (o *org) changes(q platform.Query) (told map[record.ExternalID]int, gone []record.Absence, next platform.Cursor) {
	o.Helper()
	return o.walk(q, func(q platform.Query) (platform.Page, error) { return o.connector.Changes(o.Context(), q) })
}

func (o *org) list(q platform.Query) map[record.ExternalID]int {
	o.Helper()
	told, _, _ := o.walk(q, func(q platform.Query) (platform.Page, error) { return o.connector.List(o.Context(), q) })
	return told
}

func TestChangesTellsWhatCommitsLate(t *testing.T) {
	o := newOrg(t)
	o.clock.Advance(time.Hour)
	start := o.clock.Now()
	o.sim.SetFaults(platformsim.Faults{SearchLag: 9 * time.Minute})
	ids := o.contacts(2)
	told, _, cursor := o.changes(platform.Query{Object: "Contact", Since: start, Limit: 10})
	if len(told) > 0 {
		t.Fatalf("told %v before it was committed", told)
	}
	for range 20 { // polls each minute, while the stamp lies ever further back
		o.clock.Advance(time.Minute)
		var now map[record.ExternalID]int
		now, _, cursor = o.changes(platform.Query{Object: "Contact", Cursor: cursor, Limit: 10})
		for id := range now {
			told[id]++
		}
	}
	if m := missing(told, ids); len(m) > 0 {
		t.Errorf("passed over %v", m)
	}
}

func TestChangesTellsDeletedAndMerged(t *testing.T) {
	o := newOrg(t)
	start := o.clock.Now()
	ids := o.contacts(3)
	deal := o.create("Opportunity", record.Fields{"Name": "X", "StageName": "Prospecting", "CloseDate": "2026-05-01"})
	_, _, cursor := o.changes(platform.Query{Object: "Contact", Since: start, Limit: 10})
	o.clock.Advance(lag + time.Minute)
	_, _, cursor = o.changes(platform.Query{Object: "Contact", Cursor: cursor, Limit: 10})
	if err := o.sim.Delete("Contact", ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.Merge("Contact", ids[0], ids[2]); err != nil {
		t.Fatal(err)
	}
	if err := o.sim.Delete("Opportunity", deal); err != nil {
		t.Fatal(err)
	}
	told, gone, _ := o.changes(platform.Query{Object: "Contact", Cursor: cursor, Limit: 10})
	if len(gone) != 2 || gone[0].ID != ids[1] || gone[0].Evidence != record.EvidenceDeleted || gone[1].ID != ids[2] || gone[1].Evidence != record.EvidenceMerged || gone[1].Into != ids[0] {
		t.Errorf("gone %+v", gone)
	}
	if told[ids[0]] != 1 || len(told) != 1 {
		t.Errorf("told %v, want the winner", told)
	}
	_, gone, _ = o.changes(platform.Query{Object: "Opportunity", Since: start, Limit: 10})
	if len(gone) != 1 || gone[0].ID != deal {
		t.Errorf("opportunities gone %+v", gone)
	}
}

func TestAnAccountTakesItsContactsIntoTheBin(t *testing.T) {
	o := newOrg(t)
	start := o.clock.Now()
	firm := o.create("Account", record.Fields{"Name": "Acme"})
	person := o.create("Contact", record.Fields{"LastName": "Curie", "AccountId": string(firm)})
	if err := o.sim.Delete("Account", firm); err != nil {
		t.Fatal(err)
	}
	_, gone, _ := o.changes(platform.Query{Object: "Contact", Since: start, Limit: 10})
	if len(gone) != 1 || gone[0].ID != person {
		t.Errorf("gone %+v", gone)
	}
}

func TestChangesBelievesOnlyALikelyClock(t *testing.T) {
	for name, date := range map[string]string{"none": "", "nonsense": "soon", "next year": "Tue, 02 Mar 2027 17:00:00 GMT"} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			inner := o.server.Config.Handler
			o.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(dated{w, date}, r)
			})
			start := o.clock.Now()
			o.contacts(2)
			o.clock.Advance(time.Second)
			_, _, cursor := o.changes(platform.Query{Object: "Contact", Since: start, Limit: 10})
			late := o.contacts(1)
			told, _, _ := o.changes(platform.Query{Object: "Contact", Cursor: cursor, Limit: 10})
			if m := missing(told, late); len(m) > 0 {
				t.Errorf("passed over %v", m)
			}
		})
	}
}

// dated answers with another Date.
type dated struct {
	http.ResponseWriter
	date string
}

func (d dated) WriteHeader(status int) {
	d.Header()["Date"] = []string{d.date}
	d.ResponseWriter.WriteHeader(status)
}

func TestListPassesOverNothingWhileRecordsGo(t *testing.T) {
	o := newOrg(t)
	o.sim.CutAnswers(2)
	ids := o.contacts(12)
	page, err := o.connector.List(t.Context(), platform.Query{Object: "Contact", Limit: 4})
	if err != nil || len(page.Snapshots) != 2 || !page.More {
		t.Fatalf("first page %+v, %v", page, err)
	}
	for _, id := range ids[:2] {
		if err := o.sim.Delete("Contact", id); err != nil {
			t.Fatal(err)
		}
	}
	told := o.list(platform.Query{Object: "Contact", Cursor: page.Next, Limit: 4})
	if m := missing(told, ids[2:]); len(m) > 0 {
		t.Errorf("passed over %v", m)
	}
	after, err := o.connector.List(t.Context(), platform.Query{Object: "Contact", Cursor: listEnd, Limit: 4})
	if diff := cmp.Diff(platform.Page{Next: listEnd}, after); diff != "" || err != nil {
		t.Errorf("after the end: %s, %v", diff, err)
	}
}

func TestWalksRefuseWhatTheyCannotServe(t *testing.T) {
	o := newOrg(t)
	for _, q := range []platform.Query{{Object: "Lead", Limit: 1}, {Object: "Contact"}, {Object: "Contact", Limit: 501}, {Object: "Contact", Limit: 1, Cursor: "nonsense"},
		{Object: "Contact", Limit: 1, Cursor: `{"since":0,"from":1}`}, {Object: "Contact", Limit: 1, Cursor: `{"since":1,"from":1,"after_id":"' OR Id != '"}`}} {
		_, err := o.connector.Changes(t.Context(), q)
		wantKind(t, err, fault.Rejected)
		_, err = o.connector.List(t.Context(), q)
		wantKind(t, err, fault.Rejected)
	}
	if len(o.seen) > 0 {
		t.Errorf("%d requests", len(o.seen))
	}
}

func TestAListThatDoesNotGetAheadIsAFailure(t *testing.T) {
	const same = `{"attributes":{"type":"Contact"},"Id":"003ak00000luKU1AAM","SystemModstamp":"2026-03-02T17:00:00.000+0000","IsDeleted":false}`
	c := answering(t, 200, nil, `{"totalSize":9,"done":false,"records":[`+same+`]}`)
	for _, walk := range []func(platform.Query) (platform.Page, error){
		func(q platform.Query) (platform.Page, error) { return c.List(t.Context(), q) },
		func(q platform.Query) (platform.Page, error) { return c.Changes(t.Context(), q) }} {
		page, err := walk(platform.Query{Object: "Contact", Limit: 10})
		if err != nil || !page.More {
			t.Fatalf("first page: %+v, %v", page, err)
		}
		_, err = walk(platform.Query{Object: "Contact", Limit: 10, Cursor: page.Next})
		wantKind(t, err, fault.Transient)
	}
	empty := answering(t, 200, nil, `{"totalSize":9,"done":false,"records":[]}`)
	_, err := empty.List(t.Context(), platform.Query{Object: "Contact", Limit: 10})
	wantKind(t, err, fault.Transient)
	_, err = empty.Changes(t.Context(), platform.Query{Object: "Contact", Limit: 10, Cursor: `{"since":5,"from":5,"began":5}`})
	wantKind(t, err, fault.Transient)
}

func TestChangesAsksInUTCWithoutQuotes(t *testing.T) {
	at := position{Since: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC).UnixMilli(), AfterID: "003ak00000luKU1AAM"}
	want := "SystemModstamp >= 2026-03-02T17:00:00.000Z AND (SystemModstamp > 2026-03-02T17:00:00.000Z OR Id > '003ak00000luKU1AAM')"
	if got := at.where(); got != want || strings.Contains(got, "+") {
		t.Errorf("asks %s, want %s", got, want)
	}
}

func TestAClockAheadOfOursPassesOverNothing(t *testing.T) {
	for _, skew := range []time.Duration{40 * time.Minute, -40 * time.Minute} {
		o := newOrg(t)
		inner := o.server.Config.Handler
		o.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(dated{w, o.clock.Now().Add(skew).Format(http.TimeFormat)}, r)
		})
		_, _, cursor := o.changes(platform.Query{Object: "Contact", Since: o.clock.Now(), Limit: 10})
		o.clock.Advance(time.Second)
		late := o.contacts(1)
		told, _, _ := o.changes(platform.Query{Object: "Contact", Cursor: cursor, Limit: 10})
		if m := missing(told, late); len(m) > 0 {
			t.Errorf("answers dated %v off: passed over %v", skew, m)
		}
	}
}

func TestAPositionNeverGoesBack(t *testing.T) {
	at := position{Since: 5_000, From: 5_000, Began: 6_000}
	if got, want := at.caughtUp(lag), (position{Since: 5_000, From: 5_000}); got != want {
		t.Errorf("caught up at %+v, want %+v", got, want)
	}
	out := rows{rows: []row{{"Id": "003ak00000luKU1AAM", "SystemModstamp": "1970-01-01T00:00:09.000+0000"}, {"Id": "003ak00000luKU2AAM", "SystemModstamp": "1970-01-01T00:00:07.000+0000"}, {"Id": "003ak00000luKU3AAM"}}}
	if got := at.behind(out); got.Since != 9_000 || got.AfterID != "003ak00000luKU3AAM" {
		t.Errorf("behind a page out of order: %+v", got)
	}
}

func TestALongWalkResumesBeforeItsFirstAnswer(t *testing.T) {
	o := newOrg(t)
	start := o.clock.Now()
	o.contacts(5)
	o.clock.Advance(time.Hour)
	first := o.clock.Now()
	_, _, cursor := o.walk(platform.Query{Object: "Contact", Since: start, Limit: 2}, func(q platform.Query) (platform.Page, error) {
		defer o.clock.Advance(time.Hour)
		return o.connector.Changes(t.Context(), q)
	})
	want := position{Since: first.Add(-lag).UnixMilli(), From: first.Add(-lag).UnixMilli()}
	var got position
	if err := json.Unmarshal([]byte(cursor), &got); err != nil || got != want {
		t.Errorf("resumes at %+v, want %+v; %v", got, want, err)
	}
}

// A field that the org has no longer, or does not grant, is gone: no blank, and no end of polls, lists, reads and look-ups. It
// costs one refused query an hour.
func TestAFieldThatTheOrgLacksIsGone(t *testing.T) {
	o := newOrg(t)
	since := o.clock.Now()
	id := o.create("Contact", record.Fields{"LastName": "Lovelace", "Email": "ada@example.com", "Badge__c": "B1"})
	fields := []record.PlatformField{"LastName", "Badge__c", "Grade__c"}
	judge := func(how string, err error, found []record.Snapshot) {
		t.Helper()
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %+v", how, err, found)
		}
		want := record.Fields{"LastName": "Lovelace", "Badge__c": "B1"}
		if diff := cmp.Diff(want, found[0].Fields); diff != "" || !slices.Equal(found[0].Gone, fields[2:]) {
			t.Errorf("%s: %v gone (-want +got):\n%s", how, found[0].Gone, diff)
		}
	}
	for range 3 {
		reads, err := o.connector.Fetch(t.Context(), "Contact", fields, []record.ExternalID{id})
		if err != nil || reads[0].Snapshot == nil {
			t.Fatalf("read: %v, %+v", err, reads)
		}
		judge("read", err, []record.Snapshot{*reads[0].Snapshot})
		page, err := o.connector.List(t.Context(), platform.Query{Object: "Contact", Fields: fields, Limit: 100})
		judge("list", err, page.Snapshots)
		page, err = o.connector.Changes(t.Context(), platform.Query{Object: "Contact", Fields: fields, Since: since, Limit: 100})
		judge("poll", err, page.Snapshots)
		found, err := o.connector.Find(t.Context(), "Contact", fields, []platform.Lookup{{Field: "Email", Value: "ada@example.com"}})
		if err != nil {
			t.Fatalf("find: %v", err)
		}
		want := record.Fields{"LastName": "Lovelace", "Badge__c": "B1"}
		if got := found[0][0]; !slices.Equal(got.Gone, fields[2:]) || got.Fields["LastName"] != want["LastName"] || got.Fields["Badge__c"] != want["Badge__c"] {
			t.Errorf("find: got %+v, want %v gone and %v", got, fields[2:], want)
		}
	}
	if n := o.requests("/describe"); n != 1 {
		t.Errorf("%d describes, want one an hour", n)
	}
	o.clock.Advance(platform.FoundLife)
	if _, err := o.connector.List(t.Context(), platform.Query{Object: "Contact", Fields: fields, Limit: 100}); err != nil || o.requests("/describe") != 2 {
		t.Errorf("after an hour: %v, %d describes, want it asked for again", err, o.requests("/describe"))
	}
}
