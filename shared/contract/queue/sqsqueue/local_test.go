package sqsqueue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/queuetest"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
)

func TestConformance(t *testing.T) {
	local, err := awslocal.StartSQS(context.Background())
	if errors.Is(err, awslocal.ErrMissing) {
		t.Skipf("SKIPPED ALOUD: SQS was not tested: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := local.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := local.SQS()
	var opened atomic.Int64
	queuetest.Run(t, queuetest.Harness{Open: func(t *testing.T) queue.Queue {
		prefix := fmt.Sprintf("test%d-", opened.Add(1))
		urls, err := awslocal.CreateQueues(context.Background(), client, prefix, []queue.Name{queuetest.Changes, queuetest.Due},
			queuetest.Receives)
		if err != nil {
			t.Fatal(err)
		}
		return sqsqueue.New(client, urls)
	}})
	t.Run("a counter finds dead-letter queues by what their queues say", func(t *testing.T) { countsDead(t, client) })
}

func countsDead(t *testing.T, client *sqs.Client) {
	ctx := t.Context()
	urls, err := awslocal.CreateQueues(ctx, client, "counted-", []queue.Name{queuetest.Changes}, queuetest.Receives)
	if err != nil {
		t.Fatal(err)
	}
	all := sqsqueue.New(client, urls)
	for name, n := range map[queue.Name]int{queuetest.Changes: 2, queuetest.Changes.Dead(): 3} {
		if err := all.Send(ctx, name, slices.Repeat([]queue.Message{{Body: []byte("{}")}}, n)); err != nil {
			t.Fatal(err)
		}
	}
	counter := sqsqueue.NewCounter(client, map[queue.Name]string{queuetest.Changes: urls[queuetest.Changes]})
	for range 2 {
		for name, want := range map[queue.Name]int{queuetest.Changes: 2, queuetest.Changes.Dead(): 3} {
			if d, err := counter.Depth(ctx, name); err != nil || d.Total() != want {
				t.Errorf("%s: got %+v, %v; want %d", name, d, err, want)
			}
		}
	}
}
