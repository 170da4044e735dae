package simtest

import (
	"context"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// stored is an entity as the store holds it.
type stored struct {
	Entity *resolve.Entity
	Links  map[record.Place]*resolve.Link
}

// decoded is a row of the versions table as the oracle last decoded it: nobody changes it.
type decoded struct {
	body   *byte // where its bytes are: the store never changes them
	entity *resolve.Entity
	link   *resolve.Link
}

// row reads a row as it is at this moment, past all faults.
func (w *world) row(key store.Key) (store.Row, bool) {
	rows, err := w.store.Get(context.Background(), []store.Key{key})
	if err != nil {
		panic(err)
	}
	row, ok := rows[key]
	return row, ok
}

// decode gives what a row of the versions table holds; both are nil for a journal's.
func (w *world) decode(row store.Row) decoded {
	if d, ok := w.decoded[row.Key]; ok && d.body == &row.Body[0] {
		return d
	}
	d := decoded{body: &row.Body[0]}
	switch {
	case row.Sort == "entity":
		d.entity = &resolve.Entity{}
		mustDecode(row.Body, d.entity)
	case strings.HasPrefix(row.Sort, "link#"):
		d.link = &resolve.Link{}
		mustDecode(row.Body, d.link)
	}
	w.decoded[row.Key] = d
	return d
}

// entityAt and linkAtKey give the entity or link of a row, nil if there is none.
func (w *world) entityAt(key store.Key) *resolve.Entity {
	row, ok := w.row(key)
	if !ok {
		return nil
	}
	return w.decode(row).entity
}

func (w *world) linkAtKey(key store.Key) *resolve.Link {
	row, ok := w.row(key)
	if !ok {
		return nil
	}
	return w.decode(row).link
}

// entities reads all entities from the store, in order of their ids.
func (w *world) entities() []stored {
	byPartition := map[string]*stored{}
	cursor := ""
	for {
		rows, next, err := w.store.Scan(context.Background(), store.Scan{Table: store.Versions, Cursor: cursor, Limit: 1000, Segments: 1})
		if err != nil {
			panic(err)
		}
		for _, row := range rows {
			x := byPartition[row.Partition]
			if x == nil {
				x = &stored{Links: map[record.Place]*resolve.Link{}}
				byPartition[row.Partition] = x
			}
			switch d := w.decode(row); {
			case d.entity != nil:
				x.Entity = d.entity
			case d.link != nil:
				x.Links[d.link.Place] = d.link
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	var out []stored
	for _, name := range sortedKeys(byPartition) {
		if byPartition[name].Entity != nil {
			out = append(out, *byPartition[name])
		}
	}
	return out
}

// hasAlias reports whether another entity was merged into a record's: what it shows is then a first sight again.
func (w *world) hasAlias(ref record.Ref) bool {
	for _, g := range w.rules.GroupsAt(ref.Place) {
		id := w.entityOf(g.Name, ref)
		for _, x := range w.entities() {
			if x.Entity.Group == g.Name && x.Entity.State == resolve.EntityMerged && x.Entity.Into == id {
				return true
			}
		}
	}
	return false
}

// absorbed reports whether the system's own memory of a record holds a value: then it was decided about.
func (w *world) absorbed(rules *ruleset.Rules, ref record.Ref, name record.PlatformField, value string) bool {
	for _, g := range rules.GroupsAt(ref.Place) {
		link := w.linkOf(g.Name, ref)
		if link == nil || link.Base[name] == value || link.Sent[name] == value {
			return true
		}
	}
	return false
}

// attemptShows is how long after it began a write of unknown outcome may still be remembered by a link that was read since:
// a lease's life, the longest call after that, and a read's lag.
const attemptShows = 5 * time.Minute

// inDoubt reports whether a write to a field has an unknown outcome, and a value is what it asked for or what the system
// remembers as there before.
func (w *world) inDoubt(ref record.Ref, field record.PlatformField, value string) bool {
	for _, g := range w.rules.GroupsAt(ref.Place) {
		link := w.linkOf(g.Name, ref)
		if link == nil {
			continue
		}
		for _, a := range link.Attempts {
			// (It is forgotten once a read can no longer show it, and a commit that late follows such a read.)
			if asked, ok := a.Fields[field]; ok && (asked == value || link.Base[field] == value) && link.TouchedAt.Before(a.At.Add(attemptShows)) {
				return true
			}
		}
	}
	return false
}

// knows reports whether any group ties a record to an entity that is not held, and whether it remembers a value of the
// field.
func (w *world) knows(ref record.Ref, field record.PlatformField) (known, based bool) {
	for _, g := range w.rules.GroupsAt(ref.Place) {
		if link := w.linkOf(g.Name, ref); link != nil && link.State != resolve.LinkQuarantined {
			_, based = link.Base[field]
			return true, based
		}
	}
	return false, false
}

func (w *world) entityOf(group record.Group, ref record.Ref) record.EntityID {
	if w.atRest != nil {
		if id, known := w.atRest.entities[resolve.RefKey{Group: group, Ref: ref}]; known {
			return id
		}
	}
	id := w.readEntityOf(group, ref)
	if w.atRest != nil {
		w.atRest.entities[resolve.RefKey{Group: group, Ref: ref}] = id
	}
	return id
}

func (w *world) readEntityOf(group record.Group, ref record.Ref) record.EntityID {
	row, _ := w.row(store.Key{Table: store.CrossReference, Partition: "ref#" + string(group) + "#" + ref.String(), Sort: "ref"})
	id := record.EntityID(row.Body)
	if id == "" {
		return ""
	}
	return w.survivor(group, id)
}

// survivor follows an entity's merges.
func (w *world) survivor(group record.Group, id record.EntityID) record.EntityID {
	if w.atRest != nil {
		return w.atRest.survivors[resolve.EntityKey{Group: group, ID: id}]
	}
	for range 8 {
		e := w.entityAt(store.Key{Table: store.Versions, Partition: string(group) + "#" + string(id), Sort: "entity"})
		if e == nil || e.State != resolve.EntityMerged {
			break
		}
		id = e.Into
	}
	return id
}

func (w *world) linkOf(group record.Group, ref record.Ref) *resolve.Link {
	id := w.entityOf(group, ref)
	if id == "" {
		return nil
	}
	return w.linkAtKey(store.Key{Table: store.Versions, Partition: string(group) + "#" + string(id), Sort: "link#" + ref.Place.String()})
}

// kept counts the changes that are kept in the state.
func (w *world) kept() int {
	n := 0
	for _, c := range w.history.Setup.connections() {
		kept, _, err := controltable.KeptOf(context.Background(), w.store, c, "", 1000)
		if err != nil {
			panic(err)
		}
		n += len(kept)
	}
	return n
}
