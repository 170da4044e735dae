package simtest

import (
	"maps"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// judgeSpread: every write of a limited kind was counted before it was made, and none is made above its limit. What runs
// did that had begun before the hour that is counted says nothing of it.
func (w *world) judgeSpread(ref record.Ref, intent record.Intent) {
	g := &w.rules.Groups[0]
	for _, other := range w.rules.GroupsAt(ref.Place) {
		if other.Name != g.Name {
			return // a group without limits writes there too
		}
	}
	row, _ := w.row(store.Key{Table: store.Control, Partition: "spread#" + string(g.Name) + "#" + string(ref.Connection), Sort: "spread"})
	var budget struct {
		Hour   time.Time
		Counts map[string]int
	}
	if row.Body != nil {
		mustDecode(row.Body, &budget)
	}
	limited := w.limited(g, ref, intent)
	for _, kind := range sortedKeys(limited) {
		name := string(ref.Connection) + " " + kind
		w.reserved[name] = append(w.reserved[name], w.writing.began)
		made := 0
		for _, began := range w.reserved[name] {
			if !began.Before(budget.Hour.Add(2 * skewMax)) {
				made++
			}
		}
		if counted := budget.Counts[kind]; made > counted || counted > limited[kind] {
			w.violate(InvariantSpread, "%d writes of %s at %s in an hour, %d of them counted, at most %d", made, kind, ref.Connection, counted, limited[kind])
		}
	}
}

// limited gives the limited kinds that a write is of, with their limits.
func (w *world) limited(g *ruleset.Group, ref record.Ref, intent record.Intent) map[string]int {
	l := w.history.Setup.Limits
	kinds := map[string]int{}
	switch intent.Operation {
	case record.OperationCreate:
		kinds["creates"] = l.Creates
	case record.OperationArchive, record.OperationDelete:
		kinds["deletes"] = l.Deletes
	case record.OperationUpdate:
		for name, value := range intent.Fields {
			kinds["field:"+string(name)] = l.FieldUpdates
			if value == "" {
				kinds["blanks"] = l.Blanks
			}
		}
		if w.writing.overrides[intent.Key] {
			kinds["overrides"] = l.Overrides
		}
	}
	maps.DeleteFunc(kinds, func(_ string, limit int) bool { return limit == 0 })
	return kinds
}

// noteOverrides keeps which writes undo an edit of another than the owner, as they are sent.
func (w *world) noteOverrides(t *task, intents []record.Intent) {
	if w.history.Setup.Limits.Overrides == 0 {
		return
	}
	if t.overrides == nil {
		t.overrides = map[string]bool{}
	}
	for i := range intents {
		link := w.linkOf(w.rules.Groups[0].Name, intents[i].Ref)
		for name := range intents[i].Fields {
			if link != nil && link.Reverts[name] {
				t.overrides[intents[i].Key] = true
			}
		}
	}
}
