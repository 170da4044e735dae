package boltstore

import (
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
)

// One bucket a table. A key is the partition's length (2 bytes, big endian), the partition and the sort key: rows of a
// partition lie together in order of sort key, and no two keys fold into one. A value is the revision and the expiry
// in Unix seconds, 0 for never (8 bytes each, big endian), and the body.
const (
	lengthBytes = 2
	headerBytes = 16
)

func buckets() [][]byte {
	var out [][]byte
	for _, table := range store.Tables() {
		out = append(out, bucketName(table))
	}
	return out
}

func bucketName(table store.Table) []byte { return []byte("rows-" + string(table)) }

func bucket(tx *bolt.Tx, table store.Table) *bolt.Bucket { return tx.Bucket(bucketName(table)) }

func encodeKey(k store.Key) []byte {
	out := make([]byte, 0, lengthBytes+len(k.Partition)+len(k.Sort))
	out = binary.BigEndian.AppendUint16(out, uint16(len(k.Partition)))
	out = append(out, k.Partition...)
	return append(out, k.Sort...)
}

func decodeKey(table store.Table, key []byte) (store.Key, error) {
	if len(key) < lengthBytes {
		return store.Key{}, fmt.Errorf("a key of %d bytes", len(key))
	}
	end := lengthBytes + int(binary.BigEndian.Uint16(key))
	if len(key) < end {
		return store.Key{}, fmt.Errorf("a key of %d bytes whose partition ends at %d", len(key), end)
	}
	return store.Key{Table: table, Partition: string(key[lengthBytes:end]), Sort: string(key[end:])}, nil
}

func encodeRow(row store.Row) []byte {
	out := make([]byte, headerBytes, headerBytes+len(row.Body))
	binary.BigEndian.PutUint64(out, uint64(row.Rev))
	if !row.ExpiresAt.IsZero() {
		binary.BigEndian.PutUint64(out[8:], uint64(row.ExpiresAt.Unix()))
	}
	return append(out, row.Body...)
}

// decodeRow copies the body: value is bbolt's own and goes with its transaction.
func decodeRow(k store.Key, value []byte) (store.Row, error) {
	rev, err := revision(value)
	if err != nil {
		return store.Row{}, err
	}
	at, err := expiry(value)
	if err != nil {
		return store.Row{}, err
	}
	return store.Row{Key: k, Rev: rev, Body: append([]byte(nil), value[headerBytes:]...), ExpiresAt: at}, nil
}

// revision gives a value's revision, 0 for an absent row.
func revision(value []byte) (int64, error) {
	if value == nil {
		return 0, nil
	}
	if len(value) < headerBytes {
		return 0, fmt.Errorf("a row of %d bytes, at least %d", len(value), headerBytes)
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

func expiry(value []byte) (time.Time, error) {
	if len(value) < headerBytes {
		return time.Time{}, fmt.Errorf("a row of %d bytes, at least %d", len(value), headerBytes)
	}
	seconds := int64(binary.BigEndian.Uint64(value[8:]))
	if seconds == 0 {
		return time.Time{}, nil
	}
	return time.Unix(seconds, 0).UTC(), nil
}
