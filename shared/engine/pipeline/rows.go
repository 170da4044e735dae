package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// journalLife is how long journal entries are kept.
const journalLife = 400 * 24 * time.Hour

// Where rows are. The newest journal entry is in the entity's own row; older ones follow under journal#.
const (
	entitySort    = "entity"
	linkPrefix    = "link#"
	journalPrefix = "journal#"
)

func entityPartition(k resolve.EntityKey) string { return string(k.Group) + "#" + string(k.ID) }

func entityRow(k resolve.EntityKey) store.Key {
	return store.Key{Table: store.Versions, Partition: entityPartition(k), Sort: entitySort}
}

func linkRow(k resolve.EntityKey, place record.Place) store.Key {
	return store.Key{Table: store.Versions, Partition: entityPartition(k), Sort: linkPrefix + place.String()}
}

func refRow(k resolve.RefKey) store.Key {
	return store.Key{Table: store.CrossReference, Partition: "ref#" + string(k.Group) + "#" + k.Ref.String(), Sort: "ref"}
}

func keyRow(k resolve.MatchKey) store.Key {
	return store.Key{Table: store.CrossReference, Partition: strings.Join([]string{"key", string(k.Group), string(k.Type), k.Rule, k.Hash}, "#"), Sort: "key"}
}

// load reads what a decision needs into the view, in bulk.
func (s *Shell) load(ctx context.Context, view *resolve.View, need resolve.Need) error {
	rules := s.Rules
	var keys []store.Key
	for _, k := range need.Entities {
		keys = append(keys, entityRow(k))
		for _, place := range placesOf(rules, k) {
			keys = append(keys, linkRow(k, place))
		}
	}
	for _, k := range need.Refs {
		keys = append(keys, refRow(k))
	}
	for _, k := range need.Keys {
		keys = append(keys, keyRow(k))
	}
	rows, err := getAll(ctx, s.Store, keys)
	if err != nil {
		return err
	}
	for _, k := range need.Entities {
		if view.Entities[k], err = s.decodeRows(k, rows); err != nil {
			return err
		}
	}
	for _, k := range need.Refs {
		row := rows[refRow(k)]
		view.Refs[k] = resolve.XrefRow{Entity: record.EntityID(row.Body), Rev: row.Rev}
	}
	for _, k := range need.Keys {
		decoded := &resolve.KeyRow{}
		if err := decode(rows[keyRow(k)], decoded); err != nil {
			return err
		}
		decoded.Rev = rows[keyRow(k)].Rev
		view.Keys[k] = decoded
	}
	return nil
}

func getAll(ctx context.Context, s store.Store, keys []store.Key) (map[store.Key]store.Row, error) {
	if len(keys) <= store.GetMax {
		return s.Get(ctx, keys)
	}
	rows := make(map[store.Key]store.Row, len(keys))
	for begin := 0; begin < len(keys); begin += store.GetMax {
		part, err := s.Get(ctx, keys[begin:min(begin+store.GetMax, len(keys))])
		if err != nil {
			return nil, err
		}
		for k, row := range part {
			rows[k] = row
		}
	}
	return rows, nil
}

func placesOf(rules *ruleset.Rules, k resolve.EntityKey) []record.Place {
	g, ok := rules.Group(k.Group)
	if !ok {
		return nil
	}
	return g.Places(resolve.TypeOf(k.ID))
}

