package ruleset

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// decides reports whether a pair stands for a decision about money instead of a value: not taken yet, or to leave the field
// out. Elsewhere the two words are values like any other.
func (m *mappingSource) decides(p *Pair) bool {
	if m.object == nil || len(p.Spoke) != 1 || len(p.Hub) > 0 || (p.Constant != catalog.Choose && p.Constant != catalog.LeaveOut) {
		return false
	}
	return slices.ContainsFunc(m.object.Decided, func(d catalog.Decided) bool { return d.Field == p.Spoke[0] })
}

// undecided notes the decisions that a mapping which makes documents leaves open.
func (m *mappingSource) undecided() {
	if m.object == nil || !m.whole || !m.Create.CreatesOn(ToSpoke) {
		return
	}
	for _, d := range m.object.Decided {
		is := func(p *pairSource) bool {
			return slices.Equal(p.Spoke, []record.PlatformField{d.Field}) && p.Direction != ToHub
		}
		if i := slices.IndexFunc(m.pairs, is); i >= 0 {
			if p := m.pairs[i]; m.lacksZone(p.Pair) {
				m.Undecided = append(m.Undecided, Undecided{Field: d.Field, What: d.What, Zone: true, Line: p.Line})
			}
			continue
		}
		u := Undecided{Field: d.Field, What: d.What, Line: m.Line}
		if i := slices.IndexFunc(m.choices, is); i >= 0 {
			if m.choices[i].Constant == catalog.LeaveOut {
				continue
			}
			u.Placeholder, u.CreateOnly, u.Line = true, m.choices[i].OnCreateOnly, m.choices[i].Line
		}
		m.Undecided = append(m.Undecided, u)
	}
}

// lacksZone reports whether a pair makes a day of a moment without saying where the day is. Without it a deal that is won in
// the evening of the 30th is booked on the 1st.
func (m *mappingSource) lacksZone(p *Pair) bool {
	if len(p.Hub) != 1 || m.entity == nil {
		return false
	}
	f, known := m.entity.Field(p.Hub[0])
	if !known || f.Kind != catalog.Datetime {
		return false
	}
	return !slices.ContainsFunc(p.ToSpokeTransforms, func(t Transform) bool { return t.Args[zoneName] != "" })
}

// Open lists what is undecided in any mapping, in the file's order, with the place that it is about.
func (r *Rules) Open() []Open {
	var out []Open
	for i := range r.Groups {
		for _, m := range r.Groups[i].Mappings {
			for _, u := range m.Undecided {
				out = append(out, Open{Undecided: u, Place: m.Spoke})
			}
		}
	}
	return out
}

// Open is something undecided at a place.
type Open struct {
	Undecided
	Place record.Place
}

// Decide gives the rules with a value for a placeholder, as if the file had it; the rules themselves stay as they are.
func (r *Rules) Decide(values map[record.Place]map[record.PlatformField]string) *Rules {
	out := *r
	out.Groups = slices.Clone(r.Groups)
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Entities, g.Mappings = slices.Clone(g.Entities), slices.Clone(g.Mappings)
		for j := range g.Mappings {
			m := &g.Mappings[j]
			var left []Undecided
			m.Pairs = slices.Clone(m.Pairs)
			for _, u := range m.Undecided {
				value, ok := values[m.Spoke][u.Field]
				if !u.Placeholder || !ok {
					left = append(left, u)
					continue
				}
				if value != "" {
					m.Pairs = append(m.Pairs, Pair{Spoke: []record.PlatformField{u.Field}, Direction: ToSpoke, Constant: value,
						OnCreateOnly: u.CreateOnly, Line: u.Line})
				}
			}
			m.Undecided = left
		}
	}
	out.Index()
	return &out
}
