package lambdaio_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/jobber"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/xero"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

func rules(t *testing.T) *ruleset.Rules {
	t.Helper()
	r, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r.MatchSecret = []byte("test")
	return r
}

// eventFiles is the folder of the events that Lambda sends, a file for each case of a function.
const eventFiles = "../../../events"

// readElsewhere are functions whose events the tests of operator/syncs/syncsio give to them.
var readElsewhere = []string{"widget", "digest"}

// invoked are the event files that a handler was given.
var invoked = map[string]bool{}

// TestMain keeps events/ from holding files that nothing tests: it looks once all tests have run.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if all := flag.Lookup("test.run").Value.String() == ""; all && code == 0 {
		files, err := filepath.Glob(filepath.Join(eventFiles, "*.json"))
		if err != nil || len(files) == 0 {
			fmt.Fprintln(os.Stderr, "no event files:", err)
			code = 1
		}
		for _, file := range files {
			name := filepath.Base(file)
			function, _, _ := strings.Cut(name, ".")
			if !invoked[name] && !slices.Contains(readElsewhere, function) {
				fmt.Fprintf(os.Stderr, "events/%s is read by no test\n", name)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// invoke gives a handler the bytes of an event file, as Lambda does, and returns the bytes that it answers.
func invoke(t *testing.T, h lambda.Handler, file string) string {
	t.Helper()
	invoked[file] = true
	payload, err := os.ReadFile(filepath.Join(eventFiles, file))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Invoke(context.Background(), payload)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return string(answer)
}

func TestWebhookEvents(t *testing.T) {
	for file, want := range map[string]struct {
		status, queued int
		message        string
	}{
		"webhook.signed.json":           {200, 1, ""},
		"webhook.base64.json":           {200, 1, ""},
		"webhook.forged.json":           {401, 0, "signature"},
		"webhook.unsigned.json":         {401, 0, "signature"},
		"webhook.malformed.json":        {400, 0, "not a webhook"},
		"webhook.unmapped-topic.json":   {200, 0, ""},
		"webhook.unknown-platform.json": {404, 0, "no webhook route"},
	} {
		t.Run(file, func(t *testing.T) {
			q := memqueue.New(time.Now)
			h := lambda.NewHandler(lambdaio.Webhook(webhook(t, q)))
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal([]byte(invoke(t, h, file)), &got); err != nil {
				t.Fatal(err)
			}
			depth, _ := q.Depth(context.Background(), "changes-jobber")
			if got.StatusCode != want.status || depth.Total() != want.queued || !strings.Contains(got.Body, want.message) {
				t.Errorf("got %d %q with %d queued, want %+v", got.StatusCode, got.Body, depth.Total(), want)
			}
		})
	}
}

func webhook(t *testing.T, q *memqueue.Queue) *intake.Webhook {
	return &intake.Webhook{Queue: q, Rules: rules(t), Now: time.Now, Routes: map[record.Platform]intake.Route{
		"jobber": {Platform: "jobber", Receive: jobber.Receive, Secrets: []func(context.Context) (string, error){func(context.Context) (string,
			error) {
			return "test-secret", nil
		}}}}}
}

// TestAPlatformThatWantsSilenceGetsNoBody: Xero counts an answer with a body or a cookie as a failure, also one that
// refuses (developer.xero.com, configuring your server).
func TestAPlatformThatWantsSilenceGetsNoBody(t *testing.T) {
	key := "ABC123+/signing+key=="
	hook := func(secret func(context.Context) (string, error)) lambda.Handler {
		return lambda.NewHandler(lambdaio.Webhook(&intake.Webhook{Queue: memqueue.New(time.Now), Rules: rules(t), Now: time.Now,
			Routes: map[record.Platform]intake.Route{"xero": {Platform: "xero", Receive: xero.Receive, Silent: true,
				Secrets: []func(context.Context) (string, error){secret}}}}))
	}
	known := hook(func(context.Context) (string, error) { return key, nil })
	unknown := hook(func(context.Context) (string, error) { return "", errors.New("no secret") })
	oversized, err := json.Marshal(events.APIGatewayV2HTTPRequest{RawPath: "/webhooks/xero", Body: strings.Repeat("x", intake.BodyBytesMax+1)})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := known.Invoke(context.Background(), oversized)
	if err != nil {
		t.Fatal(err)
	}
	large := string(answer) // good only until the handler's next call
	for _, c := range []struct {
		name, answer string
		status       int
	}{
		{"rightly signed", invoke(t, known, "webhook.xero-intent.json"), 200},
		{"wrongly signed", invoke(t, known, "webhook.xero-intent-forged.json"), 401},
		{"no secret yet", invoke(t, unknown, "webhook.xero-intent.json"), 503},
		{"oversized", large, 413},
	} {
		var got events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal([]byte(c.answer), &got); err != nil {
			t.Fatal(err)
		}
		if got.StatusCode != c.status || got.Body != "" || len(got.Cookies)+len(got.Headers)+len(got.MultiValueHeaders) > 0 {
			t.Errorf("%s: %d with body %q, cookies %v, headers %v, want %d and nothing else", c.name, got.StatusCode, got.Body, got.Cookies,
				got.Headers, c.status)
		}
	}
}

func TestAnOversizedWebhookIsRefused(t *testing.T) {
	event := events.APIGatewayV2HTTPRequest{RawPath: "/webhooks/jobber", Body: strings.Repeat("x", intake.BodyBytesMax+1)}
	response, err := lambdaio.Webhook(webhook(t, memqueue.New(time.Now)))(context.Background(), event)
	if err != nil || response.StatusCode != 413 {
		t.Errorf("got %d, %v, want 413", response.StatusCode, err)
	}
}

func TestQueueAndScheduleEvents(t *testing.T) {
	clock := &runner.Clock{}
	w, err := runner.Open(context.Background(), runner.Options{Rules: rules(t), Store: memstore.New(), Queue: memqueue.New(clock.Now),
		Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, c := range []struct {
		file string
		h    lambda.Handler
		want string
	}{
		{"resolver.batch.json", w.Handlers.Resolver["hubspot"], `{"batchItemFailures":[{"itemIdentifier":"m1"}]}`},
		{"writer.batch.json", w.Handlers.Writer["jobber"], `{"batchItemFailures":[{"itemIdentifier":"m1"}]}`},
		{"sweeper.scheduled.json", w.Handlers.Sweeper, `{"Entities":0,"Notices":0,"Held":0,"Missing":0,"Woken":0,"Kept":0}`},
		{"poller.scheduled.json", w.Handlers.Poller,
			`{"Place":{"connection":"hubspot","object":"contacts"},"Phase":"done","Records":0,"Absences":0,"Total":0,"More":false,"Waits":false,` +
				`"Rests":false,"Paused":false,"Wait":0}`},
	} {
		if got := invoke(t, c.h, c.file); got != c.want {
			t.Errorf("%s: got %s, want %s", c.file, got, c.want)
		}
	}
}
