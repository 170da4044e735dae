package accountcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// group holds a group's fields and mappings against the accounts' own schemas.
func (r *run) group(g *ruleset.Group) {
	for i := range g.Entities {
		r.hubFields(g, &g.Entities[i])
	}
	for i := range g.Mappings {
		m := &g.Mappings[i]
		if r.fields[m.Spoke] == nil {
			continue
		}
		e, ok := g.Entity(m.Hub)
		if !ok {
			continue
		}
		r.spokeFields(m)
		r.required(m)
		r.options(g, m)
		r.values(g, e, m)
	}
}

// hubFields checks the hub's side: that declared fields are there, and take what is written.
func (r *run) hubFields(g *ruleset.Group, e *ruleset.Entity) {
	place := g.HubPlace(e.Type)
	known := r.fields[place]
	if known == nil {
		return
	}
	for _, f := range e.Fields {
		info, there := r.there(place, record.PlatformField(f.Name), 0)
		if there && info.ReadOnly && !f.ReadOnly && r.writesHub(g, e.Type, f) {
			r.add(Finding{Severity: Error, Where: place.String() + " " + string(f.Name),
				What: "it is read-only in this account, and a spoke owns or may change it",
				Do:   "give it to the hub: owner: hub, or map the spoke's field with direction: to_spoke"})
		}
	}
	if e.Marker != "" {
		r.marker(place, e.Marker, 0)
	}
	r.needed(place, g.Mappings, e)
}

// writesHub says whether anything may write a hub field.
func (r *run) writesHub(g *ruleset.Group, t record.Object, f ruleset.Field) bool {
	if !f.Owner.LastWriteWins && f.Owner.Connection == g.Hub {
		return false
	}
	for i := range g.Mappings {
		for _, p := range g.Mappings[i].Pairs {
			if g.Mappings[i].Hub == t && p.Direction != ruleset.ToSpoke && slices.Contains(p.Hub, f.Name) {
				return true
			}
		}
	}
	return false
}

// needed checks what a record made in the hub must hold, where a spoke may make one.
func (r *run) needed(place record.Place, mappings []ruleset.Mapping, e *ruleset.Entity) {
	for i := range mappings {
		m := &mappings[i]
		if m.Hub != e.Type || !m.Create.CreatesOn(ruleset.ToHub) {
			continue
		}
		given := map[record.PlatformField]bool{}
		for _, p := range m.Pairs {
			if p.Direction == ruleset.ToSpoke {
				continue
			}
			for _, name := range p.Hub {
				given[record.PlatformField(name)] = true
			}
		}
		r.missingValues(place, given, m.Line, fmt.Sprintf("records that %s makes lack it in the hub", m.Spoke))
	}
}

// there finds a field in the account, and says so if it is not. A field that only an element's name can tell, such as a
// property by its name, is described by nobody and passes.
func (r *run) there(place record.Place, name record.PlatformField, line int) (platform.FieldInfo, bool) {
	info, ok := r.fields[place][name]
	if ok || strings.Contains(string(name), "[name:") {
		return info, ok
	}
	do := "correct its spelling, or make it in the account"
	if near := r.nearest(place, name); near != "" {
		do = "did you mean " + near + "? Correct its spelling, or make it in the account"
		r.add(Finding{Severity: Error, Where: place.String() + " " + string(name), Line: line, What: "the account has no such field", Do: do})
		return info, false
	}
	if o := r.object(place); o != nil && o.Custom != nil && o.Custom.MatchString(string(name)) {
		do = "fluxcascade connect " + string(place.Connection) +
			" --again makes it, where the vendor lets it; else make it in the account, as text"
	}
	r.add(Finding{Severity: Error, Where: place.String() + " " + string(name), Line: line, What: "the account has no such field", Do: do})
	return info, false
}

// nearest gives the account's field whose name or label is all but the one asked for; "" for none.
func (r *run) nearest(place record.Place, name record.PlatformField) string {
	best, found := "", nearMax+1
	for _, known := range slices.Sorted(maps.Keys(r.fields[place])) {
		for _, called := range []string{string(known), r.fields[place][known].Label} {
			if d := levenshtein.ComputeDistance(strings.ToLower(called), strings.ToLower(string(name))); d < found && 3*d < len(name) {
				best, found = string(known), d
			}
		}
	}
	return best
}

