package pipedrive

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// pagesMax bounds a test's walk.
const pagesMax = 4000

var lag = catalog.Pipedrive().Objects[0].Ability.LagBound

// walk follows a list to its end and answers how often each record was told, the absences, and the cursor to resume.
func (a *account) walk(q platform.Query, page func(platform.Query) (platform.Page, error)) (told map[record.ExternalID]int, gone []record.Absence, next platform.Cursor) {
	a.Helper()
	told = map[record.ExternalID]int{}
	for range pagesMax {
		p, err := page(q)
		if err != nil {
			a.Fatalf("page at %q: %v", q.Cursor, err)
		}
		if len(p.Snapshots) > q.Limit {
			a.Fatalf("page of %d at limit %d", len(p.Snapshots), q.Limit)
		}
		for _, s := range p.Snapshots {
			told[s.ID]++
		}
		gone = append(gone, p.Absences...)
		if q.Cursor = p.Next; p.Next == "" {
			a.Fatal("empty cursor")
		}
		if !p.More {
			return told, gone, q.Cursor
		}
	}
	a.Fatalf("no end after %d pages", pagesMax)
	return nil, nil, ""
}

func (a *account) changes(q platform.Query) (told map[record.ExternalID]int, gone []record.Absence, next platform.Cursor) {
	a.Helper()
	return a.walk(q, func(q platform.Query) (platform.Page, error) { return a.connector.Changes(a.Context(), q) })
}

func (a *account) list(q platform.Query) map[record.ExternalID]int {
	a.Helper()
	told, _, _ := a.walk(q, func(q platform.Query) (platform.Page, error) { return a.connector.List(a.Context(), q) })
	return told
}

func TestChangesAreHintsOldestFirst(t *testing.T) {
	a := newAccount(t)
	start := a.clock.Now()
	ids := a.persons(3)
	a.clock.Advance(2 * time.Second)
	a.edit("persons", ids[0], record.Fields{"name": "Later"})
	page, err := a.connector.Changes(t.Context(), platform.Query{Object: "persons", Fields: []record.PlatformField{"name"}, Since: start, Limit: 10})
	if err != nil || len(page.Snapshots) != 3 || page.Snapshots[2].ID != ids[0] || page.Snapshots[2].Fields["name"] != "Later" {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, s := range page.Snapshots {
		if !s.Lagging || s.ModifiedAt.IsZero() {
			t.Errorf("snapshot %+v", s)
		}
	}
}

func TestChangesDuringAWalkAreToldByItOrTheNext(t *testing.T) {
	a := newAccount(t)
	start := a.clock.Now()
	ids := a.persons(10)
	q := platform.Query{Object: "persons", Since: start, Limit: 3}
	first, err := a.connector.Changes(t.Context(), q)
	if err != nil || len(first.Snapshots) != 3 {
		t.Fatalf("first page: %+v, %v", first, err)
	}
	a.clock.Advance(time.Second)
	a.edit("persons", ids[0], record.Fields{"name": "Dr"}) // told already, with its older stamp
	a.do(a.sim.Delete("persons", ids[1]))
	q.Cursor = first.Next
	told, gone, _ := a.changes(q)
	if told[ids[0]] == 0 || len(missing(told, ids[3:])) > 0 || len(gone) != 1 {
		t.Errorf("the rest told %v and %v", told, gone)
	}
}

func TestChangesTellsDeletedMergedAndArchived(t *testing.T) {
	a := newAccount(t)
	start := a.clock.Now()
	ids := a.persons(3)
	firm := a.create("organizations", record.Fields{"name": "Acme"})
	deals := []record.ExternalID{a.create("deals", record.Fields{"title": "live"}), a.create("deals", record.Fields{"title": "archived"}), a.create("deals", record.Fields{"title": "deleted"})}
	a.clock.Advance(time.Minute)
	a.do(a.sim.Delete("persons", ids[1]), a.sim.Merge("persons", ids[0], ids[2]), a.sim.Delete("organizations", firm), a.sim.Archive(deals[1], true), a.sim.Delete("deals", deals[2]))
	told, gone, _ := a.changes(platform.Query{Object: "persons", Since: start, Limit: 2})
	if len(gone) < 2 || told[ids[0]] == 0 || told[ids[1]] > 0 || told[ids[2]] > 0 {
		t.Errorf("persons told %v, gone %v", told, gone)
	}
	for _, absence := range gone {
		if absence.ID != ids[1] && absence.ID != ids[2] {
			t.Errorf("%s is there", absence.ID)
		}
	}
	told, gone, _ = a.changes(platform.Query{Object: "organizations", Since: start, Limit: 500})
	if len(told) > 0 || len(gone) != 1 || gone[0].ID != firm {
		t.Errorf("organizations told %v, gone %v", told, gone)
	}
	archived := 0
	told, gone, _ = a.walk(platform.Query{Object: "deals", Since: start, Limit: 500}, func(q platform.Query) (platform.Page, error) {
		page, err := a.connector.Changes(t.Context(), q)
		for _, s := range page.Snapshots {
			if s.Archived {
				archived++
			}
		}
		return page, err
	})
	if len(missing(told, deals[:2])) > 0 || len(gone) != 1 || gone[0].ID != deals[2] || archived != 1 {
		t.Errorf("deals told %v, %d archived, gone %v", told, archived, gone)
	}
}

// TestRecentsArePagedByTime lets more than a page of deletions come up, while more are made between the pages.
func TestRecentsArePagedByTime(t *testing.T) {
	a := newAccount(t)
	start := a.clock.Now()
	ids := a.persons(30)
	for i, id := range ids {
		if i%4 == 0 {
			a.clock.Advance(3 * time.Second)
		}
		a.do(a.sim.Delete("persons", id))
	}
	more := a.persons(4)
	found := map[record.ExternalID]bool{}
	pages := 0
	a.walk(platform.Query{Object: "persons", Since: start, Limit: 3}, func(q platform.Query) (platform.Page, error) {
		page, err := a.connector.Changes(t.Context(), q)
		for _, absence := range page.Absences {
			found[absence.ID] = true
		}
		if pages++; pages < 4 {
			a.clock.Advance(3 * time.Second)
			a.do(a.sim.Delete("persons", more[pages]))
		}
		return page, err
	})
	for _, id := range append(ids, more[1:]...) {
		if !found[id] {
			t.Errorf("%s was passed over", id)
		}
	}
}

func TestWithoutRecentsAWalkStillEnds(t *testing.T) {
	for _, status := range []int{404, 410} {
		a := newAccount(t)
		ids := a.persons(2)
		inner := a.server.Config.Handler
		a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/recents") {
				w.WriteHeader(status)
				return
			}
			inner.ServeHTTP(w, r)
		})
		told, _, _ := a.changes(platform.Query{Object: "persons", Since: a.clock.Now(), Limit: 10})
		if len(missing(told, ids)) > 0 {
			t.Errorf("told %v", told)
		}
	}
}

