// Command webhook receives the webhooks of every platform: it verifies, queues and answers, and decides nothing.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/lambdaio"
)

func main() {
	system, _, err := onaws.System(context.Background(), config.Webhook)
	if err != nil {
		log.Fatal(err)
	}
	webhook := system.Webhook()
	webhook.Count = onaws.CountWebhooks(os.Stdout, time.Now)
	lambda.Start(lambdaio.Webhook(webhook))
}
