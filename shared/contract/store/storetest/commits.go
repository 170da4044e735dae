package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

func oneWrite(t *testing.T, h Harness) {
	s, k := h.Open(t), versions("e1", "entity")
	refuse(t, s, fault.Stale, put(k, 1, "too early"))
	expect(t, s, k, 0, "")
	commit(t, s, put(k, 0, "first"))
	expect(t, s, k, 1, "first")
	refuse(t, s, fault.Stale, put(k, 0, "again"))
	refuse(t, s, fault.Stale, put(k, 2, "ahead"))
	expect(t, s, k, 1, "first")
	commit(t, s, put(k, 1, "second"))
	expect(t, s, k, 2, "second")
	refuse(t, s, fault.Stale, put(k, 1, "late"))
	expect(t, s, k, 2, "second")
}

func allOrNothing(t *testing.T, h Harness) {
	s := h.Open(t)
	a, b, c := versions("e1", "entity"), versions("e1", "link#crm/contacts"), store.Key{Table: store.CrossReference, Partition: "ref#1",
		Sort: "ref"}
	commit(t, s, put(a, 0, "a1"), put(b, 0, "b1"))
	// Whichever of the writes fails, none is applied.
	refuse(t, s, fault.Stale, put(a, 0, "a2"), put(b, 1, "b2"), put(c, 0, "c1"))
	refuse(t, s, fault.Stale, put(a, 1, "a2"), put(b, 2, "b2"), put(c, 0, "c1"))
	refuse(t, s, fault.Stale, put(a, 1, "a2"), put(b, 1, "b2"), put(c, 1, "c1"))
	expect(t, s, a, 1, "a1")
	expect(t, s, b, 1, "b1")
	expect(t, s, c, 0, "")
	commit(t, s, put(a, 1, "a2"), put(b, 1, "b2"), put(c, 0, "c1"))
	expect(t, s, a, 2, "a2")
	expect(t, s, b, 2, "b2")
	expect(t, s, c, 1, "c1")
}

func checkOnly(t *testing.T, h Harness) {
	s, guard, k := h.Open(t), versions("e1", "entity"), versions("e1", "link")
	check := func(expect int64) store.Write { return store.Write{Key: guard, Expect: expect, CheckOnly: true} }
	commit(t, s, check(0), put(k, 0, "while absent"))
	refuse(t, s, fault.Stale, check(1), put(k, 1, "no"))
	commit(t, s, put(guard, 0, "guard"))
	commit(t, s, check(1), put(k, 1, "while at 1"))
	refuse(t, s, fault.Stale, check(0), put(k, 2, "no"))
	expect(t, s, guard, 1, "guard")
	expect(t, s, k, 2, "while at 1")
	// Alone, a check answers too.
	commit(t, s, check(1))
	refuse(t, s, fault.Stale, check(0))
	refuse(t, s, fault.Stale, check(2))
	commit(t, s, check(store.Any))
	commit(t, s, check(store.Any), put(k, 2, "beside a check of nothing"))
	expect(t, s, guard, 1, "guard")
	expect(t, s, k, 3, "beside a check of nothing")
}

func anyRevision(t *testing.T, h Harness) {
	s, k, other := h.Open(t), versions("e1", "entity"), versions("e1", "link")
	commit(t, s, put(k, store.Any, "first"))
	expect(t, s, k, 1, "first")
	commit(t, s, put(k, store.Any, "second"))
	expect(t, s, k, 2, "second")
	commit(t, s, put(k, store.Any, "third"), put(other, 0, "beside"))
	expect(t, s, k, 3, "third")
	refuse(t, s, fault.Stale, put(k, store.Any, "fourth"), put(other, 0, "again"))
	expect(t, s, k, 3, "third")
	commit(t, s, put(k, 3, "fourth"))
	expect(t, s, k, 4, "fourth")
}

func deletes(t *testing.T, h Harness) {
	s, k, other := h.Open(t), versions("e1", "entity"), versions("e1", "link")
	remove := func(expect int64) store.Write { return store.Write{Key: k, Expect: expect, Delete: true} }
	commit(t, s, remove(0))
	commit(t, s, remove(store.Any))
	refuse(t, s, fault.Stale, remove(1))
	commit(t, s, put(k, 0, "first"))
	refuse(t, s, fault.Stale, remove(0))
	refuse(t, s, fault.Stale, remove(2))
	refuse(t, s, fault.Stale, remove(1), put(other, 1, "no"))
	expect(t, s, k, 1, "first")
	commit(t, s, remove(1), put(other, 0, "beside"))
	expect(t, s, k, 0, "")
	commit(t, s, put(k, 0, "anew"))
	expect(t, s, k, 1, "anew")
	commit(t, s, remove(store.Any))
	expect(t, s, k, 0, "")
}

