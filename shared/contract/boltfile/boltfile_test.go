package boltfile_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/fluxcascade/fluxcascade/shared/contract/boltfile"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var bucket = []byte("test")

func TestARefusedWriteDoesNotHoldUpThoseBesideIt(t *testing.T) {
	file, err := boltfile.Open(filepath.Join(t.TempDir(), "file"), bucket)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ctx, refused := context.Background(), fault.Newf(fault.Stale, "test", "refused")
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			key := fmt.Appendf(nil, "%d", i)
			err := file.Update(ctx, "test", func(tx *bolt.Tx) error {
				if i%3 == 0 {
					return refused
				}
				return boltfile.Broken(tx.Bucket(bucket).Put(key, key))
			})
			if (i%3 == 0) != errors.Is(err, refused) || (i%3 != 0 && err != nil) {
				t.Errorf("write %d: got %v", i, err)
			}
		})
	}
	group.Wait()
	count := 0
	if err := file.View(ctx, "test", func(tx *bolt.Tx) error { count = tx.Bucket(bucket).Stats().KeyN; return nil }); err != nil ||
		count != 133 {
		t.Errorf("%d keys, %v, want 133", count, err)
	}
}

func TestABrokenWriteUndoesItsTransaction(t *testing.T) {
	file, err := boltfile.Open(filepath.Join(t.TempDir(), "file"), bucket)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ctx := context.Background()
	err = file.Update(ctx, "test", func(tx *bolt.Tx) error {
		if err := tx.Bucket(bucket).Put([]byte("half"), nil); err != nil {
			t.Error(err)
		}
		return boltfile.Broken(errors.New("disk"))
	})
	if !fault.Is(err, fault.Transient) {
		t.Errorf("got %v, want transient", err)
	}
	err = file.View(ctx, "test", func(tx *bolt.Tx) error {
		if tx.Bucket(bucket).Get([]byte("half")) != nil {
			t.Error("half a write is there")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsOpenElsewhereIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file, err := boltfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := boltfile.Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

func TestAClosedFileIsTransient(t *testing.T) {
	file, err := boltfile.Open(filepath.Join(t.TempDir(), "file"), bucket)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := file.Update(context.Background(), "test", func(*bolt.Tx) error { return nil }); !fault.Is(err, fault.Transient) {
		t.Errorf("got %v, want transient", err)
	}
}
