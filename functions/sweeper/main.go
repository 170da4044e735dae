// Command sweeper re-sends, on schedule, whatever is due.
package main

import (
	"context"
	"log"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	system, _, err := onaws.System(context.Background(), config.Sweeper)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(system, lambdaio.Sweep(deciding.Sweeper(system, deciding.Report()).Run, time.Now))
}
