package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressEvery is how often a long command says how far it is, whatever else it says.
const progressEvery = 15 * time.Second

// beat says how far a command is, by what say gives, until stop is called: a person should not have to guess whether it still
// works. stop returns once nothing more is said, and may be called twice.
func beat(w io.Writer, say func() string) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				fmt.Fprintf(w, "… %s after %s\n", say(), time.Since(began).Round(time.Second))
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(ended)
		<-done
	})
}
