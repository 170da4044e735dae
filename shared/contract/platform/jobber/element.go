package jobber

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// delta is what has to be done to a list, in the API's terms. Elements that are not named stay.
type delta struct {
	add, edit []map[string]any
	remove    []record.ExternalID
}

// listEdit plans one delta.
type listEdit struct {
	platform.ListEdit
	key string // of the value: "address", "number"
	out delta
}

// plan turns the due values into a delta. Where one element is named by two mapped selectors (the only phone is a
// MOBILE and primary) a write through one must not change what the other reads: the element is parted in two.
func (l *listEdit) plan() delta {
	l.List = slices.Clone(l.List)
	for _, selector := range l.Order() {
		value, i := l.Due[selector], l.List.Index(selector)
		switch {
		case i >= 0 && l.List[i].Value == value, i < 0 && value == "":
		case i < 0, value != "" && l.Shared(i, selector, value):
			l.insert(selector, value)
		case value != "":
			l.change(i, map[string]any{l.key: value})
			l.List[i].Value = value
		case l.Shared(i, selector, value):
			l.release(i, selector)
		default:
			l.delete(i)
		}
	}
	return l.out
}

func (l *listEdit) insert(selector, value string) {
	e := l.Insert(selector, value, "MAIN", "OTHER", "WORK")
	added := map[string]any{l.key: value, "description": e.Label}
	if e.Primary {
		added["primary"] = true
	}
	l.out.add = append(l.out.add, added)
}

// change edits an element, once however many selectors ask for it. One that is being added has no id: the entry of its
// addition is changed instead.
func (l *listEdit) change(i int, values map[string]any) {
	id := l.List[i].ID
	if id == "" {
		added := slices.IndexFunc(l.out.add, func(a map[string]any) bool { return a[l.key] == l.List[i].Value })
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
	if selector == platform.SelectorPrimary {
		l.change(i, map[string]any{"primary": false})
		l.List[i].Primary = false
		return
	}
	l.List[i].Label = l.Free("OTHER", "MAIN", "WORK")
	l.change(i, map[string]any{"description": l.List[i].Label})
}

func (l *listEdit) delete(i int) {
	if id := l.List[i].ID; id != "" {
		l.out.remove = append(l.out.remove, id)
		l.out.edit = slices.DeleteFunc(l.out.edit, func(e map[string]any) bool { return e["id"] == id })
	}
	l.List = slices.Delete(l.List, i, i+1)
}
