package hubspot

import (
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// deal makes a deal of a contact.
func (p *portal) deal(contact record.ExternalID) record.ExternalID {
	p.Helper()
	return p.create("deals", record.Fields{"dealname": "Roof", "dealstage": "closedwon", "associations.contacts": string(contact)})
}

func TestAssociationsAreWrittenInBulkAfterTheRecord(t *testing.T) {
	p := newPortal(t)
	ids := p.contacts(3)
	deals := []record.ExternalID{p.deal(ids[0]), p.deal(ids[0]), p.deal(ids[0])}
	move := p.updating("deals", deals[0], record.Fields{"associations.contacts": string(ids[1]), "dealname": "Floor"})
	clear := p.updating("deals", deals[1], record.Fields{"associations.contacts": ""})
	keep := p.updating("deals", deals[2], record.Fields{"associations.contacts": string(ids[0])})
	born := creation("k", "deals", record.Fields{"fluxcascade_id": "E-1", "dealname": "Wall", "dealstage": "closedwon", "associations.contacts": string(ids[2])})
	p.forget()
	receipts := p.applied(move, clear, keep, born)
	if len(p.seen) != 4 || p.requests("associate/default") != 1 || p.requests("contacts/batch/archive") != 1 {
		t.Errorf("requests %v", p.seen)
	}
	p.wantTruth("deals", deals[0], record.Fields{"associations.contacts": string(ids[1]), "dealname": "Floor"})
	p.wantTruth("deals", deals[1], record.Fields{"associations.contacts": ""})
	p.wantTruth("deals", deals[2], record.Fields{"associations.contacts": string(ids[0])})
	p.wantTruth("deals", receipts[3].ID, record.Fields{"associations.contacts": string(ids[2])})
	if _, told := receipts[0].Snapshot.Fields["associations.contacts"]; told || receipts[1].ID != deals[1] {
		t.Errorf("receipts %+v", receipts[:2])
	}
}

func TestACreateWithoutOurIdentityMakesItsAssociationsAtOnce(t *testing.T) {
	p := newPortal(t)
	contact := p.contacts(1)[0]
	r := p.applied(creation("k", "deals", record.Fields{"dealname": "Roof", "dealstage": "closedwon", "associations.contacts": string(contact)}))[0]
	p.wantTruth("deals", r.ID, record.Fields{"associations.contacts": string(contact)})
	if len(p.seen) != 1 {
		t.Errorf("requests %v, want one", p.seen)
	}
}

func TestAnAssociationWithAMissingRecord(t *testing.T) {
	p := newPortal(t)
	ids := p.contacts(2)
	deals := []record.ExternalID{p.deal(ids[0]), p.deal(ids[0])}
	alone := p.updating("deals", deals[0], record.Fields{"associations.contacts": "999"})
	besides := p.updating("deals", deals[1], record.Fields{"associations.contacts": "999", "dealname": "Floor"})
	fine := p.updating("deals", p.deal(ids[0]), record.Fields{"associations.contacts": string(ids[1])})
	receipts := p.apply(alone, besides, fine)
	// Nothing was written of the first: it waits. The second was written in part: only a read can tell.
	wantKind(t, receipts[0].Err, fault.Waiting)
	wantKind(t, receipts[1].Err, fault.InDoubt)
	if f := receipts[1].Err.(*fault.Error).Fields; len(f) != 1 || f[0] != "associations.contacts" || receipts[2].Err != nil {
		t.Errorf("receipts %+v", receipts)
	}
	p.wantTruth("deals", deals[0], record.Fields{"associations.contacts": string(ids[0])})
	p.wantTruth("deals", fine.Ref.ID, record.Fields{"associations.contacts": string(ids[1])})
}

func TestAnAssociationThatFailsAfterTheRecordIsInDoubt(t *testing.T) {
	p := newPortal(t)
	contact := p.contacts(1)[0]
	for _, status := range []int{429, 500, 400, 404} {
		c := scripted(t, func(path, _ string) (int, string) {
			if strings.Contains(path, "/associations/") {
				return status, errorBody("VALIDATION_ERROR", "")
			}
			return 200, `{"results":[{"id":"1","objectWriteTraceId":"0","new":true,"properties":{"fluxcascade_id":"E-1"}}]}`
		})
		receipts, err := c.Apply(t.Context(), []record.Intent{creation("k", "deals", record.Fields{"fluxcascade_id": "E-1", "dealstage": "closedwon", "associations.contacts": string(contact)})})
		if err != nil || receipts[0].ID != "1" {
			t.Fatalf("status %d: %+v, %v", status, receipts, err)
		}
		wantKind(t, receipts[0].Err, fault.InDoubt)
	}
	// Alone, the failure is its own.
	deal := p.deal(contact)
	intent := p.updating("deals", deal, record.Fields{"associations.contacts": ""})
	p.sim.SetFaults(platformsim.Faults{ServerError: 1})
	_, err := p.connector.Apply(t.Context(), []record.Intent{intent})
	wantKind(t, err, fault.InDoubt)
}

func TestSomebodyElsesRecordIsNotAssociated(t *testing.T) {
	p := newPortal(t)
	holder := p.contacts(1)[0]
	company := p.create("companies", record.Fields{"name": "Acme"})
	r := p.applied(creation("k", "contacts", record.Fields{"fluxcascade_id": "E-1", "email": "c1@example.com", "associations.companies": string(company)}))[0]
	if !r.Existing || r.ID != holder || p.requests("associate/default") != 0 {
		t.Errorf("receipt %+v, requests %v", r, p.seen)
	}
	p.wantTruth("contacts", holder, record.Fields{"associations.companies": ""})
}

func TestPrepareMakesOneUniqueProperty(t *testing.T) {
	p := newPortal(t)
	for range 2 { // the second finds it there
		if err := p.connector.Prepare(t.Context(), "companies", "hub_key"); err != nil {
			t.Fatal(err)
		}
	}
	intent := creation("k", "companies", record.Fields{"hub_key": "E-1", "name": "Acme"})
	intent.Marker = "hub_key"
	if first, again := p.applied(intent)[0], p.applied(intent)[0]; first.ID != again.ID || !again.Existing {
		t.Errorf("first %+v, again %+v", first, again)
	}
	wantKind(t, p.connector.Prepare(t.Context(), "companies", "name"), fault.Rejected) // there, without unique values
	wantKind(t, p.connector.Prepare(t.Context(), "tickets", "hub_key"), fault.Rejected)
	wantKind(t, p.connector.Prepare(t.Context(), "companies", "../Name"), fault.Rejected)
	plain := creation("k", "companies", record.Fields{"name": "Acme"})
	plain.Marker = "name"
	wantKind(t, p.apply(plain)[0].Err, fault.Rejected)
}
