package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// scanPagesMax bounds the pages of one scan in the suite; a store that never ends fails instead of hanging.
const scanPagesMax = 10_000

func get(t *testing.T, h Harness) {
	s := h.Open(t)
	a, b, c := versions("e1", "entity"), versions("e1", "link"), store.Key{Table: store.Control, Partition: "e1", Sort: "entity"}
	commit(t, s, put(a, 0, "a"), put(b, 0, "b"), put(c, 0, "c"))
	rows, err := s.Get(context.Background(), []store.Key{b, versions("e2", "entity"), a, c, a, versions("e1", "absent"), b})
	if err != nil || len(rows) != 3 || string(rows[a].Body) != "a" || string(rows[b].Body) != "b" || string(rows[c].Body) != "c" {
		t.Fatalf("got %d rows, %v, want the three that exist", len(rows), err)
	}
	if rows, err = s.Get(context.Background(), nil); err != nil || len(rows) != 0 {
		t.Fatalf("no keys: got %d rows, %v", len(rows), err)
	}
	over := make([]store.Key, store.GetMax+1)
	for i := range over {
		over[i] = versions("over", fmt.Sprint(i))
	}
	if _, err = s.Get(context.Background(), over); !fault.Is(err, fault.Rejected) {
		t.Fatalf("over the limit: got %v", err)
	}
	if _, err = s.Get(context.Background(), []store.Key{versions("", "entity")}); !fault.Is(err, fault.Rejected) {
		t.Fatalf("an empty key: got %v", err)
	}
}

// getMany reads more rows and more bytes than one call of any vendor answers.
func getMany(t *testing.T, h Harness) {
	s, n := h.Open(t), 450
	var keys []store.Key
	var writes []store.Write
	body := make([]byte, 40<<10) // 450 of them: more than the 16 MB of one BatchGetItem
	for i := range n {
		k := versions(fmt.Sprintf("e%d", i), "entity")
		keys = append(keys, k, versions(k.Partition, "absent"))
		writes = append(writes, store.Write{Key: k, Body: body})
		if len(writes) == 80 || i == n-1 {
			commit(t, s, writes...)
			writes = nil
		}
	}
	rows, err := s.Get(context.Background(), keys)
	if err != nil || len(rows) != n {
		t.Fatalf("got %d rows, %v, want %d", len(rows), err, n)
	}
	for k, row := range rows {
		if row.Key != k || row.Rev != 1 || len(row.Body) != len(body) {
			t.Fatalf("%v: got %v at revision %d with %d bytes", k, row.Key, row.Rev, len(row.Body))
		}
	}
}

func query(t *testing.T, h Harness) {
	s := h.Open(t)
	for _, sort := range []string{"entity", "journal#1", "journal#2", "journal#3", "journalist", "link#a", "link#b", "link#é", "link", "m"} {
		commit(t, s, put(versions("e1", sort), 0, sort))
	}
	commit(t, s, put(versions("e10", "entity"), 0, "other"), put(versions("e", "zz"), 0, "other"))
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 100, []string{"entity", "journal#1", "journal#2", "journal#3", "journalist", "link", "link#a", "link#b", "link#é", "m"}},
		{"journal#", "", 100, []string{"journal#1", "journal#2", "journal#3"}},
		{"journal#", "journal#1", 100, []string{"journal#2", "journal#3"}},
		{"journal#", "journal#1", 1, []string{"journal#2"}},
		{"journal#", "journal#3", 100, nil},
		{"journal#", "journal#25", 100, []string{"journal#3"}},
		{"journal#", "a", 100, []string{"journal#1", "journal#2", "journal#3"}},
		{"journal#", "zzz", 100, nil},
		{"journal#", "journal#", 100, []string{"journal#1", "journal#2", "journal#3"}},
		{"journal", "journal#3", 100, []string{"journalist"}},
		{"link", "link", 100, []string{"link#a", "link#b", "link#é"}},
		{"link#é", "", 100, []string{"link#é"}},
		{"", "link#b", 2, []string{"link#é", "m"}},
		{"", "m", 100, nil},
		{"nothing", "", 100, nil},
		{"", "", 3, []string{"entity", "journal#1", "journal#2"}},
	} {
		rows, err := s.Query(context.Background(), store.Query{Table: store.Versions, Partition: "e1", Prefix: c.prefix, After: c.after,
			Limit: c.limit})
		if err != nil {
			t.Fatalf("prefix %q after %q: %v", c.prefix, c.after, err)
		}
		if diff := cmp.Diff(c.want, sorts(rows)); diff != "" {
			t.Errorf("prefix %q after %q limit %d (-want +got):\n%s", c.prefix, c.after, c.limit, diff)
		}
	}
	if rows, err := s.Query(context.Background(), store.Query{Table: store.Versions, Partition: "absent", Limit: 10}); err != nil ||
		len(rows) != 0 {
		t.Errorf("absent partition: got %d rows, %v", len(rows), err)
	}
	for _, limit := range []int{0, store.QueryMax + 1} {
		if _, err := s.Query(context.Background(), store.Query{Table: store.Versions, Partition: "e1", Limit: limit}); !fault.Is(err,
			fault.Rejected) {
			t.Errorf("limit %d: got %v", limit, err)
		}
	}
}

func sorts(rows []store.Row) []string {
	var out []string
	for _, row := range rows {
		out = append(out, row.Sort)
	}
	return out
}

