// Command webhook receives the webhooks of every platform: it verifies, queues and answers, and decides nothing.
package main

import (
	"log"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	fn, err := onaws.Open(config.Webhook)
	if err != nil {
		log.Fatal(err)
	}
	system, err := fn.Packaged()
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, lambdaio.Webhook(system.Webhook()))
}
