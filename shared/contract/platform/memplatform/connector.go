package memplatform

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// findMax is how many matches one look-up gives.
const findMax = 10

func (p *Platform) fail(call string, after bool) error {
	if p.Fault == nil {
		return nil
	}
	return p.Fault(call, after)
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
	type told struct {
		s *stored
		v *version
	}
	var changed []told
	for _, s := range p.records[q.Object] {
		if v := s.asOf(began.Add(-p.Lag)); v != nil && v.seq > from && (q.Cursor != "" || !v.at.Before(q.Since)) {
			changed = append(changed, told{s, v})
		}
	}
	slices.SortFunc(changed, func(a, b told) int { return int(a.v.seq - b.v.seq) })
	page := platform.Page{Next: platform.Cursor(strconv.FormatInt(from, 10))}
	for _, t := range changed {
		if len(page.Snapshots)+len(page.Absences) == q.Limit {
			page.More = true
			break
		}
		page.Next = platform.Cursor(strconv.FormatInt(t.v.seq, 10))
		if !t.v.deleted {
			snapshot := p.listed(q, t.s, t.v, began)
			snapshot.Lagging = p.Lag > 0
			page.Snapshots = append(page.Snapshots, snapshot)
		} else if p.Abilities[q.Object].PollsDeletes {
			page.Absences = append(page.Absences, p.absence(q.Object, t.s.id, t.v, began))
		}
	}
	return page, nil
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
		if v := all[at].now(); !v.deleted {
			page.Snapshots = append(page.Snapshots, p.listed(q, all[at], v, began))
		}
	}
	page.Next, page.More = platform.Cursor(strconv.Itoa(at)), at < len(all)
	return page, nil
}

// listed gives a record as a row of a list shows it.
func (p *Platform) listed(q platform.Query, s *stored, v *version, began time.Time) record.Snapshot {
	snapshot := p.snapshot(q.Object, s, v, q.Fields, began)
	for _, name := range q.Fields {
		if p.OmitListed != nil && p.OmitListed(s.id, name) {
			delete(snapshot.Fields, name)
		}
	}
	return snapshot
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
		reads[i] = p.read(object, fields, id, began)
	}
	return reads, nil
}

