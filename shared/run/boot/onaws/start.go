package onaws

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// Start runs a function until Lambda ends it, and says after each call what was counted. It does not return.
func Start[In, Out any](fn *Function, handle func(context.Context, In) (Out, error)) {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	lambda.Start(lambdaio.Flushed(handle, fn.meter.Flush, func(err error) { logger.Warn("health", "error", err.Error()) }))
}
