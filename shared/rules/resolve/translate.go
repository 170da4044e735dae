package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// readable reports whether a pair's spoke value can set hub fields.
func readable(p *ruleset.Pair) bool {
	return p.Direction != ruleset.ToSpoke && !constant(p) && !via(p)
}

// matchable reports whether a pair's spoke value can serve to recognise a record, though it may not set hub fields.
func matchable(p *ruleset.Pair) bool {
	return readable(p) || (len(p.ToSpokeTransforms) == 0 && !constant(p) && p.Reference == nil)
}

// recognises reports whether what a place shows of a pair tells whose record it is, whatever way the pair flows.
func recognises(x *subject, p *ruleset.Pair) bool {
	return p.Reference == nil && !constant(p) && (matchable(p) || mapping.Recognises(x.declared, p))
}

// recognise adds to values what fields of a record show that tells whose it is, for the hub fields that have none yet. Pairs
// that set hub fields go first.
func recognise(x *subject, place record.Place, fields record.Fields, values record.HubValues) {
	pairs := x.group.PairsAt(place)
	for _, sets := range []bool{true, false} {
		for i := range pairs {
			if p := &pairs[i]; readable(p) == sets && recognises(x, p) && has(p, fields) {
				recognisePair(x, place, p, fields, values)
			}
		}
	}
}

func recognisePair(x *subject, place record.Place, p *ruleset.Pair, fields record.Fields, values record.HubValues) {
	var texts []string
	var problem mapping.Why
	if matchable(p) {
		texts, problem = toHub(x, place, p, fields)
	} else {
		said, nothing, _ := mapping.Texts(mapping.Recognised(x.declared, p, fields))
		texts, problem = said, nothing.Why
	}
	if problem != "" {
		return
	}
	for i, name := range p.Hub {
		if _, known := values[name]; !known {
			values[name] = texts[i]
		}
	}
}

func constant(p *ruleset.Pair) bool { return len(p.Hub) == 0 }

func via(p *ruleset.Pair) bool { return p.Reference != nil && p.Reference.Via != "" }

// has reports whether fields holds every spoke field of a pair.
func has(p *ruleset.Pair, fields record.Fields) bool {
	for _, name := range p.Spoke {
		if _, ok := fields[name]; !ok {
			return false
		}
	}
	return true
}

// problemUnknownParent says that a reference names a record that we have not seen yet.
const problemUnknownParent mapping.Why = "unknown_parent"

// silence tells why what a record newly shows of a pair says nothing about its hub fields; ok is false if it says something.
// What asks for a person is no silence, and neither is what no pair reads.
func silence(x *subject, link *Link, p *ruleset.Pair, s record.Snapshot) (why mapping.Nothing, ok bool) {
	news := func(name record.PlatformField) bool { return s.Fields[name] != link.Base[name] }
	if p.Reference != nil || !readable(p) || has(p, link.Base) && !slices.ContainsFunc(p.Spoke, news) {
		return mapping.Nothing{}, false
	}
	_, nothing, says := mapping.Texts(mapping.ToHub(x.declared, p, s.Fields))
	return nothing, !says && nothing.Why != mapping.ForPerson
}

// toHub translates a pair's spoke values at a place; a reference becomes the parent's entity id.
func toHub(x *subject, place record.Place, p *ruleset.Pair, fields record.Fields) ([]string, mapping.Why) {
	if p.Reference == nil {
		values, why, _ := mapping.Texts(mapping.ToHub(x.declared, p, fields))
		return values, why.Why
	}
	external := fields[p.Spoke[0]]
	if external == "" {
		return []string{""}, ""
	}
	parent := record.Ref{Place: record.Place{Connection: place.Connection, Object: p.Reference.Object}, ID: record.ExternalID(external)}
	id := x.parent(parent)
	if id == "" {
		return nil, problemUnknownParent
	}
	return []string{string(id)}, ""
}

// toSpoke translates the entity's values to a pair's spoke fields at a place. known is false while the entity lacks
// a value. waits names the parent whose link is missing.
func toSpoke(x *subject, place record.Place, p *ruleset.Pair) (values []string, why mapping.Why, known bool, waits record.EntityID) {
	hub := make(record.HubValues, len(p.Hub))
	for _, name := range p.Hub {
		value, ok := x.entity.Fields[name]
		if !ok {
			return nil, "", false, ""
		}
		hub[name] = value.Text
	}
	if p.Reference == nil {
		values, nothing, _ := mapping.Texts(mapping.ToSpoke(p, hub))
		return values, nothing.Why, true, ""
	}
	id := record.EntityID(hub[p.Hub[0]])
	if id == "" {
		return []string{""}, "", true, ""
	}
	parent := x.rows(id).Links[record.Place{Connection: place.Connection, Object: p.Reference.Object}]
	if parent == nil || parent.State != LinkLive {
		return nil, "", false, id
	}
	if p.Reference.Via == "" {
		return []string{string(parent.ID)}, "", true, ""
	}
	if value := parent.Base[p.Reference.Via]; value != "" {
		return []string{value}, "", true, ""
	}
	return nil, "", false, id
}

// sameReading reports whether two readings of a pair's spoke fields say the same: by the type of each, or in the canonical form of
// the hub fields where there is one.
func sameReading(x *subject, place record.Place, p *ruleset.Pair, a, b record.Fields) bool {
	equal := true
	for i, name := range p.Spoke {
		if a[name] != b[name] && !mapping.Equal(mapping.TypeOfSpoke(x.declared, p, i), a[name], b[name]) {
			equal = false
		}
	}
	if equal || !matchable(p) || p.Reference != nil {
		return equal
	}
	left, problem := toHub(x, place, p, a)
	if problem != "" {
		return false
	}
	right, problem := toHub(x, place, p, b)
	if problem != "" {
		return false
	}
	for i, name := range p.Hub {
		if !sameValue(x, name, left[i], right[i]) {
			return false
		}
	}
	return true
}

// sameValue reports whether two texts of a hub field are one value, by its type.
func sameValue(x *subject, name record.HubField, a, b string) bool {
	if a == b {
		return true
	}
	f, ok := x.declared.Field(name)
	return ok && mapping.Equal(mapping.TypeOf(f), a, b)
}

// withTexts gives the fields of a pair holding texts.
func withTexts(p *ruleset.Pair, texts []string) record.Fields {
	out := make(record.Fields, len(p.Spoke))
	for i, name := range p.Spoke {
		out[name] = texts[i]
	}
	return out
}

// markerAt gives the field of a place that holds our identity, "" for none.
func markerAt(x *subject, place record.Place) record.PlatformField {
	if place.Connection == x.group.Hub {
		return x.declared.Marker
	}
	if m, ok := x.group.MappingAt(place); ok {
		return m.Marker
	}
	return ""
}
