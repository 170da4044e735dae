package boltstore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/boltstore"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/storetest"
)

func TestConformance(t *testing.T) {
	paths := map[store.Store]string{}
	open := func(t *testing.T, path string) store.Store {
		s, err := boltstore.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		paths[s] = path
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "state")) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			if err := s.(*boltstore.Store).Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, paths[s])
		},
		Expire: func(t *testing.T, s store.Store, now time.Time) {
			if _, err := s.(*boltstore.Store).Expire(context.Background(), now); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func BenchmarkCommitsOfManyWriters(b *testing.B) {
	s, err := boltstore.Open(filepath.Join(b.TempDir(), "state"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	body := make([]byte, 800)
	var serial atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			partition := fmt.Sprintf("customer#%d", serial.Add(1))
			writes := []store.Write{
				{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "entity"}, Body: body},
				{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "link#crm/contacts"}, Body: body},
			}
			if err := s.Commit(context.Background(), writes); err != nil {
				b.Error(err)
			}
		}
	})
}
