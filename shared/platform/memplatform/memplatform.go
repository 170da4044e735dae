// Package memplatform is the reference connector: a platform in memory that does exactly what the contract says, with
// every ability a switch, so that tests and simulations can take each away.
package memplatform

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

var _ platform.Connector = (*Platform)(nil)

// Platform is one account. Safe for concurrent use.
type Platform struct {
	Connection record.Connection
	Now        func() time.Time
	// Ability of each object; an object not in it does not exist.
	Abilities map[record.Object]catalog.Ability
	// Reform changes a value as the platform stores it; nil keeps it.
	Reform func(record.PlatformField, string) string
	// Fault is asked before each call, with its name ("fetch", "apply", …); after says that the work was done. Nil for none.
	Fault func(call string, after bool) error

	mu      sync.Mutex
	serial  int
	clock   int64
	records map[record.Object][]*stored
	keys    map[string]record.ExternalID // request key -> record
	// Writes counts the values changed by Apply; Calls all calls.
	Writes, Calls int
}

type stored struct {
	id       record.ExternalID
	fields   record.Fields
	version  int
	modified time.Time
	seq      int64
	archived bool
	deleted  bool
	into     record.ExternalID
}

// stamp gives a stamp that grows with every write, a millisecond apart at least.
func (p *Platform) touch(s *stored) {
	p.clock++
	s.version++
	s.seq = p.clock
	s.modified = p.Now().Truncate(time.Millisecond)
}

func (p *Platform) find(object record.Object, id record.ExternalID) *stored {
	for _, s := range p.records[object] {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (p *Platform) fail(call string, after bool) error {
	if p.Fault == nil {
		return nil
	}
	return p.Fault(call, after)
}

// Create makes a record as a person would.
func (p *Platform) Create(object record.Object, fields record.Fields) record.ExternalID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.create(object, fields).id
}

func (p *Platform) create(object record.Object, fields record.Fields) *stored {
	p.serial++
	if p.records == nil {
		p.records = map[record.Object][]*stored{}
	}
	s := &stored{id: record.ExternalID(string(p.Connection) + "-" + strconv.Itoa(p.serial)), fields: record.Fields{}}
	p.set(s, fields)
	p.records[object] = append(p.records[object], s)
	return s
}

func (p *Platform) set(s *stored, fields record.Fields) {
	for name, value := range fields {
		if p.Reform != nil {
			value = p.Reform(name, value)
		}
		s.fields[name] = value
	}
	p.touch(s)
}

// Edit changes a record as a person would.
func (p *Platform) Edit(object record.Object, id record.ExternalID, fields record.Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(object, id); s != nil {
		p.set(s, fields)
	}
}

// Delete removes a record as a person would; it stays known as deleted.
func (p *Platform) Delete(object record.Object, id record.ExternalID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(object, id); s != nil {
		s.deleted = true
		p.touch(s)
	}
}

// Record gives a live record's fields.
func (p *Platform) Record(object record.Object, id record.ExternalID) (record.Fields, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.find(object, id)
	if s == nil || s.deleted || s.archived {
		return nil, false
	}
	return maps.Clone(s.fields), true
}

// IDs lists live records.
func (p *Platform) IDs(object record.Object) []record.ExternalID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []record.ExternalID
	for _, s := range p.records[object] {
		if !s.deleted && !s.archived {
			out = append(out, s.id)
		}
	}
	return out
}

func (p *Platform) snapshot(object record.Object, s *stored, fields []record.PlatformField, began time.Time) record.Snapshot {
	out := record.Snapshot{Ref: record.Ref{Place: record.Place{Connection: p.Connection, Object: object}, ID: s.id}, Fields: record.Fields{},
		ModifiedAt: s.modified, ReadBegan: began, Archived: s.archived}
	if p.Abilities[object].Conditional {
		out.Version = strconv.Itoa(s.version)
	}
	for _, name := range fields {
		out.Fields[name] = s.fields[name]
	}
	return out
}

// Changes implements platform.Connector. The cursor is the sequence of the last change told.
func (p *Platform) Changes(_ context.Context, q platform.Query) (platform.Page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	if err := p.fail("changes", false); err != nil {
		return platform.Page{}, err
	}
	from, _ := strconv.ParseInt(string(q.Cursor), 10, 64)
	began := p.Now()
	changed := slices.Clone(p.records[q.Object])
	slices.SortFunc(changed, func(a, b *stored) int { return int(a.seq - b.seq) })
	page := platform.Page{Next: platform.Cursor(strconv.FormatInt(from, 10))}
	for _, s := range changed {
		if s.seq <= from || (q.Cursor == "" && s.modified.Before(q.Since)) {
			continue
		}
		if len(page.Snapshots)+len(page.Absences) == q.Limit {
			page.More = true
			break
		}
		page.Next = platform.Cursor(strconv.FormatInt(s.seq, 10))
		if !s.deleted {
			page.Snapshots = append(page.Snapshots, p.snapshot(q.Object, s, q.Fields, began))
		} else if p.Abilities[q.Object].PollsDeletes {
			page.Absences = append(page.Absences, p.absence(q.Object, s.id, s, began))
		}
	}
	return page, nil
}

