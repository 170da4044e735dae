package runner

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/operator/cost"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// What AWS bills by: docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and
// aws.amazon.com/sqs/pricing (2026).
const (
	writeUnitBytes, readUnitBytes = 1 << 10, 4 << 10
	sqsUnitBytes, sqsBatch        = 64 << 10, 10
	// rowBytes is what a row's keys, revision and expiry add to its body, about.
	rowBytes = 120
)

// What calls take on AWS, about: they are network, and nothing that a run on one machine can measure.
const (
	storeTime = 5 * time.Millisecond
	sendTime  = 10 * time.Millisecond
	callTime  = 2 * time.Millisecond // of a function's own, whatever it does
)

// Requests counts the requests that a run would make of AWS, as AWS bills them. Safe for concurrent use.
type Requests struct {
	mu sync.Mutex
	n  cost.Requests
	// busy is how long functions waited for the store and the queues.
	busy time.Duration
	// MemoryGB is of the functions, the same for all.
	MemoryGB float64
}

// Take gives what was counted since the last time, and begins again. platformCalls, each of callsTake, are the calls of
// platforms meanwhile, for which functions waited too.
func (r *Requests) Take(platformCalls int, callsTake time.Duration) cost.Requests {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.n
	n.GBSeconds = (r.busy + time.Duration(platformCalls)*callsTake).Seconds() * r.MemoryGB
	r.n, r.busy = cost.Requests{}, 0
	return n
}

func (r *Requests) add(busy time.Duration, change func(*cost.Requests)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy += busy
	change(&r.n)
}

// units gives how many units of a size hold a number of bytes: one at least.
func units(bytes, unit int) float64 { return float64(max(1, (bytes+unit-1)/unit)) }

// Store counts the units of a store.
func (r *Requests) Store(s store.Store) store.Store { return countedStore{Store: s, r: r} }

type countedStore struct {
	store.Store
	r *Requests
}

func (s countedStore) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	rows, err := s.Store.Get(ctx, keys)
	s.r.add(storeTime, func(n *cost.Requests) {
		for _, k := range keys {
			n.DynamoReads += units(len(rows[k].Body)+rowBytes, readUnitBytes)
		}
	})
	return rows, err
}

func (s countedStore) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	rows, err := s.Store.Query(ctx, q)
	s.r.add(storeTime, func(n *cost.Requests) { n.DynamoReads += units(bytesOf(rows), readUnitBytes) })
	return rows, err
}

func (s countedStore) Scan(ctx context.Context, in store.Scan) ([]store.Row, string, error) {
	rows, next, err := s.Store.Scan(ctx, in)
	s.r.add(storeTime, func(n *cost.Requests) { n.DynamoReads += units(bytesOf(rows), readUnitBytes) / 2 }) // a scan reads eventually
	return rows, next, err
}

func bytesOf(rows []store.Row) int {
	total := 0
	for _, row := range rows {
		total += len(row.Body) + rowBytes
	}
	return total
}

// Commit counts a failed one too: its conditions are charged.
func (s countedStore) Commit(ctx context.Context, writes []store.Write) error {
	err := s.Store.Commit(ctx, writes)
	s.r.add(storeTime, func(n *cost.Requests) {
		each := 1.0
		if len(writes) > 1 {
			each = 2 // a transaction
		}
		for _, w := range writes {
			n.DynamoWrites += each * units(len(w.Body)+rowBytes, writeUnitBytes)
		}
	})
	return err
}

// Queue counts the requests of queues.
func (r *Requests) Queue(q queue.Queue) queue.Queue { return countedQueue{Queue: q, r: r} }

type countedQueue struct {
	queue.Queue
	r *Requests
}

func (q countedQueue) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	q.r.add(sendTime, func(n *cost.Requests) {
		for begin := 0; begin < len(messages); begin += sqsBatch {
			bytes := 0
			for _, m := range messages[begin:min(begin+sqsBatch, len(messages))] {
				bytes += len(m.Body)
			}
			n.SQS += units(bytes, sqsUnitBytes)
		}
	})
	return q.Queue.Send(ctx, name, messages)
}

// Receive counts what the event source would: ten messages a request, and their deletion. Empty ones are the idle floor's.
func (q countedQueue) Receive(ctx context.Context, name queue.Name, limit int, visibility time.Duration) ([]queue.Delivery, error) {
	got, err := q.Queue.Receive(ctx, name, limit, visibility)
	if len(got) > 0 {
		q.r.add(0, func(n *cost.Requests) { n.SQS += 2 * float64((len(got)+sqsBatch-1)/sqsBatch) })
	}
	return got, err
}

// Handlers counts the calls of functions; those of the webhook come by the API.
func (r *Requests) Handlers(h Handlers) Handlers {
	out := Handlers{Webhook: countedHandler{h.Webhook, r, true}, Poller: countedHandler{h.Poller, r, false}, Sweeper: countedHandler{h.Sweeper, r, false},
		Resolver: map[record.Connection]lambda.Handler{}, Writer: map[record.Connection]lambda.Handler{}}
	for c := range h.Resolver {
		out.Resolver[c], out.Writer[c] = countedHandler{h.Resolver[c], r, false}, countedHandler{h.Writer[c], r, false}
	}
	return out
}

type countedHandler struct {
	lambda.Handler
	r   *Requests
	api bool
}

// logLineBytes is what a call logs at least: Lambda's own report is left out by the log level, ours are a line or two of
// counts.
const logLineBytes = 400

func (h countedHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	h.r.add(callTime, func(n *cost.Requests) {
		n.Lambda++
		n.LogBytes += logLineBytes
		if h.api {
			n.API++
		}
	})
	return h.Handler.Invoke(ctx, payload)
}
