package deciding

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func clients(id string) record.Ref {
	return record.Ref{Place: record.Place{Connection: "jobber", Object: "clients"}, ID: record.ExternalID(id)}
}

// TestNoValueGetsOut feeds every kind of event with values in every part that may hold one, and looks for them in all
// that comes out: metrics and health rows.
func TestNoValueGetsOut(t *testing.T) {
	const secret = "ada@example.com"
	var out bytes.Buffer
	s := memstore.New()
	m := &meter.Meter{Stack: "test", Function: "resolver", Out: &out, Store: s, Now: func() time.Time { return now }}
	told := 0
	observe := counted(m, func(pipeline.Event) { told++ })
	kinds := []pipeline.EventKind{pipeline.EventDecision, pipeline.EventWrite, pipeline.EventPostponed, pipeline.EventDeadLetter,
		pipeline.EventPaused, pipeline.EventMalformed,
		pipeline.EventHeld, pipeline.EventAccepted, pipeline.EventEnded, pipeline.EventFailed, pipeline.EventSwept}
	outcomes := []resolve.Outcome{resolve.Applied, resolve.Noop, resolve.Superseded, resolve.ParkedWork, resolve.DeadLetter, resolve.Postponed}
	for _, kind := range kinds {
		for _, outcome := range outcomes {
			observe(pipeline.Event{Kind: kind, Outcome: outcome, Reason: record.ReasonOwnerEdit, Ref: clients("17"), Group: "customer",
				Entity: "contacts-1", Change: "c0ffee", Count: 1, Lag: time.Second,
				Source: record.SourceSweep, Summary: &controltable.Summary{}, Changes: []resolve.FieldChange{{Field: "email", Old: secret,
					New: secret}},
				Fields: []record.PlatformField{"email"}, Err: errors.New(secret)})
		}
	}
	if err := m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told != len(kinds)*len(outcomes) || out.Len() == 0 {
		t.Fatalf("%d events were told, %d bytes came out", told, out.Len())
	}
	rows, _, err := s.Scan(t.Context(), store.Scan{Table: store.Control, Limit: 100, Segments: 1})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		out.Write(row.Body)
	}
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), "ada") {
		t.Errorf("a value got out: %s", out.String())
	}
}

// TestAnAcceptedChangeCostsLittleLog plays the events of a batch of changes, each written to two spokes, as the resolver
// and the two writers would tell them, and weighs what they log.
func TestAnAcceptedChangeCostsLittleLog(t *testing.T) {
	const changes, bytesMax = 100, 100
	var out bytes.Buffer
	for _, function := range []string{"resolver", "writer-jobber", "writer-quickbooks"} {
		m := &meter.Meter{Stack: "FluxCascade-production", Function: function, Out: &out, Now: func() time.Time { return now }}
		observe := counted(m, nil)
		for i := range changes {
			e := pipeline.Event{Ref: clients(fmt.Sprint(i)), Change: fmt.Sprintf("%012x", i), Outcome: resolve.Applied,
				Reason: record.ReasonOwnerEdit, Source: record.SourceWebhook, Count: 1}
			e.Kind = pipeline.EventEnded
			if function != "resolver" {
				e.Kind, e.Source, e.Operation, e.Lag = pipeline.EventWrite, record.SourceWriter, record.OperationUpdate, 12345*time.Millisecond
			}
			observe(e)
		}
		if err := m.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.Len() / changes; got > bytesMax {
		t.Errorf("%d bytes of log a change, want at most %d", got, bytesMax)
	}
	if n := strings.Count(out.String(), fmt.Sprintf("%012x", 7)); n != 3 {
		t.Errorf("a change's id is on %d lines, want it on each function's", n)
	}
}

func TestEventsAreCountedAsTheyAre(t *testing.T) {
	limited := fault.Newf(fault.RateLimited, "read", "slow down")
	for name, c := range map[string]struct {
		event pipeline.Event
		want  map[string]int64
	}{
		"a change that two hints told of": {pipeline.Event{Kind: pipeline.EventEnded, Outcome: resolve.Applied, Count: 2},
			map[string]int64{"applied": 1, "superseded": 1}},
		"an echo": {pipeline.Event{Kind: pipeline.EventEnded, Outcome: resolve.Noop, Reason: record.ReasonEcho,
			Count: 1}, map[string]int64{"noop": 1, "echoes": 1}},
		"a difference that a reconcile found": {pipeline.Event{Kind: pipeline.EventEnded, Outcome: resolve.Applied, Source: record.SourceSweep,
			Count: 1}, map[string]int64{"applied": 1, "drift": 1}},
		"a rate limit": {pipeline.Event{Kind: pipeline.EventPostponed, Err: limited}, map[string]int64{"rate_limited": 1}},
		"an outage": {pipeline.Event{Kind: pipeline.EventPostponed, Reason: record.ReasonTransient},
			map[string]int64{"postponed": 1}},
		"a refused write": {pipeline.Event{Kind: pipeline.EventDeadLetter, Source: record.SourceWriter},
			map[string]int64{"refused": 1}},
		"a change refused for good": {pipeline.Event{Kind: pipeline.EventDeadLetter, Source: record.SourceWebhook},
			map[string]int64{"dead_lettered": 1}},
		"a write": {pipeline.Event{Kind: pipeline.EventWrite, Outcome: resolve.Applied, Lag: 2 * time.Second},
			map[string]int64{"writes": 1, "lag": 2000, "lags": 1, "lag_max": 2000}},
		"messages that come again": {pipeline.Event{Kind: pipeline.EventFailed, Count: 3}, map[string]int64{"retries": 3}},
	} {
		t.Run(name, func(t *testing.T) {
			s := memstore.New()
			m := &meter.Meter{Stack: "test", Function: "f", Store: s, Now: func() time.Time { return now }}
			c.event.Ref = clients("17")
			counted(m, nil)(c.event)
			if err := m.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := controltable.LoadHealth(t.Context(), s, "jobber")
			if err != nil {
				t.Fatal(err)
			}
			got := controltable.Merge(all).Hours[0].Counts
			for metric, n := range c.want {
				if got[metric] != n {
					t.Errorf("%s: got %d, want %d", metric, got[metric], n)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