// nearMax is how many slips of the hand a field's name may hold and still be guessed at; fewer in a short one.
const nearMax = 2

// marker checks the field that holds our ids: where creates rest on its values being unique, they must be.
func (r *run) marker(place record.Place, name record.PlatformField, line int) {
	info, ok := r.there(place, name, line)
	o := r.object(place)
	if !ok || o == nil {
		return
	}
	where := place.String() + " " + string(name)
	if o.Ability.UniqueKey && info.Custom && !info.Unique {
		r.add(Finding{Severity: Error, Where: where, Line: line,
			What: "it holds our ids, and the account lets two records have the same value: a repeated create would make a second record",
			Do:   "make a field with unique values (Salesforce: also External ID) and name it as hub_id"})
	}
	if info.ReadOnly {
		r.add(Finding{Severity: Error, Where: where, Line: line, What: "it must hold our ids, and is read-only",
			Do: "name another field as hub_id"})
	}
}

// spokeFields checks that a mapping's spoke fields are there, and may be written where they are.
func (r *run) spokeFields(m *ruleset.Mapping) {
	if m.Marker != "" {
		r.marker(m.Spoke, m.Marker, m.Line)
	}
	for i := range m.Pairs {
		p := &m.Pairs[i]
		for _, name := range p.Spoke {
			info, ok := r.there(m.Spoke, name, p.Line)
			if !ok {
				continue
			}
			where := m.Spoke.String() + " " + string(name)
			if info.ReadOnly && p.Direction != ruleset.ToHub {
				r.add(Finding{Severity: Error, Where: where, Line: p.Line, What: "it is read-only in this account, and the mapping writes it",
					Do: "give the pair direction: to_hub, or leave it out"})
			}
		}
	}
}

// required checks what a record made in the spoke must hold.
func (r *run) required(m *ruleset.Mapping) {
	if !m.Create.CreatesOn(ruleset.ToSpoke) {
		return
	}
	given := map[record.PlatformField]bool{}
	for _, p := range m.Pairs {
		for _, name := range p.Spoke {
			if p.Direction != ruleset.ToHub {
				given[name] = true
			}
		}
	}
	for _, u := range m.Undecided {
		given[u.Field] = true // told by itself
	}
	r.missingValues(m.Spoke, given, m.Line, "records made in "+m.Spoke.String()+" lack it")
}

// missingValues names what a create must hold and given does not.
func (r *run) missingValues(place record.Place, given map[record.PlatformField]bool, line int, lacks string) {
	for _, name := range slices.Sorted(maps.Keys(r.fields[place])) {
		if info := r.fields[place][name]; info.Required && !info.ReadOnly && !given[name] {
			r.add(Finding{Severity: Error, Where: place.String() + " " + string(name), Line: line,
				What: "the platform refuses a record without it, and " + lacks,
				Do:   "map a field to it, or give it a value: - {spoke: " + quoted(name) + ", value: \"…\"}"})
		}
	}
	o := r.object(place)
	if o == nil {
		return
	}
	for _, need := range o.Needs {
		if !slices.ContainsFunc(need.OneOf, func(name record.PlatformField) bool { return given[name] }) {
			names := make([]string, len(need.OneOf))
			for i, name := range need.OneOf {
				names[i] = string(name)
			}
			r.add(Finding{Severity: Error, Where: place.String() + " " + strings.Join(names, " or "), Line: line, What: need.Why + ", and " + lacks,
				Do: "map one of them, or give it a value"})
		}
	}
}

// values sends sampled records through the mapping and looks at what would be written; counts alone are told.
func (r *run) values(g *ruleset.Group, e *ruleset.Entity, m *ruleset.Mapping) {
	hub := r.samples[g.HubPlace(e.Type)]
	for i := range m.Pairs {
		p := &m.Pairs[i]
		if len(p.Hub) == 0 || p.Reference != nil {
			continue
		}
		if p.Direction != ruleset.ToHub {
			outs := make([]tally, len(p.Spoke))
			for _, s := range hub {
				judge(outs, mapping.ToSpoke(p, hubValues(e, s)), func(k int) platform.FieldInfo { return r.fields[m.Spoke][p.Spoke[k]] })
			}
			for k, name := range p.Spoke {
				r.tell(m.Spoke, name, p.Line, outs[k], len(hub), "hub's")
			}
		}
		if p.Direction != ruleset.ToSpoke {
			outs := make([]tally, len(p.Hub))
			for _, s := range r.samples[m.Spoke] {
				judge(outs, mapping.ToHub(e, p, s.Fields), func(k int) platform.FieldInfo {
					return r.fields[g.HubPlace(e.Type)][record.PlatformField(p.Hub[k])]
				})
			}
			for k, name := range p.Hub {
				r.tell(g.HubPlace(e.Type), record.PlatformField(name), p.Line, outs[k], len(r.samples[m.Spoke]), string(m.Spoke.Connection)+"'s")
			}
		}
	}
}

