package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/fluxcascade/fluxcascade/shared/localrun"
	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/queue/boltqueue"
	"github.com/fluxcascade/fluxcascade/shared/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/store"
	"github.com/fluxcascade/fluxcascade/shared/store/boltstore"
	"github.com/fluxcascade/fluxcascade/shared/store/memstore"
)

// openMemory gives a store and queues that keep nothing.
func openMemory(clock *localrun.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	return memstore.New(), memqueue.New(clock.Now), nil, nil
}

// openEmbedded gives a store and queues in files of dir, which survive being killed at any moment.
func openEmbedded(dir string, clock *localrun.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	st, err := boltstore.Open(filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open the state in %s: %w", dir, err)
	}
	q, err := boltqueue.Open(filepath.Join(dir, "queues.db"), clock.Now, boltqueue.Limits{})
	if err != nil {
		_ = st.Close()
		return nil, nil, nil, fmt.Errorf("open the queues in %s: %w", dir, err)
	}
	return st, q, []io.Closer{st, q}, nil
}
