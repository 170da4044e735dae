package resolve_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// linked makes one contact that is on all three connections.
func linked(tb *table) record.EntityID {
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"})
	d = tb.see(client, "f1", start, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "siteid": ""})
	tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": "1"})
	tb.pass(time.Minute)
	return d.Entity
}

func TestNonOwnersEditIsReverted(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(payer, "b1", start.Add(time.Minute), record.Fields{"mail": "ann@x.example", "tel": "9"})
	tb.wantOutcome(d, resolve.Applied, record.ReasonNonOwnerReverted)
	tb.wantValue(id, "phone", "1")
	if x := due(d, payer); x == nil || x.Fields["tel"] != "1" || len(x.Fields) != 1 {
		t.Errorf("due at the spoke: got %+v, want the hub's phone and nothing else", x)
	}
	if due(d, client) != nil || due(d, contact) != nil {
		t.Errorf("something is due elsewhere: %+v", d.Due)
	}
}

func TestEchoOfAReformattedValueIsNoEdit(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	d := tb.see(contact, "h1", start.Add(time.Minute), record.Fields{"email": "  ANN@X.example ", "phone": "1", "street": "Elm", "note": "n"})
	tb.wantOutcome(d, resolve.Noop, record.ReasonUnchanged)
	if !d.Patch.Empty() || len(d.Due) > 0 {
		t.Errorf("got %+v, want nothing to write", d)
	}
}

func TestNewestWinsWhereBothLeftBase(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoke time.Duration // the spoke's stamp, after the hub's
		want  string
	}{{"spoke later", 10 * time.Second, "spoke"}, {"spoke earlier", -10 * time.Second, "hub"}, {"tie goes to the hub", 0, "hub"}} {
		t.Run(c.name, func(t *testing.T) {
			tb := newTable(t)
			id := linked(tb)
			at := tb.view.Now
			tb.pass(time.Minute)
			tb.see(contact, "h1", at, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "hub"})
			d := tb.see(client, "f1", at.Add(c.spoke), record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "spoke"})
			tb.wantValue(id, "note", c.want)
			if c.want == "hub" && due(d, client) == nil {
				t.Error("the loser is not told the winner's value")
			}
		})
	}
}

func TestAClockInTheFutureDoesNotWin(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.see(client, "f1", tb.view.Now.Add(24*time.Hour), record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "future"})
	tb.pass(time.Minute)
	tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "later"})
	tb.wantValue(id, "note", "later")
}

func TestABlankThatMustNotWinIsFilledAgain(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": ""})
	tb.wantValue(id, "note", "n")
	if x := due(d, client); x == nil || x.Fields["memo"] != "n" {
		t.Errorf("got %+v, want the note due again", x)
	}
}

func TestAnEmailHeldByAnotherEntityIsParkedAndTheRestFlows(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.see(contact, "h2", start, record.Fields{"email": "bob@x.example", "phone": "2"})
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "bob@x.example", "phone": "7", "street": "Elm", "note": "n"})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonOwnerEdit)
	tb.wantValue(id, "email", "ann@x.example")
	tb.wantValue(id, "phone", "7")
	if x := due(d, client); x == nil || x.Fields["tel"] != "7" || len(x.Fields) != 1 {
		t.Errorf("due at the spoke: got %+v, want the phone alone", x)
	}
}

func TestASecondRecordWithOneKeyIsHeldAndAThirdDoesNotChoose(t *testing.T) {
	tb := newTable(t)
	tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example"})
	d := tb.see(contact, "h2", start, record.Fields{"email": "ann@x.example"})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonSlotTaken)
	d = tb.see(client, "f1", start, record.Fields{"mail": "ann@x.example"})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonAmbiguous)
	if len(d.Due) > 0 {
		t.Errorf("something is due of a held record: %+v", d.Due)
	}
	// A person corrects the email: the held record finds its place.
	d = tb.see(contact, "h2", start.Add(time.Minute), record.Fields{"email": "other@x.example"})
	tb.wantOutcome(d, resolve.Applied, record.ReasonNewEntity)
}

func TestARecordWithAKeyThatMovedLatelyIsHeld(t *testing.T) {
	tb := newTable(t)
	tb.see(contact, "h1", start, record.Fields{"email": "old@x.example"})
	tb.see(contact, "h1", start.Add(time.Minute), record.Fields{"email": "new@x.example"})
	d := tb.see(client, "f9", start, record.Fields{"mail": "old@x.example"})
	tb.wantOutcome(d, resolve.ParkedWork, record.ReasonFormerKey)
}

