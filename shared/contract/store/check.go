package store

import (
	"time"
	"unicode/utf8"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// CommitBytesMax is the largest sum of bodies and keys in one Commit. DynamoDB: 4 MB a transaction.
const CommitBytesMax = 3_500_000

// QueryMax is the largest Query.Limit.
const QueryMax = 1000

// The checks below are part of the contract: every implementation calls them first, so that a call that one store
// would refuse is refused by all of them, in tests as in production. What they refuse is fault.Rejected: it is a fault
// of the caller, and trying again does not help.

// CheckWrites refuses a Commit that breaks a limit or names a row twice.
func CheckWrites(op string, writes []Write) error {
	if len(writes) == 0 || len(writes) > WritesMax {
		return fault.Newf(fault.Rejected, op, "%d writes, 1 to %d", len(writes), WritesMax)
	}
	var sumBytes int
	seen := make(map[Key]struct{}, len(writes))
	for _, w := range writes {
		if err := checkKey(op, w.Key); err != nil {
			return err
		}
		if _, twice := seen[w.Key]; twice {
			return fault.Newf(fault.Rejected, op, "row %s/%s is written twice", w.Partition, w.Sort)
		}
		seen[w.Key] = struct{}{}
		if w.Expect < Any {
			return fault.Newf(fault.Rejected, op, "row %s/%s expects revision %d", w.Partition, w.Sort, w.Expect)
		}
		if len(w.Body) > BodyBytesMax {
			return fault.Newf(fault.Rejected, op, "row %s/%s has a body of %d bytes, at most %d", w.Partition, w.Sort, len(w.Body), BodyBytesMax)
		}
		sumBytes += len(w.Body) + len(w.Partition) + len(w.Sort)
	}
	if sumBytes > CommitBytesMax {
		return fault.Newf(fault.Rejected, op, "%d bytes in one commit, at most %d", sumBytes, CommitBytesMax)
	}
	return nil
}

// CheckKeys refuses a Get that breaks a limit.
func CheckKeys(op string, keys []Key) error {
	if len(keys) > GetMax {
		return fault.Newf(fault.Rejected, op, "%d keys, at most %d", len(keys), GetMax)
	}
	for _, k := range keys {
		if err := checkKey(op, k); err != nil {
			return err
		}
	}
	return nil
}

// CheckQuery refuses a Query that breaks a limit.
func CheckQuery(op string, q Query) error {
	if q.Limit < 1 || q.Limit > QueryMax {
		return fault.Newf(fault.Rejected, op, "limit %d, 1 to %d", q.Limit, QueryMax)
	}
	// "sort" stands in for the sort key: a prefix may be empty.
	return checkKey(op, Key{Table: q.Table, Partition: q.Partition, Sort: "sort"})
}

// CheckScan refuses a Scan that breaks a limit.
func CheckScan(op string, s Scan) error {
	if s.Limit < 1 || s.Segments < 1 || s.Segment < 0 || s.Segment >= s.Segments {
		return fault.Newf(fault.Rejected, op, "limit %d, segment %d of %d", s.Limit, s.Segment, s.Segments)
	}
	return checkTable(op, s.Table)
}

// checkKey also refuses keys that are not UTF-8: a store of text keys would fold different ones into one.
func checkKey(op string, k Key) error {
	if err := checkTable(op, k.Table); err != nil {
		return err
	}
	for _, part := range [...]string{k.Partition, k.Sort} {
		if len(part) == 0 || len(part) > KeyBytesMax {
			return fault.Newf(fault.Rejected, op, "a key part of %d bytes, 1 to %d", len(part), KeyBytesMax)
		}
		if !utf8.ValidString(part) {
			return fault.Newf(fault.Rejected, op, "a key that is not UTF-8")
		}
	}
	return nil
}

func checkTable(op string, table Table) error {
	for _, known := range Tables() {
		if table == known {
			return nil
		}
	}
	return fault.Newf(fault.Rejected, op, "no table %q", string(table))
}

// Expiry gives t as stores keep it: whole seconds, UTC, zero for never.
func Expiry(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), 0).UTC()
}
