// Command sweeper re-sends, on schedule, whatever is due.
package main

import (
	"context"
	"log"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/boot"
	"github.com/fluxcascade/fluxcascade/shared/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/boot/onaws/ontables"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
	"github.com/fluxcascade/fluxcascade/shared/pipeline"
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
