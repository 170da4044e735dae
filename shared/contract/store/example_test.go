package store_test

import (
	"context"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// A row is written under one rule: its revision has not moved since it was read. Who loses reads again and decides again.
func Example() {
	ctx := context.Background()
	s := memstore.New()
	pause := store.Key{Table: store.Control, Partition: "pause#jobber", Sort: "pause"}

	// Expect 0: the row must not exist yet.
	if err := s.Commit(ctx, []store.Write{{Key: pause, Expect: 0, Body: []byte(`{"by":"ann"}`)}}); err != nil {
		fmt.Println(err)
	}
	rows, err := s.Get(ctx, []store.Key{pause})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("revision %d: %s\n", rows[pause].Rev, rows[pause].Body)

	// Somebody else writes first, so that our revision is old.
	_ = s.Commit(ctx, []store.Write{{Key: pause, Expect: 1, Body: []byte(`{"by":"bob"}`)}})
	err = s.Commit(ctx, []store.Write{{Key: pause, Expect: rows[pause].Rev, Delete: true}})
	fmt.Println("lost the race:", fault.Is(err, fault.Stale))
	// Output:
	// revision 1: {"by":"ann"}
	// lost the race: true
}
