package platform

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Path is the spelling of a field in parts, Root[Selector].Leaf, each "" where the field has none. Selector picks one
// element of a list, by what the vendor's catalog says.
type Path struct{ Root, Selector, Leaf string }

// ParsePath splits a field: "emails[primary].value", "billingAddress.city", "customFields[Hub.ID]", "title". One whose bracket
// is not closed is all root.
func ParsePath(field record.PlatformField) Path {
	text := string(field)
	if root, rest, ok := strings.Cut(text, "["); ok {
		// A label or a name may hold a dot, so the selector ends at the last bracket.
		end := strings.LastIndex(rest, "]")
		if end < 0 {
			return Path{Root: text}
		}
		return Path{Root: root, Selector: rest[:end], Leaf: strings.TrimPrefix(rest[end+1:], ".")}
	}
	root, leaf, _ := strings.Cut(text, ".")
	return Path{Root: root, Leaf: leaf}
}
