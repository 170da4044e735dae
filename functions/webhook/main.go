// Command webhook receives the webhooks of every platform: it verifies, queues and answers, and decides nothing.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

func main() {
	fn, err := onaws.Open(config.Webhook, nil)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, onaws.Packaged(fn, func(s *boot.System) func(context.Context, events.APIGatewayV2HTTPRequest) (
		events.APIGatewayV2HTTPResponse, error) {
		return lambdaio.Webhook(s.Webhook())
	}))
}
