package boltfile_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/boltfile"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/boltqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/boltstore"
)

// childVariable, in the environment of a child, is the file that it writes until it is killed.
const childVariable = "FLUXCASCADE_TEST_KILLED_FILE"

const (
	kills   = 6
	writers = 4
)

// open gives a store and queues in one file, as a local run has them.
func open(t *testing.T, path string) (*boltfile.File, *boltstore.Store, *boltqueue.Queue) {
	t.Helper()
	file, err := boltfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := boltstore.On(file)
	if err != nil {
		t.Fatal(err)
	}
	q, err := boltqueue.On(file, time.Now, boltqueue.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return file, s, q
}

func pair(writer int) (a, b store.Key) {
	partition := fmt.Sprintf("writer%d", writer)
	return store.Key{Table: store.Versions, Partition: partition, Sort: "entity"}, store.Key{Table: store.CrossReference, Partition: partition,
		Sort: "ref"}
}

// TestKilledChild is the child of the test below. It writes without end and says on its output what was acknowledged:
//
//	committed <writer> <n>   both rows of the writer hold n
//	sent <body>              the message is queued
//	deleting <body>          a delete begins
//	deleted <body>           it is acknowledged
func TestKilledChild(t *testing.T) {
	path := os.Getenv(childVariable)
	if path == "" {
		t.Skip("runs only as the child of TestAcknowledgedWritesSurviveAKill")
	}
	_, s, q := open(t, path)
	failed := make(chan error)
	for writer := range writers {
		go func() { failed <- commitForever(s, writer) }()
		go func() { failed <- queueForever(q, queue.Name(fmt.Sprintf("changes-%d", writer))) }()
	}
	t.Fatal(<-failed)
}

func commitForever(s *boltstore.Store, writer int) error {
	ctx := context.Background()
	a, b := pair(writer)
	rows, err := s.Get(ctx, []store.Key{a})
	if err != nil {
		return err
	}
	for n := rows[a].Rev + 1; ; n++ {
		body := []byte(strconv.FormatInt(n, 10))
		if err := s.Commit(ctx, []store.Write{{Key: a, Expect: n - 1, Body: body}, {Key: b, Expect: n - 1, Body: body}}); err != nil {
			return err
		}
		fmt.Printf("committed %d %d\n", writer, n)
	}
}

func queueForever(q *boltqueue.Queue, name queue.Name) error {
	ctx := context.Background()
	for {
		body := fmt.Sprintf("%s/%d", name, time.Now().UnixNano())
		if err := q.Send(ctx, name, []queue.Message{{Body: []byte(body)}, {Body: []byte(body + "+")}}); err != nil {
			return err
		}
		fmt.Printf("sent %s\nsent %s+\n", body, body)
		// One of the two is taken, so that the queue grows.
		got, err := q.Receive(ctx, name, 1, time.Hour)
		if err != nil {
			return err
		}
		for _, d := range got {
			fmt.Printf("deleting %s\n", d.Body)
			if err := q.Delete(ctx, name, []string{d.Handle}); err != nil {
				return err
			}
			fmt.Printf("deleted %s\n", d.Body)
		}
	}
}

// acknowledged is what children said before they died.
type acknowledged struct {
	committed               map[int]int64
	sent, deleting, deleted map[string]bool
}

func (a *acknowledged) read(t *testing.T, line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "committed":
		var writer int
		var n int64
		if _, err := fmt.Sscan(rest, &writer, &n); err != nil {
			t.Fatalf("child said %q: %v", line, err)
		}
		a.committed[writer] = n
	case "sent":
		a.sent[rest] = true
	case "deleting":
		a.deleting[rest] = true
	case "deleted":
		a.deleted[rest] = true
	default:
		t.Fatalf("child said %q", line)
	}
}

func TestAcknowledgedWritesSurviveAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local")
	said := acknowledged{committed: map[int]int64{}, sent: map[string]bool{}, deleting: map[string]bool{}, deleted: map[string]bool{}}
	for kill := range kills {
		// Killed after a number of lines, not after a time, so the speed of the machine does not matter.
		runChild(t, path, 200+137*kill, &said)
		check(t, path, &said)
	}
}

// runChild runs a child on the file, kills it once it has said enough, and reads all that it said.
func runChild(t *testing.T, path string, lines int, said *acknowledged) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
	child.Env = append(os.Environ(), childVariable+"="+path)
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(output)
	count := 0
	for scanner.Scan() {
		said.read(t, scanner.Text())
		if count++; count == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || count < lines {
		t.Fatalf("child ended by itself after %d lines: %v", count, err)
	}
}

func check(t *testing.T, path string, said *acknowledged) {
	t.Helper()
	file, s, q := open(t, path)
	defer file.Close()
	ctx := context.Background()
	for writer := range writers {
		a, b := pair(writer)
		rows, err := s.Get(ctx, []store.Key{a, b})
		if err != nil {
			t.Fatal(err)
		}
		if string(rows[a].Body) != string(rows[b].Body) || rows[a].Rev != rows[b].Rev {
			t.Errorf("writer %d: half a transaction: revisions %d and %d", writer, rows[a].Rev, rows[b].Rev)
		}
		if rows[a].Rev < said.committed[writer] || rows[a].Rev > said.committed[writer]+1 {
			t.Errorf("writer %d: revision %d, acknowledged %d", writer, rows[a].Rev, said.committed[writer])
		}
	}
	held := map[string]bool{}
	for writer := range writers {
		deliveries, err := q.Receive(ctx, queue.Name(fmt.Sprintf("changes-%d", writer)), queue.ReceiveMax, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			held[string(d.Body)] = true
		}
	}
	for body := range said.sent {
		if !held[body] && !said.deleting[body] {
			t.Errorf("message %s was acknowledged and is lost", body)
		}
	}
	for body := range said.deleted {
		if held[body] {
			t.Errorf("message %s was deleted and is back", body)
		}
	}
}
