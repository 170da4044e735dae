package quickbooks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

// pagesMax bounds a test's walk.
const pagesMax = 4000

// walk follows a list to its end and answers how often each record was told, the absences, and the cursor to resume.
func (c *company) walk(q platform.Query, page func(platform.Query) (platform.Page, error)) (told map[record.ExternalID]int, gone []record.ExternalID, next platform.Cursor) {
	c.Helper()
	told = map[record.ExternalID]int{}
	for range pagesMax {
		p, err := page(q)
		if err != nil {
			c.Fatalf("page at %q: %v", q.Cursor, err)
		}
		if len(p.Snapshots)+len(p.Absences) > q.Limit {
			c.Fatalf("page of %d at limit %d", len(p.Snapshots)+len(p.Absences), q.Limit)
		}
		for _, s := range p.Snapshots {
			told[s.ID]++
		}
		for _, a := range p.Absences {
			gone = append(gone, a.ID)
		}
		if q.Cursor = p.Next; p.Next == "" {
			c.Fatal("empty cursor")
		}
		if !p.More {
			return told, gone, q.Cursor
		}
	}
	c.Fatalf("no end after %d pages", pagesMax)
	return nil, nil, ""
}

func (c *company) changes(q platform.Query) (told map[record.ExternalID]int, gone []record.ExternalID, next platform.Cursor) {
	c.Helper()
	return c.walk(q, func(q platform.Query) (platform.Page, error) { return c.connector.Changes(c.Context(), q) })
}

func (c *company) list(q platform.Query) map[record.ExternalID]int {
	c.Helper()
	told, _, _ := c.walk(q, func(q platform.Query) (platform.Page, error) { return c.connector.List(c.Context(), q) })
	return told
}

func (c *company) customers(n int) []record.ExternalID {
	c.Helper()
	var ids []record.ExternalID
	for range n {
		c.made++
		ids = append(ids, c.create("customers", record.Fields{"DisplayName": fmt.Sprintf("Customer %d", c.made)}))
	}
	return ids
}

func missing(told map[record.ExternalID]int, ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return told[id] > 0 })
}

var lag = catalog.QuickBooks().Objects[0].Ability.LagBound

func TestChangesTellsDeletionsInactiveAndMerged(t *testing.T) {
	c := newCompany(t, nil)
	start := c.clock.Now()
	ids := c.customers(3)
	bill := c.create("invoices", record.Fields{"CustomerRef": string(ids[0]), "Line[0].Amount": "5"})
	if err := c.sim.Delete("invoices", bill); err != nil {
		t.Fatal(err)
	}
	if err := c.sim.Delete("customers", ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := c.sim.Merge("customers", ids[0], ids[2]); err != nil {
		t.Fatal(err)
	}
	_, gone, _ := c.changes(platform.Query{Object: "invoices", Since: start, Limit: 10})
	if diff := cmp.Diff([]record.ExternalID{bill}, gone); diff != "" {
		t.Errorf("invoices gone (-want +got):\n%s", diff)
	}
	p, err := c.connector.Changes(t.Context(), platform.Query{Object: "customers", Since: start, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Absences) != 1 || p.Absences[0].ID != ids[2] || p.Absences[0].Evidence != record.EvidenceDeleted {
		t.Errorf("absences = %+v", p.Absences)
	}
	if len(p.Snapshots) != 2 || p.Snapshots[1].ID != ids[1] || !p.Snapshots[1].Archived || !p.Snapshots[1].Lagging {
		t.Errorf("snapshots = %+v", p.Snapshots)
	}
}

func TestChangesCoversABurstBeyondOneAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("2,500 records")
	}
	c := newCompany(t, nil)
	start := c.clock.Now()
	var ids []record.ExternalID
	for range 5 {
		ids = append(ids, c.customers(100)...)
		c.clock.Advance(time.Second)
		ids = append(ids, c.customers(400)...)
	}
	// Edited backwards, so that stamps and ids disagree.
	for i := len(ids) - 1; i >= 0; i -= 2 {
		c.edit("customers", ids[i], record.Fields{"Notes": "edited"})
		if i%100 == 0 {
			c.clock.Advance(time.Second)
		}
	}
	for _, limit := range []int{1000, 333} {
		told, _, _ := c.changes(platform.Query{Object: "customers", Since: start, Limit: limit})
		if m := missing(told, ids); len(m) > 0 {
			t.Errorf("limit %d: passed over %d of %d", limit, len(m), len(ids))
		}
	}
}

