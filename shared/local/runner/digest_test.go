package runner

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestTheDigestComesOnceADayByTheWall(t *testing.T) {
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Skip("SKIPPED: no time zones here: " + err.Error())
	}
	for name, c := range map[string]struct{ now, want string }{
		"before the hour":                 {"2026-03-02T06:59:00-06:00", "2026-03-02T07:00:00-06:00"},
		"at the hour, the next":           {"2026-03-02T07:00:00-06:00", "2026-03-03T07:00:00-06:00"},
		"on the day that the clocks move": {"2026-03-07T12:00:00-06:00", "2026-03-08T07:00:00-05:00"},
		"at the end of a month":           {"2026-03-31T12:00:00-05:00", "2026-04-01T07:00:00-05:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextDigest(now, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestAHostTellsItsDigestWhenItIsTime(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	clock, s := &Clock{}, memstore.New()
	if err := controltable.SaveSummary(ctx, s, "crm", controltable.Summary{At: clock.Now(), Waiting: 3}); err != nil {
		t.Fatal(err)
	}
	rules := &ruleset.Rules{Connections: []ruleset.Connection{{Name: "crm", Platform: "hubspot"}}, Groups: []ruleset.Group{{Name: "customer", Hub: "crm", Entities: []ruleset.Entity{{Type: "contacts"}}}}}
	for _, place := range []record.Object{"contacts"} {
		if _, err := controltable.SaveProgress(ctx, s, record.Place{Connection: "crm", Object: place}, controltable.Progress{Phase: controltable.PhaseDone}); err != nil {
			t.Fatal(err)
		}
	}
	told := make(chan syncs.Message, 1)
	h := &Host{Store: s, Queue: memqueue.New(clock.Now), Clock: clock, Candidate: rules, Name: "folder ./data", Digest: func(m syncs.Message) { told <- m; stop() }}
	zone := time.FixedZone("reader", 0)
	// A moment before it is time, or after it on a busy machine: the loop waits for it, or does not.
	h.tellDigests(ctx, clock.Now().Add(200*time.Millisecond), zone)
	select {
	case m := <-told:
		if m.Subject == "" || m.Body == "" {
			t.Errorf("got %+v", m)
		}
	default:
		t.Error("no digest was told")
	}
}
