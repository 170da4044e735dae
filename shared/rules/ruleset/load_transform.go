package ruleset

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// steps compiles transforms that turn in values into out values, and reports where the counts do not fit. A count of
// 0 takes any number.
func (l *loader) steps(n *node, in, out int) []Transform {
	if !n.given() {
		return nil
	}
	have := in
	var transforms []Transform
	for _, item := range n.list() {
		t, spec, ok := l.step(item)
		if !ok {
			return nil
		}
		if spec.In > 0 && have > 0 && spec.In != have {
			l.at(item, "%s takes %s, and here it gets %d; %s", t.Name, values(spec.In), have, otherCount(have))
			return nil
		}
		if have = spec.Out; have < 0 {
			have = 0
		}
		transforms = append(transforms, t)
	}
	if have > 0 && out > 0 && have != out {
		l.at(n, "the transforms make %s where %d is needed; end with a transform that makes %d", values(have), out, out)
		return nil
	}
	return transforms
}

func values(n int) string {
	if n == 1 {
		return "1 value"
	}
	return strconv.Itoa(n) + " values"
}

// otherCount says how to come by a fitting number of values.
func otherCount(have int) string {
	if have == 1 {
		return "name several fields, or take another transform"
	}
	return "join them first, with concatenate or combine_name"
}

// step compiles one transform.
func (l *loader) step(n *node) (t Transform, spec TransformSpec, ok bool) {
	if !n.given() {
		return Transform{}, TransformSpec{}, false
	}
	if n.kind == nodeText {
		spec, ok = TransformNamed(n.text)
		if !ok {
			return Transform{}, TransformSpec{}, false
		}
		if example := needed(spec); example != "" {
			l.at(n, "%s needs arguments; write {%s: {%s}}", spec.Name, spec.Name, example)
			return Transform{}, TransformSpec{}, false
		}
		return Transform{Name: spec.Name}, spec, true
	}
	e := n.entries[0]
	if spec, ok = TransformNamed(e.key.text); !ok || !e.value.given() {
		return Transform{}, TransformSpec{}, false
	}
	t = Transform{Name: spec.Name}
	for _, arg := range e.value.table() {
		value, ok := arg.value.word()
		if !ok {
			continue
		}
		if spec.Name == mapName && !slices.Contains(mapArgs, arg.key.text) {
			if t.Map == nil {
				t.Map = map[string]string{}
			}
			t.Map[arg.key.text] = value
			continue
		}
		if t.Args == nil {
			t.Args = map[string]string{}
		}
		t.Args[arg.key.text] = value
		if arg.key.text == zoneName && spec.Name != mapName {
			l.zone(arg.value)
		}
		if _, known := Decimals(value); arg.key.text == currencyName && spec.Name != mapName && !known {
			l.at(arg.value, "%s is no currency; write its code, such as USD, EUR or JPY", quote(value))
		}
	}
	if spec.Name == mapName && len(t.Map) == 0 {
		l.at(e.key, "%s maps nothing; write {%s: {theirs: ours}}", mapName, mapName)
		return Transform{}, TransformSpec{}, false
	}
	return t, spec, true
}

// zone gives a time zone's name; ok is false if it was reported.
func (l *loader) zone(n *node) (name string, ok bool) {
	name, ok = n.word()
	if !ok {
		return "", false
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		l.at(n, "unknown time zone %s; write an IANA name such as America/Chicago, Europe/Berlin or UTC", quote(name))
		return "", false
	}
	return name, true
}

// zoned gives the transforms that read dates the zone of the connection whose values they read, where they name none.
func (l *loader) zoned(transforms []Transform, of record.Connection) {
	c, ok := l.rules.Connection(of)
	if !ok || c.Zone == "" {
		return
	}
	for i := range transforms {
		t := &transforms[i]
		spec, _ := TransformNamed(t.Name)
		if t.Args[zoneName] != "" || !slices.ContainsFunc(spec.Args, func(a ArgSpec) bool { return a.Name == zoneName }) {
			continue
		}
		args := maps.Clone(t.Args)
		if args == nil {
			args = map[string]string{}
		}
		args[zoneName], t.Args = c.Zone, args
	}
}

// needed gives the arguments that a transform cannot do without, as one would write them; "" if there are none.
func needed(spec TransformSpec) string {
	if spec.Name == mapName {
		return "theirs: ours"
	}
	var args []string
	for _, a := range spec.Args {
		if !a.Required {
			continue
		}
		value := "…"
		if len(a.Values) > 0 {
			value = a.Values[0]
		}
		args = append(args, a.Name+": "+value)
	}
	return strings.Join(args, ", ")
}

// form compiles a canonical form: one value in, the same out when applied again.
func (l *loader) form(n *node) []Transform {
	for _, item := range n.list() {
		name := item.text
		if item.kind == nodeTable && len(item.entries) == 1 {
			name = item.entries[0].key.text
		}
		if spec, ok := TransformNamed(name); ok && item.given() && !spec.Canonical {
			l.at(item, "%s is not a canonical form: applied again it could change the value; use it in a pair's to_spoke or to_hub, or take one of %s",
				name, strings.Join(canonicalNames(), ", "))
		}
	}
	return l.steps(n, 1, 1)
}

func canonicalNames() []string {
	var names []string
	for _, spec := range Transforms() {
		if spec.Canonical && spec.In <= 1 && spec.Out <= 1 {
			names = append(names, spec.Name)
		}
	}
	return names
}

// returns reports whether every step of a chain can be undone, or only brings a value into canonical form.
func returns(transforms []Transform) (lossy string, ok bool) {
	for _, t := range transforms {
		spec, known := TransformNamed(t.Name)
		if known && !spec.RoundTrips && !spec.Canonical {
			return t.Name, false
		}
	}
	return "", true
}
