package meter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var began = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at(t *time.Time) func() time.Time { return func() time.Time { return *t } }

func TestABatchIsOneLineForEachConnection(t *testing.T) {
	var out bytes.Buffer
	now := time.UnixMilli(1772377200000)
	m := &meter.Meter{Stack: "FluxCascade-dev", Function: "writer", Out: &out, Now: at(&now)}
	m.Add(config.MetricWrites, "jobber", 1)
	m.Add(config.MetricWrites, "jobber", 1)
	m.Lag("jobber", 1500*time.Millisecond)
	m.Did("jobber", "written", "c1")
	m.Held("jobber", "customer")
	m.Webhook("jobber", "unauthorised", 0)
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"_aws":{"CloudWatchMetrics":[{"Namespace":"FluxCascade","Dimensions":[["stack","platform","result"]],` +
		`"Metrics":[{"Name":"webhooks","Unit":"Count"}]}],"Timestamp":1772377200000},"function":"writer",` +
		`"hints":0,"platform":"jobber","result":"unauthorised","stack":"FluxCascade-dev","webhooks":1}
{"_aws":{"CloudWatchMetrics":[{"Namespace":"FluxCascade","Dimensions":[["stack","connection"]],"Metrics":[{"Name":"lag",` +
		`"Unit":"Milliseconds"},{"Name":"writes","Unit":"Count"}]}],"Timestamp":1772377200000},"connection":"jobber","did":{"written":["c1"]},` +
		`"function":"writer","lag":[1500],"stack":"FluxCascade-dev","writes":2}
{"connection":"jobber","function":"writer","group":"customer","held":1,"stack":"FluxCascade-dev"}
`
	if got := sortKeys(t, out.String()); got != sortKeys(t, want) {
		t.Errorf("got\n%s\nwant\n%s", got, sortKeys(t, want))
	}
	out.Reset()
	if err := m.Flush(t.Context()); err != nil || out.Len() > 0 {
		t.Errorf("a second flush says %q, %v", out.String(), err)
	}
}

// sortKeys writes each line's JSON in one form.
func sortKeys(t *testing.T, lines string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(lines) {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	return out.String()
}

func TestManyDurationsGoOnFurtherLinesAndNothingIsCountedTwice(t *testing.T) {
	var out bytes.Buffer
	now := began
	m := &meter.Meter{Stack: "s", Function: "writer", Out: &out, Now: at(&now)}
	for range 250 {
		m.Add(config.MetricWrites, "jobber", 1)
		m.Lag("jobber", time.Second)
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	lags, writes := 0, 0
	for line := range strings.Lines(out.String()) {
		var said struct {
			Lag    []int64 `json:"lag"`
			Writes int     `json:"writes"`
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatal(err)
		}
		if len(said.Lag) > 100 {
			t.Errorf("%d values of one metric", len(said.Lag))
		}
		lags, writes = lags+len(said.Lag), writes+said.Writes
	}
	if lags != 250 || writes != 250 {
		t.Errorf("got %d lags and %d writes", lags, writes)
	}
}

// answer is what a platform does with a call.
type answer struct {
	status int
	err    error
}

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Body: http.NoBody}, nil
}

func TestARefusalIsAnAnswerAndAFailureIsNone(t *testing.T) {
	now, s := began, memstore.New()
	m := &meter.Meter{Stack: "s", Function: "writer", Store: s, Now: at(&now)}
	call := func(ctx context.Context, a answer) {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := m.Transport("jobber", a).RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if err := m.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, a := range []answer{{status: 200}, {status: 429}, {status: 500}, {err: errors.New("reset")}} {
		call(t.Context(), a)
	}
	call(gone, answer{err: context.Canceled})
	all, err := controltable.LoadHealth(t.Context(), s, "jobber")
	if err != nil || len(all) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	h := all[0]
	if !h.AnsweredAt.Equal(began.Add(time.Minute)) || h.Failures != 2 || !h.FailedAt.Equal(began.Add(3*time.Minute)) {
		t.Errorf("got %+v", h)
	}
	counts := h.Hours[0].Counts
	if counts[config.MetricRequests] != 4 || counts[config.MetricUnanswered] != 2 {
		t.Errorf("got %v", counts)
	}
	call(t.Context(), answer{status: 200})
	if all, err = controltable.LoadHealth(t.Context(), s, "jobber"); err != nil || all[0].Failures != 0 {
		t.Errorf("it answers again: got %+v, %v", all, err)
	}
}

func TestEchoesAreKeptForAMinuteAndTroubleIsToldAtOnce(t *testing.T) {
	now, s := began, memstore.New()
	m := &meter.Meter{Stack: "s", Function: "resolver", Store: s, Now: at(&now)}
	rev := func() int64 {
		key := store.Key{Table: store.Control, Partition: "health#jobber", Sort: "resolver"}
		rows, err := s.Get(t.Context(), []store.Key{key})
		if err != nil {
			t.Fatal(err)
		}
		return rows[key].Rev
	}
	flush := func() int64 {
		if err := m.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return rev()
	}
	m.Add(config.MetricNoop, "jobber", 1)
	first := flush()
	for range 100 {
		m.Add(config.MetricNoop, "jobber", 1)
		if got := flush(); got != first {
			t.Fatal("an echo was written at once")
		}
	}
	m.Add(config.MetricParked, "jobber", 1)
	if flush() != first+1 {
		t.Error("parked work waits to be told")
	}
	now = now.Add(2 * time.Minute)
	m.Add(config.MetricNoop, "jobber", 1)
	if flush() != first+2 {
		t.Error("after a minute echoes are told")
	}
	all, err := controltable.LoadHealth(t.Context(), s, "jobber")
	if err != nil || all[0].Hours[0].Counts[config.MetricNoop] != 102 {
		t.Errorf("got %+v, %v", all, err)
	}
}

// failing is a store that does not answer.
type failing struct{ store.Store }

func (failing) Get(context.Context, []store.Key) (map[store.Key]store.Row, error) {
	return nil, fault.Newf(fault.Transient, "get", "no answer")
}

func TestWhatCannotBeStoredIsToldWithTheNext(t *testing.T) {
	now, s := began, memstore.New()
	m := &meter.Meter{Stack: "s", Function: "writer", Store: failing{s}, Now: at(&now)}
	m.Add(config.MetricWrites, "jobber", 3)
	if err := m.Flush(t.Context()); !fault.Is(err, fault.Transient) {
		t.Fatalf("got %v", err)
	}
	m.Store = s
	m.Add(config.MetricWrites, "jobber", 2)
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := controltable.LoadHealth(t.Context(), s, "jobber")
	if err != nil || all[0].Hours[0].Counts[config.MetricWrites] != 5 {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestQuietRunsAreOneEntry(t *testing.T) {
	now, s := began, memstore.New()
	m := &meter.Meter{Stack: "s", Function: "poller", Store: s, Now: at(&now)}
	for i := range 40 {
		m.Ran("jobber", controltable.Ran{Kind: controltable.RunPoll, Object: "clients", Found: map[bool]int{true: 3}[i == 20]})
		now = now.Add(15 * time.Minute)
		if err := m.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	all, err := controltable.LoadHealth(t.Context(), s, "jobber")
	if err != nil {
		t.Fatal(err)
	}
	runs := all[0].Runs
	if len(runs) != 3 || runs[0].Times != 20 || runs[1].Found != 3 || runs[2].Times != 19 {
		t.Errorf("got %+v", runs)
	}
}

func TestANilMeterCountsNothing(t *testing.T) {
	var m *meter.Meter
	m.Add(config.MetricWrites, "jobber", 1)
	m.Webhook("jobber", "queued", 1)
	m.Ran("jobber", controltable.Ran{})
	if m.Transport("jobber", http.DefaultTransport) != http.DefaultTransport || m.Flush(t.Context()) != nil {
		t.Error("a nil meter does something")
	}
}