// TestNothingIsCreatedBesideARecordThatShowsTheKeyFromBefore: the record that is held may be the entity's own. A create would
// double it, end the hold by taking the place, and make it a second person.
func TestNothingIsCreatedBesideARecordThatShowsTheKeyFromBefore(t *testing.T) {
	tb := newTable(t)
	tb.see(contact, "h1", start, record.Fields{"email": "old@x.example"})
	id := tb.see(contact, "h1", start.Add(time.Minute), record.Fields{"email": "new@x.example"}).Entity
	held := record.Fields{"mail": "old@x.example", "tel": "1", "road": "", "memo": "", "siteid": ""}
	tb.wantOutcome(tb.see(client, "f9", start, held), resolve.ParkedWork, record.ReasonFormerKey)
	d := tb.decide(resolve.Observation{Wake: id})
	if x := due(d, client); x == nil || x.Blocked != record.ReasonContested {
		t.Errorf("beside the held record: got %+v, want the create held", x)
	}
	if x := due(d, payer); x == nil || x.Blocked != "" {
		t.Errorf("where nothing is held: got %+v, want the create due", x)
	}
	// A person gives the record another address: it is somebody else, and the create goes out.
	held["mail"] = "else@x.example"
	tb.wantOutcome(tb.see(client, "f9", start.Add(2*time.Minute), held), resolve.Applied, record.ReasonNewEntity)
	if x := due(tb.decide(resolve.Observation{Wake: id}), client); x == nil || x.Blocked != "" {
		t.Errorf("once the record is somebody else's: got %+v, want the create due", x)
	}
}

func TestNothingIsCreatedBeforeTheFirstLoads(t *testing.T) {
	tb := newTable(t)
	tb.view.Loaded[client] = false
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example"})
	if x := due(d, client); x == nil || x.Blocked != record.ReasonFirstLoad {
		t.Errorf("got %+v, want the create held for the first load", x)
	}
}

func TestASpokesRecordIsMadeInTheHubFirst(t *testing.T) {
	tb := newTable(t)
	d := tb.see(client, "f1", start, record.Fields{"mail": "sam@x.example", "tel": "5", "road": "Oak", "memo": ""})
	hub, books := due(d, contact), due(d, payer)
	if hub == nil || hub.Blocked != "" || hub.Fields["email"] != "sam@x.example" || hub.Fields["fcid"] != string(d.Entity) {
		t.Errorf("at the hub: got %+v, want a create with our id", hub)
	}
	if books == nil || books.Blocked != record.ReasonWaitsForHub {
		t.Errorf("at the other spoke: got %+v, want it to wait for the hub", books)
	}
	d = tb.write(d, contact, "h9", nil)
	tb.wantOutcome(d, resolve.Applied, record.ReasonCreated)
	if x := due(d, payer); x == nil || x.Blocked != "" {
		t.Errorf("after the hub: got %+v, want the create on the other spoke", x)
	}
}

func TestAReceiptMovesOnlyWhatItWrote(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"})
	x := due(d, client)
	key := resolve.EntityKey{Group: "g", ID: id}
	link := tb.view.Entities[key].Links[client]
	intent := x.Intent
	leased := link.Leased(resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: 1}, resolve.Attempt{Key: intent.Key, Operation: intent.Operation, Fields: intent.Fields, At: tb.view.Now})
	tb.commit(resolve.Decision{Patch: resolve.Patch{Owner: key, Links: []*resolve.Link{leased}}})
	answer := &record.Snapshot{Ref: record.Ref{Place: client, ID: "f1"}, Fields: record.Fields{"tel": "2", "road": "moved by a person", "mail": "ann@x.example", "memo": "n"}}
	d = tb.commit(tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: id, Place: client, Intent: intent, Fence: 1, Receipt: record.Receipt{Key: intent.Key, ID: "f1", Snapshot: answer}}}))
	if got := tb.view.Entities[key].Links[client].Base["road"]; got != "Elm" {
		t.Errorf("base of a field that was not written moved to %q", got)
	}
	if len(d.Hints) != 1 || d.Hints[0].Ref.ID != "f1" {
		t.Errorf("hints: got %+v, want the record to be read", d.Hints)
	}
	// A late holder's receipt moves nothing.
	d = tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: id, Place: client, Intent: intent, Fence: 99, Receipt: record.Receipt{Key: intent.Key, ID: "f1"}}})
	tb.wantOutcome(d, resolve.Superseded, record.ReasonLateHolder)
}