func (p *Platform) read(object record.Object, fields []record.PlatformField, id record.ExternalID, began time.Time) platform.Read {
	at := began
	if p.Stale != nil {
		at = at.Add(-p.Stale())
	}
	s := p.find(object, id)
	var v *version
	if s != nil {
		v = s.asOf(at)
	}
	if survivor := p.forwarded(object, s); v != nil && v.into != "" && survivor != s {
		snapshot := p.snapshot(object, survivor, survivor.now(), fields, began)
		return platform.Read{ID: id, Snapshot: &snapshot}
	}
	if v == nil || v.deleted {
		absence := p.absence(object, id, v, began)
		return platform.Read{ID: id, Absence: &absence}
	}
	snapshot := p.snapshot(object, s, v, fields, began)
	for _, name := range fields {
		if p.Omit != nil && p.Omit() {
			delete(snapshot.Fields, name)
		}
	}
	return platform.Read{ID: id, Snapshot: &snapshot}
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
			v := s.asOf(began.Add(-p.Lag))
			if v != nil && v.live() && strings.EqualFold(v.fields[l.Field], l.Value) && len(out[i]) < findMax {
				snapshot := p.snapshot(object, s, v, fields, began)
				snapshot.Lagging = p.Lag > 0
				out[i] = append(out[i], snapshot)
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
	var effects []Effect
	defer func() { // once unlocked: who is told may look at the platform
		for _, e := range effects {
			p.Applied(e)
		}
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls++
	p.effects = &effects
	began := p.Now()
	receipts := make([]record.Receipt, len(intents))
	for i, intent := range intents {
		receipts[i].Err = p.refusal(intent)
		if receipts[i].Err != nil && p.WholeCalls {
			return nil, receipts[i].Err
		}
	}
	for i, intent := range intents {
		if receipts[i].Err == nil {
			receipts[i] = p.apply(intent, began)
		}
		receipts[i].Key = intent.Key
	}
	if err := p.fail("apply", true); err != nil {
		return nil, err
	}
	return receipts, nil
}

func (p *Platform) refusal(intent record.Intent) error {
	if p.Refuse == nil || len(intent.Fields) == 0 {
		return nil
	}
	names := p.Refuse(intent.Ref.Object, intent.Fields)
	if len(names) == 0 {
		return nil
	}
	err := fault.Newf(fault.Rejected, "memplatform "+intent.Ref.String(), "refused values")
	err.Code = "REFUSED"
	for _, name := range names {
		err.Fields = append(err.Fields, string(name))
	}
	return err
}

func (p *Platform) apply(intent record.Intent, began time.Time) record.Receipt {
	object, ability := intent.Ref.Object, p.Abilities[intent.Ref.Object]
	receipt := record.Receipt{Key: intent.Key}
	s := p.forwarded(object, p.find(object, intent.Ref.ID))
	var before record.Fields
	if s != nil {
		before = s.now().fields
	}
	switch {
	case intent.Operation == record.OperationCreate:
		if s, receipt.Existing = p.existing(intent, ability); s == nil {
			s = p.create(object, intent.Fields)
			if ability.RequestKey {
				if p.keys == nil {
					p.keys = map[string]record.ExternalID{}
				}
				p.keys[intent.Key] = s.id
			}
			p.applied(intent, s, nil)
		}
	case s == nil || s.now().deleted, s.now().archived && intent.Operation == record.OperationUpdate:
		receipt.Err = fault.Newf(fault.Gone, "memplatform "+intent.Ref.String(), "no such record")
		return receipt
	case ability.Conditional && intent.Current != nil && intent.Current.Version != "" && (s.id != intent.Ref.ID || intent.Current.Version != strconv.Itoa(s.now().number)):
		receipt.Err = fault.Newf(fault.Stale, "memplatform "+intent.Ref.String(), "version moved")
		return receipt
	case intent.Operation == record.OperationUpdate:
		p.change(s, p.withSiblings(intent), nil)
		p.applied(intent, s, before)
	case intent.Operation == record.OperationArchive && !s.now().archived:
		p.change(s, nil, func(v *version) { v.archived = true })
		p.applied(intent, s, before)
	case intent.Operation == record.OperationRestore && s.now().archived:
		p.change(s, nil, func(v *version) { v.archived = false })
		p.applied(intent, s, before)
	case intent.Operation == record.OperationDelete:
		p.change(s, nil, func(v *version) { v.deleted = true })
		p.applied(intent, s, before)
	}
	if s.now().deleted { // by this call, or long ago: an earlier try's record
		receipt.ID = s.id
		return receipt
	}
	snapshot := p.snapshot(object, s, s.now(), sortedNames(s.now().fields), began)
	receipt.ID, receipt.Snapshot = s.id, &snapshot
	return receipt
}

// forwarded gives the record that a write to another reaches: itself, or the survivor where a merged record's id is its.
func (p *Platform) forwarded(object record.Object, s *stored) *stored {
	if s != nil && s.now().into != "" && p.Merged == MergedForward {
		if survivor := p.find(object, s.now().into); survivor != nil && !survivor.now().deleted {
			return survivor
		}
	}
	return s
}

func (p *Platform) applied(intent record.Intent, s *stored, before record.Fields) {
	p.Writes++
	if p.Applied != nil {
		*p.effects = append(*p.effects, Effect{Intent: intent, ID: s.id, Before: before, After: s.now().fields})
	}
}

// withSiblings gives the fields of an update with the other members of each list it writes to, as they were pre-read;
// without a pre-read they are emptied, as the vendor would.
func (p *Platform) withSiblings(intent record.Intent) record.Fields {
	out := record.Fields{}
	for name, value := range intent.Fields {
		out[name] = value
		for _, sibling := range p.Lists[name] {
			if _, given := intent.Fields[sibling]; given {
				continue
			}
			out[sibling] = ""
			if intent.Current != nil {
				out[sibling] = intent.Current.Fields[sibling]
			}
		}
	}
	return out
}

// existing finds what an earlier try of a create made, by the ability that the platform has.
func (p *Platform) existing(intent record.Intent, ability catalog.Ability) (s *stored, existing bool) {
	object := intent.Ref.Object
	if ability.RequestKey {
		if id, ok := p.keys[intent.Key]; ok {
			return p.find(object, id), false
		}
	}
	if s := p.marked(intent, ability); s != nil {
		return s, true
	}
	unique := p.Unique[object]
	value := intent.Fields[unique]
	if value == "" {
		return nil, false
	}
	for _, s := range p.records[object] {
		if v := s.now(); !v.deleted && !v.archived && v.into == "" && strings.EqualFold(v.fields[unique], value) {
			return s, true
		}
	}
	return nil, false
}

// marked gives the record that holds our identity already.
func (p *Platform) marked(intent record.Intent, ability catalog.Ability) *stored {
	object := intent.Ref.Object
	if intent.Marker == "" || (!ability.UniqueKey && intent.AttemptsBegan.IsZero()) {
		return nil
	}
	at := p.Now()
	if !ability.UniqueKey {
		at = at.Add(-p.Lag) // found by a list, and that trails
	}
	for _, s := range p.records[object] {
		if v := s.asOf(at); v != nil && !v.deleted && v.fields[intent.Marker] == intent.Fields[intent.Marker] && intent.Fields[intent.Marker] != "" {
			return s
		}
	}
	return nil
}
