// Command digest publishes, once a day, what waits for a person and what was undone. It reads, and changes nothing.
package main

import (
	"log"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs/syncsio"
)

func main() {
	system, c, err := syncsio.Open(config.Digest)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(syncsio.Digest(system, syncsio.Topic(c.DigestTopicARN)))
}
