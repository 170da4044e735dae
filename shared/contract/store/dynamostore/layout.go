package dynamostore

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// body gives an attribute that is there even for an empty body: DynamoDB takes an empty binary, not a null one.
func body(b []byte) types.AttributeValue {
	if b == nil {
		b = []byte{}
	}
	return &types.AttributeValueMemberB{Value: b}
}

func encodeKey(k store.Key) item {
	return item{PartitionAttribute: text(k.Partition), SortAttribute: text(k.Sort)}
}

func encodeRow(w store.Write, rev int64) item {
	out := encodeKey(w.Key)
	out[revAttribute] = number(rev)
	out[bodyAttribute] = body(w.Body)
	if !w.ExpiresAt.IsZero() {
		out[ExpiryAttribute] = number(w.ExpiresAt.Unix())
	}
	return out
}

// decodeRow reads an item. One that another program wrote is fault.Unclassified.
func decodeRow(op string, table store.Table, i item) (store.Row, error) {
	partition, okPartition := i[PartitionAttribute].(*types.AttributeValueMemberS)
	sort, okSort := i[SortAttribute].(*types.AttributeValueMemberS)
	content, okBody := i[bodyAttribute].(*types.AttributeValueMemberB)
	rev, err := integer(i[revAttribute])
	if !okPartition || !okSort || !okBody || err != nil || rev < 1 {
		return store.Row{}, fault.Newf(fault.Unclassified, op, "an item of table %s is not a row of ours", table)
	}
	row := store.Row{Key: store.Key{Table: table, Partition: partition.Value, Sort: sort.Value}, Rev: rev, Body: content.Value}
	if at, ok := i[ExpiryAttribute]; ok {
		seconds, err := integer(at)
		if err != nil {
			return store.Row{}, fault.Newf(fault.Unclassified, op, "row %s/%s has an expiry that is not a number", row.Partition, row.Sort)
		}
		row.ExpiresAt = time.Unix(seconds, 0).UTC()
	}
	return row, nil
}

func integer(v types.AttributeValue) (int64, error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(n.Value, 10, 64)
}

// A cursor is a JSON list of a partition and a sort key.

func encodeCursor(op string, last item) (string, error) {
	partition, okPartition := last[PartitionAttribute].(*types.AttributeValueMemberS)
	sort, okSort := last[SortAttribute].(*types.AttributeValueMemberS)
	if !okPartition || !okSort {
		return "", fault.Newf(fault.Unclassified, op, "a last key that is not of our table")
	}
	raw, err := json.Marshal([2]string{partition.Value, sort.Value})
	if err != nil {
		return "", fault.New(fault.Unclassified, op, err)
	}
	return string(raw), nil
}

func decodeCursor(op, cursor string) (item, error) {
	var parts []string
	if err := json.Unmarshal([]byte(cursor), &parts); err != nil || len(parts) != 2 {
		return nil, fault.Newf(fault.Rejected, op, "a cursor that is not ours")
	}
	return encodeKey(store.Key{Partition: parts[0], Sort: parts[1]}), nil
}