func TestARefusedValueIsNotSentAgainUntilItChanges(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "x", "street": "Elm", "note": "n"})
	d = tb.write(d, client, "f1", fault.Newf(fault.Rejected, "apply", "no phone number"))
	tb.wantOutcome(d, resolve.DeadLetter, record.ReasonRejected)
	if due(d, client) != nil {
		t.Errorf("due again: %+v", due(d, client))
	}
	tb.pass(time.Minute)
	d = tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "3", "street": "Elm", "note": "n"})
	if x := due(d, client); x == nil || x.Fields["tel"] != "3" {
		t.Errorf("got %+v, want the new value due", x)
	}
}

func TestAnObservationUnderALeaseWaitsAndAStaleReadIsTriedAgain(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	key := resolve.EntityKey{Group: "g", ID: id}
	link := *tb.view.Entities[key].Links[client]
	link.Lease = resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: 3}
	tb.view.Entities[key].Links[client] = &link
	fields := record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Oak", "memo": "n"}
	tb.wantOutcome(tb.see(client, "f1", tb.view.Now, fields), resolve.Postponed, record.ReasonLeased)
	tb.pass(2 * time.Minute)
	d := tb.see(client, "f1", tb.view.Now, fields)
	tb.wantOutcome(d, resolve.Applied, record.ReasonOwnerEdit)
	if got := tb.view.Entities[key].Links[client].Lease.Fence; got != 4 {
		t.Errorf("fence is %d, want it raised to 4 over the expired lease", got)
	}
	tb.wantOutcome(tb.see(client, "f1", tb.view.Now.Add(-time.Minute), fields), resolve.Postponed, record.ReasonStaleRead)
}

func TestOneInvoiceForADealThatIsSeenToBeWon(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	open := record.Fields{"name": "Roof", "stage": "talks", "amount": "100", "who": "h1"}
	won := record.Fields{"name": "Roof", "stage": "won", "amount": "100", "who": "h1"}
	tb.see(deal, "d1", start, open)
	d := tb.see(deal, "d1", start.Add(time.Minute), won)
	x := due(d, bill)
	if x == nil || x.Blocked != "" || x.Fields["customer"] != "b1" || x.Fields["total"] != "100" {
		t.Fatalf("got %+v, want an invoice for the linked customer", x)
	}
	tb.write(d, bill, "i1", nil)
	tb.see(deal, "d1", start.Add(2*time.Minute), open)
	d = tb.see(deal, "d1", start.Add(3*time.Minute), won)
	if x := due(d, bill); x != nil {
		t.Errorf("a second invoice is due: %+v", x)
	}
}

func TestDealsWonBeforeTheFirstLoadMakeNoInvoice(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	tb.view.Loaded[deal] = false
	d := tb.see(deal, "d1", start, record.Fields{"name": "Roof", "stage": "won", "amount": "100", "who": "h1"})
	tb.view.Loaded[deal] = true
	d = tb.commit(tb.decide(resolve.Observation{Wake: d.Entity}))
	if x := due(d, bill); x != nil {
		t.Errorf("an old deal is billed: %+v", x)
	}
	if x := due(d, job); x == nil {
		t.Error("existing: enter makes no job of it")
	}
}

func TestAJobWaitsForTheClientsSite(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	d := tb.see(deal, "d1", start, record.Fields{"name": "Roof", "stage": "agreed", "amount": "100", "who": "h1"})
	x := due(d, job)
	if x == nil || x.Blocked != record.ReasonWaitsForParent || len(x.Waits) != 1 {
		t.Fatalf("got %+v, want the job to wait for its client's site", x)
	}
	tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "siteid": "s7"})
	d = tb.decide(resolve.Observation{Wake: d.Entity})
	if x := due(d, job); x == nil || x.Blocked != "" || x.Fields["site"] != "s7" || x.Fields["visits"] != "false" {
		t.Errorf("got %+v, want the job at site s7 without visits", x)
	}
}

