package hubspot

import (
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// pagesMax bounds a test's walk.
const pagesMax = 4000

var lag = catalog.HubSpot().Objects[0].Ability.LagBound

// walk follows a list to its end and answers how often each record was told, and the cursor to resume. It moves the
// clock between pages, to keep within the rate of searches.
func (p *portal) walk(q platform.Query, page func(platform.Query) (platform.Page, error)) (map[record.ExternalID]int, platform.Cursor) {
	p.Helper()
	told := map[record.ExternalID]int{}
	for range pagesMax {
		got, err := page(q)
		if err != nil {
			p.Fatalf("page at %q: %v", q.Cursor, err)
		}
		if len(got.Snapshots) > q.Limit {
			p.Fatalf("page of %d at limit %d", len(got.Snapshots), q.Limit)
		}
		for _, s := range got.Snapshots {
			told[s.ID]++
		}
		if q.Cursor = got.Next; got.Next == "" {
			p.Fatal("empty cursor")
		}
		if !got.More {
			return told, q.Cursor
		}
		p.clock.Advance(250 * time.Millisecond)
	}
	p.Fatalf("no end after %d pages", pagesMax)
	return nil, ""
}

func (p *portal) changes(q platform.Query) (map[record.ExternalID]int, platform.Cursor) {
	p.Helper()
	return p.walk(q, func(q platform.Query) (platform.Page, error) { return p.connector.Changes(p.Context(), q) })
}

func missing(told map[record.ExternalID]int, ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return told[id] > 0 })
}

func TestChangesNeverPagesBeyondTheReachOfSearch(t *testing.T) {
	if testing.Short() {
		t.Skip("10,500 records")
	}
	p := newPortal(t)
	start := p.clock.Now()
	var ids []record.ExternalID
	for range 105 {
		for range 100 {
			ids = append(ids, p.create("companies", record.Fields{"name": "x"}))
		}
		p.clock.Advance(time.Millisecond)
	}
	told, cursor := p.changes(platform.Query{Object: "companies", Since: start, Limit: 100})
	if m := missing(told, ids); len(m) > 0 {
		t.Errorf("passed over %d of %d", len(m), len(ids))
	}
	late := p.create("companies", record.Fields{"name": "late"})
	if told, _ = p.changes(platform.Query{Object: "companies", Cursor: cursor, Limit: 100}); told[late] == 0 {
		t.Error("the next change was passed over")
	}
}

func TestAPageReadTooEarlyIsReadAgain(t *testing.T) {
	at := position{From: 1_000_000, Since: 1_000_000, Began: 5_000_000, Newest: 1_400_000, Seen: 5_300_000}
	// The walk took 300 seconds: at its first page the platform's clock was at least 1,100,000.
	if next := at.caughtUp(30 * time.Second); next.Since != 1_070_000 || next.From != next.Since || next.Began != 0 {
		t.Errorf("resumes at %+v, want 1,070,000", next)
	}
	at.From = 1_200_000 // all before was told
	if next := at.caughtUp(30 * time.Second); next.Since != 1_200_000 {
		t.Errorf("resumes at %+v, want where it began", next)
	}
	if next := (position{From: 7, Since: 7, Began: 9}).caughtUp(30 * time.Second); next.Since != 7 {
		t.Errorf("nothing seen: resumes at %+v", next)
	}
}

func TestSearchesAreLimitedBySecond(t *testing.T) {
	p := newPortal(t)
	var err error
	for range 6 {
		_, err = p.connector.Changes(t.Context(), platform.Query{Object: "contacts", Limit: 1})
	}
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != searchWait {
		t.Errorf("after %v, want %v", fault.After(err, 0), searchWait)
	}
}

func TestCursorsAndLimitsOfOthersAreRejected(t *testing.T) {
	p := newPortal(t)
	for _, cursor := range []platform.Cursor{"x", "7", `{"since":-5}`, `{"from":-1}`} {
		_, err := p.connector.Changes(t.Context(), platform.Query{Object: "contacts", Cursor: cursor, Limit: 1})
		wantKind(t, err, fault.Rejected)
	}
	for _, limit := range []int{0, 101} {
		_, err := p.connector.Changes(t.Context(), platform.Query{Object: "contacts", Limit: limit})
		wantKind(t, err, fault.Rejected)
		_, err = p.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: limit})
		wantKind(t, err, fault.Rejected)
	}
}

func TestListReadsFieldsAndAssociationsAsFetchDoes(t *testing.T) {
	p := newPortal(t)
	contact := p.contacts(1)[0]
	p.deal(contact)
	p.create("deals", record.Fields{"dealname": "Bare", "dealstage": "closedlost", "amount": "1500.00"})
	fields := []record.PlatformField{"dealname", "amount", "associations.contacts", "associations.companies"}
	page, err := p.connector.List(t.Context(), platform.Query{Object: "deals", Fields: fields, Limit: 100})
	if err != nil || len(page.Snapshots) != 2 || page.More {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, s := range page.Snapshots {
		got := p.fetch("deals", fields, s.ID)[0].Snapshot
		if len(s.Fields) != 4 || got.Fields["associations.contacts"] != s.Fields["associations.contacts"] || got.Fields["amount"] != s.Fields["amount"] || s.Lagging {
			t.Errorf("listed %+v, fetched %+v", s, got)
		}
	}
	if end, err := p.connector.List(t.Context(), platform.Query{Object: "deals", Cursor: page.Next, Limit: 100}); err != nil || end.More || len(end.Snapshots) != 0 {
		t.Errorf("after the end: %+v, %v", end, err)
	}
}
