// Package boltfile is one durable file under the embedded store and queue: a bbolt database with group commit. It owns
// opening, closing and the folding of concurrent writes into one transaction; it knows no row and no message.
//
// Every acknowledged write is on disk: bbolt syncs each transaction, and nothing here turns that off. What makes it
// fast is that the writes that arrive during one sync share the next.
package boltfile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

const (
	// foldedMax is how many writes share one transaction: more would make each wait longer than a sync takes.
	foldedMax = 512
	// lockPatience is how long Open waits for another process that has the file open.
	lockPatience = 2 * time.Second
	fileMode     = 0o600
)

// File is an open database. Safe for concurrent use; one process at a time.
type File struct {
	db *bolt.DB
	// turn is held by the writer whose transaction runs.
	turn chan struct{}

	mu      sync.Mutex
	waiting []*write
}

// write is one caller's part of a transaction.
type write struct {
	apply func(*bolt.Tx) error
	done  bool // guarded by turn
	err   error
}

// Open opens or makes a database file with the given top-level buckets. A file that a killed process left behind
// opens at its last whole transaction.
func Open(path string, buckets ...[]byte) (*File, error) {
	// The free list is not written but rebuilt at opening: less to sync in each transaction.
	db, err := bolt.Open(path, fileMode, &bolt.Options{Timeout: lockPatience, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("open database file %s: %w", path, err)
	}
	f := &File{db: db, turn: make(chan struct{}, 1)}
	if err := f.Ensure(buckets...); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return f, nil
}

// Ensure makes the top-level buckets that are not there yet.
func (f *File) Ensure(buckets ...[]byte) error {
	return f.db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return fmt.Errorf("make bucket %s of %s: %w", name, f.db.Path(), err)
			}
		}
		return nil
	})
}

// Close waits for running transactions and closes the file. Closing twice is no error.
func (f *File) Close() error { return f.db.Close() }

// View runs read over the last committed transaction. It must not block: old pages are kept until it ends.
func (f *File) View(ctx context.Context, op string, read func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	return classify(op, f.db.View(read))
}

// Update applies a write durably, in one transaction with whichever writes wait beside it. apply must check all that it
// may refuse before it changes anything: an error that it returns goes to its own caller, and what the others changed
// is committed all the same. An error of bbolt inside apply must come wrapped by Broken: it undoes the transaction.
// Errors: apply's own; fault.Transient, perhaps applied.
func (f *File) Update(ctx context.Context, op string, apply func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	w := &write{apply: apply}
	f.mu.Lock()
	f.waiting = append(f.waiting, w)
	f.mu.Unlock()
	// The one that gets the turn writes for all that wait. Turns are waited for without ctx: a transaction is short, and a
	// write that was queued may not be taken back.
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	for !w.done {
		f.commit(f.next())
	}
	return classify(op, w.err)
}

// next takes the writes of one transaction, in order of arrival.
func (f *File) next() []*write {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(f.waiting), foldedMax)
	folded := f.waiting[:n:n]
	f.waiting = f.waiting[n:]
	return folded
}

// commit runs one transaction. If it breaks, none of its writes happened, and each caller hears so.
func (f *File) commit(folded []*write) {
	err := f.db.Update(func(tx *bolt.Tx) error {
		for _, w := range folded {
			w.err = w.apply(tx)
			if broken := (*brokenError)(nil); errors.As(w.err, &broken) {
				return w.err
			}
		}
		return nil
	})
	for _, w := range folded {
		w.done = true
		if err != nil {
			w.err = err
		}
	}
}

// brokenError is a failure of the database itself.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// Broken marks a failure of the database itself within an Update; nil stays nil.
func Broken(err error) error {
	if err == nil {
		return nil
	}
	return &brokenError{err}
}

// classify leaves what is classified; the rest is the database's: a full disk, a closed file.
func classify(op string, err error) error {
	var classified *fault.Error
	if err == nil || errors.As(err, &classified) {
		return err
	}
	return fault.New(fault.Transient, op, err)
}
