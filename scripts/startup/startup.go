// Package startup measures what a cold start of each function adds of ours, beside an empty function. What does not depend on
// the machine is counted: bytes and allocations of the packages' initialisation, and the size of the package; tests hold the
// counts. Times, from a real bootstrap's start to its first call of a Lambda Runtime API, are for a person to read
// (fluxcascade dev startup): no test asserts one. It builds as scripts/build does.
package startup

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	_ "embed" // flags.txt
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

const module = "github.com/fluxcascade/fluxcascade"

// Empty is the name of the function that does nothing.
const Empty = "empty"

// flags are what go build is given, a line each. scripts/build reads the same file: a measure of other bytes than those deployed
// would be of no use.
//
//go:embed flags.txt
var flags string

// BuildAll builds every function and the empty one into dir, each by its name, for an architecture, "" for this machine's.
func BuildAll(ctx context.Context, dir, arch string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, strings.Split(strings.TrimSpace(flags), "\n")...)
	cmd := exec.CommandContext(ctx, "go", append(args, module+"/functions/...", module+"/scripts/startup/empty")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOOS=linux", "GOARCH="+arch)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions: %w\n%s", err, text)
	}
	return nil
}

// ZipBytes gives the size of a file zipped as well as zip does.
func ZipBytes(path string) (int, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestCompression) })
	f, err := w.Create(filepath.Base(path))
	if err != nil {
		return 0, err
	}
	if _, err := f.Write(body); err != nil {
		return 0, err
	}
	return out.Len(), w.Close()
}

// Bootstrap is one function's program and environment.
type Bootstrap struct {
	Path string
	Env  []string
}

// Bootstraps gives those that BuildAll built into dir, by their names. Each has the environment that it requires, for a start
// that calls nobody; rules is a configuration's path.
func Bootstraps(dir, rules string) map[string]Bootstrap {
	out := map[string]Bootstrap{Empty: {Path: filepath.Join(dir, Empty)}}
	for _, f := range config.Functions() {
		out[string(f)] = Bootstrap{Path: filepath.Join(dir, string(f)), Env: Environment(f, rules)}
	}
	return out
}

// Environment gives what a function requires.
func Environment(f config.Function, rules string) []string {
	values := map[string]string{config.EnvConfig: rules, config.EnvConnection: "jobber", config.EnvSecretARNs: `{"hubspot":"arn"}`,
		config.EnvQueueNames: `{"changes-hubspot":"q"}`, config.EnvQueuesAt: "https://sqs.us-east-1.amazonaws.com/1/"}
	env := []string{"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none"}
	for _, name := range config.Environment(f) {
		value := values[name]
		if value == "" {
			value = "none"
		}
		env = append(env, name+"="+value)
	}
	return env
}

// Init is what initialising a package takes, by the Go runtime's own account.
type Init struct {
	Package string
	Bytes   int
	Allocs  int
}

// initLine is one line of GODEBUG=inittrace=1: https://pkg.go.dev/runtime#hdr-Environment_Variables (read 2026-12-01).
var initLine = regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes, (\d+) allocs$`)

// Inits starts a bootstrap until it asks for its first event, and gives what each package's initialisation took.
func Inits(ctx context.Context, b Bootstrap) ([]Init, error) {
	b.Env = append(b.Env[:len(b.Env):len(b.Env)], "GODEBUG=inittrace=1")
	_, said, err := start(ctx, b)
	if err != nil {
		return nil, err
	}
	var out []Init
	for _, m := range initLine.FindAllStringSubmatch(said, -1) {
		size, err := strconv.Atoi(m[2])
		if err != nil {
			return nil, err
		}
		allocs, err := strconv.Atoi(m[3])
		if err != nil {
			return nil, err
		}
		out = append(out, Init{Package: m[1], Bytes: size, Allocs: allocs})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s told nothing of its initialisation: %.200s", filepath.Base(b.Path), said)
	}
	return out, nil
}

// Sum adds up allocations and bytes.
func Sum(inits []Init) (allocs, bytes int) {
	for _, i := range inits {
		allocs, bytes = allocs+i.Allocs, bytes+i.Bytes
	}
	return allocs, bytes
}

// FirstCall starts a bootstrap and gives the time until it asks for its first event. It is then ended.
func FirstCall(ctx context.Context, b Bootstrap) (time.Duration, error) {
	took, _, err := start(ctx, b)
	return took, err
}

// start runs a bootstrap before a Lambda Runtime API that never has an event, and ends it when it asks for one. It gives how
// long that took and what the bootstrap wrote.
func start(ctx context.Context, b Bootstrap) (time.Duration, string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, "", err
	}
	asked := make(chan time.Time, 1)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/2018-06-01/runtime/invocation/next" {
			select {
			case asked <- time.Now():
			default:
			}
		}
		<-r.Context().Done() // no event ever comes
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.Path)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "AWS_LAMBDA_FUNCTION_NAME=startup",
		"_HANDLER=bootstrap"}, b.Env...)
	cmd.Stderr, cmd.Stdout = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-asked:
		_ = cmd.Process.Kill()
		<-ended
		return at.Sub(began), said.String(), nil
	case err := <-ended:
		return 0, "", errors.Join(fmt.Errorf("%s ended before its first call: %s", filepath.Base(b.Path), said.String()), err)
	}
}

// Round starts every bootstrap once, and keeps in shortest the shortest time of each: what a start takes when nothing else
// holds it up.
func Round(ctx context.Context, bootstraps map[string]Bootstrap, shortest map[string]time.Duration) error {
	for name, b := range bootstraps {
		took, err := FirstCall(ctx, b)
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		if old, ok := shortest[name]; !ok || took < old {
			shortest[name] = took
		}
	}
	return nil
}
