package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// The calls, and what each takes and gives.
const (
	pathGet     = "/store/get"
	pathQuery   = "/store/query"
	pathScan    = "/store/scan"
	pathCommit  = "/store/commit"
	pathSend    = "/queue/send"
	pathReceive = "/queue/receive"
	pathDelete  = "/queue/delete"
	pathRelease = "/queue/release"
	pathDepth   = "/queue/depth"
	pathInvoke  = "/invoke"
	pathNow     = "/now"
)

type (
	getCall struct {
		Keys []store.Key `json:"keys"`
	}
	scanned struct {
		Rows []store.Row `json:"rows"`
		Next string      `json:"next"`
	}
	commitCall struct {
		Writes []store.Write `json:"writes"`
	}
	sendCall struct {
		Name     queue.Name      `json:"name"`
		Messages []queue.Message `json:"messages"`
	}
	receiveCall struct {
		Name       queue.Name    `json:"name"`
		Limit      int           `json:"limit"`
		Visibility time.Duration `json:"visibility"`
	}
	handlesCall struct {
		Name    queue.Name    `json:"name"`
		Handles []string      `json:"handles,omitempty"`
		Delay   time.Duration `json:"delay,omitempty"`
	}
	invokeCall struct {
		Function string          `json:"function"`
		Input    json.RawMessage `json:"input"`
	}
	reply[Out any] struct {
		Result Out      `json:"result,omitempty"`
		Failed *failure `json:"failed,omitempty"`
	}
	failure struct {
		Kind  fault.Kind    `json:"kind"`
		Op    string        `json:"op"`
		Code  string        `json:"code,omitempty"`
		After time.Duration `json:"after,omitempty"`
		Text  string        `json:"text,omitempty"`
	}
)

func (f *failure) fault() error {
	e := &fault.Error{Kind: f.Kind, Op: f.Op, Code: f.Code, After: f.After}
	if f.Text != "" {
		e.Err = errors.New(f.Text)
	}
	return e
}

// dialPatience is how long a socket may take to be answered: it is on this machine.
const dialPatience = 2 * time.Second

// Client is the store and the queues behind a socket. Safe for concurrent use.
type Client struct {
	http *http.Client
}

var (
	_ store.Store = (*Client)(nil)
	_ queue.Queue = queues{}
)

// Dial connects to a socket. The error is os.ErrNotExist or syscall.ECONNREFUSED, wrapped, if nobody answers there.
func Dial(path string) (*Client, error) {
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "unix", path)
	}
	first, err := dial(context.Background())
	if err != nil {
		return nil, err
	}
	_ = first.Close()
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn,
		error) {
		return dial(ctx)
	}}}}, nil
}

// Close ends its connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// call makes one call. No answer is fault.Transient: what was asked may be done.
func call[Out any](ctx context.Context, c *Client, path string, in any) (Out, error) {
	var reply reply[Out]
	op := "socket: " + path
	body, err := json.Marshal(in)
	if err != nil {
		return reply.Result, fault.Newf(fault.Rejected, op, "not JSON (%T)", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://operator"+path, bytes.NewReader(body))
	if err != nil {
		return reply.Result, fault.New(fault.Rejected, op, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return reply.Result, fault.New(fault.Transient, op, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return reply.Result, fault.New(fault.Rejected, op,
			fmt.Errorf("status %d: the two programs are of different versions, or the call is too large", response.StatusCode))
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return reply.Result, fault.Newf(fault.Transient, op, "the answer was cut off (%T)", err)
	}
	if reply.Failed != nil {
		return reply.Result, reply.Failed.fault()
	}
	return reply.Result, nil
}

// Get implements store.Store.
func (c *Client) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	if err := store.CheckKeys("socket: get", keys); err != nil {
		return nil, err
	}
	rows, err := call[[]store.Row](ctx, c, pathGet, getCall{keys})
	if err != nil {
		return nil, err
	}
	found := make(map[store.Key]store.Row, len(rows))
	for _, row := range rows {
		found[row.Key] = row
	}
	return found, nil
}

// Query implements store.Store.
func (c *Client) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if err := store.CheckQuery("socket: query", q); err != nil {
		return nil, err
	}
	return call[[]store.Row](ctx, c, pathQuery, q)
}

// Scan implements store.Store.
func (c *Client) Scan(ctx context.Context, s store.Scan) ([]store.Row, string, error) {
	page, err := call[scanned](ctx, c, pathScan, s)
	return page.Rows, page.Next, err
}

// Commit implements store.Store. Keys are checked before they travel: JSON would mend those that are not UTF-8.
func (c *Client) Commit(ctx context.Context, writes []store.Write) error {
	if err := store.CheckWrites("socket: commit", writes); err != nil {
		return err
	}
	_, err := call[struct{}](ctx, c, pathCommit, commitCall{writes})
	return err
}

// Invoke starts a function of the other program as its schedule would, and does not wait for its end. It is false if
// nothing runs there at the moment.
func (c *Client) Invoke(ctx context.Context, function string, input []byte) (bool, error) {
	return call[bool](ctx, c, pathInvoke, invokeCall{function, input})
}

// Now gives the other program's time: where platforms are simulated it runs ahead of this machine's.
func (c *Client) Now(ctx context.Context) (time.Time, error) {
	return call[time.Time](ctx, c, pathNow, struct{}{})
}

// Queue gives the queues behind the socket.
func (c *Client) Queue() queue.Queue { return queues{c} }

type queues struct{ c *Client }

// Send implements queue.Sender.
func (q queues) Send(ctx context.Context, name queue.Name, messages []queue.Message) error {
	_, err := call[struct{}](ctx, q.c, pathSend, sendCall{name, messages})
	return err
}

// Receive implements queue.Queue.
func (q queues) Receive(ctx context.Context, name queue.Name, limit int, visibility time.Duration) ([]queue.Delivery, error) {
	return call[[]queue.Delivery](ctx, q.c, pathReceive, receiveCall{name, limit, visibility})
}

// Delete implements queue.Queue.
func (q queues) Delete(ctx context.Context, name queue.Name, handles []string) error {
	_, err := call[struct{}](ctx, q.c, pathDelete, handlesCall{Name: name, Handles: handles})
	return err
}

// Release implements queue.Queue.
func (q queues) Release(ctx context.Context, name queue.Name, handles []string, delay time.Duration) error {
	_, err := call[struct{}](ctx, q.c, pathRelease, handlesCall{Name: name, Handles: handles, Delay: delay})
	return err
}

// Depth implements queue.Queue.
func (q queues) Depth(ctx context.Context, name queue.Name) (queue.Depth, error) {
	return call[queue.Depth](ctx, q.c, pathDepth, handlesCall{Name: name})
}
