package simtest

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// judged is a world of a hub and two spokes in which nothing happened yet, for what the oracle says of edits given to it.
func judged(t *testing.T, setup func(*Setup)) *world {
	t.Helper()
	s := Setup{Spokes: 2, Accounts: make([]AccountSetup, 3), Fields: make([]FieldSetup, 3), Live: time.Hour}
	for i := range s.Accounts {
		s.Accounts[i] = AccountSetup{Marker: true, Missing: -1}
	}
	setup(&s)
	w := newWorld(History{Setup: s}, Options{})
	t.Cleanup(w.end)
	return w
}

// TestAnEditThatLostToWhatWasReplacedKnowinglyStaysLost: two spokes edit one field at once; the first is decided about, and a
// person on the hub replaces its value knowingly. The other spoke's edit is decided about while the first still stands, and
// loses to it by its stamp. Then the hub's is taken, for it knew the first. That is no hub that wins against a spoke.
func TestAnEditThatLostToWhatWasReplacedKnowinglyStaysLost(t *testing.T) {
	at := func(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
	for name, c := range map[string]struct {
		told     [4]int // when the edits of spoke 1, spoke 2 and the hub were decided about; 0 for never
		violates bool
	}{
		"the other spoke's, then the hub's":                     {[4]int{0, 10, 50, 60}, false},
		"the hub's first, so that the other spoke's should win": {[4]int{0, 10, 70, 60}, true},
		"the other spoke's, which the first then beat":          {[4]int{0, 55, 50, 60}, false},
	} {
		w := judged(t, func(*Setup) {})
		ref := func(c record.Connection) record.Ref {
			return record.Ref{Place: record.Place{Connection: c, Object: people}, ID: record.ExternalID(c)}
		}
		w.truth.edits = []*edit{nil,
			{number: 1, ref: ref("spoke1"), at: at(1), seen: at(c.told[1]), decided: at(c.told[1]), told: at(c.told[1])},
			{number: 2, ref: ref("spoke2"), at: at(1), seen: at(c.told[2]), decided: at(c.told[2]), told: at(c.told[2])},
			{number: 3, ref: ref(hubName), at: at(30), seen: at(c.told[3]), decided: at(c.told[3]), told: at(c.told[3]), parent: 1},
		}
		f := &ruleset.Field{Name: "phone", Conflict: ruleset.ConflictSpoke}
		w.checkPolicy(f, stored{Entity: &resolve.Entity{ID: "people:x"}}, 3, "v3~", w.truth.edits[2:])
		if got := len(w.violations) > 0; got != c.violates {
			t.Errorf("%s: violations %v", name, w.violations)
		}
	}
}

// TestWhatAFieldHeldBeforeItWasMappedIsAFirstSight, also on a record of ours that nobody knows of yet: only what it shows of
// mapped fields where we sent nothing is an edit.
func TestWhatAFieldHeldBeforeItWasMappedIsAFirstSight(t *testing.T) {
	for _, mapped := range []bool{false, true} {
		w := judged(t, func(s *Setup) { s.Change = ChangeNewField })
		if mapped {
			w.rules = w.history.Setup.rules(true)
		}
		place := record.Place{Connection: "spoke1", Object: people}
		fields := w.history.Setup.Fields
		name := w.fieldName(record.Ref{Place: place}, personFields[len(fields)-1])
		ref := w.accounts["spoke1"].mem.Create(people, record.Fields{name: ""})
		r := record.Ref{Place: place, ID: ref}
		w.truth.born(r, true)
		e := w.truth.newEdit(r, name, false)
		w.truth.edited(e)
		if e.birth == mapped || e.shown == mapped {
			t.Errorf("mapped %v: birth %v, shown %v", mapped, e.birth, e.shown)
		}
	}
}
