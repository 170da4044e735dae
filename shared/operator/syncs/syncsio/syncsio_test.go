package syncsio_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs/syncsio"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

var now = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)

// held is a store that refuses what the widget's role would not be allowed.
type held struct {
	store.Store
	t *testing.T
	// calls counts the reads.
	calls *atomic.Int64
}

func (h held) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	h.calls.Add(1)
	for _, k := range keys {
		if !config.AccessOf(config.Widget, "").Allows(k, false) || !config.AccessOf(config.Digest, "").Allows(k, false) {
			h.t.Errorf("it reads %+v, which its role does not let it", k)
		}
	}
	return h.Store.Get(ctx, keys)
}

func (h held) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	h.calls.Add(1)
	if !config.AccessOf(config.Widget, "").Allows(store.Key{Table: q.Table, Partition: q.Partition}, false) {
		h.t.Errorf("it reads %+v, which its role does not let it", q)
	}
	return h.Store.Query(ctx, q)
}

func (h held) Scan(ctx context.Context, s store.Scan) ([]store.Row, string, error) {
	h.t.Errorf("it scans %s", s.Table)
	return h.Store.Scan(ctx, s)
}

func (h held) Commit(ctx context.Context, writes []store.Write) error {
	h.t.Errorf("it writes %+v", writes[0].Key)
	return h.Store.Commit(ctx, writes)
}

// counter counts the queues that the role lets it count, and the calls.
type counter struct {
	queue.Queue
	calls *atomic.Int64
}

func (c counter) Depth(ctx context.Context, name queue.Name) (queue.Depth, error) {
	c.calls.Add(1)
	for _, kind := range config.AccessOf(config.Widget, "").Counts {
		if strings.HasPrefix(string(name), string(kind)+"-") {
			return c.Queue.Depth(ctx, name)
		}
	}
	return queue.Depth{}, fault.Newf(fault.Rejected, "count "+string(name), "no URL")
}

// system is the example, with work that waits at jobber.
func system(t *testing.T) syncsio.System {
	t.Helper()
	s := memstore.New()
	rules, err := config.LoadRules("../../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	client := record.Ref{Place: record.Place{Connection: "jobber", Object: "clients"}, ID: "Z2lkOi8vSm9iYmVyL0NsaWVudC80Mg=="}
	summary := controltable.Summary{At: now.Add(-time.Hour), Entities: 3, Waiting: 1,
		Parked: []controltable.ParkedKind{{Group: "customer", Object: "clients", Field: "phone", Reason: "invalid_value", Count: 1,
			Oldest: now.Add(-50 * time.Hour)}},
		Items: []controltable.ParkedItem{{Group: "customer", Entity: "contacts-1", Field: "phone", Reason: "invalid_value",
			Since: now.Add(-50 * time.Hour), Records: []record.Ref{client}}}}
	if err := controltable.SaveSummary(t.Context(), s, "jobber", summary); err != nil {
		t.Fatal(err)
	}
	for _, place := range rules.Places() {
		if _, err := controltable.SaveProgress(t.Context(), s, place, controltable.Progress{Phase: controltable.PhaseDone}); err != nil {
			t.Fatal(err)
		}
	}
	return syncsio.System{Stack: "FluxCascade-test", Store: held{s, t, &atomic.Int64{}},
		Queue: counter{memqueue.New(func() time.Time { return now }), &atomic.Int64{}},
		Rules: func(context.Context) (*ruleset.Rules, bool, error) { return rules, true, nil }, Now: func() time.Time { return now }}
}

// TestAPageCostsFewReads: a dashboard that is open all day asks for it each minute, for as many connections as a stack takes.
func TestAPageCostsFewReads(t *testing.T) {
	s := system(t)
	if _, err := syncsio.Widget(s)(t.Context(), syncsio.Asked{}); err != nil {
		t.Fatal(err)
	}
	const connections = 3
	if reads, counts := s.Store.(held).calls.Load(), s.Queue.(counter).calls.Load(); reads > 2+4*connections || counts != 6*connections {
		t.Errorf("%d reads of rows and %d of queues for %d connections", reads, counts, connections)
	}
}

// eventFiles is the folder of the events that Lambda sends.
const eventFiles = "../../../../events"

// invoked are the event files that a handler was given.
var invoked = map[string]bool{}

// TestMain keeps events/ from holding files of these functions that nothing tests, as the tests of run/lambdaio do for the others.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if all := flag.Lookup("test.run").Value.String() == ""; all && code == 0 {
		for _, function := range []string{"widget", "digest"} {
			files, err := filepath.Glob(filepath.Join(eventFiles, function+".*.json"))
			if err != nil || len(files) == 0 {
				fmt.Fprintln(os.Stderr, "no event files of", function, err)
				code = 1
			}
			for _, file := range files {
				if !invoked[filepath.Base(file)] {
					fmt.Fprintf(os.Stderr, "events/%s is read by no test\n", filepath.Base(file))
					code = 1
				}
			}
		}
	}
	os.Exit(code)
}

