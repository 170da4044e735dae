package pipedrive

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

// listEdit lays due values over a list, which the API replaces whole: elements that no due selector names go back as read.
type listEdit struct{ platform.ListEdit }

// plan gives the list as it is to be; problem says why it cannot be, "" if it can. Where one element is named by two mapped
// selectors (the only phone is a mobile and primary) a write through one must not change what the other reads: the element
// is parted in two.
func (l *listEdit) plan() (problem string) {
	l.List = slices.Clone(l.List)
	for _, selector := range l.Order() {
		value, i := l.Due[selector], l.List.Index(selector)
		switch {
		case i >= 0 && l.List[i].Value == value, i < 0 && value == "":
		case i < 0, value != "" && l.Shared(i, selector, value):
			l.Insert(selector, value, "work", "other", "home")
		case value != "":
			l.List[i].Value = value
		case selector == platform.SelectorPrimary && (len(l.List) > 1 || l.Shared(i, selector, value)):
			// The platform makes the next one primary, which would read as an edit, and be blanked in its turn.
			return "cannot be blank while the person has others: the platform makes another the primary one"
		case l.Shared(i, selector, value):
			l.List[i].Label = l.Free("other", "home", "work")
		default:
			l.List = slices.Delete(l.List, i, i+1)
		}
	}
	return ""
}

// element is one email or phone as the API has it.
type element struct {
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
	Label   string `json:"label"`
}

// wireList writes a list as the API takes it: whole, and empty rather than null.
func wireList(list platform.Elements) []element {
	out := make([]element, len(list))
	for i, e := range list {
		out[i] = element{Value: e.Value, Primary: e.Primary, Label: e.Label}
	}
	return out
}
