package awslocal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
)

// childVariable marks a child that starts a server and is killed.
const childVariable = "FLUXCASCADE_TEST_AWSLOCAL_CHILD"

// TestKilledParent is the child of the test below.
func TestKilledParent(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("runs only as the child of TestServersDieWithTheirParent")
	}
	server, err := awslocal.StartDynamoDB(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(strings.TrimPrefix(server.Endpoint, "http://"))
	select {} // until it is killed
}

func TestServersDieWithTheirParent(t *testing.T) {
	probe, err := awslocal.StartDynamoDB(context.Background())
	if errors.Is(err, awslocal.ErrMissing) {
		t.Skipf("SKIPPED ALOUD: %v", err)
	}
	if err := errors.Join(err, probe.Stop()); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilledParent$")
	child.Env = append(os.Environ(), childVariable+"=1")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	address, readErr := bufio.NewReader(output).ReadString('\n')
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if readErr != nil {
		t.Fatal(readErr)
	}
	for { // a server that does not die is shown by go test's own limit: how long it takes is the machine's
		connection, err := net.Dial("tcp", strings.TrimSpace(address))
		if err != nil {
			return
		}
		connection.Close()
		<-time.After(20 * time.Millisecond)
	}
}
