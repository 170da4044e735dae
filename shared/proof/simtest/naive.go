package simtest

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// naive is the engine that guides to building such a sync describe: a webhook's payload is the data, the newer record
// timestamp wins, owners are respected, a missing record is searched for and else created, and an unchanged one is not
// written. It keeps its state in the same rows as the production engine, so that the same oracle judges both. It is here
// to be compared with, and for nothing else.
type naive struct{ production }

func newNaive(w *world) engine { return naive{production{w, pipeline.NewMemory()}} }

func (n naive) disk() disk { return disk{w: n.w} }

// webhook queues the payload.
func (n naive) webhook(ctx context.Context, c record.Connection, body []byte) int {
	return n.believe(ctx, c, body)
}

func (n naive) sweep(context.Context) {}

func (n naive) reconcile(context.Context, record.Place) bool { return true }

func (n naive) answer(context.Context, [4]uint32) {}

func (n naive) release(context.Context, record.Connection) {}

func (n naive) resolve(ctx context.Context, _ record.Connection, batch []queue.Delivery) (failed []string) {
	for _, m := range batch {
		var page record.Page
		if json.Unmarshal(m.Body, &page) != nil {
			continue
		}
		for _, c := range page.Changes {
			if n.take(ctx, c) != nil {
				failed = append(failed, m.ID)
				break
			}
		}
		for _, m := range page.Marks {
			_ = controltable.ClearMark(ctx, n.disk(), m)
		}
	}
	return failed
}

// take absorbs one change in each group: its values overwrite the entity's, if the record's stamp is newer.
func (n naive) take(ctx context.Context, c record.Change) error {
	s := c.Snapshot
	if s == nil {
		connector, err := n.w.connector(c.Connection)
		if err != nil {
			return err
		}
		reads, err := connector.Fetch(ctx, c.Object, n.w.rules.FieldsAt(c.Place), []record.ExternalID{c.Ref.ID})
		if err != nil {
			return err
		}
		s = reads[0].Snapshot
	}
	for _, g := range n.w.rules.GroupsAt(c.Place) {
		if err := n.takeIn(ctx, g, c, s); err != nil {
			return err
		}
	}
	return nil
}

func (n naive) takeIn(ctx context.Context, g *ruleset.Group, c record.Change, s *record.Snapshot) error {
	t, _ := g.TypeAt(c.Place)
	declared, _ := g.Entity(t)
	id, err := n.find(ctx, g, t, c.Ref, s)
	if err != nil {
		return err
	}
	x, err := n.load(ctx, g, id)
	if err != nil {
		return err
	}
	if x.Entity == nil {
		x.Entity = &resolve.Entity{Group: g.Name, ID: id, Type: t, State: resolve.EntityLive, Born: c.Place, Fields: map[record.HubField]resolve.Value{}}
	}
	if s == nil || s.Archived {
		if link := x.Links[c.Place]; link != nil && link.ID == c.Ref.ID {
			link.State, link.Evidence = resolve.LinkTombstone, record.EvidenceNotFound
			return n.save(ctx, x, link)
		}
		return nil
	}
	for _, p := range g.PairsAt(c.Place) {
		if p.Reference != nil || len(p.Hub) != 1 || p.Direction == ruleset.ToSpoke && c.Connection != g.Hub {
			continue
		}
		f, _ := declared.Field(p.Hub[0])
		value, says := mapping.ToHub(declared, &p, s.Fields)[0].Text()
		now, had := x.Entity.Fields[p.Hub[0]]
		if !says || had && !f.Owner.LastWriteWins && f.Owner.Connection != c.Connection || had && s.ModifiedAt.Before(now.At) {
			continue
		}
		x.Entity.Fields[p.Hub[0]] = resolve.Value{Text: value, From: c.Connection, At: s.ModifiedAt}
	}
	link := &resolve.Link{Place: c.Place, ID: s.ID, State: resolve.LinkLive, Base: s.Fields, Sent: s.Fields}
	if err := n.save(ctx, x, link); err != nil {
		return err
	}
	return n.publish(ctx, g, x.Entity, c.Place)
}

func (n naive) publish(ctx context.Context, g *ruleset.Group, e *resolve.Entity, except record.Place) error {
	for _, place := range g.Places(e.Type) {
		if place == except {
			continue
		}
		body, err := json.Marshal(record.DueNotice{Group: g.Name, Entity: e.ID, Place: place})
		if err != nil {
			return err
		}
		if err := (mail{w: n.w}).Send(ctx, record.QueueOf(record.QueueDue, place.Connection), []queue.Message{{Body: body}}); err != nil {
			return err
		}
	}
	return nil
}

// find gives a record's entity: by its id, by its email, or a new one.
func (n naive) find(ctx context.Context, g *ruleset.Group, t record.Object, ref record.Ref, s *record.Snapshot) (record.EntityID, error) {
	keys := []store.Key{{Table: store.CrossReference, Partition: "ref#" + string(g.Name) + "#" + ref.String(), Sort: "ref"}}
	if s != nil {
		for _, p := range g.PairsAt(ref.Place) {
			if email := s.Fields[p.Spoke[0]]; isEmail(p.Spoke[0]) && email != "" {
				keys = append(keys, store.Key{Table: store.CrossReference, Partition: "email#" + string(g.Name) + "#" + strings.ToLower(email), Sort: "key"})
			}
		}
	}
	rows, err := n.disk().Get(ctx, keys)
	if err != nil {
		return "", err
	}
	id := resolve.EntityIDOf(g.Name, t, ref)
	for _, key := range keys {
		if row, ok := rows[key]; ok {
			id = record.EntityID(row.Body)
			break
		}
	}
	for _, key := range keys {
		if err := n.disk().Commit(ctx, []store.Write{{Key: key, Expect: store.Any, Body: []byte(id)}}); err != nil {
			return "", err
		}
	}
	return id, nil
}