// invoke gives a handler the bytes of an event file, as Lambda does, and returns the bytes that it answers.
func invoke(t *testing.T, h lambda.Handler, file string) []byte {
	t.Helper()
	invoked[file] = true
	payload, err := os.ReadFile(filepath.Join(eventFiles, file))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return answer
}

func TestWidgetEvents(t *testing.T) {
	h := lambda.NewHandler(syncsio.Widget(system(t)))
	t.Run("documentation, where it is asked for", func(t *testing.T) {
		var got map[string]string
		if err := json.Unmarshal(invoke(t, h, "widget.describe.json"), &got); err != nil || len(got) != 1 ||
			!strings.HasPrefix(got["markdown"], "### Syncs\n") || !strings.Contains(got["markdown"], "**group**") {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("the page, as a dashboard takes it", func(t *testing.T) {
		var got string
		if err := json.Unmarshal(invoke(t, h, "widget.page.json"), &got); err != nil {
			t.Fatalf("the answer is no text of HTML: %v", err)
		}
		for _, part := range []string{`<div class="cwdb-no-default-styles"></div>`, `<div class="syncs dark">`, "1 piece of work waits for you.",
			"09:00 UTC-06:00", "counted by the last sweep at 08:00",
			`href="https://secure.getjobber.com/clients/42"`} {
			if !strings.Contains(got, part) {
				t.Errorf("it lacks %s", part)
			}
		}
		// What CloudWatch takes out of the answer, and what only a whole page has.
		for _, part := range []string{"<script", "<iframe", "<use", "<html", "<body", "refresh", "@media (max-width:640px)"} {
			if strings.Contains(got, part) {
				t.Errorf("it holds %s", part)
			}
		}
	})
	t.Run("a group that is not there has no connections", func(t *testing.T) {
		answer, err := h.Invoke(t.Context(), []byte(`{"group":"nobody"}`))
		if err != nil || strings.Contains(string(answer), "piece of work") {
			t.Errorf("got %.200s, %v", answer, err)
		}
	})
	t.Run("a small widget is laid out like a phone", func(t *testing.T) {
		answer, err := h.Invoke(t.Context(), []byte(`{"widgetContext":{"width":400,"theme":"light"}}`))
		if err != nil || !strings.Contains(string(answer), "attr(data-label)") || !strings.Contains(string(answer), `syncs light`) {
			t.Errorf("got %.200s, %v", answer, err)
		}
	})
}

func TestADigestIsPublishedOnceThereIsSomethingToTell(t *testing.T) {
	s := system(t)
	var told []syncs.Message
	publish := func(_ context.Context, m syncs.Message) error { told = append(told, m); return nil }
	if got := string(invoke(t, lambda.NewHandler(syncsio.Digest(s, publish)), "digest.scheduled.json")); got != `{"sent":true}` ||
		len(told) != 1 {
		t.Fatalf("got %s, %d messages", got, len(told))
	}
	if m := told[0]; m.Subject != "FluxCascade-test: 1 piece of work waits for you." ||
		!strings.Contains(m.Body, "jobber: phone of a client, 1; ") {
		t.Errorf("got %q\n%s", m.Subject, m.Body)
	}
	s.Store = held{memstore.New(), t, &atomic.Int64{}}
	s.Rules = func(context.Context) (*ruleset.Rules, bool, error) { return &ruleset.Rules{}, true, nil }
	if got := string(invoke(t, lambda.NewHandler(syncsio.Digest(s, publish)), "digest.scheduled.json")); got != `{"sent":false}` ||
		len(told) != 1 {
		t.Errorf("a day without news: got %s, %d messages", got, len(told))
	}
}

// TestTheTopicIsGivenSubjectAndBody looks at what SNS would be sent.
func TestTheTopicIsGivenSubjectAndBody(t *testing.T) {
	var form map[string][]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form = r.PostForm
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(`<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>` +
			`</PublishResult></PublishResponse>`))
	}))
	defer server.Close()
	for name, value := range map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"} {
		t.Setenv(name, value)
	}
	publish := syncsio.Topic("arn:aws:sns:us-east-1:123456789012:digest", func(o *sns.Options) { o.BaseEndpoint = aws.String(server.URL) })
	if err := publish(t.Context(), syncs.Message{Subject: "Subject", Body: "Body"}); err != nil {
		t.Fatal(err)
	}
	if form["TopicArn"][0] != "arn:aws:sns:us-east-1:123456789012:digest" || form["Subject"][0] != "Subject" || form["Message"][0] != "Body" {
		t.Errorf("got %v", form)
	}
	server.Close()
	if err := publish(t.Context(), syncs.Message{Subject: "Subject", Body: "Body"}); err == nil {
		t.Error("a topic that does not answer is no error")
	}
}
