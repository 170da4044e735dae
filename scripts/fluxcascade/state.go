package main

import (
	"io"

	"github.com/fluxcascade/fluxcascade/shared/localrun"
	"github.com/fluxcascade/fluxcascade/shared/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/store"
	"github.com/fluxcascade/fluxcascade/shared/store/memstore"
)

// openMemory gives a store and queues that keep nothing.
func openMemory(clock *localrun.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	return memstore.New(), memqueue.New(clock.Now), nil, nil
}

// openEmbedded gives a store and queues in files of dir, which survive being killed at any moment.
func openEmbedded(dir string, clock *localrun.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	state, err := embedded.OpenState(dir, clock.Now)
	if err != nil {
		return nil, nil, nil, err
	}
	return state.Store, state.Queue, []io.Closer{state}, nil
}
