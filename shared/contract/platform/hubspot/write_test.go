package hubspot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/fault"
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
