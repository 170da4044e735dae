package simtest

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/proof/model"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// stages that people give deals; won ones reach the spoke where there is a filter.
var stages = []string{"open", "won", "won", "lost"}

func (w *world) createDeal(a Action, stage string) {
	if w.history.Setup.Deals {
		w.createChild(deals, a.Pick[0], record.Fields{"stage": stage})
	}
}

func (w *world) createBill(a Action) {
	if w.history.Setup.Deals && w.history.Setup.Bills {
		w.createChild(bills, a.Pick[0], record.Fields{})
	}
}

// createChild makes a record on the hub that names a parent there.
func (w *world) createChild(object record.Object, pick uint32, fields record.Fields) {
	kind := children[object]
	parent, ok := w.pickAt(hubName, kind.parent, pick)
	if !ok {
		return
	}
	mem := w.accounts[hubName].mem
	ref := record.Ref{Place: record.Place{Connection: hubName, Object: object}}
	fields[record.PlatformField(kind.hubRef)] = string(parent.ID)
	ref.ID = mem.Create(object, fields)
	l := w.truth.born(ref, false)
	l.loaded, l.stages = w.loaded(ref.Place), []string{fields["stage"]}
	e := w.truth.newEdit(ref, record.PlatformField(kind.hubText), false)
	w.truth.edited(e)
	mem.Edit(object, ref.ID, record.Fields{e.field: e.value})
	fields[e.field] = e.value
	w.did(model.Action{Kind: model.Create, Ref: ref, Fields: fields})
	w.say("a person makes %s for %s %s", ref, parent, fields["stage"])
	w.changed(ref, record.KindChanged)
}

// loaded reports whether a place's first load is over.
func (w *world) loaded(place record.Place) bool {
	progress, err := controltable.ProgressAt(context.Background(), w.store, place)
	if err != nil {
		panic(err)
	}
	return progress.Phase == controltable.PhaseDone
}

func (w *world) reassign(a Action) {
	deal, ok := w.pickAt(hubName, deals, a.Pick[0])
	if !ok {
		return
	}
	if parent, ok := w.pickAt(hubName, people, a.Pick[1]); ok {
		w.set(deal, "contact", string(parent.ID))
	}
}
