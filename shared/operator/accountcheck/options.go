package accountcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// options holds the values that the configuration names against the options that the account's fields have: those of
// filters, of value maps on both sides, and of constants. They are the configuration's words, so they are told.
func (r *run) options(g *ruleset.Group, m *ruleset.Mapping) {
	hub := g.HubPlace(m.Hub)
	if m.Filter != nil {
		for _, c := range m.Filter.Tests() {
			for _, value := range c.Values {
				r.option(hub, record.PlatformField(c.Field), m.Line, value, "the filter asks for")
			}
		}
	}
	for i := range m.Pairs {
		p := &m.Pairs[i]
		if len(p.Spoke) != 1 {
			continue
		}
		if len(p.Hub) == 0 {
			r.option(m.Spoke, p.Spoke[0], p.Line, p.Constant, "at creation it is given")
			continue
		}
		if len(p.Hub) != 1 {
			continue
		}
		hubField, spokeField := record.PlatformField(p.Hub[0]), p.Spoke[0]
		r.mapped(p.ToSpokeTransforms, p.Line, fieldAt{hub, hubField}, fieldAt{m.Spoke, spokeField})
		r.mapped(p.ToHubTransforms, p.Line, fieldAt{m.Spoke, spokeField}, fieldAt{hub, hubField})
	}
}

// fieldAt is a field of a place.
type fieldAt struct {
	place record.Place
	name  record.PlatformField
}

// mapped checks the two sides of a value map that stands alone: with other transforms before or after it, its texts are not
// the fields' own.
func (r *run) mapped(transforms []ruleset.Transform, line int, from, to fieldAt) {
	if len(transforms) != 1 || transforms[0].Map == nil {
		return
	}
	t := transforms[0]
	for _, key := range slices.Sorted(maps.Keys(t.Map)) {
		r.option(from.place, from.name, line, key, "the value map looks for")
		r.option(to.place, to.name, line, t.Map[key], "the value map gives")
	}
	if other, ok := t.Args["default"]; ok {
		r.option(to.place, to.name, line, other, "the value map gives")
	}
}

// option reports a value that no option of a field has. One that is an option's label is told with that option's value.
func (r *run) option(place record.Place, name record.PlatformField, line int, value, who string) {
	info, known := r.fields[place][name]
	if !known || len(info.Values) == 0 || value == "" || slices.Contains(info.Values, value) {
		return
	}
	f := Finding{Severity: Error, Where: place.String() + " " + string(name), Line: line,
		What: fmt.Sprintf("%s %q, which is not one of the field's options", who, value), Do: "take one of: " + choices(info)}
	for _, o := range info.Options {
		// Where an account has several pipelines, a stage's label names its own in brackets.
		label, _, _ := strings.Cut(o.Label, " (")
		if strings.EqualFold(o.Label, value) || strings.EqualFold(label, value) || strings.EqualFold(o.Value, value) {
			f.What = fmt.Sprintf("%s %q, and the option that people see as %q has the value %q", who, value, o.Label, o.Value)
			f.Do = fmt.Sprintf("write %q", o.Value)
		}
	}
	r.add(f)
}

// choices lists a field's options by value, each with the label that people see where it is another.
func choices(info platform.FieldInfo) string {
	if len(info.Options) == 0 {
		return list(info.Values)
	}
	var out []string
	for _, o := range info.Options {
		if o.Label == "" || o.Label == o.Value {
			out = append(out, o.Value)
			continue
		}
		out = append(out, fmt.Sprintf("%s (%s)", o.Value, o.Label))
	}
	return list(out)
}
