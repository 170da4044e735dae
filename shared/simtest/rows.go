package simtest

import (
	"context"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
	"github.com/fluxcascade/fluxcascade/shared/store"
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
