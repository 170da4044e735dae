// Command webhook receives the webhooks of every platform: it verifies, queues and answers, and decides nothing.
package main

import (
	"context"
	"log"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	system, _, err := onaws.System(context.Background(), config.Webhook)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(system, lambdaio.Webhook(system.Webhook()))
}
