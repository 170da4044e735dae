package sqsqueue

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// deadSuffix is how the name of a dead-letter queue ends.
var deadSuffix = string(queue.Name("").Dead())

// Counter counts the messages of queues and of their dead-letter queues, and does nothing else with them. It is told the
// URLs of the queues alone, since those of both would not fit into a function's environment: a queue's redrive policy names
// its dead-letter queue, which is asked for once. Safe for concurrent use.
type Counter struct {
	queues *Queue

	mu   sync.Mutex
	dead map[queue.Name]string // URLs, by the name of the dead-letter queue
}

// NewCounter counts the queues under their URLs. A name without a URL, whose queue has none either, is fault.Rejected.
func NewCounter(client Client, urls map[queue.Name]string) *Counter {
	return &Counter{queues: New(client, urls), dead: map[queue.Name]string{}}
}

// Depth counts as Queue.Depth does.
func (c *Counter) Depth(ctx context.Context, name queue.Name) (queue.Depth, error) {
	source, dead := strings.CutSuffix(string(name), deadSuffix)
	if !dead || c.queues.urls[name] != "" {
		return c.queues.Depth(ctx, name)
	}
	url, err := c.find(ctx, name, queue.Name(source))
	if err != nil {
		return queue.Depth{}, err
	}
	return New(c.queues.client, map[queue.Name]string{name: url}).Depth(ctx, name)
}

// find gives the URL of a queue's dead-letter queue, which is in the queue's own region and account (docs.aws.amazon.com/
// AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html, 2026), so that but its name is the same.
func (c *Counter) find(ctx context.Context, name, source queue.Name) (string, error) {
	c.mu.Lock()
	known := c.dead[name]
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	op := "sqsqueue: find " + string(name)
	url, err := c.queues.begin(ctx, op, source)
	if err != nil {
		return "", err
	}
	answer, err := c.queues.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy}})
	if err != nil {
		return "", awsclient.Classify(op, err)
	}
	var policy struct{ DeadLetterTargetArn string }
	if err := json.Unmarshal([]byte(answer.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), &policy); err != nil ||
		policy.DeadLetterTargetArn == "" {
		return "", fault.Newf(fault.Rejected, op, "%s names no dead-letter queue", source)
	}
	base, arn := aws.ToString(url), policy.DeadLetterTargetArn
	found := base[:strings.LastIndex(base, "/")+1] + arn[strings.LastIndex(arn, ":")+1:]
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead[name] = found
	return found, nil
}
