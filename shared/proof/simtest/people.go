package simtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/proof/model"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// colleaguesWithin is within how many seconds two people enter the same person in two places.
const colleaguesWithin = 8

// act does one action, or nothing if there is nothing that it could be done to.
func (w *world) act(a Action) {
	switch a.Kind {
	case ActCreate:
		c := w.pickAccount(a.Pick[0])
		ref := w.createPerson(c, a.Pick[1], 0)
		if other := w.pickAccount(a.Pick[2]); a.Pick[3]%4 == 0 && other != c { // a colleague enters the same person
			email := w.truth.cells[ref][w.fieldName(ref, emailField)].edit
			w.after(time.Duration(a.Pick[2]%colleaguesWithin)*time.Second, func() { w.createPerson(other, a.Pick[1]>>8, email) })
		}
	case ActTwin:
		if ref, ok := w.pickAny(people, a.Pick[0]); ok {
			w.createPerson(w.pickAccount(a.Pick[1]), a.Pick[2], w.truth.cells[ref][w.fieldName(ref, emailField)].edit)
		}
	case ActEdit:
		w.editField(a, false)
	case ActBlank:
		w.editField(a, true)
	case ActEverywhere:
		w.editEverywhere(a)
	case ActEmail:
		if ref, ok := w.pickRecord(people, a.Pick[0], true); ok {
			w.edit(ref, w.fieldName(ref, emailField), false)
		}
	case ActDelete:
		if ref, ok := w.pickRecord(w.pickObject(a.Pick[1]), a.Pick[0], true); ok {
			w.remove(ref)
		}
	case ActRestore:
		if ref, ok := w.pickRecord(w.pickObject(a.Pick[1]), a.Pick[0], false); ok {
			w.restore(ref)
		}
	case ActMerge:
		w.merge(a)
	case ActDeal:
		w.createDeal(a, []string{"won", "open"}[a.Pick[1]%2])
	case ActBill:
		w.createBill(a)
	case ActStage:
		if ref, ok := w.pickAt(hubName, deals, a.Pick[0]); ok {
			w.set(ref, "stage", stages[a.Pick[1]%uint32(len(stages))])
		}
	case ActReassign:
		w.reassign(a)
	case ActAnswer:
		w.answer(a)
	case ActRefused:
		w.editRefused(a)
	case ActBehind:
		w.editBehind(a)
	case ActForged:
		w.forge(a)
	case ActGarbage:
		w.faults++
		c := w.pickAccount(a.Pick[0])
		w.post.put(record.QueueOf([]record.QueueKind{record.QueueChanges, record.QueueDue}[a.Pick[1]%2], c), []queue.Message{{Body: []byte("{")}})
	case ActRelease:
		w.run("operator", func(ctx context.Context) { w.engine.release(ctx, w.pickAccount(a.Pick[0])) })
	case ActPause:
		w.pause(a)
	case ActRich:
		w.editRich(a)
	case ActMassDelete:
		for _, id := range w.accounts[hubName].mem.IDs(people) {
			w.remove(record.Ref{Place: record.Place{Connection: hubName, Object: people}, ID: id})
		}
	}
}

func (w *world) say(format string, args ...any) {
	if w.story != nil {
		*w.story = append(*w.story, fmt.Sprintf("%s  %s", w.now.Sub(epoch).Round(1e6), fmt.Sprintf(format, args...)))
	}
}

// changed tells the platform's webhooks.
func (w *world) changed(ref record.Ref, kind record.Kind) {
	w.userChanges++
	w.hint(ref, kind)
}

func (w *world) pickAccount(pick uint32) record.Connection {
	all := w.history.Setup.connections()
	return all[int(pick)%(1+w.history.Setup.Spokes)]
}

func (w *world) pickObject(pick uint32) record.Object {
	if w.history.Setup.Bills && pick%8 == 1 {
		return bills
	}
	if w.history.Setup.Deals && pick%4 == 0 {
		return deals
	}
	return people
}

// pickRecord chooses among all records of an object that are live, or among those that people deleted.
func (w *world) pickRecord(object record.Object, pick uint32, live bool) (record.Ref, bool) {
	var refs []record.Ref
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		if ref.Object != object || l.into != "" {
			continue
		}
		if live && l.deletedBy == "" || !live && l.deletedBy == "person" {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return record.Ref{}, false
	}
	return refs[int(pick)%len(refs)], true
}

// pickAny chooses among all records of an object that ever were.
func (w *world) pickAny(object record.Object, pick uint32) (record.Ref, bool) {
	refs := slices.DeleteFunc(slices.Clone(w.truth.order), func(ref record.Ref) bool { return ref.Object != object || ref.Connection == ledgerName })
	if len(refs) == 0 {
		return record.Ref{}, false
	}
	return refs[int(pick)%len(refs)], true
}

func (w *world) pickAt(c record.Connection, object record.Object, pick uint32) (record.Ref, bool) {
	ids := w.accounts[c].mem.IDs(object)
	if len(ids) == 0 {
		return record.Ref{}, false
	}
	return record.Ref{Place: record.Place{Connection: c, Object: object}, ID: ids[int(pick)%len(ids)]}, true
}

