package hubspot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func target(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: "hub", Object: object}, ID: id}
}

// creation is a create that carries our identity if its fields hold it.
func creation(key string, object record.Object, fields record.Fields) record.Intent {
	intent := record.Intent{Key: key, Operation: record.OperationCreate, Ref: target(object, ""), Fields: fields}
	if fields["fluxcascade_id"] != "" {
		intent.Marker = "fluxcascade_id"
	}
	return intent
}

// updating pre-reads the record.
func (p *portal) updating(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
	p.Helper()
	names := []record.PlatformField{"hs_object_id"}
	for name := range fields {
		names = append(names, name)
	}
	return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields, Current: p.fetch(object, names, id)[0].Snapshot}
}

// apply sends intents and wants a receipt for each.
func (p *portal) apply(intents ...record.Intent) []record.Receipt {
	p.Helper()
	receipts, err := p.connector.Apply(p.Context(), intents)
	if err != nil || len(receipts) != len(intents) {
		p.Fatalf("apply: %d receipts, %v", len(receipts), err)
	}
	for i, r := range receipts {
		if r.Key != intents[i].Key {
			p.Errorf("receipt %d has key %q, want %q", i, r.Key, intents[i].Key)
		}
	}
	return receipts
}

// applied is apply, and wants no error.
func (p *portal) applied(intents ...record.Intent) []record.Receipt {
	p.Helper()
	receipts := p.apply(intents...)
	for i, r := range receipts {
		if r.Err != nil {
			p.Fatalf("receipt %d: %v", i, r.Err)
		}
	}
	return receipts
}

func TestCreatesCarryOurIdentityAndRepeatHarmlessly(t *testing.T) {
	p := newPortal(t)
	intent := creation("k1", "contacts", record.Fields{"fluxcascade_id": "E-1", "email": "Ada@Example.com", "phone": ""})
	first := p.applied(intent)[0]
	if first.Existing || first.Snapshot.Fields["email"] != "ada@example.com" || first.Snapshot.Fields["fluxcascade_id"] != "E-1" || !first.Snapshot.ReadBegan.Equal(p.clock.now()) {
		t.Errorf("first = %+v", first)
	}
	if _, answered := first.Snapshot.Fields["city"]; answered {
		t.Error("a field that was not answered is told")
	}
	again := p.applied(intent)[0]
	if !again.Existing || again.ID != first.ID || again.Snapshot.Fields["fluxcascade_id"] != "E-1" {
		t.Errorf("again = %+v", again)
	}
	if n := len(p.sim.IDs("contacts")); n != 1 {
		t.Errorf("%d contacts, want 1", n)
	}
}

func TestAnInDoubtCreateIsRepeatedHarmlessly(t *testing.T) {
	p := newPortal(t)
	company := p.create("companies", record.Fields{"name": "Acme"})
	intents := []record.Intent{
		creation("k1", "contacts", record.Fields{"fluxcascade_id": "E-1", "lastname": "A", "associations.companies": string(company)}),
		creation("k2", "contacts", record.Fields{"fluxcascade_id": "E-2", "lastname": "B"})}
	p.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
	_, err := p.connector.Apply(t.Context(), intents)
	wantKind(t, err, fault.InDoubt)
	p.sim.SetFaults(platformsim.Faults{})
	receipts := p.applied(intents...)
	for i, r := range receipts {
		if !r.Existing {
			t.Errorf("receipt %d is not of the earlier try", i)
		}
	}
	if n := len(p.sim.IDs("contacts")); n != 2 {
		t.Errorf("%d contacts, want 2", n)
	}
	p.wantTruth("contacts", receipts[0].ID, record.Fields{"associations.companies": string(company)})
}

func TestACreateWhoseEmailIsTakenAnswersItsHolder(t *testing.T) {
	p := newPortal(t)
	holder := p.contacts(1)[0] // c1@example.com
	taken := creation("k1", "contacts", record.Fields{"fluxcascade_id": "E-1", "email": "C1@example.com", "lastname": "Mine"})
	plain := creation("k2", "contacts", record.Fields{"email": "c1@example.com", "lastname": "Mine"})
	fine := creation("k3", "contacts", record.Fields{"fluxcascade_id": "E-3", "email": "free@example.com"})
	receipts := p.applied(taken, plain, fine)
	for _, r := range receipts[:2] {
		if !r.Existing || r.ID != holder || r.Snapshot != nil {
			t.Errorf("taken: %+v", r)
		}
	}
	if receipts[2].Existing {
		t.Errorf("free: %+v", receipts[2])
	}
	p.wantTruth("contacts", holder, record.Fields{"lastname": "N1", "fluxcascade_id": ""})
}

