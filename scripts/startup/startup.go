// Package startup measures how long real bootstraps take from their start to their first call of a Lambda Runtime API,
// which is what a cold start adds of ours, beside an empty function in the same run. It builds as scripts/build does, for
// this machine, and measures in turns, so that what else the machine does meets all alike.
package startup

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// firstCallPatience bounds one start; the slowest takes some 30 ms on an idle machine.
const firstCallPatience = 30 * time.Second

// Flags are those of scripts/build; a test holds the two together.
var Flags = []string{"-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid="}

// Build builds a command for an architecture, "" for this machine's.
func Build(ctx context.Context, pkg, out, arch string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build"}, Flags...), "-o", out, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOOS=linux", "GOARCH="+arch)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
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

// FirstCall starts a bootstrap and gives the time until it asks for its first event. It is then ended.
func FirstCall(ctx context.Context, b Bootstrap) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, firstCallPatience)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	asked := make(chan time.Time, 1)
	server := &http.Server{ReadHeaderTimeout: firstCallPatience, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
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
	var complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, b.Path)
	cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "AWS_REGION=us-east-1", "AWS_LAMBDA_FUNCTION_NAME=startup",
		"_HANDLER=bootstrap"}, b.Env...)
	cmd.Stderr, cmd.Stdout = &complaints, &complaints
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-asked:
		_ = cmd.Process.Kill()
		<-ended
		return at.Sub(began), nil
	case err := <-ended:
		return 0, errors.Join(fmt.Errorf("%s ended before its first call: %s", filepath.Base(b.Path), complaints.String()), err)
	}
}

// Rounds starts every bootstrap once a round and gives the shortest time of each: what a start takes when nothing else
// holds it up.
func Rounds(ctx context.Context, rounds int, bootstraps map[string]Bootstrap) (map[string]time.Duration, error) {
	shortest := map[string]time.Duration{}
	for range rounds {
		for name, b := range bootstraps {
			took, err := FirstCall(ctx, b)
			if err != nil {
				return nil, fmt.Errorf("start %s: %w", name, err)
			}
			if old, ok := shortest[name]; !ok || took < old {
				shortest[name] = took
			}
		}
	}
	return shortest, nil
}
