package xero

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// walk calls Changes until it is caught up, and gives what it told, in order, and the cursor to resume at.
func (b *books) walk(q platform.Query) (told []record.Snapshot, absences []record.Absence, next platform.Cursor) {
	b.Helper()
	for range 2000 {
		page, err := b.connector.Changes(b.Context(), q)
		if fault.Is(err, fault.RateLimited) {
			b.clock.Advance(fault.After(err, time.Minute))
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		if len(page.Snapshots)+len(page.Absences) > q.Limit || page.Next == "" {
			b.Fatalf("page of %d, next %q", len(page.Snapshots), page.Next)
		}
		told, absences = append(told, page.Snapshots...), append(absences, page.Absences...)
		q.Cursor = page.Next
		if !page.More {
			return told, absences, page.Next
		}
	}
	b.Fatal("a walk without an end")
	return nil, nil, ""
}

func idsOf(list []record.Snapshot) map[record.ExternalID]int {
	out := map[record.ExternalID]int{}
	for _, s := range list {
		out[s.ID]++
	}
	return out
}

func TestChangesTellsArchivedMergedVoided(t *testing.T) {
	b := newBooks(t)
	start := b.clock.Now()
	archived, loser, winner := b.create("contacts", record.Fields{"Name": "A"}), b.create("contacts", record.Fields{"Name": "B"}), b.create("contacts", record.Fields{"Name": "C"})
	bill := b.create("invoices", record.Fields{"Contact.ContactID": string(loser), "LineItems[0].Description": "x", "LineItems[0].UnitAmount": "1"})
	if _, err := b.sim.CreateBill(winner, "B"); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	for _, err := range []error{b.sim.Delete("contacts", archived), b.sim.Merge("contacts", winner, loser), b.sim.Delete("invoices", bill)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.clock.Advance(time.Minute)
	told, absences, _ := b.walk(platform.Query{Object: "contacts", Since: start, Limit: 100})
	if len(told) != 2 || len(absences) != 1 || absences[0].ID != loser || absences[0].Into != winner || absences[0].Evidence != record.EvidenceMerged {
		t.Errorf("told %v, absent %+v", told, absences)
	}
	for _, s := range told {
		if s.Archived != (s.ID == archived) {
			t.Errorf("%s archived: %t", s.ID, s.Archived)
		}
	}
	told, absences, _ = b.walk(platform.Query{Object: "invoices", Fields: []record.PlatformField{"Contact.ContactID", "Status"}, Since: start, Limit: 100})
	if len(told) != 1 || len(absences) != 0 || !told[0].Archived || told[0].Fields["Status"] != "DELETED" || told[0].Fields["Contact.ContactID"] != string(winner) {
		t.Errorf("told %v, absent %v", told, absences)
	}
}

// flood makes n contacts in one second.
func (b *books) flood(n int) []record.ExternalID {
	b.Helper()
	var ids []record.ExternalID
	for i := range n {
		ids = append(ids, b.create("contacts", record.Fields{"Name": fmt.Sprint("Flood", i)}))
	}
	return ids
}

// TestASecondFullerThanAPageIsToldWhole: while it is walked, people edit, which shifts the pages.
func TestASecondFullerThanAPageIsToldWhole(t *testing.T) {
	for _, limit := range []int{1000, 300} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			b := newBooks(t)
			start := b.clock.Now()
			b.clock.Advance(time.Minute)
			ids := b.flood(2500)
			later := b.create("contacts", record.Fields{"Name": "Later"})
			b.clock.Advance(time.Minute)
			random := rand.New(rand.NewPCG(7, uint64(limit)))
			edited := map[record.ExternalID]bool{}
			b.each(func(r *http.Request) {
				b.clock.Advance(2 * time.Second)
				for range 3 {
					id := ids[random.IntN(len(ids))]
					edited[id] = true
					b.edit("contacts", id, record.Fields{"FirstName": fmt.Sprint(random.IntN(1000))})
				}
			})
			told, _, cursor := b.walk(platform.Query{Object: "contacts", Since: start, Limit: limit})
			b.each(nil)
			seen := idsOf(told)
			for _, id := range append(ids, later) {
				if seen[id] == 0 && !edited[id] {
					t.Errorf("%s was never told", id)
				}
			}
			b.clock.Advance(time.Minute)
			told, _, _ = b.walk(platform.Query{Object: "contacts", Cursor: cursor, Limit: limit})
			seen = idsOf(told)
			for id := range edited {
				if seen[id] == 0 {
					t.Errorf("%s, edited during the walk, was not told by the next", id)
				}
			}
		})
	}
}