func (s *Shell) decodeRows(k resolve.EntityKey, rows map[store.Key]store.Row) (*resolve.Rows, error) {
	out := &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
	for _, place := range placesOf(s.Rules, k) {
		row, ok := rows[linkRow(k, place)]
		if !ok {
			continue
		}
		link, err := s.Memory.link(row)
		if err != nil {
			return nil, err
		}
		out.Links[place] = link
	}
	if row, ok := rows[entityRow(k)]; ok {
		var err error
		if out.Entity, err = s.Memory.entity(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decode(row store.Row, into any) error {
	if row.Rev == 0 {
		return nil
	}
	if err := store.Decode(row, "read row "+row.Partition+"/"+row.Sort, into); err != nil {
		return err
	}
	return nil
}

// commit writes a decision's patch in one transaction and brings the view up to date. Before, the journal entry that
// the entity's row is about to lose is copied out, put if absent: so the journal is whole through any crash.
// Errors: fault.Stale if a row moved (nothing was written), fault.Transient (perhaps all was).
func (s *Shell) commit(ctx context.Context, view *resolve.View, p resolve.Patch) error {
	if p.Empty() {
		return nil
	}
	var writes []store.Write
	add := func(key store.Key, expect int64, row any) error {
		body, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("encode row %s/%s: %w", key.Partition, key.Sort, err)
		}
		writes = append(writes, store.Write{Key: key, Expect: expect, Body: body})
		return nil
	}
	owner, err := s.patchEntities(ctx, view, p, add)
	if err != nil {
		return err
	}
	if p.Entity == nil && p.Unmoved > 0 {
		writes = append(writes, store.Write{Key: entityRow(owner), Expect: p.Unmoved, CheckOnly: true})
	}
	for _, link := range p.Links {
		if err := add(linkRow(owner, link.Place), link.Rev, link); err != nil {
			return err
		}
	}
	for _, ref := range p.Refs {
		writes = append(writes, store.Write{Key: refRow(ref.Key), Expect: ref.Expect, Body: []byte(ref.Entity)})
	}
	for _, key := range p.Keys {
		if err := add(keyRow(key.Key), key.Row.Rev, key.Row); err != nil {
			return err
		}
	}
	if err := s.Store.Commit(ctx, writes); err != nil {
		return err
	}
	settleView(view, owner, p)
	s.Memory.committed(view, owner, writes)
	return nil
}

// patchEntities adds the entity rows of a patch, and gives the entity that its links belong to.
func (s *Shell) patchEntities(ctx context.Context, view *resolve.View, p resolve.Patch, add func(store.Key, int64, any) error) (resolve.EntityKey, error) {
	for _, e := range []*resolve.Entity{p.Entity, p.Alias} {
		if e == nil {
			continue
		}
		key := resolve.EntityKey{Group: e.Group, ID: e.ID}
		if err := s.keepJournal(ctx, view, key, e); err != nil {
			return key, err
		}
		if err := add(entityRow(key), e.Rev, e); err != nil {
			return key, err
		}
	}
	for _, link := range p.AliasLinks {
		key := resolve.EntityKey{Group: p.Alias.Group, ID: p.Alias.ID}
		if err := add(linkRow(key, link.Place), link.Rev, link); err != nil {
			return key, err
		}
	}
	return p.Owner, nil
}

// keepJournal copies out the entry that an entity's row is about to lose to its next state.
func (s *Shell) keepJournal(ctx context.Context, view *resolve.View, key resolve.EntityKey, next *resolve.Entity) error {
	rows := view.Entities[key]
	if rows == nil || rows.Entity == nil || rows.Entity.Journal == nil || rows.Entity.Journal == next.Journal {
		return nil
	}
	entry := rows.Entity.Journal
	body, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode journal entry %d of %s: %w", entry.Rev, key.ID, err)
	}
	err = s.Store.Commit(ctx, []store.Write{{Key: store.Key{Table: store.Versions, Partition: entityPartition(key), Sort: fmt.Sprintf("%s%012d", journalPrefix, entry.Rev)},
		Expect: 0, Body: body, ExpiresAt: entry.At.Add(journalLife)}})
	if fault.Is(err, fault.Stale) {
		return nil // an earlier committer kept it
	}
	return err
}

// settleView makes the view show what was committed. Rows are replaced, never changed: other decisions hold them.
func settleView(view *resolve.View, owner resolve.EntityKey, p resolve.Patch) {
	rows := &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
	if old := view.Entities[owner]; old != nil {
		rows.Entity = old.Entity
		for place, link := range old.Links {
			rows.Links[place] = link
		}
	}
	if p.Entity != nil {
		e := *p.Entity
		e.Rev++
		rows.Entity = &e
	}
	for _, link := range p.Links {
		l := *link
		l.Rev++
		rows.Links[link.Place] = &l
	}
	view.Entities[owner] = rows
	for _, ref := range p.Refs {
		view.Refs[ref.Key] = resolve.XrefRow{Entity: ref.Entity, Rev: ref.Expect + 1}
	}
	for _, key := range p.Keys {
		row := *key.Row
		row.Rev++
		view.Keys[key.Key] = &row
	}
	if p.Alias != nil {
		delete(view.Entities, resolve.EntityKey{Group: p.Alias.Group, ID: p.Alias.ID})
	}
}

// forget drops what a view holds of a decision's rows, so that they are loaded again.
func forget(view *resolve.View, p resolve.Patch) {
	delete(view.Entities, p.Owner)
	for _, ref := range p.Refs {
		delete(view.Refs, ref.Key)
	}
	for _, key := range p.Keys {
		delete(view.Keys, key.Key)
	}
	if p.Alias != nil {
		delete(view.Entities, resolve.EntityKey{Group: p.Alias.Group, ID: p.Alias.ID})
	}
}

// decide asks the decider, loading what it needs, until it has an answer.
func (s *Shell) decide(ctx context.Context, view *resolve.View, o resolve.Observation) (resolve.Decision, error) {
	for range needRoundsMax {
		decision := s.ask(view, o)
		if decision.Need.Empty() {
			return decision, nil
		}
		if err := s.load(ctx, view, decision.Need); err != nil {
			return resolve.Decision{}, err
		}
	}
	return resolve.Decision{}, fault.Newf(fault.Unclassified, "decide", "needs more than %d rounds of loading", needRoundsMax)
}

func (s *Shell) ask(view *resolve.View, o resolve.Observation) resolve.Decision {
	if s.Decide != nil {
		return s.Decide(view, o, s.Rules)
	}
	return resolve.Decide(view, o, s.Rules)
}

// prime loads in bulk what many observations need, round by round, so that deciding them one by one loads nothing.
func (s *Shell) prime(ctx context.Context, view *resolve.View, observations []resolve.Observation) error {
	return s.gather(ctx, view, len(observations), func(i int) resolve.Need { return s.ask(view, observations[i]).Need })
}

// wakesOf asks of each entity among rows what is due of it: the observations, with a view in which what they need is loaded.
func (s *Shell) wakesOf(ctx context.Context, rows []store.Row) (*resolve.View, []resolve.Observation, error) {
	view := resolve.NewView(s.Now())
	if err := s.circumstances(ctx, view); err != nil {
		return nil, nil, err
	}
	var wakes []resolve.Observation
	for _, row := range rows {
		if group, id, ok := strings.Cut(row.Partition, "#"); ok && row.Sort == entitySort {
			wakes = append(wakes, resolve.Observation{Group: record.Group(group), Wake: record.EntityID(id)})
		}
	}
	if err := s.prime(ctx, view, wakes); err != nil {
		return nil, nil, err
	}
	return view, wakes, nil
}

// locate loads in bulk which entities records belong to, with their links.
func (s *Shell) locate(ctx context.Context, view *resolve.View, records []located) error {
	return s.gather(ctx, view, len(records), func(i int) resolve.Need { return resolve.Locate(view, records[i].group, records[i].ref) })
}

// located is a record in a group.
type located struct {
	group record.Group
	ref   record.Ref
}

// gather loads what n askers need, round by round, until none needs anything.
func (s *Shell) gather(ctx context.Context, view *resolve.View, n int, ask func(int) resolve.Need) error {
	for range needRoundsMax {
		var need resolve.Need
		seen := map[any]bool{}
		for i := range n {
			more := ask(i)
			need.Entities = appendNew(need.Entities, more.Entities, seen)
			need.Refs = appendNew(need.Refs, more.Refs, seen)
			need.Keys = appendNew(need.Keys, more.Keys, seen)
		}
		if need.Empty() {
			return nil
		}
		if err := s.load(ctx, view, need); err != nil {
			return err
		}
	}
	return nil
}

func appendNew[K comparable](to, from []K, seen map[any]bool) []K {
	for _, k := range from {
		if !seen[k] {
			seen[k] = true
			to = append(to, k)
		}
	}
	return to
}

// EntityOf gives the entity that a record belongs to in a group, "" if it has none.
func EntityOf(ctx context.Context, s store.Store, group record.Group, ref record.Ref) (record.EntityID, error) {
	key := refRow(resolve.RefKey{Group: group, Ref: ref})
	rows, err := s.Get(ctx, []store.Key{key})
	return record.EntityID(rows[key].Body), err
}
