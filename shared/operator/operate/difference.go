package operate

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Difference is what a candidate changes, in sentences, in the order of the file.
type Difference struct {
	Changes []Change `json:"changes"`
	// Refused says why it cannot be activated, and what to do instead; empty if it can.
	Refused []string `json:"refused,omitempty"`
	// Rematched are the entity types whose match rules change: their keys are renewed first.
	Rematched []string `json:"rematched,omitempty"`
	// Reread are the places with fields that were never read or have a new owner: they are read whole afterwards.
	Reread []record.Place `json:"-"`
}

// Change is one change. Mark is "+" for what is new, "-" for what is gone, "~" for what is otherwise, and "!" where it can
// write or take away what was left alone before.
type Change struct {
	Mark  string `json:"mark"`
	Where string `json:"where"`
	Words string `json:"words"`
}

func (d *Difference) add(mark, where, format string, args ...any) {
	d.Changes = append(d.Changes, Change{Mark: mark, Where: where, Words: fmt.Sprintf(format, args...)})
}

func (d *Difference) refuse(format string, args ...any) {
	d.Refused = append(d.Refused, fmt.Sprintf(format, args...))
}

// Compare tells what activating a candidate changes. active is nil if none ever was: then all of it is new.
func Compare(active, candidate *ruleset.Rules) *Difference {
	d := &Difference{}
	if active == nil {
		active = &ruleset.Rules{}
	}
	d.connections(active, candidate)
	for i := range candidate.Groups {
		g := &candidate.Groups[i]
		old, ok := active.Group(g.Name)
		if !ok {
			d.add("+", "group "+string(g.Name), "is new; its hub is %s. Every record there is read before anything is written", g.Hub)
			old = &ruleset.Group{Name: g.Name, Hub: g.Hub, Limits: g.Limits}
		}
		d.group(old, g)
	}
	for i := range active.Groups {
		if g := &active.Groups[i]; !named(candidate.Groups, func(o *ruleset.Group) bool { return o.Name == g.Name }) {
			d.add("!", "group "+string(g.Name), "is gone: nothing is synced in it any more. What it knows is kept, and no record is touched")
		}
	}
	d.reread(active, candidate)
	for _, o := range candidate.Open() {
		d.refuse("%s", Decision(o))
	}
	return d
}

func named[T any](all []T, is func(*T) bool) bool {
	for i := range all {
		if is(&all[i]) {
			return true
		}
	}
	return false
}

func (d *Difference) connections(active, candidate *ruleset.Rules) {
	for i := range candidate.Connections {
		c := &candidate.Connections[i]
		where := "connection " + string(c.Name)
		old, ok := active.Connection(c.Name)
		switch {
		case !ok:
			d.add("+", where, "is new: %s", c.Platform)
			continue
		case old.Platform != c.Platform:
			d.refuse("%s was %s and is %s now: its links name records of the other platform. Give the new account a name of its own.", where,
				old.Platform, c.Platform)
		case old.Account != "" && c.Account != "" && old.Account != c.Account:
			d.refuse("%s was account %s and is %s now: its links name records of the other account. Give the new account a name of its own.", where,
				old.Account, c.Account)
		}
		d.policy(where, "options", texts(old.Options), texts(c.Options))
		d.policy(where, "reserve", fmt.Sprintf("%d%%", old.Reserve), fmt.Sprintf("%d%%", c.Reserve))
		d.policy(where, "day_limit", fmt.Sprint(old.DayLimit), fmt.Sprint(c.DayLimit))
		d.policy(where, "max_concurrency", fmt.Sprint(old.MaxConcurrency), fmt.Sprint(c.MaxConcurrency))
	}
	for i := range active.Connections {
		if c := &active.Connections[i]; !named(candidate.Connections, func(o *ruleset.Connection) bool { return o.Name == c.Name }) {
			d.add("-", "connection "+string(c.Name), "is gone: nothing is read or written there any more. Its links are kept")
		}
	}
}

// policy notes a setting that is otherwise now.
func (d *Difference) policy(where, name, old, now string) {
	if old != now {
		d.add("~", where, "%s: %s, was %s", name, orNone(now), orNone(old))
	}
}

// risk notes a setting that can now write or take away more than before.
func (d *Difference) risk(where, name, old, now string, more bool) {
	if old != now && more {
		d.add("!", where, "%s: %s, was %s", name, orNone(now), orNone(old))
		return
	}
	d.policy(where, name, old, now)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func texts(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, " ")
}