func TestARowOfRecentsTellsOfADeletionInManyForms(t *testing.T) {
	for body, want := range map[string]bool{`{"item":"person","id":7,"data":null}`: true, `{"item":"person","id":7}`: true, `{"item":"person","id":7,"data":{"active_flag":false}}`: true,
		`{"item":"person","id":7,"data":{"is_deleted":true}}`: true, `{"item":"person","id":7,"data":{"active_flag":true,"name":"x"}}`: false, `{"item":"person","id":7,"data":{}}`: false} {
		var r recent
		if err := json.Unmarshal([]byte(body), &r); err != nil || r.gone() != want {
			t.Errorf("%s: gone %v, %v", body, r.gone(), err)
		}
	}
}

func TestChangesBelievesOnlyALikelyClock(t *testing.T) {
	for name, date := range map[string]string{"none": "", "nonsense": "soon", "next year": "Tue, 02 Mar 2027 17:00:00 GMT"} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			inner := a.server.Config.Handler
			a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(dated{w, date}, r) })
			start := a.clock.Now()
			a.persons(2)
			a.clock.Advance(time.Second)
			_, _, cursor := a.changes(platform.Query{Object: "persons", Since: start, Limit: 10})
			late := a.persons(1)
			told, _, _ := a.changes(platform.Query{Object: "persons", Cursor: cursor, Limit: 10})
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

func TestAClockAheadOfOursPassesOverNothing(t *testing.T) {
	for _, skew := range []time.Duration{40 * time.Minute, -40 * time.Minute} {
		a := newAccount(t)
		inner := a.server.Config.Handler
		a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(dated{w, a.clock.Now().Add(skew).Format(http.TimeFormat)}, r)
		})
		_, _, cursor := a.changes(platform.Query{Object: "persons", Since: a.clock.Now(), Limit: 10})
		a.clock.Advance(time.Second)
		late := a.persons(1)
		told, _, _ := a.changes(platform.Query{Object: "persons", Cursor: cursor, Limit: 10})
		if m := missing(told, late); len(m) > 0 {
			t.Errorf("answers dated %v off: passed over %v", skew, m)
		}
	}
}