// hubValues are a hub record's values in their canonical form; those that have none are left out.
func hubValues(e *ruleset.Entity, s record.Snapshot) record.HubValues {
	out := record.HubValues{}
	for i := range e.Fields {
		f := &e.Fields[i]
		if value, ok := s.Fields[record.PlatformField(f.Name)]; ok {
			if canonical, ok := mapping.Canonical(f, value).Text(); ok {
				out[f.Name] = canonical
			}
		}
	}
	return out
}

// tally counts what is wrong with the values of one field.
type tally struct {
	tooLong, longest, max int
	foreign               int
	invalid               int
	silent                int
	values                []string
}

// judge adds one translated record to the tallies.
func judge(outs []tally, said []mapping.Said, info func(int) platform.FieldInfo) {
	for k := range outs {
		text, ok := said[k].Text()
		why, _ := said[k].Nothing()
		switch {
		case !ok && (why.Why == mapping.NoEntry || why.Why == mapping.Emptied):
			outs[k].silent++
			continue
		case !ok && why.Why != mapping.NotRead:
			outs[k].invalid++
			continue
		case !ok || text == "":
			continue
		}
		f := info(k)
		if n := utf8.RuneCountInString(text); f.MaxLength > 0 && n > f.MaxLength {
			outs[k].tooLong++
			outs[k].longest, outs[k].max = max(outs[k].longest, n), f.MaxLength
		}
		if f.Kind == catalog.Enum && len(f.Values) > 0 && !slices.Contains(f.Values, text) {
			outs[k].foreign++
			outs[k].values = f.Values
		}
	}
}

func (r *run) tell(place record.Place, name record.PlatformField, line int, t tally, of int, whose string) {
	where := place.String() + " " + string(name)
	if t.tooLong > 0 {
		r.add(Finding{Severity: Warning, Where: where, Line: line,
			What: fmt.Sprintf("%d of %d of the %s values looked at are longer than the %d characters it takes (up to %d)", t.tooLong, of, whose,
				t.max, t.longest),
			Do: fmt.Sprintf("shorten them on the way: truncate: {length: %d}, or they are refused and shown", t.max)})
	}
	if t.foreign > 0 {
		r.add(Finding{Severity: Warning, Where: where, Line: line,
			What: fmt.Sprintf("%d of %d of the %s values looked at are not among the field's",
				t.foreign, of, whose),
			Do: "translate them with value_map to: " + list(t.values)})
	}
	if t.invalid > 0 {
		r.add(Finding{Severity: Note, Where: where, Line: line,
			What: fmt.Sprintf("%d of %d of the %s values looked at are not of the form that the transforms read", t.invalid, of, whose),
			Do:   "they stay where they are and are shown; correct them at their source, or change the transform"})
	}
	if t.silent > 0 {
		r.add(Finding{Severity: Note, Where: where, Line: line,
			What: fmt.Sprintf("%d of %d of the %s values looked at say nothing here: the value_map has no entry for them", t.silent, of, whose),
			Do:   "add them to the value_map, or leave them: they stay where they are and are shown"})
	}
}

// listMax is how many values a list in a message names.
const listMax = 12

func list(values []string) string {
	if len(values) > listMax {
		return strings.Join(values[:listMax], ", ") + fmt.Sprintf(" and %d more", len(values)-listMax)
	}
	return strings.Join(values, ", ")
}

func quoted(name record.PlatformField) string {
	if strings.ContainsAny(string(name), "[]{},: ") {
		return fmt.Sprintf("%q", string(name))
	}
	return string(name)
}
