package platform

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// SelectorPrimary picks the primary element of a list, whatever its label: emails[primary].
const SelectorPrimary = "primary"

// Element is one entry of a list of which a person may have several: an email, a phone.
type Element struct {
	ID    record.ExternalID // "" where the vendor has none, and for one that is being added
	Value string
	// Label says what it is for, in the vendor's words: "work", "MOBILE".
	Label   string
	Primary bool
}

// Elements are one record's list of them.
type Elements []Element

// Pick gives the element that a selector names, the zero element if there is none.
func (l Elements) Pick(selector string) Element {
	if i := l.Index(selector); i >= 0 {
		return l[i]
	}
	return Element{}
}

// Index finds the element that a selector names, -1 if there is none: the primary one; or the first of a label, one that is
// not primary before the one that is, so that phones[primary] and phones[mobile] differ where they can.
func (l Elements) Index(selector string) int {
	if selector == SelectorPrimary {
		return slices.IndexFunc(l, func(e Element) bool { return e.Primary })
	}
	i := slices.IndexFunc(l, func(e Element) bool { return e.Label == selector && !e.Primary })
	if i < 0 {
		i = slices.IndexFunc(l, func(e Element) bool { return e.Label == selector })
	}
	return i
}

// ListEdit is what an intent asks of a list. A connector plans by it, in its API's terms.
type ListEdit struct {
	List Elements
	// Mapped holds every selector that the mapping reads, the due ones among them.
	Mapped []string
	Due    map[string]string // value by selector
}

// NewListEdit finds what an intent asks of the list that its fields name by root: "emails".
func NewListEdit(intent record.Intent, root string) ListEdit {
	edit := ListEdit{Due: map[string]string{}}
	for _, field := range FieldsOf(intent) {
		p := ParsePath(field)
		if p.Root != root {
			continue
		}
		edit.Mapped = append(edit.Mapped, p.Selector)
		if value, due := intent.Fields[field]; due {
			edit.Due[p.Selector] = value
		}
	}
	return edit
}

// Order gives the due selectors, the primary one first: its demotion by an added one decides what the others name.
func (l *ListEdit) Order() []string {
	return slices.SortedFunc(maps.Keys(l.Due), func(a, b string) int {
		switch {
		case a == SelectorPrimary:
			return -1
		case b == SelectorPrimary:
			return 1
		}
		return cmp.Compare(a, b)
	})
}

// Shared reports whether another mapped selector names element i too, and is not to become the same value: the only phone is
// a mobile and primary. A write through the one selector must not change what the other reads.
func (l *ListEdit) Shared(i int, selector, value string) bool {
	return slices.ContainsFunc(l.Mapped, func(other string) bool {
		if other == selector || l.List.Index(other) != i {
			return false
		}
		wanted, due := l.Due[other]
		return !due || wanted != value
	})
}

// Insert adds an element for a selector and gives it. A primary one takes the mark from the one that had it, and the first of
// labels that no mapping reads.
func (l *ListEdit) Insert(selector, value string, labels ...string) Element {
	e := Element{Value: value, Label: selector}
	if selector == SelectorPrimary {
		e.Label, e.Primary = l.Free(labels...), true
		for i := range l.List {
			l.List[i].Primary = false
		}
	}
	l.List = append(l.List, e)
	return e
}

// Free is the first of some labels that no mapping reads, else the first.
func (l *ListEdit) Free(labels ...string) string {
	for _, label := range labels {
		if !slices.Contains(l.Mapped, label) {
			return label
		}
	}
	return labels[0]
}
