package pipeline

import (
	"context"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// erasePage is how many rows a scan reads at once, erasePagesMax bounds it: a hundred million rows.
	erasePage     = 1000
	erasePagesMax = 100_000
)

// EraseLinks removes every link of a connection, and what names its records in the cross-reference, and gives how many links
// there were. Entities and the links of others stay: what the connection holds is matched again when it is read again. The
// connection must be at rest: a link that is made meanwhile may stay. Erasing again removes what a failure left.
// Errors: fault.Transient.
func EraseLinks(ctx context.Context, s store.Store, c record.Connection) (links int, err error) {
	isLink := func(row store.Row) bool { return strings.HasPrefix(row.Sort, linkPrefix+string(c)+"/") }
	isRef := func(row store.Row) bool {
		parts := strings.SplitN(row.Partition, "#", 3) // ref#group#connection/object/id
		return len(parts) == 3 && parts[0] == "ref" && strings.HasPrefix(parts[2], string(c)+"/")
	}
	// The cross-reference first: a link without its reference is found by nothing, a reference without its link would be.
	if _, err := eraseRows(ctx, s, store.CrossReference, isRef); err != nil {
		return 0, err
	}
	return eraseRows(ctx, s, store.Versions, isLink)
}

func eraseRows(ctx context.Context, s store.Store, table store.Table, which func(store.Row) bool) (erased int, err error) {
	cursor := ""
	for range erasePagesMax {
		rows, next, err := s.Scan(ctx, store.Scan{Table: table, Cursor: cursor, Limit: erasePage, Segments: 1})
		if err != nil {
			return erased, err
		}
		var writes []store.Write
		for _, row := range rows {
			if which(row) {
				writes = append(writes, store.Write{Key: row.Key, Expect: store.Any, Delete: true})
			}
		}
		for begin := 0; begin < len(writes); begin += store.WritesMax {
			part := writes[begin:min(begin+store.WritesMax, len(writes))]
			if err := s.Commit(ctx, part); err != nil {
				return erased, err
			}
			erased += len(part)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return erased, nil
}
