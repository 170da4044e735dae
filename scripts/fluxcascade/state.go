package main

import (
	"io"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
)

// openMemory gives a store and queues that keep nothing.
func openMemory(clock *runner.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	return memstore.New(), memqueue.New(clock.Now), nil, nil
}

// openEmbedded gives a store and queues in files of dir, which survive being killed at any moment.
func openEmbedded(dir string, clock *runner.Clock) (store.Store, queue.Queue, []io.Closer, error) {
	state, err := embedded.OpenState(dir, clock.Now)
	if err != nil {
		return nil, nil, nil, err
	}
	return state.Store, state.Queue, []io.Closer{state}, nil
}
