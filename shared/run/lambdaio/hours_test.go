package lambdaio_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// TestNothingIsCalledOutsideTheHours gives the inputs that schedules give, before and within their hours.
func TestNothingIsCalledOutsideTheHours(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 59, 0, 0, time.UTC) // 06:59 in Chicago
	calls := 0
	poller := &intake.Poller{Store: memstore.New(), Rules: rules(t), Now: func() time.Time { return now },
		Connectors: func(record.Connection) (platform.Connector, error) { calls++; return nil, context.Canceled }}
	poll := lambdaio.Poll(poller)
	sweep := lambdaio.Sweep(func(context.Context, record.Connection) (int, error) { calls++; return 7, nil }, func() time.Time { return now })
	var in lambdaio.Scheduled
	if err := json.Unmarshal([]byte(`{"connection":"hubspot","object":"contacts","active":"mon-fri 07:00-19:00 America/Chicago"}`),
		&in); err != nil {
		t.Fatal(err)
	}
	if got, err := poll(context.Background(), in); err != nil || !got.Rests {
		t.Errorf("got %+v, %v; want a poll that rests", got, err)
	}
	if got, err := sweep(context.Background(), in); err != nil || got != 0 {
		t.Errorf("got %d, %v; want a sweep that did nothing", got, err)
	}
	if calls != 0 {
		t.Errorf("%d calls were made outside the hours", calls)
	}
	now = now.Add(time.Minute)
	if _, err := poll(context.Background(), in); err == nil {
		t.Error("within the hours the connector is asked for, and its error told")
	}
	if got, err := sweep(context.Background(), in); err != nil || got != 7 || calls != 2 {
		t.Errorf("got %d, %v and %d calls; want a sweep and two calls", got, err, calls)
	}
}
