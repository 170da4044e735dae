package mapping

import (
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// particles begin a family name, in any case: Ludwig | van Beethoven, Oscar | de la Hoya. Words that are as often a
// given name (Ben, Della) are left out.
var particles = []string{"af", "al", "bin", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "el", "ibn", "la", "le", "st.", "ten", "ter", "van", "von", "zu", "zum", "zur"}

// suffixes follow a family name and belong to it here, in any case and with or without a full stop.
var suffixes = []string{"jr", "sr", "ii", "iii", "iv"}

// splitName gives given names and family name: the last word is the family name, with the suffix after it and the
// particles before it. The first word is always a given name, so Van Morrison is Van | Morrison; a single word is a
// given name alone. Commas mean nothing: "Smith, John" is not turned round. combineName puts the two together again,
// with single spaces.
func splitName(_ ruleset.Transform, values []Said) []Said {
	words := strings.Fields(values[0].text)
	if len(words) < 2 {
		return []Said{Read(strings.Join(words, " ")), Read("")}
	}
	family := len(words) - 1
	if family > 1 && slices.Contains(suffixes, strings.TrimSuffix(strings.ToLower(words[family]), ".")) {
		family--
	}
	for family > 1 && slices.Contains(particles, strings.ToLower(words[family-1])) {
		family--
	}
	return []Said{Read(strings.Join(words[:family], " ")), Read(strings.Join(words[family:], " "))}
}

// combineName joins given names and family name with single spaces throughout.
func combineName(_ ruleset.Transform, values []string) string {
	return strings.Join(strings.Fields(strings.Join(values, " ")), " ")
}
