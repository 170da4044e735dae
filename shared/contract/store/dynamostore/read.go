package dynamostore

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

const (
	// getKeysMax is how many keys one BatchGetItem takes. Source: docs.aws.amazon.com/amazondynamodb/latest/
	// APIReference/API_BatchGetItem.html.
	getKeysMax = 100
	// getRoundsMax bounds the calls for one batch: an answer ends at 16 MB, and 100 rows of 400 KB are 40 MB, so three
	// rounds are enough without throttling.
	getRoundsMax = 10
	// getWaitFirst doubles at each round that read nothing.
	getWaitFirst = 25 * time.Millisecond
	// queryPagesMax bounds the calls of one Query: an answer ends at 1 MB, so the largest, 1,000 rows of 400 KB, takes 400.
	queryPagesMax = 500
)

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	const op = "dynamostore: get"
	if err := store.CheckKeys(op, keys); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Transient, op, err)
	}
	batches := batchesOf(keys)
	out := make(map[store.Key]store.Row, len(keys))
	var mu sync.Mutex
	err := awsclient.Each(ctx, len(batches), func(ctx context.Context, i int) error {
		rows, err := s.getBatch(ctx, op, batches[i])
		mu.Lock()
		defer mu.Unlock()
		for _, row := range rows {
			out[row.Key] = row
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// batchesOf splits distinct keys by the limit of one call; DynamoDB refuses a call that names a key twice.
func batchesOf(keys []store.Key) [][]store.Key {
	var batches [][]store.Key
	var batch []store.Key
	seen := make(map[store.Key]struct{}, len(keys))
	for _, k := range keys {
		if _, twice := seen[k]; twice {
			continue
		}
		seen[k] = struct{}{}
		batch = append(batch, k)
		if len(batch) == getKeysMax {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// getBatch reads up to getKeysMax rows, asking again for those that DynamoDB leaves unread.
func (s *Store) getBatch(ctx context.Context, op string, keys []store.Key) ([]store.Row, error) {
	request := map[string]types.KeysAndAttributes{}
	for _, k := range keys {
		name := s.tables[k.Table]
		part := request[name]
		part.ConsistentRead = aws.Bool(true)
		part.Keys = append(part.Keys, encodeKey(k))
		request[name] = part
	}
	var out []store.Row
	pause := getWaitFirst
	for range getRoundsMax {
		answer, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return nil, awsclient.Classify(op, err)
		}
		before := len(out)
		for name, items := range answer.Responses {
			for _, item := range items {
				row, err := decodeRow(op, s.names[name], item)
				if err != nil {
					return nil, err
				}
				out = append(out, row)
			}
		}
		request = answer.UnprocessedKeys
		if len(request) == 0 {
			return out, nil
		}
		if len(out) > before {
			continue
		}
		if err := s.wait(ctx, pause); err != nil {
			return nil, fault.New(fault.Transient, op, err)
		}
		pause *= 2
	}
	return nil, fault.Newf(fault.Transient, op, "keys unread after %d rounds", getRoundsMax)
}

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	const op = "dynamostore: query"
	if err := store.CheckQuery(op, q); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Transient, op, err)
	}
	input, some := s.queryInput(q)
	if !some {
		return nil, nil
	}
	var out []store.Row
	for range queryPagesMax {
		input.Limit = aws.Int32(int32(q.Limit - len(out)))
		answer, err := s.client.Query(ctx, input)
		if err != nil {
			return nil, awsclient.Classify(op, err)
		}
		for _, item := range answer.Items {
			row, err := decodeRow(op, q.Table, item)
			if err != nil {
				return nil, err
			}
			out = append(out, row)
		}
		if len(out) >= q.Limit || len(answer.LastEvaluatedKey) == 0 {
			return out, nil
		}
		input.ExclusiveStartKey = answer.LastEvaluatedKey
	}
	return nil, fault.Newf(fault.Transient, op, "no end after %d pages", queryPagesMax)
}

// queryInput gives the request of a query, and false if no row can match. DynamoDB takes one condition on the sort
// key: the prefix is that condition, and what comes after is where the page starts, which must lie within the prefix.
func (s *Store) queryInput(q store.Query) (*dynamodb.QueryInput, bool) {
	input := &dynamodb.QueryInput{TableName: s.table(q.Table), ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("#pk = :pk"),
		ExpressionAttributeNames: map[string]string{"#pk": PartitionAttribute}, ExpressionAttributeValues: map[string]types.AttributeValue{
			":pk": text(q.Partition)}}
	if q.Prefix != "" {
		input.KeyConditionExpression = aws.String("#pk = :pk AND begins_with(#sk, :prefix)")
		input.ExpressionAttributeNames["#sk"] = SortAttribute
		input.ExpressionAttributeValues[":prefix"] = text(q.Prefix)
	}
	switch {
	case q.After == "":
	case strings.HasPrefix(q.After, q.Prefix):
		input.ExclusiveStartKey = encodeKey(store.Key{Partition: q.Partition, Sort: q.After})
	case q.After > q.Prefix:
		return nil, false // beyond every key with the prefix
	}
	return input, true
}

// Scan implements store.Store. The cursor is the last key read.
func (s *Store) Scan(ctx context.Context, scan store.Scan) (rows []store.Row, next string, err error) {
	const op = "dynamostore: scan"
	if err := store.CheckScan(op, scan); err != nil {
		return nil, "", err
	}
	if err := ctx.Err(); err != nil {
		return nil, "", fault.New(fault.Transient, op, err)
	}
	input := &dynamodb.ScanInput{TableName: s.table(scan.Table), ConsistentRead: aws.Bool(true),
		Limit: aws.Int32(int32(min(scan.Limit, scanLimitMax)))}
	if scan.Segments > 1 {
		input.Segment, input.TotalSegments = aws.Int32(int32(scan.Segment)), aws.Int32(int32(scan.Segments))
	}
	if scan.Cursor != "" {
		if input.ExclusiveStartKey, err = decodeCursor(op, scan.Cursor); err != nil {
			return nil, "", err
		}
	}
	answer, err := s.client.Scan(ctx, input)
	if err != nil {
		return nil, "", awsclient.Classify(op, err)
	}
	for _, item := range answer.Items {
		row, err := decodeRow(op, scan.Table, item)
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, row)
	}
	if len(answer.LastEvaluatedKey) > 0 {
		if next, err = encodeCursor(op, answer.LastEvaluatedKey); err != nil {
			return nil, "", err
		}
	}
	return rows, next, nil
}

// scanLimitMax is more rows than the 1 MB of one answer holds.
const scanLimitMax = 100_000