func untouched(t *testing.T, h Harness) {
	s := h.Open(t)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, body := range map[string]string{"empty": "", "every byte": string(every), "text": `{"name":"Zoë \u0000"}`,
		"largest": strings.Repeat("x", store.BodyBytesMax)} {
		k := versions("bodies", name)
		commit(t, s, put(k, 0, body))
		expect(t, s, k, 1, body)
		commit(t, s, put(k, store.Any, body))
		expect(t, s, k, 2, body)
	}
	for _, part := range []string{"/", "#a#", "a\x00b", " ", "é", "日本", "\U0001F600", strings.Repeat("k", store.KeyBytesMax)} {
		// Neighbours that a careless join of partition and sort key would fold into one.
		near := []store.Key{versions(part, part), versions(part, "z"), versions("z", part)}
		for i, k := range near {
			commit(t, s, put(k, 0, fmt.Sprint(i)))
		}
		for i, k := range near {
			expect(t, s, k, 1, fmt.Sprint(i))
			commit(t, s, store.Write{Key: k, Expect: 1, Delete: true})
		}
	}
	commit(t, s, put(versions("ab", "c"), 0, "ab c"), put(versions("a", "bc"), 0, "a bc"))
	expect(t, s, versions("ab", "c"), 1, "ab c")
	expect(t, s, versions("a", "bc"), 1, "a bc")
}

func limits(t *testing.T, h Harness) {
	s, k := h.Open(t), versions("e1", "entity")
	ok := put(versions("e1", "beside"), 0, "beside")
	long := strings.Repeat("k", store.KeyBytesMax+1)
	many := make([]store.Write, store.WritesMax+1)
	for i := range many {
		many[i] = put(versions("many", fmt.Sprint(i)), 0, "x")
	}
	heavy := make([]store.Write, store.CommitBytesMax/store.BodyBytesMax+1)
	for i := range heavy {
		heavy[i] = store.Write{Key: versions("heavy", fmt.Sprint(i)), Body: bytes.Repeat([]byte("x"), store.BodyBytesMax)}
	}
	for name, writes := range map[string][]store.Write{
		"no write":           {},
		"a row twice":        {put(k, 0, "1"), ok, put(k, 0, "2")},
		"too many writes":    many,
		"too many bytes":     heavy,
		"a body too large":   {ok, put(k, 0, strings.Repeat("x", store.BodyBytesMax+1))},
		"no partition":       {ok, put(versions("", "entity"), 0, "x")},
		"no sort key":        {ok, put(versions("e1", ""), 0, "x")},
		"partition too long": {ok, put(versions(long, "entity"), 0, "x")},
		"sort key too long":  {ok, put(versions("e1", long), 0, "x")},
		"key not UTF-8":      {ok, put(versions("e1", "\xff"), 0, "x")},
		"unknown table":      {ok, put(store.Key{Table: "else", Partition: "p", Sort: "s"}, 0, "x")},
		"senseless revision": {ok, put(k, -2, "x")},
	} {
		if err := s.Commit(context.Background(), writes); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %v, want rejected", name, err)
		}
	}
	expect(t, s, ok.Key, 0, "")
	commit(t, s, many[:store.WritesMax]...)
	expect(t, s, many[store.WritesMax-1].Key, 1, "x")
	commit(t, s, heavy[:len(heavy)-1]...)
}

func expiry(t *testing.T, h Harness) {
	s, k := h.Open(t), versions("e1", "journal#1")
	// Far ahead, so that no real store removes the row during the test.
	at := time.Now().Add(48*time.Hour + 123*time.Millisecond).In(time.FixedZone("east", 3600))
	read := func() time.Time {
		t.Helper()
		rows, err := s.Get(context.Background(), []store.Key{k})
		if err != nil || len(rows) != 1 {
			t.Fatalf("got %d rows, %v", len(rows), err)
		}
		return rows[k].ExpiresAt
	}
	steps := []struct {
		expect int64
		at     time.Time
	}{{0, at}, {1, time.Time{}}, {2, at}, {store.Any, time.Time{}}, {store.Any, at}, {5, time.Time{}}}
	for i, step := range steps {
		commit(t, s, store.Write{Key: k, Expect: step.expect, Body: []byte("x"), ExpiresAt: step.at})
		if got, want := read(), store.Expiry(step.at); !got.Equal(want) || got.Location() != time.UTC {
			t.Fatalf("write %d: expiry is %v, want %v", i+1, got, want)
		}
	}
}
