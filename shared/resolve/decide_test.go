package resolve_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
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
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonNonOwnerReverted)
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
	tb.wantOutcome(d, resolve.Noop, resolve.ReasonUnchanged)
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
	tb.wantOutcome(d, resolve.ParkedWork, resolve.ReasonOwnerEdit)
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
	tb.wantOutcome(d, resolve.ParkedWork, resolve.ReasonSlotTaken)
	d = tb.see(client, "f1", start, record.Fields{"mail": "ann@x.example"})
	tb.wantOutcome(d, resolve.ParkedWork, resolve.ReasonAmbiguous)
	if len(d.Due) > 0 {
		t.Errorf("something is due of a held record: %+v", d.Due)
	}
	// A person corrects the email: the held record finds its place.
	d = tb.see(contact, "h2", start.Add(time.Minute), record.Fields{"email": "other@x.example"})
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonNewEntity)
}

func TestARecordWithAKeyThatMovedLatelyIsHeld(t *testing.T) {
	tb := newTable(t)
	tb.see(contact, "h1", start, record.Fields{"email": "old@x.example"})
	tb.see(contact, "h1", start.Add(time.Minute), record.Fields{"email": "new@x.example"})
	d := tb.see(client, "f9", start, record.Fields{"mail": "old@x.example"})
	tb.wantOutcome(d, resolve.ParkedWork, resolve.ReasonFormerKey)
}

func TestNothingIsCreatedBeforeTheFirstLoads(t *testing.T) {
	tb := newTable(t)
	tb.view.Loaded[client] = false
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example"})
	if x := due(d, client); x == nil || x.Blocked != resolve.ReasonFirstLoad {
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
	if books == nil || books.Blocked != resolve.ReasonWaitsForHub {
		t.Errorf("at the other spoke: got %+v, want it to wait for the hub", books)
	}
	d = tb.write(d, contact, "h9", nil)
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonCreated)
	if x := due(d, payer); x == nil || x.Blocked != "" {
		t.Errorf("after the hub: got %+v, want the create on the other spoke", x)
	}
}

func TestAWriteOfUnknownOutcomeIsRecognisedWhenSeen(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"})
	d = tb.write(d, client, "f1", fault.Newf(fault.InDoubt, "apply", "no answer"))
	tb.wantOutcome(d, resolve.Postponed, resolve.ReasonInDoubt)
	tb.pass(time.Minute)
	// It had been applied. Seen again, it is ours and no edit.
	d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "2", "road": "Elm", "memo": "n"})
	tb.wantValue(id, "phone", "2")
	if due(d, client) != nil {
		t.Errorf("still due: %+v", due(d, client))
	}
	for _, c := range d.Changes {
		t.Errorf("a write of ours counted as an edit: %+v", c)
	}
}

func TestAReceiptMovesOnlyWhatItWrote(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"})
	x := due(d, client)
	key := resolve.EntityKey{Group: "g", ID: id}
	link := tb.view.Entities[key].Links[client]
	intent := resolve.IntentOf("g", id, *x, link)
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
	tb.wantOutcome(d, resolve.Superseded, resolve.ReasonLateHolder)
}