func TestChangesCoversOneSecondBeyondOneAnswer(t *testing.T) {
	if testing.Short() {
		t.Skip("2,300 records")
	}
	c := newCompany(t, nil)
	start := c.clock.Now()
	ids := c.customers(2300)
	told, _, cursor := c.changes(platform.Query{Object: "customers", Since: start, Limit: 1000})
	if m := missing(told, ids); len(m) > 0 {
		t.Errorf("passed over %d of %d", len(m), len(ids))
	}
	c.clock.Advance(time.Hour)
	late := c.customers(1)
	told, _, _ = c.changes(platform.Query{Object: "customers", Cursor: cursor, Limit: 1000})
	if len(missing(told, late)) > 0 {
		t.Error("the next change was passed over")
	}
}

func TestChangesBeyondTheLookBackGoesByQuery(t *testing.T) {
	c := newCompany(t, nil)
	start := c.clock.Now()
	ids := c.customers(3)
	if err := c.sim.Delete("customers", ids[2]); err != nil {
		t.Fatal(err)
	}
	c.clock.Advance(45 * 24 * time.Hour)
	c.renewToken()
	told, _, cursor := c.changes(platform.Query{Object: "customers", Since: start, Limit: 2})
	if m := missing(told, ids); len(m) > 0 {
		t.Errorf("passed over %v", m)
	}
	if c.requests("/cdc") != 0 {
		t.Error("asked change data capture beyond its look-back")
	}
	if _, _, _ = c.changes(platform.Query{Object: "customers", Cursor: cursor, Limit: 2}); c.requests("/cdc") != 1 {
		t.Error("did not go back to change data capture")
	}
}

func TestCursorsOfOthersAreRejected(t *testing.T) {
	c := newCompany(t, nil)
	for _, cursor := range []platform.Cursor{"x", "7", `{"since":-5}`, `{"since":1,"skip":-1}`, `{"start":-1,"since":-1}`} {
		_, err := c.connector.Changes(t.Context(), platform.Query{Object: "customers", Cursor: cursor, Limit: 1})
		wantKind(t, err, fault.Rejected)
	}
	for _, cursor := range []platform.Cursor{"x", "7", `{"start":-1}`} {
		_, err := c.connector.List(t.Context(), platform.Query{Object: "customers", Cursor: cursor, Limit: 1})
		wantKind(t, err, fault.Rejected)
	}
	for _, limit := range []int{0, 1001} {
		_, err := c.connector.Changes(t.Context(), platform.Query{Object: "customers", Limit: limit})
		wantKind(t, err, fault.Rejected)
		_, err = c.connector.List(t.Context(), platform.Query{Object: "customers", Limit: limit})
		wantKind(t, err, fault.Rejected)
	}
}

func TestListPassesOverNothingWhenRowsShift(t *testing.T) {
	c := newCompany(t, nil)
	owner := c.customers(1)[0]
	var ids []record.ExternalID
	for range 30 {
		ids = append(ids, c.create("invoices", record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "1"}))
	}
	q := platform.Query{Object: "invoices", Limit: 7}
	p, err := c.connector.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	told := map[record.ExternalID]int{}
	for _, s := range p.Snapshots {
		told[s.ID]++
	}
	for _, id := range []record.ExternalID{ids[0], ids[2], ids[6], ids[8]} {
		if err := c.sim.Delete("invoices", id); err != nil {
			t.Fatal(err)
		}
		told[id]++
	}
	q.Cursor = p.Next
	for id, n := range c.list(q) {
		told[id] += n
	}
	if m := missing(told, ids); len(m) > 0 {
		t.Errorf("passed over %v", m)
	}
}
