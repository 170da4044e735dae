// Command sweeper re-sends, on schedule, whatever is due.
package main

import (
	"context"
	"log"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws/ontables"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

func main() {
	fn, err := onaws.Open(config.Sweeper, ontables.Open)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, onaws.Active(fn, func(s *boot.System) func(context.Context, lambdaio.Scheduled) (pipeline.Sweep, error) {
		return lambdaio.Sweep(deciding.Sweeper(s, deciding.Report()).Run, time.Now)
	}))
}
