package lambdaio_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// TestABrowserComesBackToAPageThatKeepsNothing: the page says what to do, holds nothing of the address, runs no script, and
// queues nothing; for a platform that is not configured there is none.
func TestABrowserComesBackToAPageThatKeepsNothing(t *testing.T) {
	q := memqueue.New(time.Now)
	h := lambda.NewHandler(lambdaio.Webhook(webhook(t, q)))
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal([]byte(invoke(t, h, "webhook.connect.json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 200 || !strings.Contains(got.Body, "paste it into the terminal") || !strings.HasPrefix(got.Headers["Content-Type"],
		"text/html") {
		t.Errorf("got %d %v %q", got.StatusCode, got.Headers, got.Body)
	}
	for _, kept := range []string{"c0de-of-a-person", "a-state", "<script"} {
		if strings.Contains(got.Body, kept) {
			t.Errorf("the page holds %q", kept)
		}
	}
	for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
		if got.Headers[header] != want {
			t.Errorf("%s: got %q, want %q", header, got.Headers[header], want)
		}
	}
	event := events.APIGatewayV2HTTPRequest{RawPath: "/connect/hubspot"}
	event.RequestContext.HTTP.Method = "GET"
	if response, err := lambdaio.Webhook(webhook(t, q))(t.Context(), event); err != nil || response.StatusCode != 404 {
		t.Errorf("another platform: got %d, %v, want 404", response.StatusCode, err)
	}
}
