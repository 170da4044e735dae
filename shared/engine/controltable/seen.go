package controltable

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// seenLife is how long a reconcile's list is kept: longer than from one sweep to the next.
const seenLife = 3 * 24 * time.Hour

// seenPage is how many rows of a list one query takes.
const seenPage = store.QueryMax

func seenPartition(run string) string { return "seen#" + run }

// KeepSeen writes down which records one page of a reconcile listed. Writing a page again replaces it.
func KeepSeen(ctx context.Context, s store.Store, run string, page int, ids []record.ExternalID, now time.Time) error {
	body, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.Commit(ctx, []store.Write{{Key: store.Key{Table: store.Control, Partition: seenPartition(run), Sort: fmt.Sprintf("%08d", page)},
		Expect: store.Any, Body: body, ExpiresAt: now.Add(seenLife)}})
}

// Seen gives the records that a reconcile listed; pages is how many it wrote. ok is false if a page is missing: then
// the list says nothing about what is not on it.
func Seen(ctx context.Context, s store.Store, run string, pages int) (ids map[record.ExternalID]bool, ok bool, err error) {
	ids = map[record.ExternalID]bool{}
	after, found := "", 0
	for found < pages {
		rows, err := s.Query(ctx, store.Query{Table: store.Control, Partition: seenPartition(run), After: after, Limit: seenPage})
		if err != nil {
			return nil, false, err
		}
		for _, row := range rows {
			var page []record.ExternalID
			if err := store.Decode(row, "read list of "+run, &page); err != nil {
				return nil, false, err
			}
			for _, id := range page {
				ids[id] = true
			}
			after = row.Sort
		}
		found += len(rows)
		if len(rows) < seenPage {
			break
		}
	}
	return ids, found >= pages, nil
}