// fieldName gives a person's field as a record's platform calls it.
func (w *world) fieldName(ref record.Ref, field record.HubField) record.PlatformField {
	if ref.Connection == hubName {
		return record.PlatformField(field)
	}
	return spokeField(field)
}

// fieldsAt lists the fields of a person that a platform has.
func (w *world) fieldsAt(c record.Connection) []record.HubField {
	if c == ledgerName {
		return []record.HubField{"code"}
	}
	var out []record.HubField
	for i := range w.history.Setup.Fields {
		if w.accounts[c].setup.Missing != i {
			out = append(out, personFields[i])
		}
	}
	return out
}

// createPerson makes a record; its email is new, or that of an edit.
func (w *world) createPerson(c record.Connection, pick uint32, email int) record.Ref {
	mem := w.accounts[c].mem
	ref := record.Ref{Place: record.Place{Connection: c, Object: people}}
	ref.ID = mem.Create(people, nil)
	w.truth.born(ref, false)
	fields := record.Fields{}
	give := func(name record.PlatformField, blank bool) {
		e := w.truth.newEdit(ref, name, blank)
		if isEmail(name) && email > 0 {
			e.value = w.truth.edits[email].value
		}
		fields[name] = e.value
		w.truth.edited(e)
	}
	give(w.fieldName(ref, emailField), false)
	for i, field := range w.fieldsAt(c) {
		if pick>>uint(i)&1 == 0 {
			give(w.fieldName(ref, field), false)
		}
	}
	w.richly(ref, pick, fields)
	mem.Edit(people, ref.ID, fields)
	w.did(model.Action{Kind: model.Create, Ref: ref, Fields: fields})
	w.say("a person makes %s: %v", ref, fields)
	w.changed(ref, record.KindChanged)
	return ref
}

func (w *world) edit(ref record.Ref, name record.PlatformField, blank bool) {
	if fields, _ := w.accounts[ref.Connection].mem.Record(ref.Object, ref.ID); blank && fields[name] == "" {
		return // that changes nothing
	}
	e := w.truth.newEdit(ref, name, blank)
	w.truth.edited(e)
	w.accounts[ref.Connection].mem.Edit(ref.Object, ref.ID, record.Fields{name: e.value})
	w.did(model.Action{Kind: model.Edit, Ref: ref, Fields: record.Fields{name: e.value}})
	w.say("a person sets %s of %s to %q", name, ref, e.value)
	w.changed(ref, record.KindChanged)
}

// set gives a field a value that needs no number.
func (w *world) set(ref record.Ref, name record.PlatformField, value string) {
	w.accounts[ref.Connection].mem.Edit(ref.Object, ref.ID, record.Fields{name: value})
	w.did(model.Action{Kind: model.Edit, Ref: ref, Fields: record.Fields{name: value}})
	w.truth.cells[ref][name] = cell{person: true, at: w.now}
	if name == "stage" {
		w.truth.lives[ref].stages = append(w.truth.lives[ref].stages, value)
	}
	w.say("a person sets %s of %s to %q", name, ref, value)
	w.changed(ref, record.KindChanged)
}

func (w *world) editField(a Action, blank bool) {
	if w.history.Setup.Deals && a.Pick[2]%6 == 0 {
		object := deals
		if w.history.Setup.Bills && a.Pick[3]%2 == 0 {
			object = bills
		}
		if ref, ok := w.pickRecord(object, a.Pick[0], true); ok {
			name := record.PlatformField(children[object].hubText)
			if ref.Connection != hubName {
				name = children[object].spokeText
			}
			w.edit(ref, name, false)
			return
		}
	}
	ref, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok {
		return
	}
	if w.accounts[ref.Connection].setup.Lists && ref.Connection != hubName && a.Pick[3]%8 == 0 {
		w.edit(ref, sibling, false)
		return
	}
	fields := w.fieldsAt(ref.Connection)
	if len(fields) == 0 {
		return
	}
	w.edit(ref, w.fieldName(ref, fields[int(a.Pick[1])%len(fields)]), blank)
}

// editEverywhere edits one field of one person at every place at once: records that show the same email.
func (w *world) editEverywhere(a Action) {
	first, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok || first.Connection == ledgerName {
		return
	}
	field := personFields[int(a.Pick[1])%len(w.history.Setup.Fields)]
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		if l.deletedBy != "" || l.into != "" || ref.Object != people || ref.Connection == ledgerName || !w.samePerson(first, ref) || w.accounts[ref.Connection].lacks(field) {
			continue
		}
		w.edit(ref, w.fieldName(ref, field), false)
	}
}

// The steps of an edit behind an outage.
const (
	behindOutage = 2 * time.Minute
	behindSecond = 20 * time.Second
	behindThird  = 50 * time.Second
)

