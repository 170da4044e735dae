package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/storetest"
	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
)

// server starts DynamoDB Local for a test, or skips it aloud.
func server(t *testing.T) *awslocal.Server {
	t.Helper()
	s, err := awslocal.StartDynamoDB(context.Background())
	if errors.Is(err, awslocal.ErrMissing) {
		t.Skipf("SKIPPED ALOUD: DynamoDB was not tested: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	local := server(t)
	var opened atomic.Int64
	storetest.Run(t, storetest.Harness{Open: func(t *testing.T) store.Store {
		client := local.DynamoDB(fmt.Sprintf("test%d", opened.Add(1)))
		tables, err := awslocal.CreateTables(context.Background(), client, "test-")
		if err != nil {
			t.Fatal(err)
		}
		s, err := dynamostore.New(dynamostore.Settings{Client: client, Tables: tables})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}
