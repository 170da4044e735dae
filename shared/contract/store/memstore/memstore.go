// Package memstore keeps the store contract in memory, for tests, simulation and runs that keep nothing. It is exact:
// it refuses whatever the contract lets an implementation refuse, and it lets nothing expire until it is told to.
package memstore

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

var _ store.Store = (*Store)(nil)

// Store is an in-memory store. Its zero value is not ready: use New. Bodies are shared with the writer and with every
// reader, never copied: nobody may change one after handing it over.
type Store struct {
	mu     sync.Mutex
	tables map[store.Table]*table
}

// table holds partitions by name, and in slots, so that a scan can resume at a number however many come and go.
type table struct {
	partitions map[string]*partition
	slots      []*partition // nil where a partition emptied
	free       []int        // the nil slots
}

// partition holds rows in order of sort key. Most are small: an entity with its links and journal. Rows are pointers
// so that an insert into a large one moves little; a row is replaced, never changed.
type partition struct {
	slot int
	rows []*store.Row
}

// New gives an empty store.
func New() *Store {
	s := &Store{tables: map[store.Table]*table{}}
	for _, name := range store.Tables() {
		s.tables[name] = &table{partitions: map[string]*partition{}}
	}
	return s
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	const op = "memstore: get"
	if err := ready(ctx, op, store.CheckKeys(op, keys)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[store.Key]store.Row, len(keys))
	for _, k := range keys {
		if row := s.tables[k.Table].row(k); row != nil {
			out[k] = *row
		}
	}
	return out, nil
}

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	const op = "memstore: query"
	if err := ready(ctx, op, store.CheckQuery(op, q)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.tables[q.Table].partitions[q.Partition]
	if p == nil {
		return nil, nil
	}
	begin, _ := p.find(max(q.Prefix, q.After))
	var out []store.Row
	for _, row := range p.rows[begin:] {
		if len(out) == q.Limit || !strings.HasPrefix(row.Sort, q.Prefix) {
			break
		}
		if row.Sort > q.After {
			out = append(out, *row)
		}
	}
	return out, nil
}

// Scan implements store.Store. A segment holds every Segments-th slot.
func (s *Store) Scan(ctx context.Context, scan store.Scan) (rows []store.Row, next string, err error) {
	const op = "memstore: scan"
	if err := ready(ctx, op, store.CheckScan(op, scan)); err != nil {
		return nil, "", err
	}
	at, err := parsePosition(scan)
	if err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slots := s.tables[scan.Table].slots
	for ; at.slot < len(slots); at = (position{slot: at.slot + scan.Segments}) {
		p := slots[at.slot]
		if p == nil {
			continue
		}
		begin, found := p.find(at.after)
		if found {
			begin++
		}
		for _, row := range p.rows[begin:] {
			if len(rows) == scan.Limit {
				return rows, at.String(), nil
			}
			rows = append(rows, *row)
			at.after = row.Sort
		}
	}
	return rows, "", nil
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, writes []store.Write) error {
	const op = "memstore: commit"
	if err := ready(ctx, op, store.CheckWrites(op, writes)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range writes {
		if w.Expect == store.Any {
			continue
		}
		var rev int64
		if row := s.tables[w.Table].row(w.Key); row != nil {
			rev = row.Rev
		}
		if w.Expect != rev {
			return fault.Newf(fault.Stale, op, "row %s/%s is at revision %d, not %d", w.Partition, w.Sort, rev, w.Expect)
		}
	}
	for _, w := range writes {
		switch {
		case w.CheckOnly:
		case w.Delete:
			s.tables[w.Table].delete(w.Key)
		default:
			s.tables[w.Table].put(w)
		}
	}
	return nil
}

// Expire deletes every row whose ExpiresAt is not after now, as a DynamoDB table with a TTL would some time later,
// and gives their number.
func (s *Store) Expire(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, t := range s.tables {
		for _, p := range t.slots {
			if p == nil {
				continue
			}
			// delete changes p.rows in place, so the walk is over a copy.
			for _, row := range slices.Clone(p.rows) {
				if !row.ExpiresAt.IsZero() && !row.ExpiresAt.After(now) {
					t.delete(row.Key)
					count++
				}
			}
		}
	}
	return count
}

// ready gives what is wrong with a call before it begins: refused, or a context that has ended.
func ready(ctx context.Context, op string, refused error) error {
	if refused != nil {
		return refused
	}
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Transient, op, err)
	}
	return nil
}

func (t *table) row(k store.Key) *store.Row {
	p := t.partitions[k.Partition]
	if p == nil {
		return nil
	}
	if i, found := p.find(k.Sort); found {
		return p.rows[i]
	}
	return nil
}

func (t *table) put(w store.Write) {
	p := t.partitions[w.Partition]
	if p == nil {
		p = t.add(w.Partition)
	}
	row := &store.Row{Key: w.Key, Rev: 1, Body: w.Body, ExpiresAt: store.Expiry(w.ExpiresAt)}
	i, found := p.find(w.Sort)
	if found {
		row.Rev = p.rows[i].Rev + 1
		p.rows[i] = row
		return
	}
	p.rows = slices.Insert(p.rows, i, row)
}

func (t *table) delete(k store.Key) {
	p := t.partitions[k.Partition]
	if p == nil {
		return
	}
	i, found := p.find(k.Sort)
	if !found {
		return
	}
	p.rows = slices.Delete(p.rows, i, i+1)
	if len(p.rows) == 0 {
		delete(t.partitions, k.Partition)
		t.slots[p.slot] = nil
		t.free = append(t.free, p.slot)
	}
}

// add puts a partition in a free slot, else in a new one. A scan that is past the slot misses it, as it may: the
// partition is written meanwhile.
func (t *table) add(name string) *partition {
	p := &partition{slot: len(t.slots)}
	if last := len(t.free) - 1; last >= 0 {
		p.slot, t.free = t.free[last], t.free[:last]
		t.slots[p.slot] = p
	} else {
		t.slots = append(t.slots, p)
	}
	t.partitions[name] = p
	return p
}

func (p *partition) find(sortKey string) (int, bool) {
	return slices.BinarySearchFunc(p.rows, sortKey, func(row *store.Row, key string) int { return strings.Compare(row.Sort, key) })
}
