// Package awsclient holds what dynamostore and sqsqueue have in common: the HTTP client, the judgement of an API
// error, and calls in parallel. It builds no SDK client and reads no configuration; boot does both, from Options,
// because LoadDefaultConfig costs a Lambda a third of its start.
package awsclient

import (
	"errors"
	"io"
	"net/http"

	"github.com/aws/smithy-go"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// HTTP sends the SDK's requests. Its zero value is not ready: set Client.
//
// It hides every method of a request body but Read and Close. smithy-go v1.28.9 hands net/http a body with WriteTo;
// against a server that answers before it has read the whole body, the SDK then failed after a 200 with "use of closed
// network connection", and a received batch stayed hidden until its visibility timeout. Seen with local servers in 2026.
type HTTP struct{ Client Doer }

// Doer sends a request: *http.Client, or one of the SDK's.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Explained is an error whose text was written for a person and names no value of a record: Classify keeps it.
type Explained interface {
	error
	Explained()
}

// Do implements aws.HTTPClient.
func (h HTTP) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return h.Client.Do(r)
}

// passing are the codes, beyond the server's own faults, of failures that pass: throttling, and a clash with a
// request under way. Sources: docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and
// docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html.
var passing = map[string]bool{
	"InternalFailure": true, "InternalServerError": true, "ServiceUnavailable": true, "RequestTimeout": true,
	"Throttling": true, "ThrottlingException": true, "ThrottlingError": true, "RequestThrottled": true, "TooManyRequestsException": true,
	"ProvisionedThroughputExceededException": true, "ProvisionedThroughputExceeded": true, "RequestLimitExceeded": true,
	"KmsThrottled": true, "OverLimit": true, "TransactionInProgressException": true,
	// A role's keys that have just been renewed.
	"ExpiredToken": true, "ExpiredTokenException": true,
}

// refusing are the codes of requests that are wrong in themselves.
var refusing = map[string]bool{
	"ValidationException": true, "ValidationError": true, "ItemCollectionSizeLimitExceeded": true,
	"InvalidMessageContents": true, "BatchRequestTooLong": true, "InvalidParameterValue": true,
	"AWS.SimpleQueueService.BatchRequestTooLong": true,
}

// CodeKind gives the kind of an API error's code.
func CodeKind(code string) fault.Kind {
	switch {
	case passing[code]:
		return fault.Transient
	case refusing[code]:
		return fault.Rejected
	}
	return fault.Unclassified
}

// Classify gives the fault of a failed call. An API error keeps its code and not its text, which may quote the
// request, unless that is Explained; whatever is no API error means that no answer came, so the outcome is unknown:
// Transient. Nil stays nil.
func Classify(op string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fault.New(fault.Transient, op, cause(err))
	}
	kind := CodeKind(api.ErrorCode())
	if kind == fault.Unclassified && (api.ErrorFault() == smithy.FaultServer || status(err) >= http.StatusInternalServerError) {
		kind = fault.Transient
	}
	classified := &fault.Error{Kind: kind, Op: op, Code: api.ErrorCode()}
	var explained Explained
	if errors.As(err, &explained) {
		classified.Err = explained
	}
	return classified
}

// cause drops the SDK's wrapping, which names the endpoint and repeats the operation, down to what failed.
func cause(err error) error {
	var explained Explained
	if errors.As(err, &explained) {
		return explained
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return operation.Err
	}
	return err
}

func status(err error) int {
	var answered interface{ HTTPStatusCode() int }
	if errors.As(err, &answered) {
		return answered.HTTPStatusCode()
	}
	return 0
}
