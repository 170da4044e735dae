package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Commit implements store.Store. One write is one conditional call, at half the price of a transaction of one.
func (s *Store) Commit(ctx context.Context, writes []store.Write) error {
	const op = "dynamostore: commit"
	if err := store.CheckWrites(op, writes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	var items []types.TransactWriteItem
	for _, w := range writes {
		if w.CheckOnly && w.Expect == store.Any {
			continue // a check of nothing; DynamoDB takes no check without a condition
		}
		items = append(items, s.item(w))
	}
	if len(items) == 0 {
		return nil
	}
	name := op + " " + writes[0].Partition + "/" + writes[0].Sort
	if len(items) == 1 && items[0].ConditionCheck == nil {
		return classify(name, s.single(ctx, items[0]))
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	return classify(name, err)
}

// single applies one item of a transaction by its own call.
func (s *Store) single(ctx context.Context, item types.TransactWriteItem) error {
	switch {
	case item.Put != nil:
		_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: item.Put.TableName, Item: item.Put.Item,
			ConditionExpression:      item.Put.ConditionExpression,
			ExpressionAttributeNames: item.Put.ExpressionAttributeNames, ExpressionAttributeValues: item.Put.ExpressionAttributeValues}, s.once)
		return err
	case item.Delete != nil:
		_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: item.Delete.TableName, Key: item.Delete.Key,
			ConditionExpression:      item.Delete.ConditionExpression,
			ExpressionAttributeNames: item.Delete.ExpressionAttributeNames, ExpressionAttributeValues: item.Delete.ExpressionAttributeValues},
			s.once)
		return err
	default:
		_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: item.Update.TableName, Key: item.Update.Key,
			UpdateExpression:         item.Update.UpdateExpression,
			ExpressionAttributeNames: item.Update.ExpressionAttributeNames, ExpressionAttributeValues: item.Update.ExpressionAttributeValues},
			s.once)
		return err
	}
}

// item gives a write as an item of a transaction.
func (s *Store) item(w store.Write) types.TransactWriteItem {
	c := conditionOf(w.Expect)
	switch {
	case w.CheckOnly:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: s.table(w.Table), Key: encodeKey(w.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values}}
	case w.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: s.table(w.Table), Key: encodeKey(w.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values}}
	case w.Expect == store.Any:
		return types.TransactWriteItem{Update: s.increment(w)}
	default:
		return types.TransactWriteItem{Put: &types.Put{TableName: s.table(w.Table), Item: encodeRow(w, w.Expect+1),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values}}
	}
}

// condition is an expression with its names and values.
type condition struct {
	expression *string
	names      map[string]string
	values     map[string]types.AttributeValue
}

func conditionOf(expect int64) condition {
	switch expect {
	case store.Any:
		return condition{}
	case 0:
		return condition{expression: aws.String("attribute_not_exists(#pk)"), names: map[string]string{"#pk": PartitionAttribute}}
	default:
		return condition{expression: aws.String("#rev = :expect"), names: map[string]string{"#rev": revAttribute},
			values: map[string]types.AttributeValue{":expect": number(expect)}}
	}
}

// increment writes a row whatever its revision is: only an update can add one to it.
func (s *Store) increment(w store.Write) *types.Update {
	u := &types.Update{TableName: s.table(w.Table), Key: encodeKey(w.Key),
		UpdateExpression:         aws.String("SET #rev = if_not_exists(#rev, :zero) + :one, #body = :body REMOVE #ttl"),
		ExpressionAttributeNames: map[string]string{"#rev": revAttribute, "#body": bodyAttribute, "#ttl": ExpiryAttribute},
		ExpressionAttributeValues: map[string]types.AttributeValue{":zero": number(0), ":one": number(1),
			":body": body(w.Body)}}
	if !w.ExpiresAt.IsZero() {
		u.UpdateExpression = aws.String("SET #rev = if_not_exists(#rev, :zero) + :one, #body = :body, #ttl = :ttl")
		u.ExpressionAttributeValues[":ttl"] = number(w.ExpiresAt.Unix())
	}
	return u
}

// Reasons of a canceled transaction. Source: docs.aws.amazon.com/amazondynamodb/latest/APIReference/
// API_TransactWriteItems.html, cancellation reasons.
const (
	reasonNone      = "None"
	reasonCondition = "ConditionalCheckFailed"
	reasonConflict  = "TransactionConflict"
)

// classify gives the fault of a failed commit.
func classify(op string, err error) error {
	var (
		condition *types.ConditionalCheckFailedException
		conflict  *types.TransactionConflictException
		canceled  *types.TransactionCanceledException
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &condition):
		return &fault.Error{Kind: fault.Stale, Op: op, Code: reasonCondition}
	case errors.As(err, &conflict):
		return &fault.Error{Kind: fault.Stale, Op: op, Code: reasonConflict}
	case errors.As(err, &canceled):
		return canceledFault(op, canceled.CancellationReasons)
	}
	return awsclient.Classify(op, err)
}

// canceledFault judges a transaction by all its reasons: nothing was written, so a lost condition or a conflict is
// Stale whatever else is said; else what passes is Transient.
func canceledFault(op string, reasons []types.CancellationReason) error {
	out := &fault.Error{Kind: fault.Unclassified, Op: op, Code: "TransactionCanceled"}
	for _, reason := range reasons {
		code := aws.ToString(reason.Code)
		switch {
		case code == "" || code == reasonNone:
		case code == reasonCondition || code == reasonConflict:
			return &fault.Error{Kind: fault.Stale, Op: op, Code: code}
		case out.Kind == fault.Unclassified:
			out.Kind, out.Code = awsclient.CodeKind(code), code
		}
	}
	return out
}
