// Package sqsqueue keeps the queue contract in SQS standard queues. It makes no queues; infra and awslocal do, each
// with its dead-letter queue. What moves a message there is the queue's redrive policy, not this package.
package sqsqueue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var _ queue.Queue = (*Queue)(nil)

// entriesMax is how many messages one call of any kind takes. Source: docs.aws.amazon.com/AWSSimpleQueueService/
// latest/SQSDeveloperGuide/quotas-messages.html.
const entriesMax = 10

// Client is what the queue calls; *sqs.Client is one.
type Client interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput,
		...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Queue is a set of SQS queues. Safe for concurrent use.
type Queue struct {
	client Client
	urls   map[queue.Name]string
}

// New gives the queues under their URLs. A producer needs only those it sends to, a consumer the dead ones only to
// inspect them. A name without a URL is fault.Rejected where it is used.
func New(client Client, urls map[queue.Name]string) *Queue { return &Queue{client: client, urls: urls} }

// Send implements queue.Sender. Several calls run at once.
func (q *Queue) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	op := "sqsqueue: send to " + string(name)
	if err := queue.CheckMessages(op, messages); err != nil {
		return err
	}
	url, err := q.begin(ctx, op, name)
	if err != nil {
		return err
	}
	batches := split(messages)
	return awsclient.Each(ctx, len(batches), func(ctx context.Context, i int) error {
		answer, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: batches[i]})
		if err != nil {
			return awsclient.Classify(op, err)
		}
		return failures(op, answer.Failed, func(string) bool { return false })
	})
}

// split makes batches within the limits of one call: a number of messages and the sum of their bodies.
func split(messages []queue.Message) [][]types.SendMessageBatchRequestEntry {
	var (
		batches   [][]types.SendMessageBatchRequestEntry
		batch     []types.SendMessageBatchRequestEntry
		sizeBytes int
	)
	for _, m := range messages {
		body := sendable(m.Body)
		if len(batch) == entriesMax || (len(batch) > 0 && sizeBytes+len(body) > queue.BodyBytesMax) {
			batches, batch, sizeBytes = append(batches, batch), nil, 0
		}
		sizeBytes += len(body)
		batch = append(batch, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(batch))), MessageBody: aws.String(body),
			DelaySeconds: seconds(m.Delay)})
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// Receive implements queue.Queue. It asks again while calls come back full. If a later call fails, what came before
// is delivered all the same: it is in flight.
func (q *Queue) Receive(ctx context.Context, name queue.Name, limit int, visibility time.Duration) ([]queue.Delivery, error) {
	op := "sqsqueue: receive from " + string(name)
	if err := queue.CheckReceive(op, limit, visibility); err != nil {
		return nil, err
	}
	url, err := q.begin(ctx, op, name)
	if err != nil {
		return nil, err
	}
	var out []queue.Delivery
	for len(out) < limit {
		answer, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url,
			MaxNumberOfMessages: int32(min(limit-len(out), entriesMax)),
			VisibilityTimeout:   seconds(visibility), MessageSystemAttributeNames: attributes})
		if err != nil && len(out) == 0 {
			return nil, awsclient.Classify(op, err)
		}
		if err != nil || len(answer.Messages) == 0 {
			return out, nil
		}
		for _, m := range answer.Messages {
			out = append(out, delivery(m))
		}
	}
	return out, nil
}

// attributes are those that a delivery tells.
var attributes = []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount,
	types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp}

func delivery(m types.Message) queue.Delivery {
	count, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		count = 1 // approximate anyway, and at least this time
	}
	return queue.Delivery{ID: aws.ToString(m.MessageId), Handle: aws.ToString(m.ReceiptHandle), Body: []byte(aws.ToString(m.Body)),
		Count:   count,
		SentAt:  milliseconds(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)]),
		FirstAt: milliseconds(m.Attributes[string(types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp)])}
}

