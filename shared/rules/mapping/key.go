package mapping

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Key gives the key that values have under a match rule: its parts through their transforms, trimmed, in NFC and
// folded, joined so that no two lists of parts give one key. ok is false if a part is missing or blank, or says nothing.
func Key(rule ruleset.MatchRule, values record.HubValues) (key string, ok bool) {
	var b strings.Builder
	for _, part := range rule.Parts {
		value, known := values[part.Field]
		if !known {
			return "", false
		}
		out := Run(part.Transforms, []Said{Read(value)})
		if len(out) != 1 {
			return "", false
		}
		text := cases.Fold().String(norm.NFC.String(strings.Join(strings.Fields(out[0].text), " ")))
		if text == "" {
			return "", false
		}
		b.WriteString(strconv.Itoa(len(text)) + ":" + text)
	}
	return b.String(), b.Len() > 0
}

// Recognises reports whether what a place shows of a pair tells the hub value of its one field well enough for a match key,
// although the pair flows to the spoke alone: its transforms change the letters' case, which keys do not see, or write a value
// in a form that the field's canonical form, or every match rule of the field, reads back; or look it up in a table that can
// be turned round.
func Recognises(e *ruleset.Entity, p *ruleset.Pair) bool {
	if len(p.Hub) != 1 || len(p.Spoke) != 1 || p.Reference != nil {
		return false
	}
	for _, t := range p.ToSpokeTransforms {
		switch kind := readBackBy(t.Name); {
		case t.Name == "value_map":
			if _, ok := turned(t); !ok {
				return false
			}
		case kind == "":
			return false
		case kind != "text" && !readsBack(e, p.Hub[0], kind):
			return false
		}
	}
	return true
}

// Recognised tells what a place shows of such a pair, in the field's canonical form.
func Recognised(e *ruleset.Entity, p *ruleset.Pair, fields record.Fields) []Said {
	value, read := fields[p.Spoke[0]]
	if !read {
		return make([]Said, 1)
	}
	out := []Said{Read(value)}
	for i := len(p.ToSpokeTransforms) - 1; i >= 0; i-- {
		if t := p.ToSpokeTransforms[i]; t.Name == "value_map" {
			back, _ := turned(t)
			out = Apply(back, out)
		}
	}
	if f, found := e.Field(p.Hub[0]); found {
		out[0] = canonical(f, out[0])
	}
	return out
}

// readBackBy gives the beginning of the names of the transforms that read a transform's result as they read what it was
// made of; text for one that changes nothing that keys see, "" for none.
func readBackBy(name string) string {
	switch name {
	case "trim", "lowercase", "uppercase", "titlecase":
		return "text"
	case "phone_e164", "phone_national":
		return "phone_"
	case "decimal", "bool", "options":
		return name
	}
	return ""
}

// readsBack reports whether a field's canonical form, or every match rule that looks at it, has a transform of a kind.
func readsBack(e *ruleset.Entity, name record.HubField, kind string) bool {
	of := func(transforms []ruleset.Transform) bool {
		return slices.ContainsFunc(transforms, func(t ruleset.Transform) bool { return strings.HasPrefix(t.Name, kind) })
	}
	if f, found := e.Field(name); found && of(f.Form) {
		return true
	}
	looked := false
	for _, rule := range e.Match {
		for _, part := range rule.Parts {
			if part.Field != name {
				continue
			}
			if looked = true; !of(part.Transforms) {
				return false
			}
		}
	}
	return looked
}

// turned gives a table turned round; ok is false where two values have one entry, or a value without one gets a default.
func turned(t ruleset.Transform) (back ruleset.Transform, ok bool) {
	if len(t.Args) > 0 {
		return ruleset.Transform{}, false
	}
	back = ruleset.Transform{Name: t.Name, Map: make(map[string]string, len(t.Map))}
	for theirs, ours := range t.Map {
		back.Map[ours] = theirs
	}
	return back, len(back.Map) == len(t.Map)
}

// Hash hides a key: HMAC-SHA256 under the deployment's secret, in hex, bound to group, entity type and rule.
func Hash(secret []byte, group record.Group, t record.Object, rule, key string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join([]string{string(group), string(t), rule, key}, "\x00")))
	return hex.EncodeToString(mac.Sum(nil))
}
