package jobber

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// element is one email or phone of a client.
type element struct {
	id          record.ExternalID
	value       string
	description string
	primary     bool
}

// pick gives the element that a selector names, the zero element if there is none.
func pick(list []element, selector string) element {
	if i := index(list, selector); i >= 0 {
		return list[i]
	}
	return element{}
}

// index finds the element that a selector names, -1 if there is none: the primary one; or the first of a description,
// one that is not primary before the one that is, so that phones[primary] and phones[MOBILE] differ where they can.
func index(list []element, selector string) int {
	if selector == selectorPrimary {
		return slices.IndexFunc(list, func(e element) bool { return e.primary })
	}
	i := slices.IndexFunc(list, func(e element) bool { return e.description == selector && !e.primary })
	if i < 0 {
		i = slices.IndexFunc(list, func(e element) bool { return e.description == selector })
	}
	return i
}

// delta is what has to be done to a list, in the API's terms. Elements that are not named stay.
type delta struct {
	add, edit []map[string]any
	remove    []record.ExternalID
}

// listEdit plans one delta.
type listEdit struct {
	key  string // of the value: "address", "number"
	list []element
	// mapped holds every selector that the mapping reads, the due ones among them.
	mapped []string
	due    map[string]string // value by selector
	out    delta
}

// plan turns the due values into a delta. Where one element is named by two mapped selectors (the only phone is a
// MOBILE and primary) a write through one must not change what the other reads: the element is parted in two.
func (l *listEdit) plan() delta {
	l.list = slices.Clone(l.list)
	// The primary one first: its demotion by an added one decides what the others name.
	order := slices.SortedFunc(maps.Keys(l.due), func(a, b string) int {
		if a == selectorPrimary || b == selectorPrimary {
			return cmp.Compare(rank(a), rank(b))
		}
		return cmp.Compare(a, b)
	})
	for _, selector := range order {
		value, i := l.due[selector], index(l.list, selector)
		switch {
		case i >= 0 && l.list[i].value == value, i < 0 && value == "":
		case i < 0, value != "" && l.shared(i, selector, value):
			l.insert(selector, value)
		case value != "":
			l.change(i, map[string]any{l.key: value})
			l.list[i].value = value
		case l.shared(i, selector, value):
			l.release(i, selector)
		default:
			l.delete(i)
		}
	}
	return l.out
}

func rank(selector string) int {
	if selector == selectorPrimary {
		return 0
	}
	return 1
}

// shared reports whether another mapped selector names the element too, and is not to become the same value.
func (l *listEdit) shared(i int, selector, value string) bool {
	return slices.ContainsFunc(l.mapped, func(other string) bool {
		if other == selector || index(l.list, other) != i {
			return false
		}
		wanted, due := l.due[other]
		return !due || wanted != value
	})
}

func (l *listEdit) insert(selector, value string) {
	e := element{value: value, description: selector}
	added := map[string]any{l.key: value, "description": selector}
	if selector == selectorPrimary {
		e.description, e.primary = l.free("MAIN", "OTHER", "WORK"), true
		added["description"], added["primary"] = e.description, true
		for i := range l.list {
			l.list[i].primary = false
		}
	}
	l.list = append(l.list, e)
	l.out.add = append(l.out.add, added)
}

// change edits an element, once however many selectors ask for it. One that is being added has no id: the entry of its
// addition is changed instead.
func (l *listEdit) change(i int, values map[string]any) {
	id := l.list[i].id
	if id == "" {
		added := slices.IndexFunc(l.out.add, func(a map[string]any) bool { return a[l.key] == l.list[i].value })
		if added >= 0 {
			maps.Copy(l.out.add[added], values)
		}
		return
	}
	for _, edited := range l.out.edit {
		if edited["id"] == id {
			maps.Copy(edited, values)
			return
		}
	}
	values["id"] = id
	l.out.edit = append(l.out.edit, values)
}

// release keeps an element but takes it from under one selector: a description becomes one that no mapping reads, and
// the primary mark is taken off (the platform may insist on having one; then the receipt tells).
func (l *listEdit) release(i int, selector string) {
	if selector == selectorPrimary {
		l.change(i, map[string]any{"primary": false})
		l.list[i].primary = false
		return
	}
	l.list[i].description = l.free("OTHER", "MAIN", "WORK")
	l.change(i, map[string]any{"description": l.list[i].description})
}

// free is the first of some descriptions that no mapping reads, else the first.
func (l *listEdit) free(descriptions ...string) string {
	for _, description := range descriptions {
		if !slices.Contains(l.mapped, description) {
			return description
		}
	}
	return descriptions[0]
}

func (l *listEdit) delete(i int) {
	if id := l.list[i].id; id != "" {
		l.out.remove = append(l.out.remove, id)
		l.out.edit = slices.DeleteFunc(l.out.edit, func(e map[string]any) bool { return e["id"] == id })
	}
	l.list = slices.Delete(l.list, i, i+1)
}
