package sqsqueue_test

import (
	"context"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// counted are queues that can be looked at: attributes by URL.
type counted struct {
	sqsqueue.Client // nil: a counter does nothing but look

	mu         sync.Mutex
	attributes map[string]map[string]string
	policies   int // how often a redrive policy was asked for
}

func (c *counted) GetQueueAttributes(
	_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options),
) (*sqs.GetQueueAttributesOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.attributes[aws.ToString(in.QueueUrl)]
	if !ok {
		return nil, &types.QueueDoesNotExist{}
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if name == types.QueueAttributeNameRedrivePolicy {
			c.policies++
		}
		if v, ok := found[string(name)]; ok {
			out[string(name)] = v
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: out}, nil
}

func sized(n, policy string) map[string]string {
	a := map[string]string{"ApproximateNumberOfMessages": n, "ApproximateNumberOfMessagesNotVisible": "0",
		"ApproximateNumberOfMessagesDelayed": "0"}
	if policy != "" {
		a["RedrivePolicy"] = policy
	}
	return a
}

func TestACounterFindsDeadLetterQueuesOnce(t *testing.T) {
	const at = "https://sqs.us-east-1.amazonaws.com/123456789012/"
	client := &counted{attributes: map[string]map[string]string{
		at + "Stack-changes": sized("2", `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:Stack-changesDead",`+
			`"maxReceiveCount":5}`),
		at + "Stack-changesDead": sized("3", ""),
		at + "Stack-due":         sized("1", ""),
	}}
	c := sqsqueue.NewCounter(client, map[queue.Name]string{"changes-jobber": at + "Stack-changes", "due-jobber": at + "Stack-due"})
	var group sync.WaitGroup
	for range 3 {
		group.Wait()
		for name, want := range map[queue.Name]int{"changes-jobber": 2, "changes-jobber-dead": 3} {
			group.Go(func() {
				if d, err := c.Depth(t.Context(), name); err != nil || d.Total() != want {
					t.Errorf("%s: got %+v, %v; want %d", name, d, err, want)
				}
			})
		}
	}
	group.Wait()
	if client.policies != 1 {
		t.Errorf("it asked %d times which queue takes the dead letters", client.policies)
	}
	for _, name := range []queue.Name{"due-jobber-dead", "due-xero", "due-xero-dead"} {
		if _, err := c.Depth(t.Context(), name); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s is not there: got %v", name, err)
		}
	}
}