func TestAWholeConflictIsHalvedAndLookedUp(t *testing.T) {
	p := newPortal(t)
	holder := p.contacts(1)[0]
	// A platform that ignores trace ids refuses the whole batch, and does not name the holder.
	upserts := 0
	c := scripted(t, func(path, body string) (int, string) {
		switch {
		case strings.HasSuffix(path, "/batch/read"):
			return 200, `{"results":[{"id":"` + string(holder) + `","properties":{"email":"taken@example.com"}}]}`
		case strings.Contains(body, "taken@example.com"):
			upserts++
			return 409, `{"status":"error","category":"CONFLICT","message":"Contact already exists"}`
		}
		upserts++
		results := []string{}
		for i := range strings.Count(body, `"idProperty"`) {
			id := strings.Split(body, `"id":"`)[i+1]
			results = append(results, fmt.Sprintf(`{"id":"5%d","new":true,"properties":{"fluxcascade_id":"%s"}}`, i, id[:strings.Index(id, `"`)]))
		}
		return 200, `{"results":[` + strings.Join(results, ",") + `]}`
	})
	var intents []record.Intent
	for i := range 16 {
		intents = append(intents, creation(fmt.Sprint("k", i), "contacts", record.Fields{"fluxcascade_id": fmt.Sprint("E", i), "email": fmt.Sprintf("free%d@example.com", i)}))
	}
	intents[11].Fields["email"] = "taken@example.com"
	receipts, err := c.Apply(t.Context(), intents)
	if err != nil || upserts != 9 {
		t.Fatalf("%d upserts, want 9; %v", upserts, err)
	}
	for i, r := range receipts {
		if r.Err != nil || r.Existing != (i == 11) || (i == 11 && r.ID != holder) {
			t.Errorf("receipt %d: %+v", i, r)
		}
	}
}

func TestHalvingIsBoundedAndSaysWhatWasNotSent(t *testing.T) {
	calls := 0
	c := scripted(t, func(string, string) (int, string) {
		calls++
		return 400, errorBody("VALIDATION_ERROR", "")
	})
	intents := make([]record.Intent, 100)
	for i := range intents {
		intents[i] = creation(fmt.Sprint("k", i), "companies", record.Fields{"name": "x"})
	}
	receipts, err := c.Apply(t.Context(), intents)
	if err != nil || calls != callsMax {
		t.Fatalf("%d calls, want %d; %v", calls, callsMax, err)
	}
	kinds := map[fault.Kind]int{}
	for _, r := range receipts {
		kinds[fault.KindOf(r.Err)]++
	}
	if kinds[fault.Rejected] == 0 || kinds[fault.Transient] == 0 || len(kinds) != 2 {
		t.Errorf("kinds %v, want refused ones and ones not sent", kinds)
	}
}

func TestOneBadItemFailsAlone(t *testing.T) {
	p := newPortal(t)
	ids := p.contacts(5)
	if err := p.sim.Delete("contacts", ids[1]); err != nil {
		t.Fatal(err)
	}
	update := func(id record.ExternalID, fields record.Fields) record.Intent {
		return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target("contacts", id), Fields: fields}
	}
	deletion := update(ids[0], nil)
	deletion.Operation = record.OperationDelete
	receipts := p.apply(
		update(ids[0], record.Fields{"lastname": "fine", "city": ""}),
		update(ids[1], record.Fields{"lastname": "x"}),
		update("999", record.Fields{"lastname": "x"}),
		update(ids[2], record.Fields{"email": "no address"}),
		update(ids[3], record.Fields{"email": "c1@example.com"}),
		update(ids[4], record.Fields{"createdate": "x"}),
		update(ids[4], record.Fields{"associations.deals": "1"}),
		update(ids[4], record.Fields{"Not A Property": "x"}),
		update("", record.Fields{"lastname": "x"}),
		deletion,
		creation("c", "contacts", record.Fields{"no_such_property": "x", "fluxcascade_id": "E"}))
	if r := receipts[0]; r.Err != nil || r.Snapshot.Fields["lastname"] != "fine" || r.ID != ids[0] {
		t.Errorf("the good item: %+v", r)
	}
	wantKind(t, receipts[1].Err, fault.Gone)
	wantKind(t, receipts[2].Err, fault.Gone)
	for i, r := range receipts[3:] {
		if wantKind(t, r.Err, fault.Rejected); r.Existing {
			t.Errorf("item %d: Existing beside a refusal", i+3)
		}
	}
	if receipts[4].ID != ids[3] {
		t.Errorf("a refused update answers record %s, want its own", receipts[4].ID)
	}
	p.wantTruth("contacts", ids[0], record.Fields{"lastname": "fine"})
}

