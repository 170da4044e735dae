package simtest

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
)

var _ store.Store = disk{}

// disk is the store as handlers meet it. hook, if set, may change what is committed: a seeded bug.
type disk struct {
	w    *world
	hook func([]store.Write) []store.Write
}

// Get implements store.Store. The rows of one answer are of one instant, though the contract does not promise it:
// nothing may rest on it, and interleaving shows elsewhere, for handlers read in several rounds.
func (d disk) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	if f := d.w.point(pointRead); f != fateDone {
		return nil, failed("get")
	}
	return d.w.store.Get(ctx, keys)
}

// Query implements store.Store.
func (d disk) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if f := d.w.point(pointRead); f != fateDone {
		return nil, failed("query")
	}
	return d.w.store.Query(ctx, q)
}

// Scan implements store.Store.
func (d disk) Scan(ctx context.Context, s store.Scan) ([]store.Row, string, error) {
	if f := d.w.point(pointRead); f != fateDone {
		return nil, "", failed("scan")
	}
	return d.w.store.Scan(ctx, s)
}

// Commit implements store.Store.
func (d disk) Commit(ctx context.Context, writes []store.Write) error {
	f := d.w.point(pointCommit)
	if d.hook != nil {
		writes = d.hook(writes)
	}
	switch f {
	case fateDone, fateUnknown, fateLast:
		return d.w.took(f, "commit", d.w.commit(ctx, writes))
	case fateLate:
		d.w.after(d.w.between(storeTakes, lateMax), func() { _ = d.w.commit(ctx, writes) })
	}
	return failed("commit")
}
