package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// Handlers are the Lambda functions, each as lambda.Start would run it.
type Handlers struct {
	Webhook lambda.Handler
	Poller  lambda.Handler
	Sweeper lambda.Handler
	// Resolver and Writer are by connection: each connection has its own event sources.
	Resolver, Writer map[record.Connection]lambda.Handler
}

// invoke calls a function with an event as JSON and decodes its response, as the Lambda service does.
func invoke(ctx context.Context, h lambda.Handler, event, response any) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	answer, err := h.Invoke(ctx, payload)
	if err != nil {
		return err
	}
	if response == nil {
		return nil
	}
	return json.Unmarshal(answer, response)
}

// start starts a function as its schedule would, among calls, and does not wait for its end; failed is told how it failed.
// It is false if there is none. Errors: no such function, no such input.
func (h *Handlers) start(ctx context.Context, function string, input []byte, calls *sync.WaitGroup, failed func(error)) (bool, error) {
	called, ok := map[string]lambda.Handler{string(config.Poller): h.Poller, string(config.Sweeper): h.Sweeper}[function]
	switch {
	case !ok:
		return false, fmt.Errorf("function %q is not started by a schedule", function)
	case called == nil:
		return false, nil
	case !json.Valid(input):
		return false, fmt.Errorf("the input of %s is not JSON", function)
	}
	calls.Go(func() {
		if _, err := called.Invoke(ctx, input); err != nil && ctx.Err() == nil {
			failed(fmt.Errorf("%s: %w", function, err))
		}
	})
	return true, nil
}

// sqsEvent is a batch as the event source mapping hands it over.
func sqsEvent(name queue.Name, deliveries []queue.Delivery) events.SQSEvent {
	e := events.SQSEvent{Records: make([]events.SQSMessage, len(deliveries))}
	for i, d := range deliveries {
		e.Records[i] = events.SQSMessage{MessageId: d.ID, ReceiptHandle: d.Handle, Body: string(d.Body), EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:local:000000000000:" + string(name), AWSRegion: "local",
			Attributes: map[string]string{"ApproximateReceiveCount": strconv.Itoa(d.Count), "SentTimestamp": strconv.FormatInt(d.SentAt.UnixMilli(), 10)}}
	}
	return e
}

// consume gives one batch of a queue to its function and deletes what did not fail. It reports how many messages
// there were.
func consume(ctx context.Context, q queue.Queue, s source) (int, error) {
	deliveries, err := q.Receive(ctx, s.name, s.batch, s.visibility)
	if err != nil || len(deliveries) == 0 {
		return 0, err
	}
	var response events.SQSEventResponse
	if err := invoke(ctx, s.handler, sqsEvent(s.name, deliveries), &response); err != nil {
		return len(deliveries), err // the whole batch comes again at its visibility timeout
	}
	if !s.partial {
		response.BatchItemFailures = nil // Lambda does not read it
	}
	failed := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	var done []string
	for _, d := range deliveries {
		if !failed[d.ID] {
			done = append(done, d.Handle)
		}
	}
	if len(done) == 0 {
		return len(deliveries), nil
	}
	return len(deliveries), q.Delete(ctx, s.name, done)
}

// Routed serves only the routes that a template has, as the HTTP API does.
func Routed(w *wiring.Wiring, h http.Handler) http.Handler {
	if w == nil {
		return h
	}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.Routes[r.Method+" "+r.URL.Path].Function != config.Webhook {
			http.Error(out, `{"message":"Not Found"}`, http.StatusNotFound)
			return
		}
		h.ServeHTTP(out, r)
	})
}

// Front is the HTTP door for webhooks, and for browsers that come back from a vendor's page: it turns a request into the event of an HTTP API and answers what the
// function answers.
func Front(h lambda.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, intake.BodyBytesMax+1))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		begin, platform := path.Split(r.URL.Path)
		event := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: r.Method + " " + begin + "{platform}", RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
			Headers: map[string]string{}, Body: string(body), PathParameters: map[string]string{"platform": platform}}
		event.RequestContext.HTTP.Method, event.RequestContext.HTTP.Path = r.Method, r.URL.Path
		for name := range r.Header {
			event.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		var response events.APIGatewayV2HTTPResponse
		if err := invoke(r.Context(), h, event, &response); err != nil {
			http.Error(w, "the webhook function failed", http.StatusBadGateway)
			return
		}
		for name, value := range response.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(response.StatusCode)
		_, _ = io.WriteString(w, response.Body)
	})
}

// poll runs the poller's function for a scheduled run.
func poll(ctx context.Context, h lambda.Handler, run ruleset.Run) (intake.Poll, error) {
	var result intake.Poll
	err := invoke(ctx, h, lambdaio.Scheduled{Connection: run.Place.Connection, Object: run.Place.Object, Reconcile: run.Reconcile, Active: run.Active}, &result)
	return result, err
}