// editBehind edits a field at two places while one of them does not answer us, and then once more there: that field
// again, or another of the same record. We see the silent place's edits late and at once, and only stamps tell which of
// the two places was edited last.
func (w *world) editBehind(a Action) {
	silent, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok || silent.Connection == ledgerName {
		return
	}
	other, ok := w.twinOf(silent, a.Pick[1])
	if !ok {
		return
	}
	fields := w.fieldsAt(silent.Connection)
	fields = slices.DeleteFunc(fields, w.accounts[other.Connection].lacks)
	if len(fields) == 0 {
		return
	}
	account := w.accounts[silent.Connection]
	if w.stormy && !account.outage.to.After(w.now) {
		account.outage = window{w.now, w.now.Add(behindOutage)}
		w.say("%s does not answer for a while", silent.Connection)
	}
	field := fields[int(a.Pick[2])%len(fields)]
	third := field
	if a.Pick[3]%2 == 0 {
		third = fields[(int(a.Pick[2])+1)%len(fields)]
	}
	edit := func(ref record.Ref, h record.HubField) func() {
		return func() {
			if l := w.truth.lives[ref]; l.deletedBy == "" && l.into == "" {
				w.edit(ref, w.fieldName(ref, h), false)
			}
		}
	}
	edit(silent, field)()
	w.after(behindSecond, edit(other, field))
	w.after(behindThird, edit(silent, third))
}

// twinOf chooses a record of the same person at another place.
func (w *world) twinOf(of record.Ref, pick uint32) (record.Ref, bool) {
	var refs []record.Ref
	for _, ref := range w.truth.order {
		if l := w.truth.lives[ref]; l.deletedBy == "" && l.into == "" && ref.Object == people && ref.Connection != of.Connection && ref.Connection != ledgerName && w.samePerson(of, ref) {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return record.Ref{}, false
	}
	return refs[int(pick)%len(refs)], true
}

func (a *account) lacks(field record.HubField) bool {
	return a.setup.Missing >= 0 && personFields[a.setup.Missing] == field
}

func (w *world) samePerson(a, b record.Ref) bool {
	return w.truth.cells[a][w.fieldName(a, emailField)].edit == w.truth.cells[b][w.fieldName(b, emailField)].edit
}

func (w *world) remove(ref record.Ref) {
	account := w.accounts[ref.Connection]
	l := w.truth.lives[ref]
	l.deletedBy, l.deletedAt, l.removed = "person", w.now, true
	if account.setup.ArchivesOnly {
		account.mem.Archive(ref.Object, ref.ID)
		w.say("a person archives %s", ref)
	} else {
		account.mem.Delete(ref.Object, ref.ID)
		w.say("a person deletes %s", ref)
	}
	w.did(model.Action{Kind: model.Delete, Ref: ref})
	w.userChanges++
	if account.setup.TellsDeletes {
		w.hint(ref, record.KindDeleted)
	}
}

func (w *world) restore(ref record.Ref) {
	w.restores = true
	w.truth.lives[ref].deletedBy, w.truth.lives[ref].bornAt, w.truth.lives[ref].restored = "", w.now, true
	w.accounts[ref.Connection].mem.Restore(ref.Object, ref.ID)
	fields, _ := w.accounts[ref.Connection].mem.Record(ref.Object, ref.ID)
	delete(fields, w.rules.MarkerAt(ref.Place))
	w.did(model.Action{Kind: model.Restore, Ref: ref, Fields: fields})
	w.say("a person restores %s", ref)
	w.changed(ref, record.KindChanged)
}

func (w *world) merge(a Action) {
	winner, ok := w.pickRecord(people, a.Pick[0], true)
	if !ok {
		return
	}
	var others []record.Ref
	for _, ref := range w.truth.order {
		if l := w.truth.lives[ref]; ref != winner && ref.Place == winner.Place && l.deletedBy == "" && l.into == "" {
			others = append(others, ref)
		}
	}
	if len(others) == 0 {
		return
	}
	loser := others[int(a.Pick[1])%len(others)]
	mem := w.accounts[winner.Connection].mem
	before, _ := mem.Record(people, winner.ID)
	lost, _ := mem.Record(people, loser.ID)
	mem.Merge(people, loser.ID, winner.ID)
	after, _ := mem.Record(people, winner.ID)
	l := w.truth.lives[loser]
	l.deletedBy, l.deletedAt, l.into = "person", w.now, winner.ID
	// A merge is nobody's leave to remove anything elsewhere, where it can be told from a deletion: the platform says so, or the
	// survivor is found by the address that both have.
	setup, email := w.accounts[winner.Connection].setup, w.fieldName(winner, emailField)
	l.removed = setup.Merged == int(memplatform.MergedAway) && !(setup.Find && lost[email] != "" && sameText(lost[email], after[email]))
	for _, g := range w.rules.GroupsAt(loser.Place) {
		l.known = l.known || w.knowsRecord(g.Name, loser)
	}
	for name, value := range after {
		if before[name] != value { // filled from the loser
			filled := w.truth.cells[loser][name]
			filled.at = w.now
			w.truth.cells[winner][name] = filled
		}
	}
	for n := range l.emails {
		w.truth.lives[winner].emails[n] = true
	}
	w.truth.lives[winner].winner, w.mergers = true, true
	w.say("a person merges %s into %s", loser, winner)
	w.hint(loser, record.KindDeleted)
	w.changed(winner, record.KindChanged)
}
