package resolve

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Rows is one entity with its links. Links lacks places that have no row.
type Rows struct {
	Entity *Entity // nil: no such entity
	Links  map[record.Place]*Link
}

// EntityKey, RefKey and MatchKey name the rows that a decision may read.
type (
	EntityKey struct {
		Group record.Group
		ID    record.EntityID
	}
	RefKey struct {
		Group record.Group
		Ref   record.Ref
	}
	MatchKey struct {
		Group record.Group
		Type  record.Object
		Rule  string
		Hash  string
	}
)

// View is the loaded state that decisions look at. What is not in a map was not loaded; a decision then answers
// with Need and is asked again. A nil Rows.Entity, an empty ID and an empty KeyRow are loaded and absent.
type View struct {
	Now      time.Time
	Entities map[EntityKey]*Rows
	Refs     map[RefKey]XrefRow
	Keys     map[MatchKey]*KeyRow
	// Loaded says of each place whether its first load has been absorbed whole. Nothing is created before.
	Loaded map[record.Place]bool
	// Spread is what was written recently, for the groups that limit it.
	// Runs says when the last scheduled run of each mapping that does not write in real time began. One that is left out has
	// not run yet.
	Runs   map[RunKey]time.Time
	Spread map[SpreadKey]*Spread
}

// XrefRow is a link key's row.
type XrefRow struct {
	Entity record.EntityID
	Rev    int64
}

// NewView gives a view with nothing loaded.
func NewView(now time.Time) *View {
	return &View{Now: now, Entities: map[EntityKey]*Rows{}, Refs: map[RefKey]XrefRow{}, Keys: map[MatchKey]*KeyRow{},
		Loaded: map[record.Place]bool{}, Spread: map[SpreadKey]*Spread{}, Runs: map[RunKey]time.Time{}}
}

// Need lists rows to load before the decision can be made.
type Need struct {
	Entities []EntityKey
	Refs     []RefKey
	Keys     []MatchKey
}

// Empty reports that nothing is needed.
func (n Need) Empty() bool { return len(n.Entities)+len(n.Refs)+len(n.Keys) == 0 }

// standing is what the state knows of a record.
type standing int

// The standings.
const (
	standingUnknown     standing = iota // no entity has it
	standingLinked                      // an entity has it
	standingQuarantined                 // it is held for a person
)

// standingOf gives a record's standing and the entity that it is linked to; its rows must be in the view, and count as
// unknown otherwise.
func standingOf(view *View, group record.Group, ref record.Ref) (standing, record.EntityID) {
	id := view.Refs[RefKey{group, ref}].Entity
	if id == "" {
		return standingUnknown, ""
	}
	for range aliasesMax {
		rows := view.Entities[EntityKey{group, id}]
		if rows == nil || rows.Entity == nil || rows.Entity.State == EntityLive {
			break
		}
		if rows.Entity.State == EntityQuarantined {
			return standingQuarantined, id
		}
		id = rows.Entity.Into
	}
	return standingLinked, id
}

// Locate names what must be loaded to know which entity a record belongs to, with its links; the empty Need once it is.
func Locate(view *View, group record.Group, ref record.Ref) Need {
	row, loaded := view.Refs[RefKey{group, ref}]
	if !loaded {
		return Need{Refs: []RefKey{{group, ref}}}
	}
	id := row.Entity
	for range aliasesMax {
		if id == "" {
			break
		}
		key := EntityKey{group, id}
		rows, loaded := view.Entities[key]
		if !loaded {
			return Need{Entities: []EntityKey{key}}
		}
		if rows.Entity == nil || rows.Entity.State != EntityMerged {
			break
		}
		id = rows.Entity.Into
	}
	return Need{}
}

// Knows reports whether a committed read or receipt of a record has seen a state at least as new as at, by the
// platform's own clock; strictly newer, for stamps are coarse. A record with writes of unknown outcome is not known.
// The rows must be in the view; what is not counts as not known.
func Knows(view *View, group record.Group, ref record.Ref, at time.Time) bool {
	row, ok := view.Refs[RefKey{group, ref}]
	if !ok || row.Entity == "" {
		return false
	}
	rows := view.Entities[EntityKey{group, row.Entity}]
	if rows == nil || rows.Entity == nil || rows.Entity.State != EntityLive {
		return false
	}
	link := rows.Links[ref.Place]
	return link != nil && link.ID == ref.ID && link.State == LinkLive && len(link.Attempts) == 0 && link.Lease.Until.IsZero() &&
		link.ModifiedAt.After(at)
}

// reader reads the rows of a view. A row that is not loaded reads as absent and is noted, here and nowhere else; whatever
// is decided after that is dropped, and asked again once it is loaded.
type reader struct {
	view *View
	name record.Group
	need Need
	// keys are the match keys as this decision leaves them.
	keys []KeyPatch
	// unseen are the records that references name and that no entity has yet.
	unseen []record.Ref
}

// missing reports whether a row was read that is not loaded.
func (r *reader) missing() bool { return !r.need.Empty() }

// ref gives the entity that a record belongs to, "" for none.
func (r *reader) ref(ref record.Ref) record.EntityID { return r.refRow(ref).Entity }

func (r *reader) refRow(ref record.Ref) XrefRow {
	key := RefKey{r.name, ref}
	row, ok := r.view.Refs[key]
	if !ok {
		r.need.Refs = append(r.need.Refs, key)
	}
	return row
}

// home gives the rows of the entity that a record belongs to, empty ones for none.
func (r *reader) home(ref record.Ref) *Rows {
	id := r.ref(ref)
	if id == "" {
		return &Rows{}
	}
	return r.rows(id)
}

// rows gives an entity's rows, following aliases; empty ones if there is no such entity.
func (r *reader) rows(id record.EntityID) *Rows {
	for range aliasesMax {
		key := EntityKey{r.name, id}
		rows, ok := r.view.Entities[key]
		if !ok {
			r.need.Entities = append(r.need.Entities, key)
			return &Rows{}
		}
		if rows.Entity == nil || rows.Entity.State != EntityMerged {
			return rows
		}
		id = rows.Entity.Into
	}
	return &Rows{}
}

// loaded gives an entity's rows as they were loaded, without following aliases; empty ones if there are none.
func (r *reader) loaded(id record.EntityID) *Rows {
	if rows := r.view.Entities[EntityKey{r.name, id}]; rows != nil {
		return rows
	}
	return &Rows{}
}

// own gives the rows under an id itself, not those of the entity that it may be an alias of.
func (r *reader) own(id record.EntityID) *Rows {
	key := EntityKey{r.name, id}
	if _, ok := r.view.Entities[key]; !ok {
		r.need.Entities = append(r.need.Entities, key)
	}
	return r.loaded(id)
}

// keyRow gives a match key's row, as this decision leaves it.
func (r *reader) keyRow(key MatchKey) *KeyRow {
	for i := range r.keys {
		if r.keys[i].Key == key {
			return r.keys[i].Row
		}
	}
	row, ok := r.view.Keys[key]
	if !ok {
		r.need.Keys = append(r.need.Keys, key)
		return &KeyRow{}
	}
	return row
}

// parent gives the entity of a record that a reference names. One that nobody has seen yet is noted.
func (r *reader) parent(ref record.Ref) record.EntityID {
	id := r.ref(ref)
	if id == "" {
		r.unseen = append(r.unseen, ref)
	}
	return id
}

// aliasesMax bounds a chain of merges; a longer one is taken as no entity.
const aliasesMax = 8