func (d *Difference) group(old, g *ruleset.Group) {
	where := "group " + string(g.Name)
	if old.Hub != g.Hub {
		d.refuse("%s had %s as its hub and has %s now: who a record is was decided by the other. Give the new arrangement a group name of its "+
			"own; its first load finds every record again.", where, old.Hub, g.Hub)
	}
	if was, now := fmt.Sprintf("%+v", old.Limits), fmt.Sprintf("%+v", g.Limits); was != now {
		d.add("~", where, "limits of spread: %s, were %s", strings.Trim(now, "{}"), strings.Trim(was, "{}"))
	}
	for i := range g.Entities {
		e := &g.Entities[i]
		before, ok := old.Entity(e.Type)
		if !ok {
			d.add("+", string(e.Type), "%d fields, known by %s", len(e.Fields), rulesInWords(e.Match))
			continue
		}
		d.entity(before, e)
	}
	for i := range old.Entities {
		if _, still := g.Entity(old.Entities[i].Type); !still {
			d.add("!", string(old.Entities[i].Type), "is synced no more; what is known of it is kept")
		}
	}
	for i := range g.Mappings {
		m := &g.Mappings[i]
		before, ok := old.MappingAt(m.Spoke)
		if !ok {
			d.add("+", mappingName(m), "%d field pairs, create %s, delete %s", len(m.Pairs), m.Create, m.Delete)
			continue
		}
		d.mapping(before, m)
	}
	for i := range old.Mappings {
		if _, still := g.MappingAt(old.Mappings[i].Spoke); !still {
			d.add("!", mappingName(&old.Mappings[i]), "is gone: its records stay as they are, and are synced no more")
		}
	}
}

func rulesInWords(rules []ruleset.MatchRule) string {
	var out []string
	for _, r := range rules {
		var parts []string
		for _, p := range r.Parts {
			parts = append(parts, string(p.Field)+transformsInWords(p.Transforms))
		}
		out = append(out, r.Name+" ("+strings.Join(parts, " + ")+")")
	}
	if len(out) == 0 {
		return "nothing but its links"
	}
	return strings.Join(out, ", then ")
}

func transformsInWords(all []ruleset.Transform) string {
	var out []string
	for _, t := range all {
		text := t.Name
		if args := texts(t.Args) + texts(t.Map); args != "" {
			text += "{" + args + "}"
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return ""
	}
	return " [" + strings.Join(out, ", ") + "]"
}

func (d *Difference) entity(old, e *ruleset.Entity) {
	where := string(e.Type)
	if old.Matching != e.Matching {
		d.Rematched = append(d.Rematched, where)
		d.add("!", where, "is known by %s, was by %s: the keys of every entity are renewed before it is activated", rulesInWords(e.Match),
			rulesInWords(old.Match))
	}
	if old.Marker != e.Marker {
		d.add("!", where, "hub_id: %s, was %s. Records that carry our id in the other field are known by their links, not by it",
			orNone(string(e.Marker)), orNone(string(old.Marker)))
	}
	keyed := map[record.HubField]bool{}
	for _, r := range e.Match {
		for _, p := range r.Parts {
			keyed[p.Field] = true
		}
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		before, ok := old.Field(f.Name)
		if !ok {
			d.add("+", where+"."+string(f.Name), "owner %s: %s. It is due nowhere until its owner has been read", owner(f), f.Reason)
			continue
		}
		d.field(where+"."+string(f.Name), before, f, keyed[f.Name])
	}
	for i := range old.Fields {
		if _, still := e.Field(old.Fields[i].Name); !still {
			d.add("-", where+"."+string(old.Fields[i].Name), "is synced no more; every platform keeps what it holds")
		}
	}
}

func owner(f *ruleset.Field) string {
	if f.Owner.LastWriteWins {
		return "last_write_wins"
	}
	return string(f.Owner.Connection)
}

func (d *Difference) field(where string, old, f *ruleset.Field, keyed bool) {
	if was, now := owner(old), owner(f); was != now {
		d.add("!", where, "owner: %s, was %s: %s", now, was, f.Reason)
	}
	if was, now := strings.TrimSpace(transformsInWords(old.Form)), strings.TrimSpace(transformsInWords(f.Form)); was != now {
		d.policy(where, "form", was, now)
		if keyed {
			d.refuse("%s has another form, and records are recognised by it: what is known is in the old form, so that records would not be "+
				"found. Leave the form, and give the match rule transforms instead.", where)
		}
	}
	d.policy(where, "non_owner", string(old.NonOwner), string(f.NonOwner))
	d.policy(where, "conflict", string(old.Conflict), string(f.Conflict))
	d.risk(where, "blank", string(old.Blank), string(f.Blank), f.Blank == ruleset.BlankClear)
	if old.Refers != f.Refers {
		d.refuse("%s named %s and names %s now: what it holds are entities of the other kind. Declare it under another name.", where,
			orNone(string(old.Refers)), orNone(string(f.Refers)))
	}
}

func mappingName(m *ruleset.Mapping) string { return string(m.Hub) + " <-> " + m.Spoke.String() }

func (d *Difference) mapping(old, m *ruleset.Mapping) {
	where := mappingName(m)
	if old.Hub != m.Hub {
		d.refuse("%s was mapped to %s and is to %s now: its links are of the other kind. Map another object, or a group of its own.", m.Spoke,
			old.Hub, m.Hub)
		return
	}
	d.risk(where, "direction", string(old.Direction), string(m.Direction), m.Direction == ruleset.Both)
	d.risk(where, "create", string(old.Create), string(m.Create), old.Create == ruleset.CreateNone || m.Create == ruleset.CreateBoth)
	d.risk(where, "delete", string(old.Delete), string(m.Delete), m.Delete == ruleset.DeleteArchive || m.Delete == ruleset.DeleteDelete)
	d.risk(where, "filter", filterInWords(old.Filter), filterInWords(m.Filter), old.Filter != nil)
	d.risk(where, "existing", string(old.Existing), string(m.Existing), m.Existing == ruleset.ExistingEnter)
	d.policy(where, "hub_id", string(old.Marker), string(m.Marker))
	d.policy(where, "to_spoke", scheduleInWords(old.ToSpoke), scheduleInWords(m.ToSpoke))
	d.policy(where, "to_hub", scheduleInWords(old.ToHub), scheduleInWords(m.ToHub))
	for i := range m.Pairs {
		p := &m.Pairs[i]
		j := slices.IndexFunc(old.Pairs, func(o ruleset.Pair) bool { return slices.Equal(o.Hub, p.Hub) && slices.Equal(o.Spoke, p.Spoke) })
		if j < 0 {
			d.add("+", where, "%s", pairInWords(p))
		} else if was, now := pairInWords(&old.Pairs[j]), pairInWords(p); was != now {
			d.add("~", where, "%s, was %s", now, was)
		}
	}
	for i := range old.Pairs {
		o := &old.Pairs[i]
		if !named(m.Pairs, func(p *ruleset.Pair) bool { return slices.Equal(o.Hub, p.Hub) && slices.Equal(o.Spoke, p.Spoke) }) {
			d.add("-", where, "%s: neither side is written any more", pairInWords(o))
		}
	}
}

func filterInWords(f *ruleset.Filter) string {
	if f == nil {
		return ""
	}
	return strings.Join(conditionsInWords(f.Conditions), " and ")
}

func conditionsInWords(list []ruleset.Condition) []string {
	var out []string
	for _, c := range list {
		if len(c.Any) > 0 {
			out = append(out, "("+strings.Join(conditionsInWords(c.Any), " or ")+")")
			continue
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Field, c.Op, strings.Join(c.Values, "|"))))
	}
	return out
}