// TestPollsTellTheLastOfEverything: whatever people do while polls walk, the last state of every record is told.
func TestPollsTellTheLastOfEverything(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 3))
			b := newBooks(t)
			b.sim.SetDayLimit(1_000_000)
			b.sim.SetFaults(platformsim.Faults{SearchLag: time.Duration(random.IntN(20)) * time.Second, ClockSkew: time.Duration(random.IntN(120)-60) * time.Second})
			q := platform.Query{Object: "contacts", Fields: []record.PlatformField{"FirstName", "ContactStatus"}, Since: b.clock.Now().Add(-2 * time.Minute), Limit: 5 + random.IntN(40)}
			var ids []record.ExternalID
			act := func() {
				switch n := random.IntN(10); {
				case n < 4 || len(ids) == 0:
					ids = append(ids, b.create("contacts", record.Fields{"Name": fmt.Sprint("N", len(ids))}))
				case n < 9:
					_ = b.sim.Edit("contacts", ids[random.IntN(len(ids))], record.Fields{"FirstName": fmt.Sprint(random.IntN(1000))})
				default:
					_ = b.sim.Delete("contacts", ids[random.IntN(len(ids))])
				}
				b.clock.Advance(time.Duration(random.IntN(900)) * time.Millisecond)
			}
			b.each(func(*http.Request) {
				for range random.IntN(4) {
					act()
				}
			})
			last := map[record.ExternalID]record.Fields{}
			for range 8 {
				for range random.IntN(60) {
					act()
				}
				told, _, cursor := b.walk(q)
				for _, s := range told {
					last[s.ID] = s.Fields
				}
				q.Cursor = cursor
				b.clock.Advance(time.Duration(random.IntN(100)) * time.Second)
			}
			b.each(nil)
			b.clock.Advance(time.Hour)
			told, _, _ := b.walk(q)
			for _, s := range told {
				last[s.ID] = s.Fields
			}
			for _, id := range ids {
				truth := b.truth("contacts", id)
				if got := last[id]; got["FirstName"] != truth["FirstName"] || got["ContactStatus"] != truth["ContactStatus"] {
					t.Errorf("%s: told %v, the platform has %q %s", id, got, truth["FirstName"], truth["ContactStatus"])
				}
			}
		})
	}
}

func TestListWalksEveryRecordWhilePeopleAct(t *testing.T) {
	b := newBooks(t)
	b.sim.SetDayLimit(100_000)
	ids := b.flood(230)
	if err := b.sim.Delete("contacts", ids[7]); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	made := 0
	b.each(func(*http.Request) {
		b.clock.Advance(2 * time.Second)
		b.edit("contacts", ids[random.IntN(len(ids))], record.Fields{"FirstName": fmt.Sprint(random.IntN(1000))})
		made++
		b.create("contacts", record.Fields{"Name": fmt.Sprint("New", made)})
	})
	seen, archived := map[record.ExternalID]bool{}, 0
	q := platform.Query{Object: "contacts", Fields: []record.PlatformField{"Name"}, Limit: 20}
	for range 50 {
		page, err := b.connector.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Snapshots {
			seen[s.ID] = true
			if s.Archived {
				archived++
			}
			if s.Lagging {
				t.Fatal("a list of the records themselves is marked lagging")
			}
		}
		if q.Cursor = page.Next; !page.More {
			break
		}
	}
	for _, id := range ids {
		if !seen[id] {
			t.Errorf("%s was passed over", id)
		}
	}
	if archived == 0 {
		t.Error("the archived contact was not listed as such")
	}
}

