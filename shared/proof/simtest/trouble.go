package simtest

import (
	"github.com/fluxcascade/fluxcascade/shared/proof/model"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// race has people edit what a call is about to write: the record itself, just before; or, where the call's outcome will
// be unknown, the same field on another platform.
func (w *world) race(intents []record.Intent, f fate) {
	if !w.stormy || !w.chance(w.history.Weather.Racing) {
		return
	}
	w.faults++
	intent := intents[w.rng.IntN(len(intents))]
	if intent.Operation != record.OperationUpdate || intent.Ref.Object != people || intent.Ref.Connection == ledgerName {
		return
	}
	fields := w.fieldsAt(intent.Ref.Connection)
	if len(fields) == 0 {
		return
	}
	field := fields[w.rng.IntN(len(fields))]
	if f == fateDone {
		if l := w.truth.lives[intent.Ref]; l.deletedBy == "" {
			w.edit(intent.Ref, w.fieldName(intent.Ref, field), false)
		}
		return
	}
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		if ref != intent.Ref && ref.Object == people && l.deletedBy == "" && ref.Connection != ledgerName && w.samePerson(ref, intent.Ref) && !w.accounts[ref.Connection].lacks(field) {
			w.edit(ref, w.fieldName(ref, field), false)
			return
		}
	}
}

// refusedMark is in values that no platform takes from us.
const refusedMark = "!"

// editRefused gives a field a value that the other platforms refuse.
func (w *world) editRefused(a Action) {
	ref, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok || ref.Connection == ledgerName {
		return
	}
	fields := w.fieldsAt(ref.Connection)
	if len(fields) == 0 {
		return
	}
	name := w.fieldName(ref, fields[int(a.Pick[1])%len(fields)])
	e := w.truth.newEdit(ref, name, false)
	e.value += refusedMark
	w.truth.edited(e)
	w.accounts[ref.Connection].mem.Edit(people, ref.ID, record.Fields{name: e.value})
	w.did(model.Action{Kind: model.Edit, Ref: ref, Fields: record.Fields{name: e.value}})
	w.say("a person sets %s of %s to %q, which no platform takes from us", name, ref, e.value)
	w.changed(ref, record.KindChanged)
}

// forge has somebody who knows a webhook's secret, or a platform gone mad, tell of what did not happen.
func (w *world) forge(a Action) {
	ref, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok {
		return
	}
	w.faults++
	hook := hookBody{Object: ref.Object, ID: ref.ID, Kind: []record.Kind{record.KindDeleted, record.KindMerged, record.KindChanged}[a.Pick[1]%3], At: w.now}
	switch a.Pick[2] % 4 {
	case 0:
		hook.At = w.now.AddDate(1, 0, 0)
	case 1:
		hook.At = w.now.AddDate(-1, 0, 0)
	case 2:
		hook.ID += "0" // nobody
	}
	w.say("a webhook tells that %s of %s was %s, which is not so", hook.ID, ref.Place, hook.Kind)
	w.deliver(ref.Connection, hook.body(), 0)
}