func queryPages(t *testing.T, h Harness) {
	s := h.Open(t)
	fill(t, s, store.Control, "run", 1100)
	// Large neighbours: a vendor's page ends by bytes before the limit does.
	for i := range 6 {
		commit(t, s, store.Write{Key: store.Key{Table: store.Control, Partition: "large", Sort: fmt.Sprint(i)},
			Body: make([]byte, store.BodyBytesMax)})
	}
	after, seen := "", 0
	for {
		rows, err := s.Query(context.Background(), store.Query{Table: store.Control, Partition: "run", After: after, Limit: 400})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if want := fmt.Sprintf("row-%04d", seen); row.Sort != want {
				t.Fatalf("row %d is %q, want %q", seen, row.Sort, want)
			}
			seen++
			after = row.Sort
		}
		if len(rows) < 400 {
			break
		}
	}
	if seen != 1100 {
		t.Errorf("saw %d rows, want 1100", seen)
	}
	rows, err := s.Query(context.Background(), store.Query{Table: store.Control, Partition: "large", Limit: 100})
	if err != nil || len(rows) != 6 {
		t.Errorf("large bodies: got %d rows, %v, want 6", len(rows), err)
	}
}

// scanAll walks one segment and counts each row. between runs after every page.
func scanAll(t *testing.T, s store.Store, scan store.Scan, between func()) map[store.Key]int {
	t.Helper()
	seen := map[store.Key]int{}
	for range scanPagesMax {
		rows, next, err := s.Scan(context.Background(), scan)
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		if len(rows) > 2*scan.Limit {
			t.Fatalf("a page of %d rows, want about %d", len(rows), scan.Limit)
		}
		for _, row := range rows {
			if row.Rev < 1 || row.Table != scan.Table {
				t.Fatalf("row %v at revision %d", row.Key, row.Rev)
			}
			seen[row.Key]++
		}
		if next == "" {
			return seen
		}
		scan.Cursor = next
		between()
	}
	t.Fatalf("no end after %d pages", scanPagesMax)
	return nil
}

func nothing() {}

func scanPages(t *testing.T, h Harness) {
	s := h.Open(t)
	fill(t, s, store.Versions, "large", 130)
	for i := range 40 {
		fill(t, s, store.Versions, fmt.Sprintf("e%d", i), 3)
	}
	fill(t, s, store.Control, "elsewhere", 5)
	for _, limit := range []int{1, 7, 100, 1000} {
		seen := scanAll(t, s, store.Scan{Table: store.Versions, Limit: limit, Segments: 1}, nothing)
		if len(seen) != 250 {
			t.Errorf("limit %d: saw %d rows, want 250", limit, len(seen))
		}
		for k, n := range seen {
			if n != 1 {
				t.Errorf("limit %d: row %v came %d times with nothing written meanwhile", limit, k, n)
			}
		}
	}
	if seen := scanAll(t, s, store.Scan{Table: store.CrossReference, Limit: 10, Segments: 1}, nothing); len(seen) != 0 {
		t.Errorf("an empty table has %d rows", len(seen))
	}
	for _, bad := range []store.Scan{{Table: store.Versions, Limit: 0, Segments: 1}, {Table: store.Versions, Limit: 1},
		{Table: store.Versions, Limit: 1, Segment: 2, Segments: 2}} {
		if _, _, err := s.Scan(context.Background(), bad); !fault.Is(err, fault.Rejected) {
			t.Errorf("limit %d, segment %d of %d: got %v", bad.Limit, bad.Segment, bad.Segments, err)
		}
	}
}

func scanSegments(t *testing.T, h Harness) {
	s, segments := h.Open(t), 4
	for i := range 30 {
		fill(t, s, store.Versions, fmt.Sprintf("e%d", i), 4)
	}
	seen := map[store.Key]int{}
	for segment := range segments {
		for k := range scanAll(t, s, store.Scan{Table: store.Versions, Limit: 5, Segment: segment, Segments: segments}, nothing) {
			seen[k]++
		}
	}
	if len(seen) != 120 {
		t.Errorf("saw %d rows in all segments, want 120", len(seen))
	}
	for k, n := range seen {
		if n != 1 {
			t.Errorf("row %v is in %d segments", k, n)
		}
	}
}

// scanMeanwhile adds, changes and deletes other rows between pages: those that nobody touches must all come.
func scanMeanwhile(t *testing.T, h Harness) {
	s := h.Open(t)
	var still []store.Key
	for i := range 30 {
		fill(t, s, store.Versions, fmt.Sprintf("still%d", i), 2)
		fill(t, s, store.Versions, fmt.Sprintf("doomed%d", i), 1)
		for _, sort := range []string{"row-0000", "row-0001"} {
			still = append(still, versions(fmt.Sprintf("still%d", i), sort))
		}
	}
	step := 0
	seen := scanAll(t, s, store.Scan{Table: store.Versions, Limit: 6, Segments: 1}, func() {
		if step < 30 {
			commit(t, s, store.Write{Key: versions(fmt.Sprintf("doomed%d", step), "row-0000"), Expect: store.Any, Delete: true},
				put(versions(fmt.Sprintf("new%d", step), "entity"), 0, "new"))
		}
		step++
	})
	missing := slices.DeleteFunc(still, func(k store.Key) bool { return seen[k] > 0 })
	if len(missing) > 0 {
		t.Errorf("%d rows that nobody wrote did not come, %v first", len(missing), missing[0])
	}
}

func tables(t *testing.T, h Harness) {
	s := h.Open(t)
	for i, table := range store.Tables() {
		k := store.Key{Table: table, Partition: "same", Sort: "same"}
		for rev := range int64(i + 1) {
			commit(t, s, put(k, rev, string(table)))
		}
	}
	for i, table := range store.Tables() {
		expect(t, s, store.Key{Table: table, Partition: "same", Sort: "same"}, int64(i+1), string(table))
		if seen := scanAll(t, s, store.Scan{Table: table, Limit: 10, Segments: 1}, nothing); len(seen) != 1 {
			t.Errorf("table %s has %d rows, want 1", table, len(seen))
		}
	}
}
