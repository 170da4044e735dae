package simtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// valueMark is in every value that people give, and in nothing else: so a value is recognised wherever it leaks.
const valueMark = "~"

// edit is one value that a person gave a field of a record. Its number is in the value, so that whoever shows the
// value, in whatever form, tells which edit it came from.
type edit struct {
	number int
	ref    record.Ref
	field  record.PlatformField
	value  string
	at     time.Time
	// parent is the edit whose value the person saw there and replaced, 0 for none.
	parent int
	// seen is when a read of ours first showed it.
	seen time.Time
	// decided is when the system first said what became of it.
	decided time.Time
	// told is when it first said so of the very record.
	told time.Time
	// clobbered: a write of ours replaced it unseen, in the moment that a platform without conditional updates leaves.
	clobbered bool
	// birth: the record, or this field of it, was nobody's yet, so that it is a value at first sight and no edit to us.
	birth bool
	// shown: a list or a read had shown the record to us before, so that it is an edit to us if that reached us.
	shown bool
	// undetectable: it put back what stood before a write of ours whose outcome nobody told us. That looks as if the
	// write had not arrived.
	undetectable bool
}

// cell is what a field of a record shows: whose edit, and whether a person or a write of ours put it there.
type cell struct {
	edit   int
	person bool
	at     time.Time
}

// life is what happened to a record.
type life struct {
	ref       record.Ref
	ours      bool      // made by a write of ours
	bornAt    time.Time // or came back
	keyed     bool      // and with nothing but the email
	asked     time.Time // when the create that made it was first recorded
	deletedBy string    // "", "person", "us"
	deletedAt time.Time
	removed   bool              // a person deleted it, though it may have come back
	restored  bool              // a person made it live again
	backAt    time.Time         // when we did
	into      record.ExternalID // merged by a person
	emails    map[int]bool      // the edits whose value its email ever showed
	known     bool              // when it was merged, it was somebody's
	winner    bool              // others were merged into it
	loaded    bool              // when a person made it, its place's first load was over
	stages    []string          // of a deal on the hub, as people set them
}

// truth is what really happened, seen from outside: it knows nothing of the system's state.
type truth struct {
	w     *world
	edits []*edit // edits[0] is none
	cells map[record.Ref]map[record.PlatformField]cell
	lives map[record.Ref]*life
	order []record.Ref
	// shown notes the fields that a read of ours showed with a value, by record.
	shown map[record.Ref]map[record.PlatformField]bool
	// answers are the values that an operator chose, asked the entities that they were chosen for.
	answers map[int]bool
	asked   map[record.EntityID]bool
}

func newTruth(w *world) *truth {
	return &truth{w: w, edits: []*edit{nil}, cells: map[record.Ref]map[record.PlatformField]cell{}, lives: map[record.Ref]*life{},
		shown: map[record.Ref]map[record.PlatformField]bool{}, answers: map[int]bool{}, asked: map[record.EntityID]bool{}}
}

// newEdit numbers an edit of a field that is about to be made and gives the value to make it with. An email says who;
// a blank has a number all the same.
func (t *truth) newEdit(ref record.Ref, field record.PlatformField, blank bool) *edit {
	e := &edit{number: len(t.edits), ref: ref, field: field, at: t.w.now}
	switch {
	case blank:
	case isEmail(field):
		e.value = fmt.Sprintf("e%d%s@x.io", e.number, valueMark)
	default:
		e.value = fmt.Sprintf("v%d%s", e.number, valueMark)
	}
	t.edits = append(t.edits, e)
	return e
}

func isEmail(field record.PlatformField) bool {
	return field == record.PlatformField(emailField) || field == spokeField(emailField)
}

