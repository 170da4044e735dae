// Command poller reads a place on schedule: its first load, then what changed, or every record again.
package main

import (
	"context"
	"log"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws/ontables"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

func main() {
	fn, err := onaws.Open(config.Poller, ontables.Open)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, onaws.Active(fn, func(s *boot.System) func(context.Context, lambdaio.Scheduled) (intake.Poll, error) {
		return lambdaio.Poll(s.Poller())
	}))
}
