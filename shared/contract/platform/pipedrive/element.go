package pipedrive

import (
	"cmp"
	"maps"
	"slices"
)

// pick gives the element that a selector names, the zero element if there is none.
func pick(list []element, selector string) element {
	if i := index(list, selector); i >= 0 {
		return list[i]
	}
	return element{}
}

// index finds the element that a selector names, -1 if there is none: the primary one; or the first of a label, one that is
// not primary before the one that is, so that phones[primary] and phones[mobile] differ where they can.
func index(list []element, selector string) int {
	if selector == selectorPrimary {
		return slices.IndexFunc(list, func(e element) bool { return e.Primary })
	}
	i := slices.IndexFunc(list, func(e element) bool { return e.Label == selector && !e.Primary })
	if i < 0 {
		i = slices.IndexFunc(list, func(e element) bool { return e.Label == selector })
	}
	return i
}

// listEdit lays due values over a list, which the API replaces whole: elements that no due selector names go back as read.
type listEdit struct {
	list []element
	// mapped holds every selector that the mapping reads, the due ones among them.
	mapped []string
	due    map[string]string // value by selector
}

// plan gives the list as it is to be; problem says why it cannot be, "" if it can. Where one element is named by two mapped
// selectors (the only phone is a mobile and primary) a write through one must not change what the other reads: the element
// is parted in two.
func (l *listEdit) plan() (problem string) {
	l.list = slices.Clone(l.list)
	// The primary one first: its demotion by an added one decides what the others name.
	order := slices.SortedFunc(maps.Keys(l.due), func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	for _, selector := range order {
		value, i := l.due[selector], index(l.list, selector)
		switch {
		case i >= 0 && l.list[i].Value == value, i < 0 && value == "":
		case i < 0, value != "" && l.shared(i, selector, value):
			l.insert(selector, value)
		case value != "":
			l.list[i].Value = value
		case selector == selectorPrimary && (len(l.list) > 1 || l.shared(i, selector, value)):
			// The platform makes the next one primary, which would read as an edit, and be blanked in its turn.
			return "cannot be blank while the person has others: the platform makes another the primary one"
		case l.shared(i, selector, value):
			l.list[i].Label = l.free("other", "home", "work")
		default:
			l.list = slices.Delete(l.list, i, i+1)
		}
	}
	return ""
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
	e := element{Value: value, Label: selector}
	if selector == selectorPrimary {
		e.Label, e.Primary = l.free("work", "other", "home"), true
		for i := range l.list {
			l.list[i].Primary = false
		}
	}
	l.list = append(l.list, e)
}

// free is the first of some labels that no mapping reads, else the first.
func (l *listEdit) free(labels ...string) string {
	for _, label := range labels {
		if !slices.Contains(l.mapped, label) {
			return label
		}
	}
	return labels[0]
}
