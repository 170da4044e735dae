package pipeline

import (
	"bytes"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Memory is what a process may keep between calls: first loads that are over, for they never begin again, and rows as
// they were decoded, each used again only while the store answers the very same bytes. A process that loses it loses
// nothing. Not safe for concurrent use.
type Memory struct {
	loaded map[record.Place]bool
	rows   map[store.Key]remembered
}

// remembered is one decoded row. Decoded rows are never changed in place.
type remembered struct {
	body   []byte
	entity *resolve.Entity
	link   *resolve.Link
}

// rememberedMax bounds the rows that are kept; past it they are all forgotten.
const rememberedMax = 10_000

// NewMemory gives an empty memory.
func NewMemory() *Memory {
	return &Memory{loaded: map[record.Place]bool{}, rows: map[store.Key]remembered{}}
}

func (m *Memory) recall(row store.Row) (remembered, bool) {
	if m == nil {
		return remembered{}, false
	}
	r, ok := m.rows[row.Key]
	return r, ok && bytes.Equal(r.body, row.Body)
}

func (m *Memory) keep(row store.Row, r remembered) {
	if m == nil {
		return
	}
	if len(m.rows) >= rememberedMax {
		clear(m.rows)
	}
	r.body = row.Body
	m.rows[row.Key] = r
}

// committed keeps the rows that a commit has just written, as the view holds them: they need not be decoded.
func (m *Memory) committed(view *resolve.View, owner resolve.EntityKey, writes []store.Write) {
	rows := view.Entities[owner]
	if m == nil || rows == nil {
		return
	}
	keep := func(key store.Key, r remembered) {
		for i := range writes {
			if writes[i].Key == key {
				m.keep(store.Row{Key: key, Body: writes[i].Body}, r)
			}
		}
	}
	keep(entityRow(owner), remembered{entity: rows.Entity})
	for place, link := range rows.Links {
		keep(linkRow(owner, place), remembered{link: link})
	}
}

// link decodes a link's row.
func (m *Memory) link(row store.Row) (*resolve.Link, error) {
	if r, ok := m.recall(row); ok && r.link.Rev == row.Rev {
		return r.link, nil
	}
	link := &resolve.Link{}
	if err := decode(row, link); err != nil {
		return nil, err
	}
	link.Rev = row.Rev
	m.keep(row, remembered{link: link})
	return link, nil
}

// entity decodes an entity's row.
func (m *Memory) entity(row store.Row) (*resolve.Entity, error) {
	if r, ok := m.recall(row); ok && r.entity.Rev == row.Rev {
		return r.entity, nil
	}
	e := &resolve.Entity{}
	if err := decode(row, e); err != nil {
		return nil, err
	}
	e.Rev = row.Rev
	m.keep(row, remembered{entity: e})
	return e, nil
}
