// Package diagram draws a configuration: which platforms take part, what maps to what and who may create it, who owns which
// fields and why. The picture is text in Mermaid's language, which GitHub, GitLab and most wikis draw. It is pure, and says
// nothing that is not in the configuration.
package diagram

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Mermaid draws every group of a configuration as one flowchart: a box for each connection with its objects in it, an arrow
// for each mapping, and beside each hub object who owns its fields. The same configuration always gives the same text.
func Mermaid(rules *ruleset.Rules) string {
	d := &drawing{rules: rules}
	d.line(0, "flowchart LR")
	for i := range rules.Groups {
		d.group(&rules.Groups[i])
	}
	d.line(1, "classDef owner fill:none,stroke-dasharray:4 3,text-align:left")
	return d.out.String()
}

type drawing struct {
	rules *ruleset.Rules
	out   strings.Builder
	ids   []string // of nodes; a node's id is its number
}

func (d *drawing) line(depth int, format string, args ...any) {
	d.out.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&d.out, format, args...)
	d.out.WriteByte('\n')
}

// node gives the id of something, the same for the same name. Names of the configuration need not be words of Mermaid.
func (d *drawing) node(parts ...string) string {
	name := strings.Join(parts, "\x00")
	i := slices.Index(d.ids, name)
	if i < 0 {
		i = len(d.ids)
		d.ids = append(d.ids, name)
	}
	return fmt.Sprintf("n%d", i+1)
}

func (d *drawing) group(g *ruleset.Group) {
	d.line(1, `subgraph %s["%s"]`, d.node("group", string(g.Name)), text(string(g.Name)))
	d.line(2, "direction LR")
	for _, c := range members(g) {
		d.connection(g, c)
	}
	for i := range g.Mappings {
		d.mapping(g, &g.Mappings[i])
	}
	for i := range g.Entities {
		d.owners(g, &g.Entities[i])
	}
	d.line(1, "end")
}

