// Package dynamostore keeps the store contract in DynamoDB: one table for each store.Table, all of one shape. It makes
// no tables; infra and awslocal do, as this package says they must be:
//
//	partition key pk (S), sort key sk (S); time to live on the attribute ttl
//	rev (N) counts the writes, body (B) is the row's body, ttl (N) is the expiry in Unix seconds, absent for never
//
// Every read is consistent, Scan too: it costs twice an eventual one (about 6 cents for a million rows of 2 KB) and
// spares its callers the question which rows a lagging replica lacks.
package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var _ store.Store = (*Store)(nil)

// Names of the attributes; infra and awslocal make tables with the first two as keys.
const (
	PartitionAttribute = "pk"
	SortAttribute      = "sk"
	ExpiryAttribute    = "ttl"
	revAttribute       = "rev"
	bodyAttribute      = "body"
)

// Client is what the store calls; *dynamodb.Client is one.
type Client interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput,
		error)
}

// Settings assemble a store.
type Settings struct {
	Client Client
	// Tables gives each table's name in DynamoDB.
	Tables map[store.Table]string
	// Wait waits for d or until ctx ends, between tries of keys that DynamoDB left unread. Nil waits by the real clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Store is a store in DynamoDB. Safe for concurrent use.
type Store struct {
	client Client
	tables map[store.Table]string
	names  map[string]store.Table // the same, from DynamoDB's name
	wait   func(context.Context, time.Duration) error
	// once is set on single conditional writes. See unrepeated.
	once func(*dynamodb.Options)
}

// New assembles a store. Errors: fault.Rejected if a table has no name.
func New(s Settings) (*Store, error) {
	out := &Store{client: s.Client, tables: s.Tables, names: map[string]store.Table{}, wait: s.Wait, once: unrepeated()}
	if out.wait == nil {
		out.wait = wait
	}
	for _, table := range store.Tables() {
		name := s.Tables[table]
		if name == "" {
			return nil, fault.Newf(fault.Rejected, "dynamostore: new", "table %s has no name", table)
		}
		out.names[name] = table
	}
	return out, nil
}

// unrepeated lets the SDK repeat a single conditional write only after being throttled, when nothing was written.
// After a lost answer its repetition would fail on the condition that the first try fulfilled, and be reported as
// Stale: "nothing was written", which is false. TransactWriteItems carries a token instead, so it may be repeated.
func unrepeated() func(*dynamodb.Options) {
	retryer := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	})
	return func(o *dynamodb.Options) { o.Retryer = retryer }
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// table gives DynamoDB's name of a table that the checks have let pass.
func (s *Store) table(t store.Table) *string { return aws.String(s.tables[t]) }
