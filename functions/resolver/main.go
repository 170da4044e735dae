// Command resolver decides what change records mean and commits it: the only function that decides.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/deciding"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws/ontables"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

func main() {
	fn, err := onaws.Open(config.Resolver, ontables.Open)
	if err != nil {
		log.Fatal(err)
	}
	onaws.Start(fn, onaws.Active(fn, func(s *boot.System) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
		return lambdaio.SQSBatch(deciding.Resolver(s, deciding.Report()).Handle)
	}))
}
