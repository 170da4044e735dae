package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 10: a condition is judged again at the moment of acting.

func roof(stage, amount string) record.Fields {
	return record.Fields{"name": "Roof", "stage": stage, "amount": amount, "who": "h1"}
}

func TestADealThatIsLostAgainMakesNoInvoice(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	tb.see(deal, "d1", start, roof("talks", "100"))
	d := tb.see(deal, "d1", start.Add(time.Minute), roof("won", "100"))
	if due(d, bill) == nil {
		t.Fatal("no invoice is due of a won deal")
	}
	d = tb.see(deal, "d1", start.Add(2*time.Minute), roof("lost", "100"))
	if x := due(d, bill); x != nil {
		t.Errorf("an invoice is due of a lost deal: %+v", x)
	}
	d = tb.see(deal, "d1", start.Add(3*time.Minute), roof("won", "100"))
	if due(d, bill) == nil {
		t.Error("no invoice is due of a deal that is won after all")
	}
}

func TestWonBeforeTheFirstLoadStaysSoAfterItMovesOutAndBack(t *testing.T) {
	tb := newTable(t)
	linked(tb)
	tb.view.Loaded[deal] = false
	tb.see(deal, "d1", start, roof("won", "100"))
	tb.view.Loaded[deal] = true
	tb.see(deal, "d1", start.Add(time.Minute), roof("talks", "100"))
	d := tb.see(deal, "d1", start.Add(2*time.Minute), roof("won", "100"))
	if x := due(d, bill); x != nil {
		t.Errorf("a deal that was won before go-live is billed: %+v", x)
	}
}

func TestWhatLeftTheFilterIsUpdatedOnlyWhereItFollows(t *testing.T) {
	for _, c := range []struct {
		name string
		exit ruleset.AfterExit
		due  bool
	}{{"it stops", ruleset.AfterExitStop, false}, {"it follows", ruleset.AfterExitFollow, true}} {
		t.Run(c.name, func(t *testing.T) {
			tb := newTable(t)
			for i := range tb.rules.Groups[0].Mappings {
				tb.rules.Groups[0].Mappings[i].AfterExit = c.exit
			}
			linked(tb)
			tb.see(deal, "d1", start, roof("talks", "100"))
			tb.write(tb.see(deal, "d1", start.Add(time.Minute), roof("won", "100")), bill, "i1", nil)
			d := tb.see(deal, "d1", start.Add(2*time.Minute), roof("won", "120"))
			if x := due(d, bill); x == nil || x.Fields["total"] != "120" {
				t.Fatalf("inside the filter got %+v, want the new amount", x)
			}
			tb.write(d, bill, "i1", nil)
			d = tb.see(deal, "d1", start.Add(3*time.Minute), roof("lost", "1"))
			if x := due(d, bill); (x != nil) != c.due {
				t.Errorf("outside the filter got %+v, want due %v", x, c.due)
			}
		})
	}
}

// Rule 2: what stood there before us is not ours to overwrite.

// oneWay makes the customers' pairs flow to the spoke alone.
func oneWay(t *testing.T, on ruleset.OnLink) *table {
	tb := newTable(t)
	m := &tb.rules.Groups[0].Mappings[1]
	m.OnLink = on
	for i := range m.Pairs {
		m.Pairs[i].Direction = ruleset.ToSpoke
	}
	return tb
}

func TestAValueThatStoodThereIsKeptUntilItsSourceIsEdited(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	hub := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"}
	tb.see(contact, "h1", start, hub)
	d := tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": "555"})
	if x := due(d, payer); x != nil {
		t.Errorf("a customer's own phone is overwritten at the link: %+v", x)
	}
	tb.pass(time.Minute)
	hub["note"] = "another"
	if x := due(tb.see(contact, "h1", tb.view.Now, hub), payer); x != nil {
		t.Errorf("an edit of another field overwrites it: %+v", x)
	}
	tb.pass(time.Minute)
	hub["phone"] = "2"
	d = tb.see(contact, "h1", tb.view.Now, hub)
	if x := due(d, payer); x == nil || x.Fields["tel"] != "2" || len(x.Fields) != 1 {
		t.Errorf("after an edit of the source got %+v, want its phone and nothing else", x)
	}
}