// TestAListWhoseCountFallsIsReadAgain: a contact is erased while the list is walked, so that all behind it move up.
func TestAListWhoseCountFallsIsReadAgain(t *testing.T) {
	b := newBooks(t)
	var pages []int
	counts := map[int]int{1: 40, 2: 39, 3: 39}
	b.answers(func(w http.ResponseWriter, r *http.Request) bool {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		pages = append(pages, page)
		count := counts[len(pages)]
		if count == 0 {
			count = 39
		}
		fmt.Fprintf(w, `{"pagination":{"page":%d,"pageSize":20,"pageCount":2,"itemCount":%d},"Contacts":[{"ContactID":"00000000-0000-4000-8000-%012d"}]}`, page, count, page)
		return true
	})
	q := platform.Query{Object: "contacts", Limit: 20}
	for range 10 {
		page, err := b.connector.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Cursor = page.Next; !page.More {
			break
		}
	}
	if want := []int{1, 2, 1, 2}; !slices.Equal(pages, want) {
		t.Errorf("pages %v, want %v", pages, want)
	}
}

func TestWalksRefuseWhatTheyCannotServe(t *testing.T) {
	b := newBooks(t)
	for _, q := range []platform.Query{{Object: "unicorns", Limit: 1}, {Object: "contacts"}, {Object: "contacts", Limit: 1001}, {Object: "contacts", Limit: 1, Cursor: "x"}, {Object: "contacts", Limit: 1, Cursor: `{"since":0}`},
		{Object: "contacts", Limit: 1, Cursor: `{"since":5,"from":5,"back":-1}`}, {Object: "contacts", Limit: 1, Cursor: `{"since":5,"from":5,"after_id":"x"}`}, {Object: "contacts", Limit: 1, Cursor: `{"page":0}`}, {Object: "contacts", Limit: 1, Cursor: `{"page":1,"size":9999}`}} {
		_, err := b.connector.Changes(t.Context(), q)
		wantKind(t, err, fault.Rejected)
		if q.Cursor == `{"since":5,"from":5,"back":-1}` || strings.Contains(string(q.Cursor), "after_id") || q.Cursor == `{"since":0}` {
			continue
		}
		_, err = b.connector.List(t.Context(), q)
		wantKind(t, err, fault.Rejected)
	}
	if n := len(b.requests(http.MethodGet, "")); n > 0 {
		t.Errorf("%d requests for nothing", n)
	}
}

// TestAPageIsFullByWhatTheAnswerSays: page sizes that are ignored, and answers that do not tell, end no walk early.
func TestAPageIsFullByWhatTheAnswerSays(t *testing.T) {
	for name, c := range map[string]struct {
		pagination string
		rows       int
		more       bool
	}{
		"a full page of the size asked for":     {`"pagination":{"page":1,"pageSize":1000,"pageCount":2,"itemCount":1001},`, 1000, true},
		"the last page":                         {`"pagination":{"page":1,"pageSize":1000,"pageCount":1,"itemCount":3},`, 3, false},
		"a smaller page than asked for":         {`"pagination":{"page":1,"pageSize":100,"pageCount":3,"itemCount":300},`, 100, true},
		"a count that does not fit its records": {`"pagination":{"page":1,"pageSize":100,"pageCount":1,"itemCount":100},`, 100, true},
		"a hundred, and nothing said of pages":  {``, 100, true},
		"a few, and nothing said of pages":      {``, 99, false},
		"nothing at all":                        {`"pagination":{"page":1,"pageSize":100,"pageCount":9,"itemCount":900},`, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t)
			b.answers(func(w http.ResponseWriter, r *http.Request) bool {
				var list []string
				for i := range c.rows {
					list = append(list, fmt.Sprintf(`{"ContactID":"00000000-0000-4000-8000-%012d","UpdatedDateUTC":"/Date(%d+0000)/"}`, i, b.clock.Now().UnixMilli()+int64(i)*20))
				}
				fmt.Fprintf(w, `{%s"Contacts":[%s]}`, c.pagination, strings.Join(list, ","))
				return true
			})
			page, err := b.connector.Changes(t.Context(), platform.Query{Object: "contacts", Limit: 1000, Since: b.clock.Now().Add(-time.Hour)})
			if err != nil || page.More != c.more {
				t.Errorf("more %t, %v, want %t", page.More, err, c.more)
			}
			list, err := b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 1000})
			if err != nil || list.More != c.more {
				t.Errorf("list: more %t, %v, want %t", list.More, err, c.more)
			}
		})
	}
}