func TestItemErrorsOfTheBatchItself(t *testing.T) {
	p := newPortal(t)
	ids := p.contacts(3)
	p.sim.SetFaults(platformsim.Faults{ItemError: 1})
	for _, r := range p.apply(p.updating("contacts", ids[0], record.Fields{"city": "x"}), p.updating("contacts", ids[1], record.Fields{"city": "x"})) {
		wantKind(t, r.Err, fault.InDoubt)
	}
}

func TestResultsAreToldApartWithoutTheirOrder(t *testing.T) {
	update := func(id record.ExternalID) record.Intent {
		return record.Intent{Key: "k-" + string(id), Operation: record.OperationUpdate, Ref: target("contacts", id), Fields: record.Fields{"city": "x"}}
	}
	c := answering(t, 207, `{"results":[{"id":"3","properties":{"city":"x"}},{"id":"9","objectWriteTraceId":"3","properties":{}},{"id":"77"}],
		"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":["2","6"]}}]}`)
	receipts, err := c.Apply(t.Context(), []record.Intent{update("1"), update("2"), update("3"), update("4"), update("6")})
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, receipts[0].Err, fault.InDoubt) // not told of
	wantKind(t, receipts[1].Err, fault.Gone)
	if receipts[2].Err != nil || receipts[2].Snapshot.Fields["city"] != "x" {
		t.Errorf("answered: %+v", receipts[2])
	}
	wantKind(t, receipts[3].Err, fault.InDoubt) // its trace id came back on another record
	wantKind(t, receipts[4].Err, fault.Gone)
}

func TestArchiveIsOneRequest(t *testing.T) {
	p := newPortal(t)
	var intents []record.Intent
	for _, id := range p.contacts(100) {
		intents = append(intents, record.Intent{Key: "a-" + string(id), Operation: record.OperationArchive, Ref: target("contacts", id)})
	}
	p.applied(intents...)
	p.applied(intents...) // archived already
	if len(p.sim.IDs("contacts")) != 0 || p.requests("/batch/archive") != 2 || len(p.seen) != 2 {
		t.Errorf("%d left after %v", len(p.sim.IDs("contacts")), p.seen)
	}
}

func TestApplyRefusesWhatItCannotTake(t *testing.T) {
	p := newPortal(t)
	_, err := p.connector.Apply(t.Context(), make([]record.Intent, 101))
	wantKind(t, err, fault.Rejected)
	_, err = p.connector.Apply(t.Context(), []record.Intent{creation("a", "contacts", nil), creation("b", "deals", nil)})
	wantKind(t, err, fault.Rejected)
	if receipts, err := p.connector.Apply(t.Context(), nil); receipts != nil || err != nil {
		t.Errorf("nothing to do: %v, %v", receipts, err)
	}
}

func TestRateLimitIsOfTheWholeCallAndEnds(t *testing.T) {
	p := newPortal(t)
	id := p.contacts(1)[0]
	intent := p.updating("contacts", id, record.Fields{"city": "Leeds", "associations.companies": ""})
	p.sim.SetFaults(platformsim.Faults{RateLimit: 1})
	p.forget()
	_, err := p.connector.Apply(t.Context(), []record.Intent{intent, creation("k", "contacts", record.Fields{"fluxcascade_id": "E"})})
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != burstWait || len(p.seen) != 1 {
		t.Errorf("after %v, requests %v", fault.After(err, 0), p.seen)
	}
	p.sim.SetFaults(platformsim.Faults{})
	for range 200 {
		if _, err = p.connector.List(t.Context(), listing("contacts")); err != nil {
			break
		}
	}
	wantKind(t, err, fault.RateLimited)
	p.clock.advance(burstWait + time.Second)
	p.applied(intent)
}