func TestARefusedValueIsNotSentAgainUntilItChanges(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "x", "street": "Elm", "note": "n"})
	d = tb.write(d, client, "f1", fault.Newf(fault.Rejected, "apply", "no phone number"))
	tb.wantOutcome(d, resolve.DeadLetter, resolve.ReasonRejected)
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
	tb.wantOutcome(tb.see(client, "f1", tb.view.Now, fields), resolve.Postponed, resolve.ReasonLeased)
	tb.pass(2 * time.Minute)
	d := tb.see(client, "f1", tb.view.Now, fields)
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonOwnerEdit)
	if got := tb.view.Entities[key].Links[client].Lease.Fence; got != 4 {
		t.Errorf("fence is %d, want it raised to 4 over the expired lease", got)
	}
	tb.wantOutcome(tb.see(client, "f1", tb.view.Now.Add(-time.Minute), fields), resolve.Postponed, resolve.ReasonStaleRead)
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
	if x == nil || x.Blocked != resolve.ReasonWaitsForParent || len(x.Waits) != 1 {
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

func TestADeletionInTheHubArchivesWhereAskedAndResurrectsNothing(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	gone := record.Absence{Ref: record.Ref{Place: contact, ID: "h1"}, Evidence: record.EvidenceNotFound, ReadBegan: tb.view.Now}
	d := tb.decide(resolve.Observation{Absence: &gone})
	tb.wantOutcome(d, resolve.Postponed, resolve.ReasonMissingOnce)
	d = tb.commit(tb.decide(resolve.Observation{Absence: &gone, Change: record.Change{MissingSince: d.MissingSince}}))
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonDeleted)
	if x := due(d, client); x == nil || x.Operation != record.OperationArchive {
		t.Errorf("at the client: got %+v, want it archived", x)
	}
	if x := due(d, payer); x != nil {
		t.Errorf("at the customer: got %+v, want it left alone", x)
	}
	if x := due(d, contact); x != nil {
		t.Errorf("at the hub: got %+v, want no resurrection", x)
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
	tb.wantOutcome(d, resolve.Postponed, resolve.ReasonIncompleteRead)
	d = tb.see(deal, "d1", start, record.Fields{"name": "Roof", "stage": "won", "amount": "100", "who": "h1"})
	if x := due(d, bill); x == nil || x.Operation != record.OperationCreate {
		t.Errorf("a deal first seen won, after the first load: got %+v, want its invoice", x)
	}
}

// TestWhatIsMadeAfterADeletionIsNotRemovedByIt: one of two spokes' records is deleted before the hub has one. The other is
// made on the hub, and lives.
func TestWhatIsMadeAfterADeletionIsNotRemovedByIt(t *testing.T) {
	for _, late := range []bool{false, true} { // deleted while the hub's record is being made
		tb := newTable(t)
		tb.rules.Groups[0].Mappings[0].Delete = ruleset.DeleteDelete
		tb.rules.Groups[0].Mappings[1].Create = ruleset.CreateBoth
		tb.see(client, "c1", start, record.Fields{"mail": "a@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""})
		d := tb.see(payer, "b1", start, record.Fields{"mail": "a@x.example", "tel": "1"})
		gone := func() {
			tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: client, ID: "c1"}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
			tb.pass(time.Second)
		}
		if !late {
			gone()
		}
		d = tb.decide(resolve.Observation{Wake: d.Entity})
		key := resolve.EntityKey{Group: "g", ID: d.Entity}
		x := due(d, contact)
		if x == nil || x.Operation != record.OperationCreate {
			t.Fatalf("at the hub: got %+v, want a create", x)
		}
		link := &resolve.Link{Place: contact, State: resolve.LinkNone}
		intent := resolve.IntentOf("g", d.Entity, *x, link)
		leased := link.Leased(resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: 1}, resolve.Attempt{Key: intent.Key, Operation: intent.Operation, Fields: intent.Fields, At: tb.view.Now})
		tb.commit(resolve.Decision{Patch: resolve.Patch{Owner: key, Links: []*resolve.Link{leased}}})
		if late {
			tb.pass(time.Second)
			gone()
		}
		d = tb.commit(tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: d.Entity, Place: contact, Intent: intent, Fence: 1, Receipt: record.Receipt{Key: intent.Key, ID: "h1"}}}))
		removed := due(d, contact) != nil && due(d, contact).Operation == record.OperationDelete
		if removed != late {
			t.Errorf("deleted while it was being made: %t, removed from the hub: %t", late, removed)
		}
	}
}

// TestADeletionOfOursIsNoPersons: what was removed because the hub's record was, with an outcome that nobody told us, is
// seen gone. It does not take along what a person tied to the entity meanwhile, and comes back with the hub's.
func TestADeletionOfOursIsNoPersons(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[0].RestoresSpoke = true
	id := linked(tb)
	gone := func(place record.Place, evidence record.Evidence) resolve.Decision {
		tb.pass(time.Minute)
		return tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: place, ID: ids[place]}, Evidence: evidence, ReadBegan: tb.view.Now}}))
	}
	d := gone(contact, record.EvidenceDeleted)
	tb.write(d, client, ids[client], fault.Newf(fault.InDoubt, "archive", "no answer"))
	tb.pass(2 * time.Minute)
	gone(client, record.EvidenceArchived)
	link := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[client]
	if link.State != resolve.LinkTombstone || !link.ArchivedByUs {
		t.Errorf("got a link that is %s, archived by us: %t; want a tombstone of ours", link.State, link.ArchivedByUs)
	}
	tb.pass(time.Hour)
	d = tb.see(contact, ids[contact], tb.view.Now, record.Fields{"email": "a@x.example", "phone": "1", "street": "Elm 1", "note": "n", "fcid": ""})
	if x := due(d, client); x == nil || x.Operation != record.OperationRestore {
		t.Errorf("the hub's record is restored: got %+v due at the spoke, want a restore", x)
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
	if before.Reason != resolve.ReasonKeyHeld {
		t.Fatalf("got %+v, want an email that another holds", before)
	}
	tb.commit(tb.decide(resolve.Observation{Answer: &resolve.Answer{Entity: id, Field: "email", Value: "b@x.example", At: tb.view.Now}}))
	tb.wantValue(id, "email", had)
	if diff := cmp.Diff(before, tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity.Parked["email"]); diff != "" {
		t.Errorf("what waits for a person has changed:\n%s", diff)
	}
}

