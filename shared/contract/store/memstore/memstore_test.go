package memstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:   func(*testing.T) store.Store { return memstore.New() },
		Expire: func(_ *testing.T, s store.Store, now time.Time) { s.(*memstore.Store).Expire(now) },
	})
}

func BenchmarkCommitOfAnEntityAndItsLink(b *testing.B) {
	s, ctx, body := memstore.New(), context.Background(), make([]byte, 800)
	for i := 0; b.Loop(); i++ {
		// 50,000 entities, each written again and again.
		partition, rev := fmt.Sprintf("customer#%d", i%50_000), int64(i/50_000)
		writes := []store.Write{
			{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "entity"}, Expect: rev, Body: body},
			{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "link#crm/contacts"}, Expect: rev, Body: body},
		}
		if err := s.Commit(ctx, writes); err != nil {
			b.Fatal(err)
		}
	}
}
