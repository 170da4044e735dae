package dynamostore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var names = map[store.Table]string{store.Versions: "v", store.CrossReference: "x", store.Control: "c"}

// fake fails commits as a test says, and leaves keys unread.
type fake struct {
	dynamostore.Client // nil: a call that the test does not expect panics
	err                error
	readEach           int // how many keys of a call are read; the rest is left
	calls              int
}

func (f *fake) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, f.err
}

func (f *fake) TransactWriteItems(
	context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options),
) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, f.err
}

func (f *fake) BatchGetItem(
	_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options),
) (*dynamodb.BatchGetItemOutput, error) {
	f.calls++
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{},
		UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	for table, part := range in.RequestItems {
		if !aws.ToBool(part.ConsistentRead) {
			return nil, errors.New("an eventual read")
		}
		n := min(f.readEach, len(part.Keys))
		for _, key := range part.Keys[:n] {
			key["rev"], key["body"] = &types.AttributeValueMemberN{Value: "1"}, &types.AttributeValueMemberB{Value: []byte("x")}
			out.Responses[table] = append(out.Responses[table], key)
		}
		if n < len(part.Keys) {
			out.UnprocessedKeys[table] = types.KeysAndAttributes{Keys: part.Keys[n:], ConsistentRead: part.ConsistentRead}
		}
	}
	return out, nil
}

func open(t *testing.T, client dynamostore.Client, waits *[]time.Duration) *dynamostore.Store {
	t.Helper()
	s, err := dynamostore.New(dynamostore.Settings{Client: client, Tables: names, Wait: func(_ context.Context, d time.Duration) error {
		if waits != nil {
			*waits = append(*waits, d)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writes(n int) []store.Write {
	var out []store.Write
	for i := range n {
		out = append(out, store.Write{Key: store.Key{Table: store.Versions, Partition: "p", Sort: strconv.Itoa(i)}, Body: []byte("x")})
	}
	return out
}

func canceledFor(codes ...string) error {
	var reasons []types.CancellationReason
	for _, code := range codes {
		reasons = append(reasons, types.CancellationReason{Code: aws.String(code)})
	}
	return &types.TransactionCanceledException{CancellationReasons: reasons}
}

func TestCommitFailuresAreClassified(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"condition":                       {&types.ConditionalCheckFailedException{}, fault.Stale},
		"conflict":                        {&types.TransactionConflictException{}, fault.Stale},
		"canceled by a condition":         {canceledFor("None", "ConditionalCheckFailed"), fault.Stale},
		"canceled by a conflict":          {canceledFor("TransactionConflict", "None"), fault.Stale},
		"throttled and a condition":       {canceledFor("ThrottlingError", "ConditionalCheckFailed"), fault.Stale},
		"canceled by throttling":          {canceledFor("None", "ThrottlingError"), fault.Transient},
		"canceled by throughput":          {canceledFor("ProvisionedThroughputExceeded"), fault.Transient},
		"canceled as invalid":             {canceledFor("ValidationError"), fault.Rejected},
		"canceled without a known reason": {canceledFor("None"), fault.Unclassified},
		"throttled":                       {&types.ProvisionedThroughputExceededException{}, fault.Transient},
		"in progress":                     {&types.TransactionInProgressException{}, fault.Transient},
		"server fault":                    {&types.InternalServerError{}, fault.Transient},
		"invalid":                         {&smithy.GenericAPIError{Code: "ValidationException", Message: "quotes a value"}, fault.Rejected},
		"no such table":                   {&types.ResourceNotFoundException{}, fault.Unclassified},
		"no answer":                       {errors.New("connection reset"), fault.Transient},
		"context ended":                   {context.DeadlineExceeded, fault.Transient},
	} {
		for _, n := range []int{1, 2} {
			err := open(t, &fake{err: c.err}, nil).Commit(context.Background(), writes(n))
			if err == nil || fault.KindOf(err) != c.want || strings.Contains(err.Error(), "quotes a value") {
				t.Errorf("%s, %d writes: got %v, want %v", name, n, err, c.want)
			}
		}
	}
}

func TestUnreadKeysAreAskedForAgainWithinALimit(t *testing.T) {
	var keys []store.Key
	for _, w := range writes(100) {
		keys = append(keys, w.Key)
	}
	var waits []time.Duration
	f := &fake{readEach: 30}
	rows, err := open(t, f, &waits).Get(context.Background(), keys)
	if err != nil || len(rows) != 100 || f.calls != 4 || len(waits) != 0 {
		t.Errorf("got %d rows, %v, in %d calls with %d waits; want 100 in 4 with none", len(rows), err, f.calls, len(waits))
	}
	f = &fake{}
	_, err = open(t, f, &waits).Get(context.Background(), keys)
	if !fault.Is(err, fault.Transient) || f.calls != len(waits) || f.calls > 10 || waits[1] != 2*waits[0] {
		t.Errorf("got %v after %d calls and waits %v", err, f.calls, waits)
	}
}

func TestATableWithoutANameIsRefused(t *testing.T) {
	_, err := dynamostore.New(dynamostore.Settings{Tables: map[store.Table]string{store.Versions: "v"}})
	if !fault.Is(err, fault.Rejected) {
		t.Errorf("got %v", err)
	}
}

// wire loses the answer to the first request and then refuses the condition, as DynamoDB does when the first request
// was applied.
type wire struct {
	tokens []string
	second string // the answer to a second request
	status int
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	var asked struct{ ClientRequestToken string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	w.tokens = append(w.tokens, asked.ClientRequestToken)
	if len(w.tokens) == 1 {
		return nil, &lost{}
	}
	return &http.Response{StatusCode: w.status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader([]byte(w.second)))}, nil
}

// lost is a connection that broke: the SDK would repeat a request after it.
type lost struct{}

func (*lost) Error() string   { return "connection reset" }
func (*lost) Temporary() bool { return true }

func clientOver(w *wire) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", HTTPClient: w, BaseEndpoint: aws.String("http://127.0.0.1"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		})})
}

// TestALostAnswerIsNeverCalledStale: the first try may have been applied, so "nothing was written" would be false.
func TestALostAnswerIsNeverCalledStale(t *testing.T) {
	for name, write := range map[string]store.Write{
		"put":    {Key: store.Key{Table: store.Versions, Partition: "p", Sort: "s"}},
		"delete": {Key: store.Key{Table: store.Versions, Partition: "p", Sort: "s"}, Expect: 1, Delete: true},
		"any":    {Key: store.Key{Table: store.Versions, Partition: "p", Sort: "s"}, Expect: store.Any},
	} {
		w := &wire{status: http.StatusBadRequest, second: `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`}
		err := open(t, clientOver(w), nil).Commit(context.Background(), []store.Write{write})
		if !fault.Is(err, fault.Transient) || len(w.tokens) != 1 {
			t.Errorf("%s: got %v after %d requests, want transient after one", name, err, len(w.tokens))
		}
	}
}

// TestATransactionIsRepeatedUnderItsToken: DynamoDB answers the second request as the first.
func TestATransactionIsRepeatedUnderItsToken(t *testing.T) {
	w := &wire{status: http.StatusOK, second: `{}`}
	err := open(t, clientOver(w), nil).Commit(context.Background(), writes(2))
	if err != nil || len(w.tokens) != 2 || w.tokens[0] == "" || w.tokens[0] != w.tokens[1] {
		t.Errorf("got %v with tokens %q", err, w.tokens)
	}
}
