// Package queue is the contract for messages: at least once, in no order, with visibility, delay and dead letters.
// It owns delivery and nothing of what a message says. Safety never rests on it: a message may come twice, late,
// or after a newer one, and every consumer must be harmless then.
package queue

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits that every implementation keeps. Source for SQS: docs.aws.amazon.com/AWSSimpleQueueService/latest/
// SQSDeveloperGuide/quotas-messages.html, as measured in 2026.
const (
	// BodyBytesMax is the largest body, and the largest sum of bodies in one Send call of an implementation.
	BodyBytesMax = 1 << 20
	// DelayMax is the longest delay of one message.
	DelayMax = 15 * time.Minute
	// ReceiveMax is how many messages one Receive takes.
	ReceiveMax = 10_000
)

// Name names a queue.
type Name = record.QueueName

// Message is one to send.
type Message struct {
	Body []byte
	// Delay holds it back, 0 to DelayMax.
	Delay time.Duration
}

// Delivery is one message as received.
type Delivery struct {
	ID      string // the same on each delivery of one message
	Handle  string // names this delivery, for Delete and Release
	Body    []byte
	Count   int       // how often it was received, this time included
	SentAt  time.Time // when it was sent
	FirstAt time.Time // when it was first received
}

// Depth is a queue's approximate size.
type Depth struct{ Visible, InFlight, Delayed int }

// Total gives all messages of the queue.
func (d Depth) Total() int { return d.Visible + d.InFlight + d.Delayed }

// Sender is what producers use. Safe for concurrent use.
type Sender interface {
	// Send queues messages, splitting them into as many calls as the limits ask. An error means that some may be
	// queued and some not: send all again. Errors: fault.Transient; fault.Rejected for a body over BodyBytesMax.
	Send(ctx context.Context, name Name, messages []Message) error
}

// Queue is the whole contract, for the loops that stand in for Lambda's event source and for operators.
type Queue interface {
	Sender
	// Receive takes up to limit messages and hides each for visibility. It returns at once, perhaps with none.
	// A message received more than the queue's receive limit goes to its dead-letter queue instead.
	Receive(ctx context.Context, name Name, limit int, visibility time.Duration) ([]Delivery, error)
	// Delete removes received messages by handle. A handle from an older delivery may do nothing. Absent is no error.
	Delete(ctx context.Context, name Name, handles []string) error
	// Release makes received messages visible again after delay.
	Release(ctx context.Context, name Name, handles []string, delay time.Duration) error
	// Depth counts approximately.
	Depth(ctx context.Context, name Name) (Depth, error)
}
