package resolve

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 4: what an unchanged record shows of the fields that its place owns.

// ownerShows gives the values to take of an unchanged record, where the entity has something else: its place came to own
// them by a new configuration, or the record came back. A value of ours there says nothing.
func ownerShows(x *subject, link *Link, p *ruleset.Pair, s record.Snapshot) []edit {
	if !readable(p) || blankIn(p.Spoke, s.Fields) || link.Overtaken[p.Spoke[0]] {
		return nil
	}
	if _, refused := link.Rejected[p.Spoke[0]]; refused {
		return nil
	}
	if slices.ContainsFunc(link.Attempts, func(a Attempt) bool { return has(p, a.Fields) && !a.over(s) }) {
		return nil
	}
	if !sameReading(x, s.Place, p, link.Base, link.Sent) {
		return nil // the platform holds something else than we asked: nobody there chose it
	}
	values, problem := toHub(x, s.Place, p, s.Fields)
	if problem != "" {
		return nil
	}
	var out []edit
	for i, name := range p.Hub {
		f, ok := x.declared.Field(name)
		_, parked := x.entity.Parked[name]
		if !ok || parked || ownerOf(x, f) != s.Place.Connection || sameValue(x, name, x.entity.Fields[name].Text, values[i]) {
			continue
		}
		out = append(out, edit{field: name, text: values[i], place: s.Place, at: stamp(s, p)})
	}
	return out
}
