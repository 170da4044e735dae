// Command empty is what the start of our functions is compared with: aws-lambda-go, and nothing of ours.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(context.Context) (string, error) { return "", nil })
}
