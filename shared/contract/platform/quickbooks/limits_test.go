package quickbooks

import (
	"net/http"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestRateLimitStopsTheRest(t *testing.T) {
	c := newCompany(t, nil)
	c.sim.SetFaults(platformsim.Faults{RateLimit: 1})
	_, err := c.connector.Apply(t.Context(), []record.Intent{
		c.createIntent("a", "customers", record.Fields{"DisplayName": "A"}), c.createIntent("b", "customers", record.Fields{"DisplayName": "B"})})
	wantKind(t, err, fault.RateLimited)
	if after := fault.After(err, 0); after != throttleWait {
		t.Errorf("after %v, want %v", after, throttleWait)
	}
	if len(c.seen) != 1 {
		t.Errorf("%d requests, want 1", len(c.seen))
	}
}

func TestTheLimitPerMinuteIsMet(t *testing.T) {
	c := newCompany(t, nil)
	id := c.customers(1)
	for i := range 600 {
		_, err := c.connector.Fetch(t.Context(), "customers", nil, id)
		if err != nil {
			if wantKind(t, err, fault.RateLimited); i < 500 {
				t.Errorf("limited at request %d", i)
			}
			c.clock.Advance(throttleWait)
			if _, err = c.connector.Fetch(t.Context(), "customers", nil, id); err != nil {
				t.Errorf("a minute later: %v", err)
			}
			return
		}
	}
	t.Error("never limited")
}

func TestLostAnswerAmongCreatesLeavesTheRestUnsent(t *testing.T) {
	c := newCompany(t, nil)
	sent := 0
	inner := c.server.Config.Handler
	c.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sent++; sent == 2 {
			c.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
		}
		inner.ServeHTTP(w, r)
	})
	receipts := c.apply(c.createIntent("a", "customers", record.Fields{"DisplayName": "A"}),
		c.createIntent("b", "customers", record.Fields{"DisplayName": "B"}), c.createIntent("c", "customers", record.Fields{"DisplayName": "C"}))
	if receipts[0].Err != nil {
		t.Errorf("first: %v", receipts[0].Err)
	}
	wantKind(t, receipts[1].Err, fault.InDoubt)
	wantKind(t, receipts[2].Err, fault.Transient)
	if ids := c.sim.IDs("customers"); len(ids) != 2 {
		t.Errorf("customers %v, want two", ids)
	}
}

func TestItemErrorsOfTheSystemAreInDoubt(t *testing.T) {
	c := newCompany(t, nil)
	ids := c.customers(2)
	intents := []record.Intent{c.updateIntent("customers", ids[0], record.Fields{"Notes": "x"}), c.updateIntent("customers", ids[1], record.Fields{"Notes": "x"})}
	c.sim.SetFaults(platformsim.Faults{ItemError: 1})
	for _, r := range c.apply(intents...) {
		wantKind(t, r.Err, fault.InDoubt)
	}
}