// milliseconds reads a Unix time; zero where there is none.
func milliseconds(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// Delete implements queue.Queue. Several calls run at once.
func (q *Queue) Delete(ctx context.Context, name queue.Name, handles []string) error {
	op := "sqsqueue: delete from " + string(name)
	url, err := q.begin(ctx, op, name)
	if err != nil {
		return err
	}
	batches := splitHandles(handles)
	return awsclient.Each(ctx, len(batches), func(ctx context.Context, i int) error {
		var entries []types.DeleteMessageBatchRequestEntry
		for j, handle := range batches[i] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(j)), ReceiptHandle: aws.String(handle)})
		}
		answer, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: entries})
		if err != nil {
			return awsclient.Classify(op, err)
		}
		return failures(op, answer.Failed, absent)
	})
}

// Release implements queue.Queue. Several calls run at once. A message whose visibility ended is left alone.
func (q *Queue) Release(ctx context.Context, name queue.Name, handles []string, delay time.Duration) error {
	op := "sqsqueue: release to " + string(name)
	if err := queue.CheckHiding(op, delay); err != nil {
		return err
	}
	url, err := q.begin(ctx, op, name)
	if err != nil {
		return err
	}
	batches := splitHandles(handles)
	return awsclient.Each(ctx, len(batches), func(ctx context.Context, i int) error {
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for j, handle := range batches[i] {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(j)),
				ReceiptHandle: aws.String(handle), VisibilityTimeout: seconds(delay)})
		}
		answer, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: entries})
		if err != nil {
			return awsclient.Classify(op, err)
		}
		return failures(op, answer.Failed, absent)
	})
}

// splitHandles makes batches of one call, without handles that are empty: SQS refuses the whole call for one.
func splitHandles(handles []string) [][]string {
	var batches [][]string
	var batch []string
	for _, handle := range handles {
		if handle == "" {
			continue
		}
		if len(batch) == entriesMax {
			batches, batch = append(batches, batch), nil
		}
		batch = append(batch, handle)
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// Depth implements queue.Queue. The count trails the queue by up to a minute, as SQS's does.
func (q *Queue) Depth(ctx context.Context, name queue.Name) (queue.Depth, error) {
	op := "sqsqueue: depth of " + string(name)
	url, err := q.begin(ctx, op, name)
	if err != nil {
		return queue.Depth{}, err
	}
	visible, inFlight, delayed := types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed
	answer, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url,
		AttributeNames: []types.QueueAttributeName{visible, inFlight, delayed}})
	if err != nil {
		return queue.Depth{}, awsclient.Classify(op, err)
	}
	var d queue.Depth
	for name, count := range map[types.QueueAttributeName]*int{visible: &d.Visible, inFlight: &d.InFlight, delayed: &d.Delayed} {
		if *count, err = strconv.Atoi(answer.Attributes[string(name)]); err != nil {
			return queue.Depth{}, fault.Newf(fault.Transient, op, "%s is not a number", name)
		}
	}
	return d, nil
}

// begin gives the URL of a name, or why no call can be made.
func (q *Queue) begin(ctx context.Context, op string, name queue.Name) (*string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Transient, op, err)
	}
	url := q.urls[name]
	if url == "" {
		return nil, fault.Newf(fault.Rejected, op, "no URL is configured for this queue")
	}
	return aws.String(url), nil
}

// absent says of an entry's code that the message is gone, or not in flight any more, or the handle another queue's:
// by the contract no error. Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
// API_ChangeMessageVisibility.html and API_DeleteMessage.html.
func absent(code string) bool {
	switch code {
	case "ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight",
		"InvalidIdFormat":
		return true
	}
	return false
}

// failures gives the fault of the entries that failed within a call that did not, save those that may.
func failures(op string, failed []types.BatchResultErrorEntry, may func(code string) bool) error {
	for _, f := range failed {
		code := aws.ToString(f.Code)
		if may(code) {
			continue
		}
		kind := awsclient.CodeKind(code)
		if kind == fault.Unclassified && !f.SenderFault {
			kind = fault.Transient
		}
		return &fault.Error{Kind: kind, Op: op, Code: code, Err: fmt.Errorf("%d of the call's messages failed", len(failed))}
	}
	return nil
}

// seconds rounds up: SQS counts whole ones, and hiding a message for too short would deliver it twice.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }
