package pipedrive

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestCreateInDoubtIsFoundByItsMark(t *testing.T) {
	for name, lagging := range map[string]time.Duration{"in the search": 0, "in the list": time.Hour} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			began := a.clock.Now()
			intent := a.createIntent("e-1", "persons", record.Fields{"name": "Once"})
			a.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
			_, err := a.connector.Apply(t.Context(), []record.Intent{intent})
			wantKind(t, err, fault.InDoubt)
			a.sim.SetFaults(platformsim.Faults{})
			ids := a.sim.IDs("persons")
			if len(ids) != 1 {
				t.Fatalf("persons %v", ids)
			}
			a.edit("persons", ids[0], record.Fields{"name": "Edited since"})
			a.clock.Advance(lag)
			if lagging > 0 { // a search that finds nothing for long
				inner := a.server.Config.Handler
				a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/itemSearch/field") {
						_, _ = w.Write([]byte(`{"success":true,"data":[],"additional_data":{"next_cursor":null}}`))
						return
					}
					inner.ServeHTTP(w, r)
				})
			}
			intent.AttemptsBegan = began
			receipt := a.applied(intent)[0]
			if receipt.ID != ids[0] || !receipt.Existing || len(a.sim.IDs("persons")) != 1 {
				t.Errorf("persons %v, receipt %+v", a.sim.IDs("persons"), receipt)
			}
			a.wantTruth("persons", ids[0], record.Fields{"name": "Edited since"})
		})
	}
}

func TestACreateTriedBeforeThatNeverLandedIsMade(t *testing.T) {
	a := newAccount(t)
	intent := a.createIntent("e-1", "deals", record.Fields{"title": "Once"})
	intent.AttemptsBegan = a.clock.Now()
	receipt := a.applied(intent)[0]
	if receipt.Existing || len(a.sim.IDs("deals")) != 1 {
		t.Errorf("receipt %+v", receipt)
	}
	a.sim.SetFaults(platformsim.Faults{ServerError: 1})
	_, err := a.connector.Apply(t.Context(), []record.Intent{intent})
	wantKind(t, err, fault.Transient) // the search failed, so nothing was sent
	a.sim.SetFaults(platformsim.Faults{})
	a.do(a.sim.Archive(receipt.ID, true)) // archived deals are not in the search, nor in the first list
	again := a.applied(intent)[0]
	if !again.Existing || again.ID != receipt.ID {
		t.Errorf("again %+v", again)
	}
}

// TestTooMuchChangedToBeSure has a list that goes on and on, and one that does not get ahead.
func TestTooMuchChangedToBeSure(t *testing.T) {
	for name, tt := range map[string]struct {
		step time.Duration
		kind fault.Kind
	}{"on and on": {time.Second, fault.InDoubt}, "in one second for ever": {0, fault.Transient}} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			inner, at, lists := a.server.Config.Handler, a.clock.Now(), 0
			a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/persons") {
					inner.ServeHTTP(w, r)
					return
				}
				at = at.Add(tt.step)
				lists++
				_, _ = fmt.Fprintf(w, `{"success":true,"data":[{"id":7,"update_time":%q}],"additional_data":{"next_cursor":"same"}}`, at.Format(time.RFC3339))
			})
			intent := a.createIntent("e-1", "persons", record.Fields{"name": "X"})
			intent.AttemptsBegan = a.clock.Now()
			receipts, err := a.connector.Apply(t.Context(), []record.Intent{intent})
			if err == nil {
				err = receipts[0].Err
			}
			if wantKind(t, err, tt.kind); lists > doubtPagesMax || len(a.sim.IDs("persons")) != 0 {
				t.Errorf("%d pages, persons %v", lists, a.sim.IDs("persons"))
			}
		})
	}
}

func TestWithoutAMarkACreateStaysInDoubt(t *testing.T) {
	a := newAccount(t)
	intent := record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("persons", ""), Fields: record.Fields{"name": "X"}, AttemptsBegan: a.clock.Now()}
	wantKind(t, a.apply(intent)[0].Err, fault.InDoubt)
	if len(a.sim.IDs("persons")) != 0 {
		t.Error("made all the same")
	}
}

func TestWhichOfTwoIsOursIsNotForUsToSay(t *testing.T) {
	a := newAccount(t)
	for range 2 {
		a.create("persons", record.Fields{"name": "Copy", marker: "e-1"})
	}
	intent := a.createIntent("e-1", "persons", record.Fields{"name": "X"})
	intent.AttemptsBegan = a.clock.Now()
	wantKind(t, a.apply(intent)[0].Err, fault.Rejected)
	if n := len(a.sim.IDs("persons")); n != 2 {
		t.Errorf("%d persons", n)
	}
}