func (p *Platform) absence(object record.Object, id record.ExternalID, s *stored, began time.Time) record.Absence {
	a := record.Absence{Ref: record.Ref{Place: record.Place{Connection: p.Connection, Object: object}, ID: id}, Evidence: record.EvidenceNotFound, ReadBegan: began}
	if s != nil && s.into != "" {
		a.Evidence, a.Into = record.EvidenceMerged, s.into
	}
	return a
}

// List implements platform.Connector.
func (p *Platform) List(_ context.Context, q platform.Query) (platform.Page, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	if err := p.fail("list", false); err != nil {
		return platform.Page{}, err
	}
	at, _ := strconv.Atoi(string(q.Cursor))
	began, all := p.Now(), p.records[q.Object]
	page := platform.Page{}
	for ; at < len(all) && len(page.Snapshots) < q.Limit; at++ {
		if !all[at].deleted {
			page.Snapshots = append(page.Snapshots, p.snapshot(q.Object, all[at], q.Fields, began))
		}
	}
	page.Next, page.More = platform.Cursor(strconv.Itoa(at)), at < len(all)
	return page, nil
}

// Fetch implements platform.Connector.
func (p *Platform) Fetch(_ context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	if err := p.fail("fetch", false); err != nil {
		return nil, err
	}
	began := p.Now()
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i].ID = id
		if s := p.find(object, id); s != nil && !s.deleted {
			snapshot := p.snapshot(object, s, fields, began)
			reads[i].Snapshot = &snapshot
		} else {
			absence := p.absence(object, id, s, began)
			reads[i].Absence = &absence
		}
	}
	return reads, nil
}

// Find implements platform.Connector.
func (p *Platform) Find(_ context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	if err := p.fail("find", false); err != nil {
		return nil, err
	}
	began := p.Now()
	out := make([][]record.Snapshot, len(lookups))
	for i, l := range lookups {
		for _, s := range p.records[object] {
			if !s.deleted && !s.archived && strings.EqualFold(s.fields[l.Field], l.Value) && len(out[i]) < 10 {
				out[i] = append(out[i], p.snapshot(object, s, fields, began))
			}
		}
	}
	return out, nil
}

// Apply implements platform.Connector.
func (p *Platform) Apply(_ context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if err := p.fail("apply", false); err != nil { // not locked: a test may edit here, between a pre-read and its write
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	began := p.Now()
	receipts := make([]record.Receipt, len(intents))
	for i, intent := range intents {
		receipts[i] = p.apply(intent, began)
	}
	if err := p.fail("apply", true); err != nil {
		return nil, err
	}
	return receipts, nil
}

func (p *Platform) apply(intent record.Intent, began time.Time) record.Receipt {
	object := intent.Ref.Object
	ability := p.Abilities[object]
	receipt := record.Receipt{Key: intent.Key}
	s := p.find(object, intent.Ref.ID)
	switch {
	case intent.Operation == record.OperationCreate:
		s, receipt.Existing = p.existing(intent, ability)
		if s == nil {
			s = p.create(object, intent.Fields)
			p.Writes++
			if ability.RequestKey {
				if p.keys == nil {
					p.keys = map[string]record.ExternalID{}
				}
				p.keys[intent.Key] = s.id
			}
		}
	case s == nil || s.deleted:
		receipt.Err = fault.Newf(fault.Gone, "memplatform "+intent.Ref.String(), "no such record")
		return receipt
	case ability.Conditional && intent.Current != nil && intent.Current.Version != strconv.Itoa(s.version):
		receipt.Err = fault.Newf(fault.Stale, "memplatform "+intent.Ref.String(), "version moved")
		return receipt
	case intent.Operation == record.OperationUpdate:
		p.set(s, intent.Fields)
		p.Writes++
	case intent.Operation == record.OperationArchive:
		s.archived = true
		p.touch(s)
		p.Writes++
	default:
		s.deleted = true
		p.touch(s)
		p.Writes++
	}
	snapshot := p.snapshot(object, s, slices.Sorted(maps.Keys(s.fields)), began)
	receipt.ID, receipt.Snapshot = s.id, &snapshot
	return receipt
}

// existing finds what an earlier try of a create made, by the ability that the platform has.
func (p *Platform) existing(intent record.Intent, ability catalog.Ability) (s *stored, existing bool) {
	object := intent.Ref.Object
	if ability.RequestKey {
		if id, ok := p.keys[intent.Key]; ok {
			return p.find(object, id), false
		}
	}
	if intent.Marker == "" || (!ability.UniqueKey && intent.AttemptsBegan.IsZero()) {
		return nil, false
	}
	for _, s := range p.records[object] {
		if !s.deleted && s.fields[intent.Marker] == intent.Fields[intent.Marker] && intent.Fields[intent.Marker] != "" {
			return s, true
		}
	}
	return nil, false
}