func TestALongWalkResumesBeforeItsFirstAnswer(t *testing.T) {
	a := newAccount(t)
	start := a.clock.Now()
	a.persons(5)
	a.clock.Advance(time.Hour)
	first := a.clock.Now()
	_, _, cursor := a.walk(platform.Query{Object: "persons", Since: start, Limit: 2}, func(q platform.Query) (platform.Page, error) {
		defer a.clock.Advance(time.Hour)
		return a.connector.Changes(t.Context(), q)
	})
	want := position{Phase: phaseLive, Since: first.Add(-lag).Unix(), From: first.Add(-lag).Unix()}
	var got position
	if err := json.Unmarshal([]byte(cursor), &got); err != nil || got != want {
		t.Errorf("resumes at %+v, want %+v; %v", got, want, err)
	}
}

func TestAPositionNeverGoesBack(t *testing.T) {
	k, _ := newAccount(t).connector.kindOf("persons")
	at := position{Phase: phaseRecents, Since: 5_000, From: 5_000, Began: 5_010}
	if got, want := at.caughtUp(k), (position{Phase: phaseLive, Since: 5_000, From: 5_000}); got != want {
		t.Errorf("caught up at %+v, want %+v", got, want)
	}
	stamped := func(stamp string) row { return row{"id": json.Number("1"), "update_time": stamp} }
	live := position{Phase: phaseLive, Since: 7, From: 7}
	for name, tt := range map[string]struct {
		rows []row
		want position
	}{
		"in order":         {[]row{stamped("1970-01-01T00:00:08Z"), stamped("1970-01-01T00:00:09Z")}, position{Phase: phaseLive, Since: 9, From: 7}},
		"of one second":    {[]row{stamped("1970-01-01T00:00:07Z"), stamped("1970-01-01T00:00:07.900Z")}, position{Phase: phaseLive, Since: 7, From: 7, Cursor: "next"}},
		"out of order":     {[]row{stamped("1970-01-01T00:00:09Z"), stamped("1970-01-01T00:00:08Z")}, position{Phase: phaseLive, Since: 7, From: 7, Cursor: "next"}},
		"without a stamp":  {[]row{stamped("1970-01-01T00:00:09Z"), stamped("")}, position{Phase: phaseLive, Since: 7, From: 7, Cursor: "next"}},
		"before the begin": {[]row{stamped("1970-01-01T00:00:06Z")}, position{Phase: phaseLive, Since: 7, From: 7, Cursor: "next"}},
	} {
		if got := live.behind(rows{rows: tt.rows, next: "next"}); got != tt.want {
			t.Errorf("behind a page %s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestWalksRefuseWhatTheyCannotServe(t *testing.T) {
	a := newAccount(t)
	for _, q := range []platform.Query{{Object: "leads", Limit: 1}, {Object: "persons"}, {Object: "persons", Limit: 501}, {Object: "persons", Limit: 1, Cursor: "nonsense"}} {
		_, err := a.connector.Changes(t.Context(), q)
		wantKind(t, err, fault.Rejected)
		_, err = a.connector.List(t.Context(), q)
		wantKind(t, err, fault.Rejected)
	}
	for _, cursor := range []platform.Cursor{`{"phase":"live","since":0,"from":1}`, `{"phase":"deleted","since":1,"from":1}`, `{"phase":"","since":1,"from":1}`, `{"phase":"recents","since":1,"from":1,"start":-1}`} {
		_, err := a.connector.Changes(t.Context(), platform.Query{Object: "persons", Limit: 1, Cursor: cursor})
		wantKind(t, err, fault.Rejected)
	}
	if len(a.seen) > 0 {
		t.Errorf("%d requests", len(a.seen))
	}
}

func TestAListThatDoesNotGetAheadIsAFailure(t *testing.T) {
	const same = `{"success":true,"data":[{"id":1,"update_time":"2026-03-02T17:00:00Z"}],"additional_data":{"next_cursor":"same"}}`
	c := answering(t, 200, nil, same)
	for name, walk := range map[string]func(platform.Query) (platform.Page, error){
		"list":    func(q platform.Query) (platform.Page, error) { return c.List(t.Context(), q) },
		"changes": func(q platform.Query) (platform.Page, error) { return c.Changes(t.Context(), q) }} {
		q := platform.Query{Object: "persons", Limit: 10}
		var err error
		for range 5 {
			var page platform.Page
			if page, err = walk(q); err != nil {
				break
			}
			q.Cursor = page.Next
		}
		if !fault.Is(err, fault.Transient) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stuck := answering(t, 200, nil, `{"success":true,"data":[],"additional_data":{"last_timestamp_on_page":"1970-01-01 00:00:01","pagination":{"more_items_in_collection":true}}}`)
	_, err := stuck.Changes(t.Context(), platform.Query{Object: "persons", Limit: 10, Cursor: `{"phase":"recents","since":5,"from":5,"began":5}`})
	wantKind(t, err, fault.Transient)
}