func scheduleInWords(s ruleset.Schedule) string {
	s.Offset = 0 // the program's, not the person's
	var out []string
	if s.RealTime {
		out = append(out, "at once")
	}
	if s.Every > 0 {
		out = append(out, "every "+s.Every.Truncate(time.Second).String())
	}
	if active := fmt.Sprintf("%+v", s.Active); !reflect.ValueOf(s.Active).IsZero() {
		out = append(out, active)
	}
	return strings.Join(out, ", ")
}

func pairInWords(p *ruleset.Pair) string {
	var hub, spoke []string
	for _, h := range p.Hub {
		hub = append(hub, string(h))
	}
	for _, s := range p.Spoke {
		spoke = append(spoke, string(s))
	}
	left := strings.Join(hub, "+")
	if len(hub) == 0 {
		left = fmt.Sprintf("%q", p.Constant)
	}
	arrow := map[ruleset.Direction]string{ruleset.Both: "<->", ruleset.ToSpoke: "->", ruleset.ToHub: "<-"}[p.Direction]
	text := left + " " + arrow + " " + strings.Join(spoke, "+") + transformsInWords(p.ToSpokeTransforms)
	if back := transformsInWords(p.ToHubTransforms); back != "" {
		text += ", back" + back
	}
	if p.Reference != nil {
		text += " by " + string(p.Reference.Object)
		if p.Reference.Via != "" {
			text += "." + string(p.Reference.Via)
		}
	}
	if p.OnCreateOnly {
		text += " (at creation)"
	}
	if p.Required {
		text += " (required)"
	}
	return text
}

// reread finds places that were read before without what matters now.
func (d *Difference) reread(active, candidate *ruleset.Rules) {
	known := active.Places()
	for _, place := range candidate.Places() {
		if !slices.Contains(known, place) {
			continue // its first load reads it
		}
		before := active.FieldsAt(place)
		grew := slices.ContainsFunc(candidate.FieldsAt(place), func(f record.PlatformField) bool { return !slices.Contains(before, f) })
		if grew || ownsMore(active, candidate, place) {
			d.Reread = append(d.Reread, place)
		}
	}
}

// ownsMore reports whether a place's connection comes to own a field that it maps.
func ownsMore(active, candidate *ruleset.Rules, place record.Place) bool {
	for _, g := range candidate.GroupsAt(place) {
		t, _ := g.TypeAt(place)
		e, _ := g.Entity(t)
		old, ok := active.Group(g.Name)
		if e == nil || !ok {
			continue
		}
		before, ok := old.Entity(t)
		if !ok {
			continue
		}
		for i := range e.Fields {
			f, known := before.Field(e.Fields[i].Name)
			if known && e.Fields[i].Owner.Connection == place.Connection && f.Owner.Connection != place.Connection {
				return true
			}
		}
	}
	return false
}
