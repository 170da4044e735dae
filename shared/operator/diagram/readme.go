package diagram

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// The marks around the picture in a document.
const (
	begin = "<!-- Drawn by `fluxcascade diagram --readme`; a test fails when it is stale. -->\n"
	end   = "<!-- End of the drawing. -->\n"
)

// Block gives the picture as a document holds it, between its marks.
func Block(rules *ruleset.Rules) string {
	return begin + "```mermaid\n" + Mermaid(rules) + "```\n" + end
}

// BlockIn finds the block of a document; "" if there is none.
func BlockIn(document string) string {
	from := strings.Index(document, begin)
	if from < 0 {
		return ""
	}
	to := strings.Index(document[from:], end)
	if to < 0 {
		return ""
	}
	return document[from : from+to+len(end)]
}
