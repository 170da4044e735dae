// Package lambdaio is the border between AWS events and the pipeline: it turns SQS batches, HTTP API requests and
// scheduled inputs into calls, and their results into the responses that Lambda expects. It holds no logic of ours.
package lambdaio

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// SQSBatch makes a Lambda handler of a batch function that answers the ids of the messages that must come again.
// The event source must have ReportBatchItemFailures, or one bad message would take its batch along.
func SQSBatch(
	handle func(context.Context, []queue.Delivery) []string,
) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		deliveries := make([]queue.Delivery, len(event.Records))
		for i, r := range event.Records {
			deliveries[i] = queue.Delivery{ID: r.MessageId, Handle: r.ReceiptHandle, Body: []byte(r.Body)}
		}
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, id := range handle(ctx, deliveries) {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
		return response, nil
	}
}

// Webhook makes a Lambda handler for an HTTP API (payload 2.0) whose routes are POST /webhooks/{platform}, and
// GET /connect/{platform} for the browsers of people who connect an account.
func Webhook(w *intake.Webhook) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if r.RequestContext.HTTP.Method == http.MethodGet && strings.HasPrefix(r.RawPath, connectPath) {
			return callback(w, r), nil
		}
		body := []byte(r.Body)
		if r.IsBase64Encoded {
			decoded, err := base64.StdEncoding.DecodeString(r.Body)
			if err != nil {
				return respond(intake.Answer{Status: http.StatusBadRequest, Message: "the body is not base64"}), nil
			}
			body = decoded
		}
		header := make(http.Header, len(r.Headers))
		for name, value := range r.Headers {
			header.Set(name, value)
		}
		p := r.PathParameters["platform"]
		if p == "" {
			p = strings.TrimPrefix(r.RawPath, "/webhooks/")
		}
		return respond(w.Handle(ctx, record.Platform(p), platform.Request{Method: r.RequestContext.HTTP.Method, Header: header, Body: body})), nil
	}
}

func respond(a intake.Answer) events.APIGatewayV2HTTPResponse {
	r := events.APIGatewayV2HTTPResponse{StatusCode: a.Status}
	if a.Message != "" {
		text, err := json.Marshal(map[string]string{"message": a.Message})
		if err == nil {
			r.Body, r.Headers = string(text), map[string]string{"Content-Type": "application/json"}
		}
	}
	return r
}

// Scheduled is the input that a schedule gives: which place to poll, or which connection to sweep.
type Scheduled struct {
	Connection record.Connection `json:"connection"`
	Object     record.Object     `json:"object,omitempty"`
	// Reconcile reads every record of the place again, instead of what changed.
	Reconcile bool `json:"reconcile,omitempty"`
	// Active are the schedule's hours; nothing is called outside them.
	Active ruleset.Active `json:"active,omitzero"`
}

// Limits of a poll's function.
const (
	// pollMargin is how much of a function's time must be left for another call of a poll that has more to do.
	pollMargin = 2 * time.Minute
	// rateWait is waited for where a platform that refuses for its rate names no time.
	rateWait = 10 * time.Second
)

// Poll makes a Lambda handler of a poller. It goes on while there is more and time for it, waiting out a platform's
// rate limit; the schedule goes on from there. What a platform refuses for a while is no failure. Without a deadline
// it makes one call and tells how long to wait. Outside its hours it calls nobody.
func Poll(p *intake.Poller) func(context.Context, Scheduled) (intake.Poll, error) {
	return func(ctx context.Context, in Scheduled) (intake.Poll, error) {
		run := p.Run
		if in.Reconcile {
			run = p.Reconcile
		}
		place := record.Place{Connection: in.Connection, Object: in.Object}
		for {
			if !in.Active.Contains(p.Now()) {
				return intake.Poll{Place: place, Rests: true}, nil
			}
			poll, err := run(ctx, place)
			switch {
			case fault.Is(err, fault.RateLimited):
				poll.More, poll.Wait = true, fault.After(err, rateWait)
			case fault.Is(err, fault.Unauthorized):
				return poll, nil
			case err != nil, !poll.More:
				return poll, err
			}
			deadline, ok := ctx.Deadline()
			if !ok || time.Until(deadline) < pollMargin+poll.Wait {
				return poll, nil
			}
			if err := platform.Wait(ctx, poll.Wait); err != nil {
				return poll, err
			}
		}
	}
}

// Sweep makes a Lambda handler of a sweeper, whose result is whatever run answers; outside its hours it is the zero R.
func Sweep[R any](
	run func(context.Context, record.Connection) (R, error), now func() time.Time,
) func(context.Context, Scheduled) (R, error) {
	return func(ctx context.Context, in Scheduled) (R, error) {
		if !in.Active.Contains(now()) {
			var rests R
			return rests, nil
		}
		return run(ctx, in.Connection)
	}
}

// Flushed makes a Lambda handler that says what was counted once the call is over, whatever became of it. That it could
// not be said is told to failed and fails nothing.
func Flushed[In, Out any](
	handle func(context.Context, In) (Out, error), flush func(context.Context) error, failed func(error),
) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		out, err := handle(ctx, in)
		if flushErr := flush(ctx); flushErr != nil {
			failed(flushErr)
		}
		return out, err
	}
}
