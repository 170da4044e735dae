// Command digest publishes, once a day, what waits for a person and what was undone. It reads, and changes nothing.
package main

import (
	"log"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/syncs/syncsio"
)

func main() {
	fn, err := onaws.Open(config.Digest)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, syncsio.Digest(syncsio.System{Stack: fn.Config().Stack, Store: fn.Store(), Queue: fn.Queue(), Rules: fn.Running, Now: time.Now}, syncsio.Topic(fn.Config().DigestTopicARN)))
}