// numberOf gives the edit that a value came from, 0 for a value that no person gave.
func numberOf(value string) int {
	if !strings.Contains(value, valueMark) {
		return 0
	}
	begin := strings.IndexFunc(value, func(r rune) bool { return r >= '0' && r <= '9' })
	if begin < 0 {
		return 0
	}
	end := begin
	for end < len(value) && value[end] >= '0' && value[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(value[begin:end])
	return n
}

// made notes a record that a person made; fields holds the edits it was made with.
func (t *truth) born(ref record.Ref, ours bool) *life {
	l := &life{ref: ref, ours: ours, keyed: ours, bornAt: t.w.now, emails: map[int]bool{}}
	t.lives[ref] = l
	t.order = append(t.order, ref)
	t.cells[ref] = map[record.PlatformField]cell{}
	return l
}

// edited notes an edit that a person made just now.
func (t *truth) edited(e *edit) {
	cells := t.cells[e.ref]
	known, based := t.w.knows(e.ref, e.field)
	// What we made and do not know of yet was blank where we sent nothing, as far as its field is mapped.
	unmapped := !t.w.mapped(e.ref.Place, e.field)
	e.birth = !based && (known || !t.lives[e.ref].ours || unmapped)
	e.parent = cells[e.field].edit
	// (Whether it is mapped by the time that we know of it is not known yet.)
	e.shown = t.shown[e.ref] != nil || unmapped && !known
	e.undetectable = t.w.inDoubt(e.ref, e.field, e.value)
	cells[e.field] = cell{edit: e.number, person: true, at: t.w.now}
	if !known && t.w.unrecognisable(e.ref) { // what people did to it before is no edit either, then
		for _, x := range t.edits {
			if x != nil && x.ref == e.ref {
				x.undetectable = true
			}
		}
		e.undetectable = true
	}
	if n := numberOf(e.value); isEmail(e.field) && n > 0 {
		t.lives[e.ref].emails[n] = true
	}
}

// mapped reports whether a pair reads a field, by the rules of whatever run begins now.
func (w *world) mapped(place record.Place, field record.PlatformField) bool {
	for _, rules := range []*ruleset.Rules{w.rules, w.replaced} {
		if rules != nil && !slices.ContainsFunc(rules.GroupsAt(place), func(g *ruleset.Group) bool {
			return slices.ContainsFunc(g.PairsAt(place), func(p ruleset.Pair) bool { return slices.Contains(p.Spoke, field) })
		}) {
			return false
		}
	}
	return true
}

// wrote notes what a write of ours put into a field.
func (t *truth) wrote(ref record.Ref, field record.PlatformField, value string) {
	n := numberOf(value)
	if value == "" {
		n = t.lastBlank(field)
	}
	t.cells[ref][field] = cell{edit: n, at: t.w.now}
	if isEmail(field) && n > 0 {
		t.lives[ref].emails[n] = true
	}
}

// lastBlank gives the newest edit that emptied a field of this meaning, anywhere.
func (t *truth) lastBlank(field record.PlatformField) int {
	for i := len(t.edits) - 1; i > 0; i-- {
		if t.edits[i].value == "" && meaning(t.edits[i].field) == meaning(field) {
			return i
		}
	}
	return 0
}

// meaning folds the hub's and the spokes' names of a person's field.
func meaning(field record.PlatformField) string {
	if field == spokeField("tag") {
		return "tag"
	}
	return strings.TrimPrefix(string(field), "s_")
}

// saw notes what a read or an answer showed us.
func (t *truth) saw(s record.Snapshot) {
	for name, value := range s.Fields {
		if value == "" {
			continue
		}
		if n := numberOf(value); n > 0 && n < len(t.edits) && t.edits[n].ref == s.Ref && t.edits[n].seen.IsZero() {
			t.edits[n].seen = t.w.now
		}
		if t.shown[s.Ref] == nil {
			t.shown[s.Ref] = map[record.PlatformField]bool{}
		}
		t.shown[s.Ref][name] = true
	}
}

func (t *truth) sawPage(p platform.Page) {
	for _, s := range p.Snapshots {
		if !s.Lagging {
			t.saw(s)
		}
	}
}

// cameFromBlank reports whether a blank emptied values that nobody saw, and before them there was none.
func (t *truth) cameFromBlank(blank *edit) bool {
	e := blank
	for e.parent > 0 && t.edits[e.parent].ref == blank.ref && t.edits[e.parent].seen.IsZero() {
		e = t.edits[e.parent]
	}
	return e != blank && (e.parent == 0 || t.edits[e.parent].value == "")
}

// superseded reports the edits that another edit replaced knowingly, among those of the given records, and their
// forebears: none of them may be what the field ends with. A blank that the policy does not take replaced nothing.
func (t *truth) superseded(keeps bool, edits []*edit) map[int]bool {
	out := map[int]bool{}
	for _, e := range edits {
		for n := e.parent; n != 0 && !out[n] && !(keeps && t.edits[n].value == ""); n = t.edits[n].parent {
			out[n] = true
		}
	}
	return out
}

// lostTo reports whether an edit was decided about before another was that replaced one knowingly which the policy prefers
// too: that one stood at last, or it would not have come to where it was replaced.
func (t *truth) lostTo(e, winner *edit, preferred func(*edit) bool) bool {
	if e.told.IsZero() || !winner.told.IsZero() && !e.told.Before(winner.told) {
		return false
	}
	for n := winner.parent; n != 0; n = t.edits[n].parent {
		if x := t.edits[n]; x != e && preferred(x) && !x.decided.IsZero() {
			return true
		}
	}
	return false
}

// applied notes what one write of ours did.
func (t *truth) applied(e memplatform.Effect) {
	ref := record.Ref{Place: e.Intent.Ref.Place, ID: e.ID}
	switch e.Intent.Operation {
	case record.OperationCreate:
		l := t.born(ref, true)
		l.asked = t.w.askedAt(ref.Place, &e.Intent)
		for name, value := range e.Intent.Fields {
			l.keyed = l.keyed && (isEmail(name) || value == "" || name == e.Intent.Marker)
		}
	case record.OperationArchive, record.OperationDelete:
		t.lives[ref].deletedBy, t.lives[ref].deletedAt = "us", t.w.now
		return
	case record.OperationRestore:
		t.lives[ref].deletedBy, t.lives[ref].backAt = "", t.w.now
		return
	}
	for name, value := range e.After {
		if e.Before == nil || e.Before[name] != value {
			t.wrote(ref, name, value)
		}
	}
}

// answered notes what an operator chose: it stands although it may be old.
func (t *truth) answered(id record.EntityID, text string) {
	t.answers[numberOf(text)] = true
	t.asked[id] = true
}

// unrecognisable reports whether a record that we made, and do not know of, shows nothing more of what we asked for but the
// email, on a platform that has no field for our identity: then it is like anybody's.
func (w *world) unrecognisable(ref record.Ref) bool {
	if l := w.truth.lives[ref]; !l.ours || l.keyed || w.accounts[ref.Connection].setup.Marker {
		return false
	}
	for name, c := range w.truth.cells[ref] {
		if !isEmail(name) && !c.person && c.edit > 0 {
			return false
		}
	}
	return true
}
