package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestADeletionInTheHubArchivesWhereAskedAndResurrectsNothing(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	gone := record.Absence{Ref: record.Ref{Place: contact, ID: "h1"}, Evidence: record.EvidenceNotFound, ReadBegan: tb.view.Now}
	d := tb.decide(resolve.Observation{Absence: &gone})
	tb.wantOutcome(d, resolve.Postponed, record.ReasonMissingOnce)
	d = tb.commit(tb.decide(resolve.Observation{Absence: &gone, Change: record.Change{MissingSince: d.MissingSince}}))
	tb.wantOutcome(d, resolve.Applied, record.ReasonDeleted)
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
		intent := x.Intent
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
	tb.wantOutcome(tb.see(contact, ids[contact], tb.view.Now, held), resolve.Postponed, record.ReasonStaleRead)
	tb.pass(time.Minute)
	tb.see(contact, ids[contact], tb.view.Now, held)
	if got := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Links[contact].State; got != resolve.LinkLive {
		t.Errorf("read again past the lag: the link is %s, want live", got)
	}
}

func TestAPlaceThatBecomesFreeIsOfferedToTheRecordThatIsHeldForIt(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	held := tb.see(client, "f2", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "2", "road": "", "memo": "", "hubid": ""})
	tb.wantOutcome(held, resolve.ParkedWork, record.ReasonSlotTaken)
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

// TestAnOwnerThatComesBackIsNotAbsent: the hub's record was archived for a client's deletion, which is over; until it is back,
// nobody else sets what it owns.
func TestAnOwnerThatComesBackIsNotAbsent(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Entities[0].RestoresHub = true
	id := linked(tb)
	tb.pass(time.Minute)
	d := tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: client, ID: ids[client]}, Evidence: record.EvidenceArchived, ReadBegan: tb.view.Now}}))
	tb.write(d, contact, ids[contact], nil)
	tb.pass(time.Hour)
	tb.see(client, ids[client], tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "siteid": ""})
	d = tb.see(payer, ids[payer], tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "9"})
	tb.wantOutcome(d, resolve.Applied, record.ReasonNonOwnerReverted)
	tb.wantValue(id, "phone", "1")
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
	tb.wantOutcome(d, resolve.Postponed, record.ReasonStaleRead)
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
	intent := due(d, client).Intent
	leased := link.Leased(resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: 1}, resolve.Attempt{Key: intent.Key, Operation: intent.Operation, Fields: intent.Fields, At: tb.view.Now})
	tb.commit(resolve.Decision{Patch: resolve.Patch{Owner: key, Links: []*resolve.Link{leased}}})
	tb.pass(time.Second)
	tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: contact, ID: "h1"}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
	tb.commit(tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: d.Entity, Place: client, Intent: intent, Fence: 1, Receipt: record.Receipt{Key: intent.Key, ID: "f1"}}}))
	if got := tb.view.Entities[key].Links[client].State; got != resolve.LinkUnlinked {
		t.Errorf("the client's link is %s, want it unlinked", got)
	}
}

// TestWhatWeBringBackIsNotTheOwnersChoice: the hub's record goes with a spoke's deletion. Before both come back, the other
// spoke sets a field that the hub owns, for the hub has no record then. What the hub's people had given stands again; what we
// had written there does not.
func TestWhatWeBringBackIsNotTheOwnersChoice(t *testing.T) {
	for _, told := range []error{nil, fault.Newf(fault.InDoubt, "restore", "no answer")} {
		for _, own := range []bool{true, false} {
			tb := newTable(t)
			tb.rules.Groups[0].Entities[0].RestoresHub = true
			held := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n", "fcid": ""}
			on := record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "hubid": ""}
			if own {
				tb.see(contact, "h1", start, held)
			}
			d := tb.see(client, "f1", start, on)
			if !own {
				tb.write(d, contact, "h1", nil)
			}
			id := d.Entity
			tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": "1"})
			tb.pass(time.Minute)
			d = tb.commit(tb.decide(resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: client, ID: "f1"}, Evidence: record.EvidenceDeleted, ReadBegan: tb.view.Now}}))
			tb.write(d, contact, "h1", nil)
			tb.pass(time.Hour)
			tb.see(payer, "b1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "2"})
			tb.wantValue(id, "phone", "2")
			tb.pass(time.Hour)
			d = tb.see(client, "f1", tb.view.Now, on)
			tb.write(d, contact, "h1", told)
			tb.pass(5 * time.Minute)
			d = tb.see(contact, "h1", tb.view.Now, held)
			if own {
				tb.wantValue(id, "phone", "1")
				continue
			}
			tb.wantValue(id, "phone", "2")
			if x := due(d, contact); x == nil || x.Fields["phone"] != "2" {
				t.Errorf("told %v, at the hub: got %+v, want the phone that is set by now", told, x)
			}
		}
	}
}
