// Command widget draws the Syncs page for CloudWatch's dashboards. It reads, and changes nothing.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs/syncsio"
)

func main() {
	system, _, err := syncsio.Open(config.Widget)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(syncsio.Widget(system))
}
