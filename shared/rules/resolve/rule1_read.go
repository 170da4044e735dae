package resolve

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 1: what one pair of a record says, compared with what its link remembers.

// readingKind is what a pair says of its hub fields.
type readingKind string

const (
	readUnchanged   readingKind = "unchanged"    // what base is
	readOurs        readingKind = "ours"         // the value of a write whose outcome was unknown
	readEdit        readingKind = "edit"         // somebody changed it
	readFirstSight  readingKind = "first sight"  // it was never read on this link: rule 2
	readSaysNothing readingKind = "says nothing" // neither a value nor a blank: it travels nowhere
)

// reading is the ruling of rule 1.
type reading struct {
	kind readingKind
	// why says why it says nothing: it was left out of the read, names a parent that nobody has seen yet, is an option without
	// an entry in the map, a text that cannot be read, or one for which the rule asks for a person.
	why record.Reason
	// words say it to an operator.
	words string
	// attempt is the write that it comes from, where it is ours.
	attempt *Attempt
	// said are the hub values of an edit or a first sight: those alone that differ from base, where base could be read.
	said []said
	// byDefault marks a first sight of what the platform fills in where nothing is set: it is taken for a blank.
	byDefault bool
	// knowing marks an edit made by somebody who was shown the entity's value.
	knowing bool
}

// said is a value for a hub field, in its canonical form.
type said struct {
	field record.HubField
	text  string
}

func saysNothing(why record.Reason) reading { return reading{kind: readSaysNothing, why: why} }

// read tells what a pair of a record says. It looks at the link as it was before the record is taken in.
func read(x *subject, link *Link, p *ruleset.Pair, s record.Snapshot) reading {
	known := has(p, link.Base)
	if !has(p, s.Fields) {
		return saysNothing(record.ReasonIncompleteRead)
	}
	switch nothing, silent := silence(x, link, p, s); {
	case silent:
		return reading{kind: readSaysNothing, why: reasonOf(nothing.Why), words: nothing.Words(string(p.Hub[0]))}
	case readable(p) && known && byDefault(x, link, p, s.Fields):
		return reading{kind: readSaysNothing, why: record.ReasonPlatformDefault, words: wordsOf(record.ReasonPlatformDefault, s.Place, p.Spoke[0])}
	case known && sameReading(x, s.Place, p, s.Fields, link.Base):
		return reading{kind: readUnchanged}
	}
	r := reading{kind: readFirstSight}
	if known {
		if a := attemptOf(x, link, p, s); a != nil {
			return reading{kind: readOurs, attempt: a}
		}
		r = reading{kind: readEdit, knowing: knewValue(x, link, p)}
	}
	if !readable(p) {
		return r
	}
	if !known && byDefault(x, link, p, s.Fields) {
		for _, name := range p.Hub {
			r.said = append(r.said, said{field: name})
		}
		r.byDefault = true
		return r
	}
	after, problem := toHub(x, s.Place, p, s.Fields)
	if problem != "" {
		return saysNothing(reasonOf(problem))
	}
	var before []string
	if known {
		if before, problem = toHub(x, s.Place, p, link.Base); problem != "" {
			before = nil
		}
	}
	for i, name := range p.Hub {
		if before == nil || !sameValue(x, name, before[i], after[i]) {
			r.said = append(r.said, said{name, after[i]})
		}
	}
	return r
}

// reasonOf says as a reason why a value says nothing.
func reasonOf(why mapping.Why) record.Reason {
	switch why {
	case problemUnknownParent:
		return record.ReasonUnknownParent
	case mapping.NotRead:
		return record.ReasonIncompleteRead
	case mapping.NoEntry:
		return record.ReasonUnmappedValue
	case mapping.Unreadable:
		return record.ReasonUnreadable
	case mapping.Emptied:
		return record.ReasonNothingLeft
	case mapping.BrokenRule:
		return record.ReasonBrokenRule
	}
	return record.ReasonInvalidValue
}

// stamp gives when a pair was edited, as far as the platform tells: per field if it can, else the record's, never
// later than our own read.
func stamp(s record.Snapshot, p *ruleset.Pair) time.Time {
	at := s.ModifiedAt
	for _, name := range p.Spoke {
		if t, ok := s.FieldTimes[name]; ok {
			at = t
		}
	}
	if at.IsZero() || at.After(s.ReadBegan) {
		at = s.ReadBegan
	}
	return at
}

// attemptOf gives the attempt of unknown outcome that a difference came from, nil if none did. The platform may spell it in a
// way of its own, so values are compared by their type: taking another spelling for somebody's edit would carry it everywhere,
// and beat real edits with it; taking an edit for another spelling would lose it.
func attemptOf(x *subject, link *Link, p *ruleset.Pair, s record.Snapshot) *Attempt {
	for i := len(link.Attempts) - 1; i >= 0; i-- {
		if a := &link.Attempts[i]; has(p, a.Fields) && sameReading(x, s.Place, p, s.Fields, a.Fields) {
			return a
		}
	}
	return nil
}

// knewValue reports whether a link had been told the entity's present value of a pair: an edit there was then made
// knowing it. A pair that never writes there cannot tell, and its edits compare by stamp.
func knewValue(x *subject, link *Link, p *ruleset.Pair) bool {
	if p.Direction == ruleset.ToHub && link.Place.Connection != x.group.Hub {
		return false
	}
	texts, problem, known, _ := toSpoke(x, link.Place, p)
	if !known || problem != "" {
		return true
	}
	want := withTexts(p, texts)
	if sameReading(x, link.Place, p, want, link.Sent) || has(p, link.Knew) && sameReading(x, link.Place, p, want, link.Knew) {
		return true
	}
	// A write of it may have arrived there before the edit. If it has, the edit was made knowing it; if it has not, the
	// edit is still what a person did last at that place. Where a person is to decide conflicts, doubt is one.
	if slices.ContainsFunc(p.Hub, func(name record.HubField) bool {
		f, ok := x.declared.Field(name)
		return ok && f.Conflict == ruleset.ConflictManual
	}) {
		return false
	}
	return slices.ContainsFunc(link.Attempts, func(a Attempt) bool {
		return has(p, a.Fields) && sameReading(x, link.Place, p, want, a.Fields)
	})
}

// holds reports whether what a link was last known to be asked for is the entity's present value of a pair, or says nothing
// against it.
func holds(x *subject, link *Link, p *ruleset.Pair) bool {
	texts, problem, known, _ := toSpoke(x, link.Place, p)
	return !known || problem != "" || sameReading(x, link.Place, p, withTexts(p, texts), link.Sent)
}

// over reports whether a read would have shown what an attempt did: it can no longer take effect.
func (a *Attempt) over(s record.Snapshot) bool { return a.At.Add(attemptLife).Before(s.ReadBegan) }
