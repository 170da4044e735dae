// Package memplatform is the reference connector: a platform in memory that does exactly what the contract says, with
// every ability and every weakness a switch, so that tests and simulations can take each away. person.go is what its
// users do, connector.go what we ask of it. It keeps every version of every record, so that a read may be stale and an
// index may trail.
package memplatform

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var _ platform.Connector = (*Platform)(nil)

// Platform is one account. Safe for concurrent use.
type Platform struct {
	Connection record.Connection
	Now        func() time.Time
	// Abilities of each object; an object not in it does not exist.
	Abilities map[record.Object]catalog.Ability
	// Reform changes a value as the platform stores it; nil keeps it.
	Reform func(record.PlatformField, string) string
	// Refuse names the fields of a write that the platform does not take; nil takes all.
	Refuse func(record.Object, record.Fields) []record.PlatformField
	// Lists names, for a field that is one member of a list, the other members: a write of one replaces the list, so
	// the connector sends the others back as they were pre-read.
	Lists map[record.PlatformField][]record.PlatformField
	// Skew is how far the account's clock is ahead of ours, StampUnit how coarse its stamps are (0: a millisecond).
	Skew, StampUnit time.Duration
	// Unstamped objects tell no time of change.
	Unstamped map[record.Object]bool
	// Lag is how far lists of changes and look-ups trail the records; Stale how far the next read by id does (nil: not).
	Lag   time.Duration
	Stale func() time.Duration
	// Unique names a field of an object that no two records may share: a create whose value another record has is answered
	// with that record, and writes nothing, as HubSpot does with a contact's email.
	Unique map[record.Object]record.PlatformField
	// Omit is asked of each field of a read by id whether its answer lacks it; nil leaves none out.
	Omit func() bool
	// OmitListed is asked of each field of a row of List and of Changes whether the row lacks it; nil leaves none out.
	OmitListed func(record.ExternalID, record.PlatformField) bool
	// Merged says how a merged record answers a read by id.
	Merged MergedStyle
	// WholeCalls: one refused item refuses its whole call.
	WholeCalls bool
	// Fault is asked before each call, with its name ("fetch", "apply", …); after says that the work was done. Nil for none.
	Fault func(call string, after bool) error
	// Applied is told of each intent that changed something, in the order of their effect; nil for nobody.
	Applied func(Effect)

	mu      sync.Mutex
	serial  int
	seq     int64
	records map[record.Object][]*stored
	keys    map[string]record.ExternalID // request key -> record
	effects *[]Effect                    // of the call under way
	// Writes counts the intents that changed something; Calls all calls.
	Writes, Calls int
}

// MergedStyle is how a merged record answers a read by id.
type MergedStyle int

// The styles.
const (
	MergedAway    MergedStyle = iota // it is not found
	MergedTells                      // it is gone, and the answer names the survivor
	MergedForward                    // the survivor answers, under its own id, and takes what is written
)

// Effect is what one intent did to a record.
type Effect struct {
	Intent record.Intent
	ID     record.ExternalID
	// Before is nil for a record that was made.
	Before, After record.Fields
}

// stored is one record, its versions oldest first; there is always one.
type stored struct {
	id       record.ExternalID
	versions []version
}

// version is what a record held from a time on. Its maps are never changed.
type version struct {
	at       time.Time // our clock
	seq      int64
	number   int
	fields   record.Fields
	changed  map[record.PlatformField]time.Time // by the platform's clock
	modified time.Time                          // by the platform's clock
	archived bool
	deleted  bool
	into     record.ExternalID
}

func (s *stored) now() *version { return &s.versions[len(s.versions)-1] }

// asOf gives the version that stood at a time, nil if there was none yet.
func (s *stored) asOf(at time.Time) *version {
	for i := len(s.versions) - 1; i >= 0; i-- {
		if !s.versions[i].at.After(at) {
			return &s.versions[i]
		}
	}
	return nil
}

func (v *version) live() bool { return !v.deleted && !v.archived }

func (p *Platform) find(object record.Object, id record.ExternalID) *stored {
	for _, s := range p.records[object] {
		if s.id == id {
			return s
		}
	}
	return nil
}

// stamp gives the platform's clock.
func (p *Platform) stamp() time.Time {
	unit := p.StampUnit
	if unit == 0 {
		unit = time.Millisecond
	}
	return p.Now().Add(p.Skew).Truncate(unit)
}

func (p *Platform) create(object record.Object, fields record.Fields) *stored {
	p.serial++
	if p.records == nil {
		p.records = map[record.Object][]*stored{}
	}
	s := &stored{id: record.ExternalID(string(p.Connection) + "-" + strconv.Itoa(p.serial))}
	s.versions = []version{{fields: record.Fields{}}}
	p.change(s, fields, nil)
	s.versions = s.versions[1:]
	p.records[object] = append(p.records[object], s)
	return s
}

// change adds a version: the fields given take new values, and mend changes the rest of it.
func (p *Platform) change(s *stored, fields record.Fields, mend func(*version)) {
	old := s.now()
	p.seq++
	next := version{at: p.Now(), seq: p.seq, number: old.number + 1, fields: old.fields, changed: old.changed, modified: p.stamp(),
		archived: old.archived, deleted: old.deleted, into: old.into}
	if len(fields) > 0 {
		next.fields, next.changed = maps.Clone(old.fields), maps.Clone(old.changed)
		if next.changed == nil {
			next.changed = map[record.PlatformField]time.Time{}
		}
	}
	for name, value := range fields {
		if p.Reform != nil {
			value = p.Reform(name, value)
		}
		next.fields[name], next.changed[name] = value, next.modified
	}
	if mend != nil {
		mend(&next)
	}
	s.versions = append(s.versions, next)
}

func (p *Platform) snapshot(object record.Object, s *stored, v *version, fields []record.PlatformField, began time.Time) record.Snapshot {
	ability := p.Abilities[object]
	out := record.Snapshot{Ref: record.Ref{Place: record.Place{Connection: p.Connection, Object: object}, ID: s.id}, Fields: make(record.Fields, len(fields)),
		ReadBegan: began, Archived: v.archived}
	if !p.Unstamped[object] {
		out.ModifiedAt = v.modified
	}
	if ability.Conditional {
		out.Version = strconv.Itoa(v.number)
	}
	for _, name := range fields {
		out.Fields[name] = v.fields[name]
		for _, sibling := range p.Lists[name] {
			out.Fields[sibling] = v.fields[sibling]
		}
	}
	if ability.FieldTimes {
		out.FieldTimes = make(map[record.PlatformField]time.Time, len(fields))
		for _, name := range fields {
			if at, ok := v.changed[name]; ok {
				out.FieldTimes[name] = at
			}
		}
	}
	return out
}

func (p *Platform) absence(object record.Object, id record.ExternalID, v *version, began time.Time) record.Absence {
	a := record.Absence{Ref: record.Ref{Place: record.Place{Connection: p.Connection, Object: object}, ID: id}, Evidence: record.EvidenceNotFound, ReadBegan: began}
	if v != nil && v.into != "" && p.Merged != MergedAway {
		a.Evidence, a.Into = record.EvidenceMerged, v.into
	}
	return a
}

func sortedNames(fields record.Fields) []record.PlatformField {
	return slices.Sorted(maps.Keys(fields))
}
