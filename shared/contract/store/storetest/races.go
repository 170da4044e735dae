package storetest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// racers and triesEach bound the races: enough to collide constantly on two cores.
const (
	racers    = 8
	triesEach = 25
)

// racingCounter lets many goroutines add one to a row by compare-and-swap. Every success counts once, so the row's
// number and revision equal the successes. All write the same bodies: equality of content must not pass for success.
func racingCounter(t *testing.T, h Harness) {
	s, k := h.Open(t), versions("counter", "entity")
	commit(t, s, put(k, 0, "0"))
	var successes atomic.Int64
	var group sync.WaitGroup
	for range racers {
		group.Go(func() {
			for range triesEach {
				row, err := one(s, k)
				if err != nil {
					t.Errorf("get: %v", err)
					return
				}
				n, err := strconv.Atoi(string(row.Body))
				if err != nil || int64(n) != row.Rev-1 {
					t.Errorf("read %q at revision %d, %v", row.Body, row.Rev, err)
					return
				}
				switch err := s.Commit(context.Background(), []store.Write{put(k, row.Rev, strconv.Itoa(n+1))}); {
				case err == nil:
					successes.Add(1)
				case !fault.Is(err, fault.Stale):
					t.Errorf("commit: got %v, want success or stale", err)
				}
			}
		})
	}
	group.Wait()
	n := successes.Load()
	if n == 0 {
		t.Fatal("nobody ever won")
	}
	expect(t, s, k, n+1, strconv.FormatInt(n, 10))
}

// racingTransactions lets many goroutines write the same rows, in different orders, with one stamp each. Afterwards
// all rows carry the same stamp and revision.
func racingTransactions(t *testing.T, h Harness) {
	s := h.Open(t)
	keys := []store.Key{versions("t", "entity"), versions("t", "link"), {Table: store.CrossReference, Partition: "t", Sort: "ref"}}
	commit(t, s, put(keys[0], 0, "begin"), put(keys[1], 0, "begin"), put(keys[2], 0, "begin"))
	var successes atomic.Int64
	var group sync.WaitGroup
	for racer := range racers {
		group.Go(func() {
			for try := range triesEach {
				rows, err := s.Get(context.Background(), keys)
				if err != nil || len(rows) != len(keys) {
					t.Errorf("get: %d rows, %v", len(rows), err)
					return
				}
				stamp := fmt.Sprintf("%d-%d", racer, try)
				writes := make([]store.Write, len(keys))
				for i := range keys {
					k := keys[(i+racer)%len(keys)]
					writes[i] = put(k, rows[k].Rev, stamp)
				}
				switch err := s.Commit(context.Background(), writes); {
				case err == nil:
					successes.Add(1)
				case !fault.Is(err, fault.Stale):
					t.Errorf("commit: got %v, want success or stale", err)
				}
			}
		})
	}
	group.Wait()
	first, err := one(s, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if first.Rev != successes.Load()+1 {
		t.Errorf("revision %d after %d successes", first.Rev, successes.Load())
	}
	for _, k := range keys {
		expect(t, s, k, first.Rev, string(first.Body))
	}
}

func one(s store.Store, k store.Key) (store.Row, error) {
	rows, err := s.Get(context.Background(), []store.Key{k})
	return rows[k], err
}

// canceled allows both outcomes but silence: an error that is not transient, or success without the row.
func canceled(t *testing.T, h Harness) {
	s, k := h.Open(t), versions("e1", "entity")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Commit(ctx, []store.Write{put(k, 0, "x")}); !fault.Is(err, fault.Transient) {
		t.Errorf("commit: got %v, want transient", err)
	}
	if _, err := s.Get(ctx, []store.Key{k}); !fault.Is(err, fault.Transient) {
		t.Errorf("get: got %v, want transient", err)
	}
	if _, err := s.Query(ctx, store.Query{Table: store.Versions, Partition: "e1", Limit: 1}); !fault.Is(err, fault.Transient) {
		t.Errorf("query: got %v, want transient", err)
	}
	if _, _, err := s.Scan(ctx, store.Scan{Table: store.Versions, Limit: 1, Segments: 1}); !fault.Is(err, fault.Transient) {
		t.Errorf("scan: got %v, want transient", err)
	}
}

func reopen(t *testing.T, h Harness) {
	s := h.Open(t)
	fill(t, s, store.Versions, "e1", 120)
	k, gone := versions("e1", "row-0000"), versions("e1", "row-0001")
	at := time.Now().Add(48 * time.Hour)
	commit(t, s, store.Write{Key: k, Expect: 1, Body: []byte("second"), ExpiresAt: at}, store.Write{Key: gone, Expect: 1, Delete: true})
	s = h.Reopen(t, s)
	expect(t, s, k, 2, "second")
	expect(t, s, gone, 0, "")
	row, err := one(s, k)
	if err != nil || !row.ExpiresAt.Equal(store.Expiry(at)) {
		t.Errorf("expiry is %v, %v, want %v", row.ExpiresAt, err, store.Expiry(at))
	}
	if seen := scanAll(t, s, store.Scan{Table: store.Versions, Limit: 50, Segments: 1}, nothing); len(seen) != 119 {
		t.Errorf("saw %d rows, want 119", len(seen))
	}
	refuse(t, s, fault.Stale, put(k, 1, "late"))
	commit(t, s, put(k, 2, "third"))
	s = h.Reopen(t, s)
	expect(t, s, k, 3, "third")
}

func expired(t *testing.T, h Harness) {
	s, now := h.Open(t), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	past, ahead, never := versions("e1", "past"), versions("e1", "ahead"), versions("e1", "never")
	commit(t, s, store.Write{Key: past, Body: []byte("x"), ExpiresAt: now}, store.Write{Key: ahead, Body: []byte("x"),
		ExpiresAt: now.Add(time.Second)},
		store.Write{Key: never, Body: []byte("x")})
	h.Expire(t, s, now)
	expect(t, s, past, 0, "")
	expect(t, s, ahead, 1, "x")
	expect(t, s, never, 1, "x")
	refuse(t, s, fault.Stale, put(past, 1, "of a row that is gone"))
	commit(t, s, put(past, 0, "anew"))
	expect(t, s, past, 1, "anew")
	// A row that stays has lost its expiry with a write that names none.
	commit(t, s, put(ahead, 1, "kept"))
	h.Expire(t, s, now.Add(time.Hour))
	expect(t, s, ahead, 2, "kept")
}
