package awsclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// writerTo is a body that net/http would rather write by itself.
type writerTo struct{ io.Reader }

func (writerTo) Close() error                         { return nil }
func (writerTo) WriteTo(io.Writer) (n int64, e error) { return 0, errors.New("WriteTo was called") }

func TestABodyIsReadAndNeverWritesItself(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	request, err := http.NewRequest(http.MethodPost, server.URL, writerTo{strings.NewReader("body")})
	if err != nil {
		t.Fatal(err)
	}
	response, err := awsclient.HTTP{Client: server.Client()}.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || string(got) != "body" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrorsKeepTheirCodeAndNotTheirText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{&smithy.GenericAPIError{Code: "ThrottlingException", Message: "secret"}, fault.Transient},
		{&smithy.GenericAPIError{Code: "ValidationException", Message: "secret"}, fault.Rejected},
		{&smithy.GenericAPIError{Code: "AccessDeniedException", Message: "secret", Fault: smithy.FaultClient}, fault.Unclassified},
		{&smithy.GenericAPIError{Code: "New", Message: "secret", Fault: smithy.FaultServer}, fault.Transient},
		{&smithy.OperationError{ServiceID: "SQS", OperationName: "ReceiveMessage", Err: io.ErrUnexpectedEOF}, fault.Transient},
	} {
		err := awsclient.Classify("test", c.err)
		if fault.KindOf(err) != c.want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %v, want %v", c.err, err, c.want)
		}
	}
	if err := awsclient.Classify("test", nil); err != nil {
		t.Errorf("nil: got %v", err)
	}
}

func TestEachCallsAllAndStopsAtAnError(t *testing.T) {
	for _, n := range []int{0, 1, 7, 100} {
		var calls atomic.Int64
		if err := awsclient.Each(context.Background(), n, func(context.Context, int) error { calls.Add(1); return nil }); err != nil ||
			int(calls.Load()) != n {
			t.Errorf("%d: %d calls, %v", n, calls.Load(), err)
		}
	}
	var calls atomic.Int64
	broken := errors.New("broken")
	err := awsclient.Each(context.Background(), 10_000, func(_ context.Context, i int) error {
		calls.Add(1)
		if i == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || calls.Load() == 10_000 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}
