package sqsqueue_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/awslocal"
	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/queue/queuetest"
	"github.com/fluxcascade/fluxcascade/shared/queue/sqsqueue"
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
		urls, err := awslocal.CreateQueues(context.Background(), client, prefix, []queue.Name{queuetest.Changes, queuetest.Due}, queuetest.Receives)
		if err != nil {
			t.Fatal(err)
		}
		return sqsqueue.New(client, urls)
	}})
}
