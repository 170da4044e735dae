// Package boltstore keeps the store contract in one file on this machine, for runs that must outlive their process.
// Each acknowledged Commit survives a kill at any moment and none is ever half there. It lets nothing expire until it
// is told to.
package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"hash/fnv"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/contract/boltfile"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var _ store.Store = (*Store)(nil)

// expirePageRows is how many rows Expire looks at in one transaction, so that writers are not held up.
const expirePageRows = 5000

// Store is a durable store. Safe for concurrent use; commits that arrive together share one sync.
type Store struct{ file *boltfile.File }

// Open opens or makes the store in a file of its own.
func Open(path string) (*Store, error) {
	file, err := boltfile.Open(path, buckets()...)
	if err != nil {
		return nil, err
	}
	return &Store{file: file}, nil
}

// On keeps the store in an open file that it shares, with a boltqueue for one; the file's owner closes it.
func On(file *boltfile.File) (*Store, error) {
	if err := file.Ensure(buckets()...); err != nil {
		return nil, err
	}
	return &Store{file: file}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.file.Close() }

// Get implements store.Store. All rows of one answer are of one instant.
func (s *Store) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	const op = "boltstore: get"
	if err := store.CheckKeys(op, keys); err != nil {
		return nil, err
	}
	out := make(map[store.Key]store.Row, len(keys))
	err := s.file.View(ctx, op, func(tx *bolt.Tx) error {
		for _, k := range keys {
			value := bucket(tx, k.Table).Get(encodeKey(k))
			if value == nil {
				continue
			}
			row, err := decodeRow(k, value)
			if err != nil {
				return err
			}
			out[k] = row
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Query implements store.Store. All rows of one answer are of one instant.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	const op = "boltstore: query"
	if err := store.CheckQuery(op, q); err != nil {
		return nil, err
	}
	var out []store.Row
	within := encodeKey(store.Key{Partition: q.Partition, Sort: q.Prefix})
	after := encodeKey(store.Key{Partition: q.Partition, Sort: max(q.Prefix, q.After)})
	err := s.file.View(ctx, op, func(tx *bolt.Tx) error {
		c := bucket(tx, q.Table).Cursor()
		for key, value := c.Seek(after); bytes.HasPrefix(key, within) && len(out) < q.Limit; key, value = c.Next() {
			k, err := decodeKey(q.Table, key)
			if err != nil {
				return err
			}
			if k.Sort <= q.After {
				continue
			}
			row, err := decodeRow(k, value)
			if err != nil {
				return err
			}
			out = append(out, row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Scan implements store.Store. A page looks at Limit rows, and answers those of its segment: a segment holds the
// partitions whose hash falls to it. The cursor is the last key looked at.
func (s *Store) Scan(ctx context.Context, scan store.Scan) (rows []store.Row, next string, err error) {
	const op = "boltstore: scan"
	if err := store.CheckScan(op, scan); err != nil {
		return nil, "", err
	}
	last, err := hex.DecodeString(scan.Cursor)
	if err != nil {
		return nil, "", fault.Newf(fault.Rejected, op, "a cursor that is not ours")
	}
	err = s.file.View(ctx, op, func(tx *bolt.Tx) error {
		c := bucket(tx, scan.Table).Cursor()
		key, value := c.Seek(last)
		if len(last) > 0 && bytes.Equal(key, last) {
			key, value = c.Next()
		}
		for looked := 0; key != nil; key, value = c.Next() {
			if looked == scan.Limit {
				next = hex.EncodeToString(last)
				return nil
			}
			looked++
			last = append(last[:0:0], key...)
			k, err := decodeKey(scan.Table, key)
			if err != nil {
				return err
			}
			if !inSegment(k.Partition, scan) {
				continue
			}
			row, err := decodeRow(k, value)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return rows, next, nil
}

func inSegment(partition string, scan store.Scan) bool {
	if scan.Segments == 1 {
		return true
	}
	h := fnv.New32a()
	h.Write([]byte(partition))
	return h.Sum32()%uint32(scan.Segments) == uint32(scan.Segment)
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, writes []store.Write) error {
	const op = "boltstore: commit"
	if err := store.CheckWrites(op, writes); err != nil {
		return err
	}
	return s.file.Update(ctx, op, func(tx *bolt.Tx) error {
		revs := make([]int64, len(writes))
		for i, w := range writes {
			rev, err := revision(bucket(tx, w.Table).Get(encodeKey(w.Key)))
			if err != nil {
				return boltfile.Broken(err)
			}
			if w.Expect != store.Any && w.Expect != rev {
				return fault.Newf(fault.Stale, op, "row %s/%s is at revision %d, not %d", w.Partition, w.Sort, rev, w.Expect)
			}
			revs[i] = rev
		}
		for i, w := range writes {
			if err := apply(bucket(tx, w.Table), w, revs[i]); err != nil {
				return boltfile.Broken(err)
			}
		}
		return nil
	})
}

func apply(b *bolt.Bucket, w store.Write, rev int64) error {
	switch key := encodeKey(w.Key); {
	case w.CheckOnly:
		return nil
	case w.Delete:
		return b.Delete(key)
	default:
		return b.Put(key, encodeRow(store.Row{Rev: rev + 1, Body: w.Body, ExpiresAt: w.ExpiresAt}))
	}
}

// Expire deletes every row whose ExpiresAt is not after now, and gives their number. It looks at the whole store, a
// page a transaction, so run it seldom: once at start will do.
func (s *Store) Expire(ctx context.Context, now time.Time) (int, error) {
	total := 0
	for _, table := range store.Tables() {
		var from []byte
		for more := true; more; {
			count := 0
			err := s.file.Update(ctx, "boltstore: expire", func(tx *bolt.Tx) (err error) {
				from, count, err = expirePage(bucket(tx, table), from, now)
				return boltfile.Broken(err)
			})
			if err != nil {
				return total, err
			}
			total += count
			more = from != nil
		}
	}
	return total, nil
}

// expirePage looks at a page of rows from a key on and gives the key to go on from, nil at the end.
func expirePage(b *bolt.Bucket, from []byte, now time.Time) (next []byte, count int, err error) {
	var over [][]byte
	c := b.Cursor()
	looked := 0
	for key, value := c.Seek(from); key != nil; key, value = c.Next() {
		if looked == expirePageRows {
			next = bytes.Clone(key)
			break
		}
		looked++
		at, err := expiry(value)
		if err != nil {
			return nil, 0, err
		}
		if !at.IsZero() && !at.After(now) {
			over = append(over, bytes.Clone(key))
		}
	}
	for _, key := range over {
		if err := b.Delete(key); err != nil {
			return nil, 0, err
		}
	}
	return next, len(over), nil
}