// TestAnOlderValueOfOursIsNotTheOwnersChoice: while the hub's record is made, with an outcome that nobody tells us, a spoke
// sets a field that the hub owns, for the hub has no record yet. What we made shows the older value.
func TestAnOlderValueOfOursIsNotTheOwnersChoice(t *testing.T) {
	tb := newTable(t)
	seen := record.Fields{"mail": "a@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""}
	d := tb.see(client, "c1", start, seen)
	asked := record.Fields{}
	for name, value := range due(d, contact).Fields {
		asked[name] = value
	}
	tb.write(d, contact, "", fault.Newf(fault.InDoubt, "create", "no answer"))
	tb.pass(time.Minute)
	seen = record.Fields{"mail": "a@x.example", "tel": "2", "road": "", "memo": "", "hubid": ""}
	tb.see(client, "c1", tb.view.Now, seen)
	tb.wantValue(d.Entity, "phone", "2")
	tb.pass(4 * time.Minute) // past all doubt that it may still come
	for _, name := range []record.PlatformField{"email", "phone", "street", "note", "fcid"} {
		if _, ok := asked[name]; !ok {
			asked[name] = ""
		}
	}
	d = tb.see(contact, "h1", start, asked)
	tb.wantOutcome(d, resolve.Applied, resolve.ReasonAdopted)
	tb.wantValue(d.Entity, "phone", "2")
	if x := due(d, contact); x == nil || x.Fields["phone"] != "2" {
		t.Errorf("at the hub: got %+v, want the phone that is set by now", x)
	}
}

// TestWhatLeftTheEntityComesBackWithTheHubsRecord: a spoke's record is deleted, and ours on the hub with it; another spoke's
// leaves the entity, by its policy. The first is restored, and all are.
func TestWhatLeftTheEntityComesBackWithTheHubsRecord(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Entities[0].RestoresHub = true
	tb.rules.Groups[0].Mappings[1].Delete = ruleset.DeleteUnlink
	id := linked(tb)
	state := func(place record.Place) resolve.LinkState {
		return tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[place].State
	}
	tb.pass(time.Minute)
	d := tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: client, ID: ids[client]}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	tb.write(d, contact, ids[contact], nil)
	if got := state(payer); got != resolve.LinkUnlinked {
		t.Errorf("the hub's record is archived: the other spoke's link is %s, want it unlinked", got)
	}
	tb.pass(time.Hour)
	d = tb.see(client, ids[client], tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm 1", "memo": "n", "hubid": ""})
	tb.write(d, contact, ids[contact], nil)
	if got := state(payer); got != resolve.LinkLive {
		t.Errorf("the hub's record is back: the other spoke's link is %s, want it live", got)
	}
}

func TestAStaleReadOfADeletedRecordIsNoRestore(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	tb.pass(time.Minute)
	tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: contact, ID: ids[contact]}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	held := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm 1", "note": "n", "fcid": ""}
	tb.pass(2 * time.Second)
	tb.wantOutcome(tb.see(contact, ids[contact], tb.view.Now, held), resolve.Postponed, resolve.ReasonStaleRead)
	tb.pass(time.Minute)
	tb.see(contact, ids[contact], tb.view.Now, held)
	if got := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[contact].State; got != resolve.LinkLive {
		t.Errorf("read again past the lag: the link is %s, want live", got)
	}
}

