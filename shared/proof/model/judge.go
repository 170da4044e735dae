package model

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Seen is every live record that the platforms show, with its fields. Fields that only serve us (our identity on a record)
// are to be left out.
type Seen map[record.Ref]record.Fields

// Judge holds what the platforms show against what the model says, and gives every difference in words; none if it may be so.
// Where the order was free, the model goes on from what is shown; so a difference is told once.
func (m *Model) Judge(seen Seen) []string {
	var kept []*world
	var least []string
	for i, w := range m.worlds {
		differ := w.judge(seen)
		if len(differ) == 0 {
			kept = append(kept, w)
		} else if i == 0 || len(differ) < len(least) {
			least = differ
		}
	}
	if len(kept) == 0 {
		return least
	}
	m.worlds = kept
	return nil
}

func (m *world) judge(seen Seen) []string {
	m.choose(seen)
	for m.bind(seen) {
		m.settle() // who names a record that was just shown
	}
	return m.differences(seen)
}

// choose settles values that may be several by what is shown.
func (m *world) choose(seen Seen) {
	chosen := false
	for _, t := range m.things {
		for _, name := range sorted(t.values) {
			if v := t.values[name]; v.may != nil {
				v.text, v.may, chosen = m.shown(t, name, v.may, seen), nil, true
			}
		}
		m.rekey(t)
	}
	if chosen {
		m.settle()
	}
}

// shown gives which of several texts most records of a thing show of a hub field.
func (m *world) shown(t *thing, name record.HubField, may []string, seen Seen) string {
	count := map[string]int{}
	for _, place := range m.group.Places(t.kind) {
		c := t.live(place)
		if c == nil {
			continue
		}
		pairs := m.group.PairsAt(place)
		for i := range pairs {
			p := &pairs[i]
			if j := slices.Index(p.Hub, name); j >= 0 && tells(p) && c.ref.ID != "" {
				if texts, _, ok := m.read(t.kind, place, p, seen[c.ref]); ok {
					count[texts[j]]++
				}
			}
		}
	}
	return slices.MaxFunc(may, func(a, b string) int { return cmp.Compare(count[a], count[b]) })
}

// bind ties the records that nobody has shown yet to records that are shown and nobody's, the most alike first. It reports
// whether there was one.
func (m *world) bind(seen Seen) bool {
	bound := false
	for _, t := range m.things {
		for _, place := range m.group.Places(t.kind) {
			c := t.live(place)
			if c == nil || c.ref.ID != "" {
				continue
			}
			best, differ := record.Ref{}, 0
			for _, ref := range sortedRefs(seen) {
				if ref.Place != place || m.of[ref] != nil {
					continue
				}
				if n := unlike(c.shows, seen[ref]); best.ID == "" || n < differ {
					best, differ = ref, n
				}
			}
			if best.ID == "" || 2*differ > max(len(seen[best]), len(c.shows)) {
				continue
			}
			c.ref = best
			m.of[best], bound = t, true
		}
	}
	return bound
}

// unlike counts the fields in which two records differ.
func unlike(a, b record.Fields) int {
	n := 0
	for name, text := range a {
		if b[name] != text {
			n++
		}
	}
	for name, text := range b {
		if _, both := a[name]; !both && text != "" {
			n++
		}
	}
	return n
}

// differences tells what is shown and should not be, and what is not shown and should be.
func (m *world) differences(seen Seen) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, t := range m.things {
		for _, place := range m.group.Places(t.kind) {
			c := t.at[place]
			if c == nil {
				continue
			}
			shown, there := seen[c.ref]
			switch {
			case c.state == live && c.ref.ID == "":
				say("%s of %s should have been made with %v, and was not", place, m.words(t), c.shows)
			case (c.state == live || c.state == left) && !there:
				say("%s should be there, and is not", c.ref)
			case c.state == removed && there:
				say("%s should have been removed, for %s was removed elsewhere", c.ref, m.words(t))
			case there && c.state != removed:
				for _, name := range sorted(join(c.shows, shown)) {
					if c.shows[name] != shown[name] {
						say("%s shows %q in %s, and it should be %q", c.ref, shown[name], name, c.shows[name])
					}
				}
			}
		}
	}
	for _, ref := range sortedRefs(seen) {
		if c := m.alone[ref]; c != nil && unlike(c.shows, seen[ref]) > 0 {
			say("%s is nobody's and shows %v, and it should be left at %v", ref, seen[ref], c.shows)
		}
		if _, mapped := m.group.TypeAt(ref.Place); mapped && m.of[ref] == nil && m.alone[ref] == nil {
			say("%s is there with %v, and nothing asks for it", ref, seen[ref])
		}
	}
	return out
}

// words names a thing by one of its records.
func (m *world) words(t *thing) string {
	for _, place := range m.group.Places(t.kind) {
		if c := t.at[place]; c != nil && c.ref.ID != "" {
			return c.ref.String()
		}
	}
	return t.name()
}

func join(a, b record.Fields) record.Fields {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func sorted[K cmp.Ordered, V any, M ~map[K]V](all M) []K { return slices.Sorted(maps.Keys(all)) }

func sortedRefs(seen Seen) []record.Ref {
	return slices.SortedFunc(maps.Keys(seen), func(a, b record.Ref) int {
		return cmp.Or(a.Place.Compare(b.Place), cmp.Compare(a.ID, b.ID))
	})
}
