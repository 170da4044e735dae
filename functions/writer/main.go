// Command writer writes what is due to one connection.
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
	system, _, err := onaws.System(context.Background(), config.Writer)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(system, lambdaio.SQSBatch(deciding.Writer(system, deciding.Report()).Handle))
}