func TestADerivedStatusMovesTheStageAndIsNeverWritten(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	tb.see(client, "f1", start, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "siteid": "s7"})
	d := tb.see(deal, "d1", start, record.Fields{"name": "Roof", "stage": "agreed", "amount": "100", "who": "h1"})
	tb.write(d, job, "j1", nil)
	tb.see(job, "j1", start, record.Fields{"title": "Roof", "status": "today"})
	tb.pass(time.Minute)
	d = tb.see(job, "j1", tb.view.Now, record.Fields{"title": "Roof", "status": "late"})
	tb.wantValue(d.Entity, "stage", "agreed")
	tb.pass(time.Minute)
	d = tb.see(job, "j1", tb.view.Now, record.Fields{"title": "Roof", "status": "done"})
	tb.wantValue(d.Entity, "stage", "won")
	if x := due(d, deal); x == nil || x.Fields["stage"] != "won" {
		t.Errorf("at the hub: got %+v, want the stage", x)
	}
	if x := due(d, job); x != nil {
		t.Errorf("at the job: got %+v, want nothing", x)
	}
}

func TestDecidingTwiceDecidesNothingMore(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	fields := record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "m"}
	first := tb.see(contact, "h1", tb.view.Now, fields)
	again := tb.see(contact, "h1", tb.view.Now, fields)
	if !again.Patch.Empty() || again.Outcome != resolve.Noop || len(again.Due) != len(first.Due) {
		t.Errorf("got %s with patch %+v and due %+v, want a no-op that publishes the same", again.Outcome, again.Patch, again.Due)
	}
}

func TestAFirstReadWithoutAFiltersFieldIsReadAgain(t *testing.T) {
	tb := newTable(t)
	tb.see(contact, "h1", start, record.Fields{"email": "a@x.example", "phone": "1", "street": "", "note": "", "fcid": ""})
	d := tb.see(deal, "d1", start, record.Fields{"name": "Roof", "amount": "100", "who": "h1"})
	tb.wantOutcome(d, resolve.Postponed, record.ReasonIncompleteRead)
	d = tb.see(deal, "d1", start, record.Fields{"name": "Roof", "stage": "won", "amount": "100", "who": "h1"})
	if x := due(d, bill); x == nil || x.Operation != record.OperationCreate {
		t.Errorf("a deal first seen won, after the first load: got %+v, want its invoice", x)
	}
}

func TestADealOfTheFirstLoadThatWasPutOffIsNotNew(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	fields := record.Fields{"name": "Roof", "stage": "won", "amount": "100", "who": "h1"}
	d := tb.decide(resolve.Observation{Change: record.Change{Source: record.SourceBackfill}, Snapshot: &record.Snapshot{Ref: record.Ref{Place: deal, ID: "d1"}, Fields: fields, ModifiedAt: start, ReadBegan: tb.view.Now}})
	if x := due(tb.commit(d), bill); x != nil {
		t.Errorf("an old deal is billed: %+v", x)
	}
}

// TestAnAnswerThatAnotherEntityHoldsLosesNoCandidate: a person chooses the email that parked the field.
func TestAnAnswerThatAnotherEntityHoldsLosesNoCandidate(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.see(contact, "h2", start, record.Fields{"email": "b@x.example", "phone": "", "street": "", "note": "", "fcid": ""})
	tb.pass(time.Minute)
	tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "b@x.example", "phone": "1", "street": "Elm 1", "note": "n", "fcid": ""})
	had := tb.value(id, "email")
	before := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity.Parked["email"]
	if before.Reason != record.ReasonKeyHeld {
		t.Fatalf("got %+v, want an email that another holds", before)
	}
	tb.commit(tb.decide(resolve.Observation{Answer: &resolve.Answer{Entity: id, Field: "email", Value: "b@x.example", At: tb.view.Now}}))
	tb.wantValue(id, "email", had)
	if diff := cmp.Diff(before, tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity.Parked["email"]); diff != "" {
		t.Errorf("what waits for a person has changed:\n%s", diff)
	}
}

// TestWhoComesWithAMergedRecordsKeyIsTheSurvivor: the hub merged two people into one, who goes by both emails.
func TestWhoComesWithAMergedRecordsKeyIsTheSurvivor(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.see(contact, "h2", start, record.Fields{"email": "b@x.example", "phone": "", "street": "", "note": "", "fcid": ""})
	tb.pass(time.Minute)
	tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: contact, ID: "h2"}, Evidence: record.EvidenceMerged, Into: ids[contact], ReadBegan: tb.view.Now}}))
	tb.pass(time.Minute)
	tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: payer, ID: ids[payer]}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	d := tb.see(payer, "b9", tb.view.Now, record.Fields{"mail": "b@x.example", "tel": ""})
	if d.Entity != id {
		t.Errorf("a customer with the other email is %s, want %s", d.Entity, id)
	}
}