// members lists a group's connections, the hub first, each once.
func members(g *ruleset.Group) []record.Connection {
	out := []record.Connection{g.Hub}
	for i := range g.Mappings {
		if c := g.Mappings[i].Spoke.Connection; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

func (d *drawing) connection(g *ruleset.Group, c record.Connection) {
	role := "spoke"
	if c == g.Hub {
		role = "hub"
	}
	d.line(2, `subgraph %s["%s: %s"]`, d.node(string(g.Name), string(c)), text(d.label(c)), role)
	for _, place := range d.places(g, c) {
		d.line(3, `%s["%s"]`, d.object(g, place), text(string(place.Object)))
	}
	d.line(2, "end")
}

func (d *drawing) object(g *ruleset.Group, place record.Place) string {
	return d.node(string(g.Name), string(place.Connection), string(place.Object))
}

// places lists a connection's places in a group, in the order of the file.
func (d *drawing) places(g *ruleset.Group, c record.Connection) []record.Place {
	var out []record.Place
	for _, e := range g.Entities {
		for _, place := range g.Places(e.Type) {
			if place.Connection == c && !slices.Contains(out, place) {
				out = append(out, place)
			}
		}
	}
	return out
}

// label gives a connection's platform as a person writes it, with its name where that is another.
func (d *drawing) label(c record.Connection) string {
	declared, ok := d.rules.Connection(c)
	if !ok {
		return string(c)
	}
	label := string(declared.Platform)
	for _, p := range catalog.All() {
		if p.Name == declared.Platform {
			label = p.Label
		}
	}
	if string(c) != string(declared.Platform) {
		label += " (" + string(c) + ")"
	}
	return label
}

// mapping draws an arrow: its heads are the ways that fields travel, its words who may create, when, and what is filtered.
func (d *drawing) mapping(g *ruleset.Group, m *ruleset.Mapping) {
	toSpoke, toHub := ways(g, m)
	arrow := "<-->"
	switch {
	case !toHub:
		arrow = "-->"
	case !toSpoke:
		arrow = "<--"
	}
	var words []string
	switch m.Create {
	case ruleset.CreateBoth:
		words = append(words, "creates on both sides")
	case ruleset.CreateToSpoke:
		words = append(words, "creates on "+d.label(m.Spoke.Connection))
	case ruleset.CreateToHub:
		words = append(words, "creates on "+d.label(g.Hub))
	default:
		words = append(words, "creates nothing")
	}
	if m.Filter != nil {
		words = append(words, "if "+conditions(m.Filter))
	}
	words = append(words, when(m))
	hub, spoke := d.object(g, g.HubPlace(m.Hub)), d.object(g, m.Spoke)
	if arrow == "<--" { // Mermaid has no arrow with a head at its beginning alone
		hub, spoke, arrow = spoke, hub, "-->"
	}
	d.line(2, `%s %s|"%s"| %s`, hub, arrow, text(strings.Join(words, "\n")), spoke)
}

// ways tells which ways any field of a mapping travels.
func ways(g *ruleset.Group, m *ruleset.Mapping) (toSpoke, toHub bool) {
	for _, p := range g.PairsAt(m.Spoke) {
		toSpoke = toSpoke || p.Direction != ruleset.ToHub
		toHub = toHub || p.Direction != ruleset.ToSpoke
	}
	return toSpoke, toHub
}

func conditions(f *ruleset.Filter) string { return strings.Join(conditionsOf(f.Conditions), " and ") }

func conditionsOf(list []ruleset.Condition) []string {
	var all []string
	for _, c := range list {
		if len(c.Any) > 0 {
			all = append(all, "("+strings.Join(conditionsOf(c.Any), " or ")+")")
			continue
		}
		words := strings.ReplaceAll(string(c.Op), "_", " ")
		switch c.Op {
		case ruleset.OpPresent, ruleset.OpBlank:
			all = append(all, fmt.Sprintf("%s is %s", c.Field, words))
		case ruleset.OpIn:
			all = append(all, fmt.Sprintf("%s is %s", c.Field, strings.Join(c.Values, " or ")))
		case ruleset.OpNotIn:
			all = append(all, fmt.Sprintf("%s is not %s", c.Field, strings.Join(c.Values, " or ")))
		case ruleset.OpHas:
			all = append(all, fmt.Sprintf("%s has %s", c.Field, strings.Join(c.Values, " or ")))
		default:
			all = append(all, fmt.Sprintf("%s is %s %s", c.Field, words, strings.Join(c.Values, " and ")))
		}
	}
	return all
}

// when says when changes travel.
func when(m *ruleset.Mapping) string {
	every := m.ToSpoke.Every
	if every <= 0 || (m.ToHub.Every > 0 && m.ToHub.Every < every) {
		every = m.ToHub.Every
	}
	switch {
	case m.ToSpoke.RealTime || m.ToHub.RealTime:
		return "in real time, and every " + period(every)
	case every > 0:
		return "every " + period(every)
	}
	return "when asked"
}

// period says a duration without its zeros: 15m, 1h.
func period(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// owned is the fields of one owner that have one reason.
type owned struct {
	owner, reason string
	fields        []string
}

// owners draws, for each owner of an object's fields, a note with the fields and the reasons, as the file words them.
func (d *drawing) owners(g *ruleset.Group, e *ruleset.Entity) {
	var notes []string
	byOwner := map[string][]owned{}
	for _, f := range e.Fields {
		owner := "the last writer"
		if !f.Owner.LastWriteWins {
			owner = d.label(f.Owner.Connection)
		}
		if !slices.Contains(notes, owner) {
			notes = append(notes, owner)
		}
		of := byOwner[owner]
		i := slices.IndexFunc(of, func(o owned) bool { return o.reason == f.Reason })
		if i < 0 {
			i = len(of)
			of = append(of, owned{owner: owner, reason: f.Reason})
		}
		of[i].fields = append(of[i].fields, string(f.Name))
		byOwner[owner] = of
	}
	for _, owner := range notes {
		words := []string{owner + " owns"}
		if owner == "the last writer" {
			words = []string{"the last writer sets"}
		}
		for _, o := range byOwner[owner] {
			words = append(words, strings.Join(o.fields, ", ")+": "+o.reason)
		}
		id := d.node(string(g.Name), "owner", string(e.Type), owner)
		d.line(2, `%s["%s"]:::owner`, id, text(strings.Join(words, "\n")))
		d.line(2, "%s -.- %s", id, d.object(g, g.HubPlace(e.Type)))
	}
}

// text makes a label's text safe: what Mermaid or HTML would read as their own is spelled by its number, so that no name
// or reason in a configuration can end a label or begin a tag (mermaid.js.org/syntax/flowchart.html, "Entity codes").
func text(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			out.WriteString("<br/>")
		case r < ' ':
		case strings.ContainsRune("\"#<>&`;\\", r):
			fmt.Fprintf(&out, "#%d;", r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
