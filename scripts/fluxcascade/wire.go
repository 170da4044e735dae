package main

import (
	"context"
	"fmt"
	"io"

	"github.com/fluxcascade/fluxcascade/shared/awslocal"
	"github.com/fluxcascade/fluxcascade/shared/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
	"github.com/fluxcascade/fluxcascade/shared/store/dynamostore"
)

// wireReceives is how often a message is received before it is set aside, as the deployed queues have it.
const wireReceives = 5

// stopper makes a server's Stop a Close.
type stopper struct{ *awslocal.Server }

// Close implements io.Closer.
func (s stopper) Close() error { return s.Stop() }

// openWire gives a store and queues over the AWS wire: DynamoDB Local and an SQS server on this machine, whose state
// goes with them.
func openWire(ctx context.Context, rules *ruleset.Rules) (store.Store, queue.Queue, []io.Closer, error) {
	var closers []io.Closer
	fail := func(err error) (store.Store, queue.Queue, []io.Closer, error) {
		for _, c := range closers {
			_ = c.Close()
		}
		return nil, nil, nil, fmt.Errorf("--wire needs DynamoDB Local and an SQS server, which ./scripts/test installs: %w", err)
	}
	dynamo, err := awslocal.StartDynamoDB(ctx)
	if err != nil {
		return fail(err)
	}
	closers = append(closers, stopper{dynamo})
	server, err := awslocal.StartSQS(ctx)
	if err != nil {
		return fail(err)
	}
	closers = append(closers, stopper{server})
	client := dynamo.DynamoDB("local")
	tables, err := awslocal.CreateTables(ctx, client, "fluxcascade-")
	if err != nil {
		return fail(err)
	}
	st, err := dynamostore.New(dynamostore.Settings{Client: client, Tables: tables})
	if err != nil {
		return fail(err)
	}
	var names []queue.Name
	for _, c := range rules.Connections {
		for _, kind := range []string{pipeline.ChangesQueue, pipeline.BackfillQueue, pipeline.DueQueue} {
			names = append(names, pipeline.QueueOf(kind, c.Name))
		}
	}
	urls, err := awslocal.CreateQueues(ctx, server.SQS(), "fluxcascade-", names, wireReceives)
	if err != nil {
		return fail(err)
	}
	return st, sqsqueue.New(server.SQS(), urls), closers, nil
}
