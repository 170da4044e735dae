package boltqueue

import (
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/internal/shelf"
)

// Two top-level buckets, and in each a bucket a queue; the keys are serials (8 bytes, big endian). A message is when it
// was sent and when it becomes visible (Unix nanoseconds, 8 bytes each) and its body. Receipts stand apart, so that
// counting one does not write the body again: the count and when it was first received (8 bytes each).
var (
	messagesBucket = []byte("queue-messages")
	receivesBucket = []byte("queue-receives")
)

const headerBytes = 16

// nextSerial gives a number that no message of the file has had.
func nextSerial(tx *bolt.Tx) (uint64, error) { return tx.Bucket(messagesBucket).NextSequence() }

func encodePair(a, b int64) []byte {
	out := binary.BigEndian.AppendUint64(make([]byte, 0, headerBytes), uint64(a))
	return binary.BigEndian.AppendUint64(out, uint64(b))
}

func decodePair(value []byte) (a, b int64, rest []byte, err error) {
	if len(value) < headerBytes {
		return 0, 0, nil, fmt.Errorf("a value of %d bytes, at least %d", len(value), headerBytes)
	}
	return int64(binary.BigEndian.Uint64(value)), int64(binary.BigEndian.Uint64(value[8:])), value[headerBytes:], nil
}

func serialKey(serial uint64) []byte { return binary.BigEndian.AppendUint64(nil, serial) }

func encodeMessage(sentAt, visibleAt time.Time, body []byte) []byte {
	return append(encodePair(sentAt.UnixNano(), visibleAt.UnixNano()), body...)
}

func decodeMessage(value []byte) (sentAt, visibleAt time.Time, body []byte, err error) {
	sent, visible, body, err := decodePair(value)
	return time.Unix(0, sent).UTC(), time.Unix(0, visible).UTC(), body, err
}

// getMessage gives a message's value, valid within tx; nil if it is gone.
func getMessage(tx *bolt.Tx, name queue.Name, serial uint64) []byte {
	b := tx.Bucket(messagesBucket).Bucket([]byte(name))
	if b == nil {
		return nil
	}
	return b.Get(serialKey(serial))
}

func putMessage(tx *bolt.Tx, name queue.Name, serial uint64, value []byte) error {
	return put(tx, messagesBucket, name, serial, value)
}

func putReceipts(tx *bolt.Tx, name queue.Name, serial uint64, count int, firstAt time.Time) error {
	return put(tx, receivesBucket, name, serial, encodePair(int64(count), firstAt.UnixNano()))
}

func put(tx *bolt.Tx, top []byte, name queue.Name, serial uint64, value []byte) error {
	b, err := tx.Bucket(top).CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return err
	}
	return b.Put(serialKey(serial), value)
}

func deleteMessage(tx *bolt.Tx, name queue.Name, serial uint64) error {
	for _, top := range [][]byte{messagesBucket, receivesBucket} {
		b := tx.Bucket(top).Bucket([]byte(name))
		if b == nil {
			continue
		}
		if err := b.Delete(serialKey(serial)); err != nil {
			return err
		}
	}
	return nil
}

// bury moves a message to the dead-letter queue, its receipts forgotten. One that is gone stays gone.
func bury(tx *bolt.Tx, name queue.Name, serial uint64, now time.Time) error {
	value := getMessage(tx, name, serial)
	if value == nil {
		return nil
	}
	sentAt, _, body, err := decodeMessage(value)
	if err != nil {
		return err
	}
	moved := encodeMessage(sentAt, now, body)
	if err := deleteMessage(tx, name, serial); err != nil {
		return err
	}
	return putMessage(tx, name.Dead(), serial, moved)
}

// load gives every message of the file and when it becomes visible.
func load(tx *bolt.Tx, add func(queue.Name, *shelf.Message, time.Time)) error {
	messages, receives := tx.Bucket(messagesBucket), tx.Bucket(receivesBucket)
	return messages.ForEachBucket(func(name []byte) error {
		counted := receives.Bucket(name)
		return messages.Bucket(name).ForEach(func(key, value []byte) error {
			sentAt, visibleAt, _, err := decodeMessage(value)
			if err != nil {
				return err
			}
			if len(key) != 8 {
				return fmt.Errorf("a serial of %d bytes", len(key))
			}
			m := &shelf.Message{Serial: binary.BigEndian.Uint64(key), SentAt: sentAt}
			if counted != nil {
				if err := readReceipts(counted.Get(key), m); err != nil {
					return err
				}
			}
			add(queue.Name(name), m, visibleAt)
			return nil
		})
	})
}

func readReceipts(value []byte, m *shelf.Message) error {
	if value == nil {
		return nil
	}
	count, firstAt, _, err := decodePair(value)
	m.Count, m.FirstAt = int(count), time.Unix(0, firstAt).UTC()
	return err
}
