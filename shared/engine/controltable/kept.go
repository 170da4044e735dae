package controltable

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Kept is a change that waits longer than a message can be held back, or whose chain of messages has become too long: it is
// a row of the state until a sweep sends it again. A record has one row at most, however many changes of it wait: one read
// answers them all.
type Kept struct {
	Change record.Change `json:"change"`
	// Marks are those of the first loads that it is of.
	Marks []record.Mark `json:"marks,omitempty"`
	// NotBefore is when it may be sent; zero for at once.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Since is when the first of its changes began to be kept.
	Since time.Time `json:"since"`

	rev int64
}

func keptPartition(c record.Connection) string { return "kept#" + string(c) }

func keptKey(r record.Ref) store.Key {
	return store.Key{Table: store.Control, Partition: keptPartition(r.Connection), Sort: string(r.Object) + "/" + string(r.ID)}
}

// keepTries is how often a kept change is written against others of its record.
const keepTries = 8

// Keep keeps a change until it is sent again, together with what of its record is kept already; of two times the earlier
// counts. Errors: fault.Stale if the row kept moving, fault.Transient.
func Keep(ctx context.Context, s store.Store, k Kept) error {
	key := keptKey(k.Change.Ref)
	next := k // most records have none: it is not read first
	for range keepTries {
		body, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode the kept change of %s: %w", k.Change.Ref, err)
		}
		err = s.Commit(ctx, []store.Write{{Key: key, Expect: next.rev, Body: body}})
		if !fault.Is(err, fault.Stale) {
			return err
		}
		old, there, err := keptAt(ctx, s, key)
		if err != nil {
			return err
		}
		if next = k; there {
			next = old.with(k)
		}
	}
	return fault.Newf(fault.Stale, "keep a change of "+k.Change.Ref.String(), "lost %d times", keepTries)
}

// with gives what is kept when one more change of the record is.
func (k Kept) with(more Kept) Kept {
	k.Change = record.Join(k.Change, more.Change)
	for _, m := range more.Marks {
		if !slices.Contains(k.Marks, m) {
			k.Marks = append(k.Marks, m)
		}
	}
	if more.NotBefore.Before(k.NotBefore) {
		k.NotBefore = more.NotBefore
	}
	if more.Since.Before(k.Since) {
		k.Since = more.Since
	}
	return k
}

func keptAt(ctx context.Context, s store.Store, key store.Key) (Kept, bool, error) {
	rows, err := s.Get(ctx, []store.Key{key})
	if err != nil {
		return Kept{}, false, err
	}
	row, there := rows[key]
	if !there {
		return Kept{}, false, nil
	}
	k, err := decodeKept(row)
	return k, true, err
}

func decodeKept(row store.Row) (k Kept, err error) {
	if err := store.Decode(row, "read "+row.Partition+"/"+row.Sort, &k); err != nil {
		return Kept{}, err
	}
	k.rev = row.Rev
	return k, nil
}

// IsKept reports whether a change of a record is kept. Errors: fault.Transient.
func IsKept(ctx context.Context, s store.Store, r record.Ref) (bool, error) {
	key := keptKey(r)
	rows, err := s.Get(ctx, []store.Key{key})
	_, there := rows[key]
	return there, err
}

// KeptOf gives what is kept of a connection, in the order of its records, those after one place in it ("" for the beginning),
// at most limit (1 to 1000), and where the next begin: "" after the last. Errors: fault.Transient.
func KeptOf(ctx context.Context, s store.Store, c record.Connection, after string, limit int) (out []Kept, next string, err error) {
	rows, err := s.Query(ctx, store.Query{Table: store.Control, Partition: keptPartition(c), After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	for _, row := range rows {
		k, err := decodeKept(row)
		if err != nil {
			return nil, "", err
		}
		out = append(out, k)
	}
	if len(rows) == limit {
		next = rows[len(rows)-1].Sort
	}
	return out, next, nil
}

// KeptCountMax is as far as kept changes are counted: for people, more are as good as that.
const KeptCountMax = 1000

// CountKept counts what is kept of a connection, up to KeptCountMax. Errors: fault.Transient.
func CountKept(ctx context.Context, s store.Store, c record.Connection) (int, error) {
	rows, err := s.Query(ctx, store.Query{Table: store.Control, Partition: keptPartition(c), Limit: KeptCountMax})
	return len(rows), err
}

// Sent takes away a kept change that was sent again, unless another of its record came to it since it was read: it is sent
// once more then. Errors: fault.Transient.
func (k Kept) Sent(ctx context.Context, s store.Store) error {
	err := s.Commit(ctx, []store.Write{{Key: keptKey(k.Change.Ref), Expect: k.rev, Delete: true}})
	if fault.Is(err, fault.Stale) {
		return nil
	}
	return err
}
