package socket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Limits of the socket.
const (
	// requestBytesMax bounds a request: the largest is a commit of store.WritesMax bodies of store.BodyBytesMax, in base64.
	requestBytesMax = 64 << 20
	// pathBytesMax is the longest path that every Unix takes as a socket's address (sun_path: 104 bytes on macOS, 108 on
	// Linux, with its end).
	pathBytesMax = 103
	socketMode   = 0o600
)

// Served is what a program lets others on its machine use.
type Served struct {
	Store store.Store
	Queue queue.Queue
	// Invoke starts a function as its schedule would and does not wait for its end; the input is the function's own JSON.
	// It is false if nothing runs at the moment.
	Invoke func(function string, input []byte) (bool, error)
	// Now is the program's time.
	Now func() time.Time
}

// Listen makes the socket. Its caller holds the database's lock, so a socket that is there already was left behind
// by a killed process and is replaced. Close the listener to end and remove it.
func Listen(path string) (net.Listener, error) {
	if len(path) > pathBytesMax {
		return nil, fmt.Errorf("the path of the socket %s is over %d bytes, which no Unix takes; give a shorter --data", path, pathBytesMax)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket that an earlier run left: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("make the socket for operators: %w", err)
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("make the socket for operators: %w", err), l.Close())
	}
	return l, nil
}

// Serve answers on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, s Served) error {
	server := &http.Server{Handler: Handler(s), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Handler answers every call of the two contracts.
func Handler(s Served) http.Handler {
	mux := http.NewServeMux()
	answer(mux, pathGet, func(ctx context.Context, in getCall) ([]store.Row, error) {
		found, err := s.Store.Get(ctx, in.Keys)
		rows := make([]store.Row, 0, len(found))
		for _, row := range found {
			rows = append(rows, row)
		}
		return rows, err
	})
	answer(mux, pathQuery, func(ctx context.Context, in store.Query) ([]store.Row, error) { return s.Store.Query(ctx, in) })
	answer(mux, pathScan, func(ctx context.Context, in store.Scan) (scanned, error) {
		rows, next, err := s.Store.Scan(ctx, in)
		return scanned{rows, next}, err
	})
	answer(mux, pathCommit, func(ctx context.Context, in commitCall) (struct{}, error) {
		return struct{}{}, s.Store.Commit(ctx, in.Writes)
	})
	answer(mux, pathSend, func(ctx context.Context, in sendCall) (struct{}, error) {
		return struct{}{}, s.Queue.Send(ctx, in.Name, in.Messages)
	})
	answer(mux, pathReceive, func(ctx context.Context, in receiveCall) ([]queue.Delivery, error) {
		return s.Queue.Receive(ctx, in.Name, in.Limit, in.Visibility)
	})
	answer(mux, pathDelete, func(ctx context.Context, in handlesCall) (struct{}, error) {
		return struct{}{}, s.Queue.Delete(ctx, in.Name, in.Handles)
	})
	answer(mux, pathRelease, func(ctx context.Context, in handlesCall) (struct{}, error) {
		return struct{}{}, s.Queue.Release(ctx, in.Name, in.Handles, in.Delay)
	})
	answer(mux, pathDepth, func(ctx context.Context, in handlesCall) (queue.Depth, error) { return s.Queue.Depth(ctx, in.Name) })
	answer(mux, pathNow, func(context.Context, struct{}) (time.Time, error) { return s.Now(), nil })
	answer(mux, pathInvoke, func(_ context.Context, in invokeCall) (bool, error) { return s.Invoke(in.Function, in.Input) })
	return mux
}

// answer adds one call: its input and its result as JSON. A failure is a result too, with its kind.
func answer[In, Out any](mux *http.ServeMux, path string, call func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytesMax)).Decode(&in); err != nil {
			http.Error(w, "the request is not the JSON of this call", http.StatusBadRequest)
			return
		}
		var reply reply[Out]
		result, err := call(r.Context(), in)
		if err != nil {
			reply.Failed = failureOf(err)
		} else {
			reply.Result = result
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(reply) // a caller that went away needs no answer
	})
}

func failureOf(err error) *failure {
	f := &failure{Kind: fault.KindOf(err), Op: "over the socket", Text: err.Error()}
	if e := (*fault.Error)(nil); errors.As(err, &e) {
		f.Op, f.Code, f.After, f.Text = e.Op, e.Code, e.After, ""
		if e.Err != nil {
			f.Text = e.Err.Error()
		}
	}
	return f
}
