// Command poller reads a place on schedule: its first load, then what changed, or every record again.
package main

import (
	"context"
	"log"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	system, _, err := onaws.System(context.Background(), config.Poller)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(system, lambdaio.Poll(system.Poller()))
}
