package socket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/queuetest"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/storetest"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/socket"
)

// dial serves what is given on a socket of the test's own and connects to it.
func dial(t *testing.T, s socket.Served) *socket.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "fc") // t.TempDir is named after the test, which is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- socket.Serve(ctx, l, s) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	c, err := socket.Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestTheStoreKeepsItsContractOverTheSocket(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(t *testing.T) store.Store { return dial(t, socket.Served{Store: memstore.New()}) }})
}

func TestTheQueuesKeepTheirContractOverTheSocket(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := make(chan time.Duration)
	read := make(chan time.Time)
	go func() {
		for {
			select {
			case d, ok := <-clock:
				if !ok {
					return
				}
				now = now.Add(d)
			case read <- now:
			}
		}
	}()
	t.Cleanup(func() { close(clock) })
	queuetest.Run(t, queuetest.Harness{
		Open: func(t *testing.T) queue.Queue {
			return dial(t, socket.Served{Queue: memqueue.New(func() time.Time { return <-read },
				memqueue.Limits{Receives: queuetest.Receives})}).Queue()
		},
		Advance: func(d time.Duration) { clock <- d },
	})
}

func TestAnInvocationReachesTheOtherProgram(t *testing.T) {
	got := make(chan string, 1)
	c := dial(t, socket.Served{Invoke: func(function string, input []byte) (bool, error) {
		got <- function + " " + string(input)
		return true, nil
	}})
	if started, err := c.Invoke(context.Background(), "sweeper", []byte(`{"connection":"jobber"}`)); err != nil || !started {
		t.Fatalf("started %v, %v", started, err)
	}
	if s := <-got; s != `sweeper {"connection":"jobber"}` {
		t.Errorf("got %s", s)
	}
}

func TestASocketIsItsOwnersAlone(t *testing.T) {
	dir, err := os.MkdirTemp("", "fc")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	left, err := net.Listen("unix", path) // as a killed process leaves it
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = left.Close()
	if _, err := socket.Dial(path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody answers: got %v, want connection refused", err)
	}
	l, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode().Perm(), err)
	}
}

func TestAPathThatNoUnixTakesIsToldBeforehand(t *testing.T) {
	_, err := socket.Listen("/" + strings.Repeat("x", 120))
	if err == nil || !strings.Contains(err.Error(), "shorter --data") {
		t.Errorf("got %v", err)
	}
}

func TestTheTimeIsTheOtherPrograms(t *testing.T) {
	ahead := time.Date(2031, 3, 1, 9, 0, 0, 0, time.UTC)
	c := dial(t, socket.Served{Now: func() time.Time { return ahead }})
	if now, err := c.Now(t.Context()); err != nil || !now.Equal(ahead) {
		t.Errorf("got %s, %v; want %s", now, err, ahead)
	}
}