// TestAnOldAttemptExplainsNoEdit: a write of unknown outcome never arrived, and a read that would have shown it says so. Who
// sets that very value later has edited.
func TestAnOldAttemptExplainsNoEdit(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	on := func(place record.Place, name record.PlatformField, value string) resolve.Decision {
		fields := record.Fields{}
		for field, held := range tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[place].Base {
			fields[field] = held
		}
		fields[name] = value
		tb.pass(time.Minute)
		return tb.see(place, ids[place], tb.view.Now, fields)
	}
	tb.write(on(contact, "note", "x"), client, ids[client], fault.Newf(fault.InDoubt, "update", "no answer"))
	tb.pass(10 * time.Minute)
	on(client, "tel", "1") // it shows what it showed before
	tb.write(on(contact, "note", "y"), client, ids[client], nil)
	on(client, "memo", "x")
	tb.wantValue(id, "note", "x")
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

func TestAPlaceThatBecomesFreeIsOfferedToTheRecordThatIsHeldForIt(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	held := tb.see(client, "f2", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "2", "road": "", "memo": "", "hubid": ""})
	tb.wantOutcome(held, resolve.ParkedWork, resolve.ReasonSlotTaken)
	tb.pass(time.Minute)
	d := tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: client, ID: ids[client]}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}})
	if len(d.Hints) != 1 || d.Hints[0].Ref.ID != "f2" {
		t.Errorf("got hints %+v, want the held record read again", d.Hints)
	}
}

// TestARemovalOfOursWhoseCauseIsOverRemovesNothingMore: a spoke's record is deleted, and ours on the hub with it. Another
// record takes the place on the spoke before that is known to be done: the hub's comes back, and the new record stays.
func TestARemovalOfOursWhoseCauseIsOverRemovesNothingMore(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Entities[0].RestoresHub = true
	linked(tb)
	tb.see(client, "f2", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""})
	gone := func(place record.Place) resolve.Decision {
		tb.pass(time.Minute)
		return tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: place, ID: ids[place]}, Evidence: record.EvidenceArchived, ReadBegan: tb.view.Now}}))
	}
	d := gone(client)
	tb.write(d, contact, ids[contact], fault.Newf(fault.InDoubt, "archive", "no answer"))
	tb.see(client, "f2", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""})
	tb.pass(2 * time.Minute)
	d = gone(contact)
	if x := due(d, contact); x == nil || x.Operation != record.OperationRestore {
		t.Errorf("at the hub: got %+v, want its record restored", x)
	}
	if x := due(d, client); x != nil && x.Operation != record.OperationUpdate {
		t.Errorf("the record that took the place: %+v is due", x)
	}
}

func TestAStaleReadOfARecordThatWeRestoredIsNoDeletion(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[0].RestoresSpoke = true
	id := linked(tb)
	tb.pass(time.Minute)
	d := tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: contact, ID: ids[contact]}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	tb.write(d, client, ids[client], nil)
	archived := tb.view.Now
	tb.pass(time.Hour)
	d = tb.see(contact, ids[contact], tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n", "fcid": ""})
	tb.writeAt(d, client, ids[client], tb.view.Now)
	d = tb.decide(resolve.Observation{Snapshot: &record.Snapshot{Ref: record.Ref{Place: client, ID: ids[client]}, Fields: record.Fields{}, Archived: true, ModifiedAt: archived, ReadBegan: tb.view.Now}})
	tb.wantOutcome(d, resolve.Postponed, resolve.ReasonStaleRead)
	if got := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[client].State; got != resolve.LinkLive {
		t.Errorf("the spoke's link is %s, want live", got)
	}
}

// TestWhatIsMadeWhileTheHubsRecordIsDeletedLeavesToo: by its mapping, records leave the entity when the hub's is deleted; one
// is being made at that moment.
func TestWhatIsMadeWhileTheHubsRecordIsDeletedLeavesToo(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Mappings[0].Delete = ruleset.DeleteUnlink
	d := tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": "", "fcid": ""})
	key := resolve.EntityKey{Group: "g", ID: d.Entity}
	link := &resolve.Link{Place: client, State: resolve.LinkNone}
	intent := resolve.IntentOf("g", d.Entity, *due(d, client), link)
	leased := link.Leased(resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: 1}, resolve.Attempt{Key: intent.Key, Operation: intent.Operation, Fields: intent.Fields, At: tb.view.Now})
	tb.commit(resolve.Decision{Patch: resolve.Patch{Owner: key, Links: []*resolve.Link{leased}}})
	tb.pass(time.Second)
	tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: contact, ID: "h1"}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	tb.commit(tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: d.Entity, Place: client, Intent: intent, Fence: 1, Receipt: record.Receipt{Key: intent.Key, ID: "f1"}}}))
	if got := tb.view.Entities[key].Links[client].State; got != resolve.LinkUnlinked {
		t.Errorf("the client's link is %s, want it unlinked", got)
	}
}
