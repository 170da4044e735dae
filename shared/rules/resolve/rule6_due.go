package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 6: what of an existing record is due.

// duty is what a pair owes a place.
type duty struct {
	kind dutyKind
	// fields are to be written.
	fields record.Fields
	// why says what it waits for: the place holds something else than the entity, and is not asked to change it.
	why record.Reason
}

type dutyKind string

const (
	dutyNone  dutyKind = "none"  // the place was asked for the entity's value, or the pair asks it for nothing
	dutyWrite dutyKind = "write" // it should be asked for the entity's value
	dutyWait  dutyKind = "wait"  // it is not asked yet, or may keep its own
)

func waits(why record.Reason) duty { return duty{kind: dutyWait, why: why} }

// dutyOf says whether a pair is due on a live link.
func dutyOf(x *subject, link *Link, p *ruleset.Pair) duty {
	if p.Direction == ruleset.ToHub || constant(p) || p.OnCreateOnly || !has(p, link.Sent) && !newEdit(x, link, p) {
		return duty{kind: dutyNone}
	}
	if fieldGone(link, p) {
		return waits(record.ReasonFieldGone)
	}
	if d := permitted(x, link, p); d.kind != dutyWrite {
		return d
	}
	texts, problem, known, parent := toSpoke(x, link.Place, p)
	want := record.Fields(nil)
	switch {
	case parent != "":
		return waits(record.ReasonWaitsForParent) // an existing record keeps its reference until the new parent has one
	case problem != "":
		return waits(reasonOf(problem))
	case !known:
		return duty{kind: dutyNone}
	}
	switch want = withTexts(p, texts); {
	case has(p, link.Sent) && sameReading(x, link.Place, p, want, link.Sent) && !unheeded(x, link, p):
		return duty{kind: dutyNone}
	case keptAsFound(x, p, link):
		return waits(record.ReasonKeptAsFound)
	case refusedValue(p, link, want):
		return waits(record.ReasonRejected)
	case waived(x, p, link):
		return waits(record.ReasonNonOwnerWaived)
	case keepsBlank(x, p, texts):
		return waits(record.ReasonBlankKept)
	}
	return duty{kind: dutyWrite, fields: want}
}

// permitted rules on whether a place may be asked for a pair at all: not for what waits for a person, not for what it owns but
// in three cases (rule 6), and not before the owner has been read.
func permitted(x *subject, link *Link, p *ruleset.Pair) duty {
	for _, name := range p.Hub {
		if parked, ok := x.entity.Parked[name]; ok {
			return waits(parked.Reason)
		}
		f, ok := x.declared.Field(name)
		switch {
		case !ok:
			return duty{kind: dutyNone}
		case ownerOf(x, f) == link.Place.Connection && !fillsBlank(x, p, link, name) && !link.Overtaken[p.Spoke[0]]:
			return duty{kind: dutyNone}
		case !ownerRead(x, f, link.Place):
			return waits(record.ReasonOwnerUnread)
		}
	}
	return duty{kind: dutyWrite}
}

// dueUpdate collects the fields of a live record whose desired value differs from what was last asked for.
func dueUpdate(x *subject, due *Due, link *Link) bool {
	due.Operation, due.ID, due.Fields = record.OperationUpdate, link.ID, record.Fields{}
	if !follows(x, link.Place) {
		return false
	}
	pairs := x.group.PairsAt(link.Place)
	for i := range pairs {
		if d := dutyOf(x, link, &pairs[i]); d.kind == dutyWrite {
			maps.Copy(due.Fields, d.fields)
		}
	}
	return len(due.Fields) > 0
}

// fillsBlank reports whether the owner's own field is blank while the entity has a value: it was blank at first sight,
// or the policy takes no blank. (An owner's blank that counts has emptied the entity's value.) It is the one case in
// which an owner is written to.
func fillsBlank(x *subject, p *ruleset.Pair, link *Link, name record.HubField) bool {
	return x.entity.Fields[name].Text != "" && !slices.ContainsFunc(p.Spoke, func(f record.PlatformField) bool { return link.Sent[f] != "" })
}

// ownerRead reports whether a field's owner, if it has a live link elsewhere, has been read for it: until then
// nobody knows what the value should be.
func ownerRead(x *subject, f *ruleset.Field, except record.Place) bool {
	if f.Owner.LastWriteWins {
		return true
	}
	for _, place := range x.group.Places(x.declared.Type) {
		link := x.links[place]
		if place.Connection != f.Owner.Connection || place == except || link == nil || link.State != LinkLive {
			continue
		}
		pairs := x.group.PairsAt(place)
		for i := range pairs {
			if slices.Contains(pairs[i].Hub, f.Name) && readable(&pairs[i]) && !has(&pairs[i], link.Base) {
				return false
			}
		}
	}
	return true
}

// waived reports whether the link may keep its own value. An owner needs no leave.
func waived(x *subject, p *ruleset.Pair, link *Link) bool {
	for _, name := range p.Hub {
		if f, ok := x.declared.Field(name); ok && ownerOf(x, f) == link.Place.Connection {
			return false
		}
	}
	for _, name := range p.Spoke {
		if v, ok := link.Waived[name]; ok && v == link.Sent[name] {
			return true
		}
	}
	return false
}

// refusedValue reports whether the platform refused exactly these values.
func refusedValue(p *ruleset.Pair, link *Link, want record.Fields) bool {
	for _, name := range p.Spoke {
		if r, ok := link.Rejected[name]; ok && r.Value == want[name] {
			return true
		}
	}
	return false
}

// keepsBlank reports whether a blank must not be written, by the field's blank policy.
func keepsBlank(x *subject, p *ruleset.Pair, texts []string) bool {
	for _, text := range texts {
		if text != "" {
			return false
		}
	}
	for _, name := range p.Hub {
		if f, ok := x.declared.Field(name); ok && f.Blank == ruleset.BlankKeep {
			return true
		}
	}
	return false
}