// TestAListThatIgnoresItsQuestionEnds: a platform that overlooks If-Modified-Since answers everything, oldest first. The
// walk turns round and stops where it is older than asked for.
func TestAListThatIgnoresItsQuestionEnds(t *testing.T) {
	b := newBooks(t)
	b.sim.SetDayLimit(100_000)
	b.flood(1500)
	b.clock.Advance(24 * time.Hour)
	since := b.clock.Now()
	id := b.create("contacts", record.Fields{"Name": "New"})
	b.clock.Advance(time.Minute)
	b.each(func(r *http.Request) { r.Header.Del("If-Modified-Since") })
	told, _, _ := b.walk(platform.Query{Object: "contacts", Since: since, Limit: 1000})
	if idsOf(told)[id] == 0 {
		t.Error("the new one was not told")
	}
	if n := len(b.requests(http.MethodGet, "/Contacts")); n > 4 {
		t.Errorf("%d calls", n)
	}
}

// TestAListInAnotherOrderIsAFailure: whoever went on behind its last record would lose those that it holds back.
func TestAListInAnotherOrderIsAFailure(t *testing.T) {
	b := newBooks(t)
	b.sim.SetDayLimit(100_000)
	since := b.clock.Now()
	for i := range 1005 {
		b.create("contacts", record.Fields{"Name": fmt.Sprintf("N%04d", 9999-i)})
		b.clock.Advance(2 * time.Second)
	}
	b.each(func(r *http.Request) {
		q := r.URL.Query()
		q.Set("order", "Name")
		r.URL.RawQuery = q.Encode()
	})
	_, err := b.connector.Changes(t.Context(), platform.Query{Object: "contacts", Since: since, Limit: 1000})
	wantKind(t, err, fault.Transient)
}

func TestChangesAsksInUTCWithoutAZone(t *testing.T) {
	b := newBooks(t)
	since := time.Date(2026, 3, 2, 9, 0, 0, 500_000_000, time.FixedZone("", -8*3600))
	if _, err := b.connector.Changes(t.Context(), platform.Query{Object: "invoices", Since: since, Limit: 1}); err != nil {
		t.Fatal(err)
	}
	r := b.requests(http.MethodGet, "/Invoices")[0]
	if got := r.Header.Get("If-Modified-Since"); got != "2026-03-02T16:59:59" {
		t.Errorf("If-Modified-Since %q", got)
	}
	want := url.Values{"page": {"1"}, "pageSize": {"1000"}, "unitdp": {"4"}, "order": {"UpdatedDateUTC"}, "where": {`Type=="ACCREC"`}}
	if got := r.URL.Query(); got.Encode() != want.Encode() {
		t.Errorf("query %v, want %v", got, want)
	}
}

func TestAClockThatIsFarOffIsNotBelieved(t *testing.T) {
	for _, said := range []string{"/Date(4102444800000)/", "soon", "", "/Date(0)/"} {
		b := newBooks(t)
		b.answers(func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprintf(w, `{"DateTimeUTC":%q,"Contacts":[]}`, said)
			return true
		})
		since := b.clock.Now().Add(-time.Hour)
		page, err := b.connector.Changes(t.Context(), platform.Query{Object: "contacts", Since: since, Limit: 1})
		if want := fmt.Sprintf(`{"since":%d,"from":%d}`, since.UnixMilli(), since.UnixMilli()); err != nil || string(page.Next) != want {
			t.Errorf("clock %q: next %s, %v, want %s", said, page.Next, err, want)
		}
	}
}

func TestReadsBeginBeforeTheRequest(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada"})
	began := b.clock.Now()
	b.each(func(*http.Request) { b.clock.Advance(time.Second) })
	if s := b.snapshot("contacts", id); !s.ReadBegan.Equal(began) {
		t.Errorf("read began %v, want %v", s.ReadBegan, began)
	}
}
