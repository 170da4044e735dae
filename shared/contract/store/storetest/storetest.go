// Package storetest is the conformance suite of store.Store: what every implementation must do, run against each of
// them. A rule found in one implementation moves here. It never skips by an implementation's name: what one cannot do
// is a nil field of its Harness.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Harness is what an implementation brings to the suite.
type Harness struct {
	// Open gives an empty store that no other test sees. It registers its own cleanup.
	Open func(t *testing.T) store.Store
	// Reopen closes a store and gives it again with all that it kept. Nil where nothing outlives the store.
	Reopen func(t *testing.T, s store.Store) store.Store
	// Expire deletes the rows that have expired at now. Nil where only time can.
	Expire func(t *testing.T, s store.Store, now time.Time)
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"one write keeps its condition", oneWrite},
		{"a transaction applies all or nothing", allOrNothing},
		{"a check alone writes nothing", checkOnly},
		{"any writes whatever the revision", anyRevision},
		{"deletes keep their conditions", deletes},
		{"bodies and keys come back untouched", untouched},
		{"a call over a limit is refused whole", limits},
		{"expiry comes back to the second and goes again", expiry},
		{"get answers each present key once", get},
		{"get takes more keys than a vendor's call", getMany},
		{"query selects by prefix, after and limit", query},
		{"query pages through a large partition", queryPages},
		{"scan gives every row once in pages", scanPages},
		{"segments split a table", scanSegments},
		{"a scan survives writes meanwhile", scanMeanwhile},
		{"tables do not see each other", tables},
		{"a random walk agrees with a naive model", randomWalk},
		{"one of many racing writers wins each revision", racingCounter},
		{"racing transactions never mix", racingTransactions},
		{"a canceled context commits nothing silently", canceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, h) })
	}
	if h.Reopen != nil {
		t.Run("everything outlives the store", func(t *testing.T) { reopen(t, h) })
	}
	if h.Expire != nil {
		t.Run("expired rows go and their key begins anew", func(t *testing.T) { expired(t, h) })
	}
}

// versions names a row of the versions table.
func versions(partition, sort string) store.Key {
	return store.Key{Table: store.Versions, Partition: partition, Sort: sort}
}

func put(k store.Key, expect int64, body string) store.Write {
	return store.Write{Key: k, Expect: expect, Body: []byte(body)}
}

func commit(t *testing.T, s store.Store, writes ...store.Write) {
	t.Helper()
	if err := s.Commit(context.Background(), writes); err != nil {
		t.Fatalf("commit of %d writes beginning at %s/%s: %v", len(writes), writes[0].Partition, writes[0].Sort, err)
	}
}

func refuse(t *testing.T, s store.Store, want fault.Kind, writes ...store.Write) {
	t.Helper()
	if err := s.Commit(context.Background(), writes); !fault.Is(err, want) {
		t.Fatalf("commit of %d writes: got %v, want %v", len(writes), err, want)
	}
}

// expect checks that a row holds body at rev; rev 0: that there is none.
func expect(t *testing.T, s store.Store, k store.Key, rev int64, body string) {
	t.Helper()
	rows, err := s.Get(context.Background(), []store.Key{k})
	if err != nil {
		t.Fatalf("get %s/%s: %v", k.Partition, k.Sort, err)
	}
	row, ok := rows[k]
	switch {
	case rev == 0 && ok:
		t.Fatalf("row %s/%s: got revision %d, want none", k.Partition, k.Sort, row.Rev)
	case rev == 0:
	case !ok:
		t.Fatalf("row %s/%s: got none, want revision %d", k.Partition, k.Sort, rev)
	case row.Rev != rev || !bytes.Equal(row.Body, []byte(body)) || row.Key != k:
		t.Fatalf("row %s/%s: got %v at revision %d with %d bytes, want revision %d with %d bytes", k.Partition, k.Sort, row.Key, row.Rev,
			len(row.Body), rev, len(body))
	}
}

// fill puts n rows "row-0000" and so on in a partition, in as few commits as the limit asks.
func fill(t *testing.T, s store.Store, table store.Table, partition string, n int) {
	t.Helper()
	var writes []store.Write
	for i := range n {
		k := store.Key{Table: table, Partition: partition, Sort: fmt.Sprintf("row-%04d", i)}
		writes = append(writes, put(k, 0, fmt.Sprintf("body %d", i)))
		if len(writes) == store.WritesMax || i == n-1 {
			commit(t, s, writes...)
			writes = writes[:0:0]
		}
	}
}
