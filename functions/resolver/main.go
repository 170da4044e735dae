// Command resolver decides what change records mean and commits it: the only function that decides.
package main

import (
	"context"
	"log"

	"github.com/fluxcascade/fluxcascade/shared/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	system, _, err := onaws.System(context.Background(), config.Resolver)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(system, lambdaio.SQSBatch(deciding.Resolver(system, deciding.Report()).Handle))
}
