package resolve_test

import (
	"maps"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestAWriteOfUnknownOutcomeIsRecognisedWhenSeen(t *testing.T) {
	tb := newTable(t)
	id := linked(tb)
	d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "2", "street": "Elm", "note": "n"})
	d = tb.write(d, client, "f1", fault.Newf(fault.InDoubt, "apply", "no answer"))
	tb.wantOutcome(d, resolve.Postponed, record.ReasonInDoubt)
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

// TestAnOlderValueOfOursIsNotTheOwnersChoice: while the hub's record is made, with an outcome that nobody tells us, a spoke
// sets a field that the hub owns, for the hub has no record yet. What we made shows the older value, or the platform's
// spelling of it.
func TestAnOlderValueOfOursIsNotTheOwnersChoice(t *testing.T) {
	for _, shown := range []string{"1", "+1"} {
		tb := newTable(t)
		seen := record.Fields{"mail": "a@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""}
		d := tb.see(client, "c1", start, seen)
		made := record.Fields{"email": "", "phone": "", "street": "", "note": "", "fcid": ""}
		maps.Copy(made, due(d, contact).Fields)
		tb.write(d, contact, "", fault.Newf(fault.InDoubt, "create", "no answer"))
		tb.pass(time.Minute)
		seen = record.Fields{"mail": "a@x.example", "tel": "2", "road": "", "memo": "", "hubid": ""}
		tb.see(client, "c1", tb.view.Now, seen)
		tb.wantValue(d.Entity, "phone", "2")
		tb.pass(4 * time.Minute) // past all doubt that it may still come
		made["phone"] = shown
		for _, why := range []record.Reason{record.ReasonAdopted, record.ReasonEcho} {
			d = tb.see(contact, "h1", start, made)
			if d.Reason != why {
				t.Errorf("shown as %s: got %s, want %s", shown, d.Reason, why)
			}
			tb.wantValue(d.Entity, "phone", "2")
			if x := due(d, contact); x == nil || x.Fields["phone"] != "2" {
				t.Errorf("shown as %s, at the hub: got %+v, want the phone that is set by now", shown, x)
			}
			tb.pass(time.Minute)
		}
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

// TestWhatWeMadeIsKnownByOurIdentity: a person empties a field of a record that we made, with an outcome that nobody told us.
// A read that leaves out the field for our identity does not tell whose record it is, so another is asked for.
func TestWhatWeMadeIsKnownByOurIdentity(t *testing.T) {
	tb := newTable(t)
	d := tb.see(client, "c1", start, record.Fields{"mail": "a@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""})
	made := record.Fields{"email": "", "phone": "", "street": "", "note": ""}
	maps.Copy(made, due(d, contact).Fields)
	identity := made["fcid"]
	tb.write(d, contact, "", fault.Newf(fault.InDoubt, "create", "no answer"))
	tb.pass(4 * time.Minute)
	made["phone"] = ""
	delete(made, "fcid")
	d = tb.see(contact, "h1", start, made)
	tb.wantOutcome(d, resolve.Postponed, record.ReasonIncompleteRead)
	made["fcid"] = identity
	d = tb.see(contact, "h1", start, made)
	tb.wantOutcome(d, resolve.Applied, record.ReasonAdopted)
	tb.wantValue(d.Entity, "phone", "")
	if x := due(d, contact); x != nil {
		t.Errorf("at the hub: got %+v, want what its owner emptied left empty", x)
	}
}

// TestAnEditIsJudgedAgainOnceItsOwnersRecordLives: a spoke's edit is judged while the hub, which owns the field, has no record.
// Before that is committed, the receipt of the hub's record is: then the spoke was not to set it.
func TestAnEditIsJudgedAgainOnceItsOwnersRecordLives(t *testing.T) {
	tb := newTable(t)
	d := tb.see(client, "c1", start, record.Fields{"mail": "a@x.example", "tel": "1", "road": "", "memo": "", "hubid": ""})
	edited := &record.Snapshot{Ref: record.Ref{Place: client, ID: "c1"}, Fields: record.Fields{"mail": "a@x.example", "tel": "2", "road": "", "memo": "", "hubid": ""}, ModifiedAt: tb.view.Now, ReadBegan: tb.view.Now}
	early := tb.decide(resolve.Observation{Snapshot: edited})
	tb.wantOutcome(early, resolve.Applied, record.ReasonOwnerAbsent)
	tb.write(d, contact, "h1", nil)
	now := tb.view.Entities[early.Patch.Owner].Entity.Rev
	if early.Patch.Entity.Rev == now {
		t.Errorf("the edit would be committed at revision %d, as if the hub had no record", now)
	}
	tb.wantOutcome(tb.decide(resolve.Observation{Snapshot: edited}), resolve.Applied, record.ReasonNonOwnerReverted)
}

// TestWhereAPersonDecidesDoubtIsAConflict: a write of unknown outcome was on its way to a place where a person then edits. They
// may have seen its value or not.
func TestWhereAPersonDecidesDoubtIsAConflict(t *testing.T) {
	for _, policy := range []ruleset.Conflict{ruleset.ConflictNewest, ruleset.ConflictManual} {
		tb := newTable(t)
		tb.rules.Groups[0].Entities[0].Fields[3].Conflict = policy // of the note
		id := linked(tb)
		d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "x"})
		tb.write(d, client, "f1", fault.Newf(fault.InDoubt, "update", "no answer"))
		tb.pass(2 * time.Minute)
		tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "y"})
		parked, waits := tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity.Parked["note"]
		if policy == ruleset.ConflictNewest {
			tb.wantValue(id, "note", "y")
		} else if !waits || len(parked.Candidates) != 2 {
			t.Errorf("got %+v, want both values to choose from", parked)
		}
	}
}
