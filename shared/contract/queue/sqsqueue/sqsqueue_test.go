package sqsqueue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/sqsqueue"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// fake answers as a test says and keeps what it was asked.
type fake struct {
	sqsqueue.Client // nil: a call that the test does not expect panics

	mu       sync.Mutex
	sent     [][]types.SendMessageBatchRequestEntry
	received int
	failed   []types.BatchResultErrorEntry
	err      error
	// pages are what ReceiveMessage answers, then receiveErr.
	pages      [][]types.Message
	receiveErr error
}

func (f *fake) SendMessageBatch(
	_ context.Context, in *sqs.SendMessageBatchInput, _ ...func(*sqs.Options),
) (*sqs.SendMessageBatchOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, in.Entries)
	return &sqs.SendMessageBatchOutput{Failed: f.failed}, f.err
}

func (f *fake) DeleteMessageBatch(
	context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options),
) (*sqs.DeleteMessageBatchOutput, error) {
	return &sqs.DeleteMessageBatchOutput{Failed: f.failed}, f.err
}

func (f *fake) ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	f.received++
	if f.received > len(f.pages) {
		return &sqs.ReceiveMessageOutput{}, f.receiveErr
	}
	return &sqs.ReceiveMessageOutput{Messages: f.pages[f.received-1]}, nil
}

func queues(f *fake) *sqsqueue.Queue {
	return sqsqueue.New(f, map[queue.Name]string{"changes": "https://queue/changes"})
}

func TestFailuresAreClassified(t *testing.T) {
	one := []queue.Message{{Body: []byte("x")}}
	for name, c := range map[string]struct {
		fake *fake
		want fault.Kind
	}{
		"no answer":          {&fake{err: errors.New("connection reset")}, fault.Transient},
		"throttled":          {&fake{err: &smithy.GenericAPIError{Code: "RequestThrottled"}}, fault.Transient},
		"the server's fault": {&fake{err: &smithy.GenericAPIError{Code: "Odd", Fault: smithy.FaultServer}}, fault.Transient},
		"no such queue": {&fake{err: &smithy.GenericAPIError{Code: "QueueDoesNotExist", Fault: smithy.FaultClient}},
			fault.Unclassified},
		"one message, their fault": {&fake{failed: []types.BatchResultErrorEntry{{Code: aws.String("InternalError")}}}, fault.Transient},
		"one message, its own fault": {&fake{failed: []types.BatchResultErrorEntry{{Code: aws.String("InvalidMessageContents"),
			SenderFault: true}}}, fault.Rejected},
		"one message, a fault unknown": {&fake{failed: []types.BatchResultErrorEntry{{Code: aws.String("Odd"), SenderFault: true}}},
			fault.Unclassified},
	} {
		if err := queues(c.fake).Send(context.Background(), "changes", one); err == nil || fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if err := queues(&fake{}).Send(context.Background(), "elsewhere", one); !fault.Is(err, fault.Rejected) {
		t.Errorf("a queue without URL: got %v", err)
	}
}

func TestAnAbsentMessageIsNoErrorAndAFailedDeleteIs(t *testing.T) {
	for code, want := range map[string]bool{"ReceiptHandleIsInvalid": false, "InternalError": true} {
		f := &fake{failed: []types.BatchResultErrorEntry{{Code: aws.String(code)}}}
		if err := queues(f).Delete(context.Background(), "changes", []string{"handle"}); (err != nil) != want {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestWhatCameBeforeAFailureIsDelivered(t *testing.T) {
	page := []types.Message{{MessageId: aws.String("1"), ReceiptHandle: aws.String("h"), Body: aws.String("x")}}
	f := &fake{pages: [][]types.Message{page, page}, receiveErr: errors.New("connection reset")}
	got, err := queues(f).Receive(context.Background(), "changes", 100, time.Minute)
	if err != nil || len(got) != 2 {
		t.Errorf("got %d deliveries, %v, want 2", len(got), err)
	}
	f = &fake{receiveErr: errors.New("connection reset")}
	if _, err := queues(f).Receive(context.Background(), "changes", 100, time.Minute); !fault.Is(err, fault.Transient) {
		t.Errorf("nothing before it: got %v", err)
	}
}

func TestBatchesKeepTheLimitsOfACall(t *testing.T) {
	f := &fake{}
	var messages []queue.Message
	for i := range 40 {
		messages = append(messages, queue.Message{Body: bytes.Repeat([]byte("x"), 1+i*20_000), Delay: 1500 * time.Millisecond})
	}
	if err := queues(f).Send(context.Background(), "changes", messages); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, batch := range f.sent {
		sum := 0
		for _, entry := range batch {
			sum += len(*entry.MessageBody)
			if entry.DelaySeconds != 2 {
				t.Errorf("delay %d s, want 2, rounded up", entry.DelaySeconds)
			}
		}
		if len(batch) > 10 || sum > queue.BodyBytesMax {
			t.Errorf("a call with %d messages of %d bytes", len(batch), sum)
		}
		total += len(batch)
	}
	if total != len(messages) {
		t.Errorf("%d messages sent, want %d", total, len(messages))
	}
}

func TestCharactersThatSQSRefusesAreEscaped(t *testing.T) {
	f, name := &fake{}, "a\uFFFFb\uFFFE\U0001F600"
	body, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		t.Fatal(err)
	}
	if err := queues(f).Send(context.Background(), "changes", []queue.Message{{Body: body}}); err != nil {
		t.Fatal(err)
	}
	sent := *f.sent[0][0].MessageBody
	if want := fmt.Sprintf(`{"name":"a\uffffb\ufffe%s"}`, "\U0001F600"); sent != want {
		t.Errorf("sent %q, want %q", sent, want)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(sent), &back); err != nil || back["name"] != name {
		t.Errorf("came back as %q, %v", back["name"], err)
	}
}