func (n naive) load(ctx context.Context, g *ruleset.Group, id record.EntityID) (stored, error) {
	x := stored{Links: map[record.Place]*resolve.Link{}}
	rows, err := n.disk().Query(ctx, store.Query{Table: store.Versions, Partition: string(g.Name) + "#" + string(id), Limit: 100})
	if err != nil {
		return x, err
	}
	for _, row := range rows {
		if row.Sort == "entity" {
			x.Entity = &resolve.Entity{}
			mustDecode(row.Body, x.Entity)
			continue
		}
		link := &resolve.Link{}
		mustDecode(row.Body, link)
		x.Links[link.Place] = link
	}
	return x, nil
}

func (n naive) save(ctx context.Context, x stored, link *resolve.Link) error {
	partition := string(x.Entity.Group) + "#" + string(x.Entity.ID)
	entity, err := json.Marshal(x.Entity)
	if err != nil {
		return err
	}
	body, err := json.Marshal(link)
	if err != nil {
		return err
	}
	return n.disk().Commit(ctx, []store.Write{{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "entity"}, Expect: store.Any, Body: entity},
		{Key: store.Key{Table: store.Versions, Partition: partition, Sort: "link#" + link.Place.String()}, Expect: store.Any, Body: body}})
}

func (n naive) write(ctx context.Context, _ record.Connection, batch []queue.Delivery) (failed []string) {
	for _, m := range batch {
		var notice record.DueNotice
		if json.Unmarshal(m.Body, &notice) == nil && n.push(ctx, notice) != nil {
			failed = append(failed, m.ID)
		}
	}
	return failed
}

// push writes all of an entity's values to one place, unless they are those of the last time.
func (n naive) push(ctx context.Context, notice record.DueNotice) error {
	g, ok := n.w.rules.Group(notice.Group)
	if !ok {
		return nil
	}
	x, err := n.load(ctx, g, notice.Entity)
	if err != nil || x.Entity == nil {
		return err
	}
	fields := n.fieldsOf(g, x, notice.Place)
	link := x.Links[notice.Place]
	if link == nil || link.State != resolve.LinkLive {
		return n.create(ctx, g, x, notice.Place, fields)
	}
	unchanged := true
	for name, value := range fields {
		unchanged = unchanged && link.Sent[name] == value
	}
	if unchanged {
		return nil
	}
	return n.apply(ctx, g, x, record.Intent{Operation: record.OperationUpdate, Ref: record.Ref{Place: notice.Place, ID: link.ID}, Fields: fields, Current: &record.Snapshot{}})
}

func (n naive) fieldsOf(g *ruleset.Group, x stored, place record.Place) record.Fields {
	values, fields := record.HubValues{}, record.Fields{}
	for name, value := range x.Entity.Fields {
		values[name] = value.Text
	}
	for _, p := range g.PairsAt(place) {
		if p.Reference != nil || p.Direction == ruleset.ToHub || len(p.Hub) == 0 {
			continue
		}
		if text, says := mapping.ToSpoke(&p, values)[0].Text(); says {
			fields[p.Spoke[0]] = text
		}
	}
	return fields
}

// create searches for the record, and makes it if there is none.
func (n naive) create(ctx context.Context, g *ruleset.Group, x stored, place record.Place, fields record.Fields) error {
	if m, spoke := g.MappingAt(place); spoke && m.Filter != nil {
		return nil
	}
	connector, err := n.w.connector(place.Connection)
	if err != nil {
		return err
	}
	for _, name := range n.w.ability(place).Find {
		if fields[name] == "" {
			continue
		}
		found, err := connector.Find(ctx, place.Object, n.w.rules.FieldsAt(place), []platform.Lookup{{Field: name, Value: fields[name]}})
		if err != nil {
			return err
		}
		if len(found[0]) > 0 {
			return n.apply(ctx, g, x, record.Intent{Operation: record.OperationUpdate, Ref: found[0][0].Ref, Fields: fields, Current: &record.Snapshot{}})
		}
	}
	return n.apply(ctx, g, x, record.Intent{Operation: record.OperationCreate, Ref: record.Ref{Place: place}, Fields: fields})
}

func (n naive) apply(ctx context.Context, g *ruleset.Group, x stored, intent record.Intent) error {
	connector, err := n.w.connector(intent.Ref.Connection)
	if err != nil {
		return err
	}
	receipts, err := connector.Apply(ctx, []record.Intent{intent})
	if err != nil {
		return err
	}
	r := receipts[0]
	switch {
	case fault.Is(r.Err, fault.Gone):
		return n.create(ctx, g, x, intent.Ref.Place, intent.Fields)
	case fault.Is(r.Err, fault.Rejected):
		return nil
	case r.Err != nil:
		return r.Err
	}
	ref := record.Ref{Place: intent.Ref.Place, ID: r.ID}
	if err := n.disk().Commit(ctx, []store.Write{{Key: store.Key{Table: store.CrossReference, Partition: "ref#" + string(g.Name) + "#" + ref.String(), Sort: "ref"}, Expect: store.Any, Body: []byte(x.Entity.ID)}}); err != nil {
		return err
	}
	return n.save(ctx, x, &resolve.Link{Place: ref.Place, ID: ref.ID, State: resolve.LinkLive, Base: intent.Fields, Sent: intent.Fields})
}
