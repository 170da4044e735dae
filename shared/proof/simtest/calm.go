package simtest

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/proof/model"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// calm is a history in which nothing fails and people wait until all has come to rest before they go on: then the
// configuration's meaning alone says what every platform shows, exactly, and package model reads it.
type calm struct {
	initial []model.Action // the records that were there from the start
	model   *model.Model   // nil until they are all laid out
}

// calmKinds are the kinds of actions of calm histories.
var calmKinds = []ActionKind{ActCreate, ActEdit, ActBlank, ActDelete, ActRestore, ActEmail, ActTwin, ActRefused, ActDeal, ActBill, ActStage, ActReassign}

// drawCalm gives the calm history of a seed.
func drawCalm(seed uint64) History {
	h := Draw(seed)
	h.Weather = Weather{}
	s := &h.Setup
	s.Change, s.Finance, s.Poison, s.Limits, s.Skewed = ChangeNothing, false, false, ruleset.Limits{}, false
	s.Accounts = s.Accounts[:1+s.Spokes]
	h.Initial = slices.CompactFunc(h.Initial, func(a, b Initial) bool { return a.Person == b.Person && a.Account == b.Account })
	h.Actions = slices.DeleteFunc(h.Actions, func(a Action) bool { return !slices.Contains(calmKinds, a.Kind) })
	r := rand.New(rand.NewPCG(seed, 4))
	if s.Rich = drawRich(r); len(s.Rich.fields()) > 0 {
		for range 1 + r.IntN(5) {
			a := Action{Kind: ActRich, Pick: [4]uint32{r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32()}}
			h.Actions = slices.Insert(h.Actions, r.IntN(len(h.Actions)+1), a)
		}
	}
	if deleted := slices.IndexFunc(h.Actions, func(a Action) bool { return a.Kind == ActDelete }); deleted >= 0 && r.IntN(2) == 0 {
		back := Action{Kind: ActRestore, Pick: [4]uint32{r.Uint32(), h.Actions[deleted].Pick[1]}}
		h.Actions = slices.Insert(h.Actions, deleted+1+r.IntN(len(h.Actions)-deleted), back)
	}
	for i := range s.Accounts {
		s.Accounts[i].Rewords = r.IntN(6) == 0
	}
	for i := range h.Actions {
		if h.Actions[i].Kind != ActCreate {
			continue
		}
		h.Actions[i].Pick[3] |= 1 // no colleague enters the same person at once
	}
	return h
}

// runCalm runs a calm history and holds the platforms against the model after each action.
func runCalm(h History, o Options) Result {
	w := newWorld(h, o)
	if o.spare != nil {
		w.spare, w.workers = o.spare, *o.spare
	}
	defer w.end()
	w.calm, w.stormy = &calm{}, false
	w.layOut()
	g := &w.rules.Groups[0]
	w.calm.model = model.New(g, model.Platforms{Spells: w.spells, Refuses: w.refuses, Restores: w.canRestore}, w.calm.initial)
	w.comeToRest()
	for _, a := range h.Actions {
		if len(w.violations) > 0 {
			break
		}
		w.resting, w.atRest = false, nil
		w.act(a)
		w.comeToRest()
	}
	return Result{Seed: h.Seed, Digest: w.digest, UserChanges: w.userChanges, Points: w.points, Violations: w.violations, Excused: w.excused}
}

// did is told of each thing that a person did.
func (w *world) did(a model.Action) {
	switch {
	case w.calm == nil:
	case w.calm.model == nil:
		w.calm.initial = append(w.calm.initial, a)
	default:
		w.calm.model.Act(a)
	}
}

// comeToRest lets everything that is due be done, and asks the model.
func (w *world) comeToRest() {
	if !w.settle() {
		w.violate(InvariantRest, "it does not come to rest: %d events, %d messages wait", w.steps, w.post.waiting())
		return
	}
	if all := w.calm.model.Judge(w.seen()); len(all) > 0 {
		w.violate(InvariantMeaning, "%s", strings.Join(all, "; "))
	}
}

// seen gives all that the platforms show, but for our identity on their records.
func (w *world) seen() model.Seen {
	out := model.Seen{}
	for _, place := range w.rules.Places() {
		mem := w.accounts[place.Connection].mem
		marker := w.rules.MarkerAt(place)
		for _, id := range mem.IDs(place.Object) {
			fields, _ := mem.Record(place.Object, id)
			delete(fields, marker)
			out[record.Ref{Place: place, ID: id}] = fields
		}
	}
	return out
}

func (w *world) spells(place record.Place, name record.PlatformField, text string) string {
	return w.accounts[place.Connection].setup.spelling(name, text)
}

func (w *world) refuses(place record.Place, name record.PlatformField, text string) bool {
	return len(refuse(place.Object, record.Fields{name: text})) > 0
}

func (w *world) canRestore(place record.Place) bool {
	return w.accounts[place.Connection].setup.Restores
}

// Extra is something that calm histories can draw, and do not by themselves as long as the system is known to fail it.
type Extra struct {
	Name string
	// Words says what people do, Fails what is wrong with what the system makes of it.
	Words, Fails string
}

// Extras lists what calm histories draw only when asked.
func Extras() []Extra {
	return []Extra{
		{"silent-first", "make records with a value that a value map has no entry for", "no newer edit of its owner is written over it; and in a first load a spoke's value reaches another spoke before the hub was read, and stays where the hub's has no translation"},
	}
}