// A record that a merge on the hub brings in is nobody's find, also where the first read of it leaves a field out.
func TestAShortReadMakesARecordOfOursNoFind(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "", "note": ""})
	tb.see(contact, "h2", start, record.Fields{"email": "bob@x.example", "phone": "5", "street": "", "note": ""})
	tb.see(payer, "b2", start, record.Fields{"mail": "bob@x.example", "tel": "5"})
	tb.pass(time.Minute)
	merged := record.Absence{Ref: record.Ref{Place: contact, ID: "h2"}, Evidence: record.EvidenceMerged, Into: "h1", ReadBegan: tb.view.Now}
	tb.commit(tb.decide(resolve.Observation{Absence: &merged}))
	tb.pass(time.Minute)
	tb.see(payer, "b2", tb.view.Now, record.Fields{"mail": "bob@x.example"})
	tb.pass(time.Minute)
	d := tb.see(payer, "b2", tb.view.Now, record.Fields{"mail": "bob@x.example", "tel": "5"})
	if x := due(d, payer); x == nil || x.Fields["tel"] != "1" || x.Fields["mail"] != "ann@x.example" {
		t.Errorf("due at the spoke: got %+v, want the survivor's email and phone", x)
	}
}

func TestABlankThatStoodThereIsFilled(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"})
	d := tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": ""})
	if x := due(d, payer); x == nil || x.Fields["tel"] != "1" {
		t.Errorf("got %+v, want the blank filled", x)
	}
}

func TestAMappingMaySayThatItOverwritesAtTheLink(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkOverwrite)
	tb.see(contact, "h1", start, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"})
	d := tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": "555"})
	if x := due(d, payer); x == nil || x.Fields["tel"] != "1" {
		t.Errorf("got %+v, want the hub's phone", x)
	}
}

// What we made is ours: nothing of it stood there before.
func TestWhatWeMadeFollowsFromTheBeginning(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	hub := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"}
	d := tb.see(contact, "h1", start, hub)
	tb.write(d, payer, "b1", nil)
	tb.pass(time.Minute)
	hub["phone"] = "2"
	d = tb.see(contact, "h1", tb.view.Now, hub)
	if x := due(d, payer); x == nil || x.Fields["tel"] != "2" {
		t.Errorf("got %+v, want the new phone", x)
	}
}

// No matter who changes it there: nobody's value is emptied or replaced by one that was never there.
func TestWhatStandsThereStaysAlsoWhenItsPeopleChangeIt(t *testing.T) {
	tb := oneWay(t, ruleset.OnLinkKeep)
	hub := record.Fields{"email": "ann@x.example", "phone": "", "street": "Elm", "note": "n"}
	tb.see(contact, "h1", start, hub)
	tb.see(payer, "b1", start, record.Fields{"mail": "ann@x.example", "tel": "555"})
	tb.pass(time.Minute)
	d := tb.see(payer, "b1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "556"})
	if x := due(d, payer); x != nil {
		t.Errorf("their own edit is undone: %+v", x)
	}
	tb.pass(time.Minute)
	hub["phone"] = "2"
	if x := due(tb.see(contact, "h1", tb.view.Now, hub), payer); x == nil || x.Fields["tel"] != "2" {
		t.Errorf("after an edit of the source got %+v, want its phone", x)
	}
}

// Rule 5: a person empties a note, which by the policy replaces nothing, and then writes another: that is no conflict with the
// one which came from the very same record.
func TestAnEditOverAKeptBlankIsNoConflictWithItself(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Entities[0].Fields[3].Conflict = ruleset.ConflictManual
	id := linked(tb)
	hub := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": ""}
	var d resolve.Decision
	for _, note := range []string{"call her", "", "called"} {
		tb.pass(time.Minute)
		hub["note"] = note
		d = tb.see(contact, "h1", tb.view.Now, hub)
	}
	tb.wantOutcome(d, resolve.Applied, record.ReasonEdit)
	tb.wantValue(id, "note", "called")
}

// TestWhoBlankedAValueKnowsIt: the value came from elsewhere, and was shown where it is emptied and written anew.
func TestWhoBlankedAValueKnowsIt(t *testing.T) {
	tb := newTable(t)
	tb.rules.Groups[0].Entities[0].Fields[3].Conflict = ruleset.ConflictManual
	id := linked(tb)
	tb.pass(time.Minute)
	d := tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "from the field", "hubid": ""})
	tb.write(d, contact, "h1", nil)
	hub := record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "from the field"}
	for _, note := range []string{"", "called"} {
		tb.pass(time.Minute)
		hub["note"] = note
		d = tb.see(contact, "h1", tb.view.Now, hub)
	}
	tb.wantOutcome(d, resolve.Applied, record.ReasonEdit)
	tb.wantValue(id, "note", "called")
}
