package ruleset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// shape says what a value of the file may be. The loader checks files against shapes and Schema publishes them, so
// that an editor and the loader cannot disagree.
type shape struct {
	kind shapeKind
	// doc is one line for a person who hovers over the key.
	doc string
	// noun names one such value in messages: "owner", "transform".
	noun string
	// words are the only texts that a shapeWord takes; nil takes any that fits pattern.
	words []string
	// pattern with its description in like, for a shapeWord that is not one of a list.
	pattern *lazyregexp.Regexp
	like    string
	// least and most bound a shapeNumber.
	least, most int
	// keys are those of a shapeKeys, in the order of need.
	keys []key
	// one lists keys of which exactly one must be given; nil asks nothing.
	one []string
	// each is the shape of a list's items or a table's values, name that of a table's keys.
	each, name *shape
	// mayBeEmpty lets a list have no items.
	mayBeEmpty bool
	// choices are tried by the kind of the node; no two take the same kind.
	choices []*shape
	// definition names a shape that is published once and referred to; "" is published in place.
	definition string
}

type shapeKind string

const (
	shapeWord   shapeKind = "word"   // text
	shapeScalar shapeKind = "scalar" // text, number or flag, taken as it is spelled
	shapeNumber shapeKind = "number" // a whole number
	shapeFlag   shapeKind = "flag"
	shapeList   shapeKind = "list"
	shapeKeys   shapeKind = "keys"  // known keys
	shapeTable  shapeKind = "table" // keys of the user's choice
	shapeChoice shapeKind = "choice"
)

// key is one key of a shapeKeys.
type key struct {
	name     string
	required bool
	shape    *shape
}

// wholeNumber is how a shapeNumber is spelled.
var wholeNumber = lazyregexp.New(`^(0|[1-9][0-9]{0,8})$`)

// wants says which values a shape takes, for a message.
func (s *shape) wants() string {
	switch s.kind {
	case shapeWord:
		if len(s.words) > 0 && len(s.words) <= offersMax {
			return "one of " + strings.Join(s.words, ", ")
		}
		if s.like != "" {
			return s.like
		}
		return "text"
	case shapeScalar:
		return "one value (quote it to be sure of its spelling)"
	case shapeNumber:
		if s.least == s.most {
			return strconv.Itoa(s.least)
		}
		return fmt.Sprintf("a whole number, %d to %d", s.least, s.most)
	case shapeFlag:
		return "true or false"
	case shapeList:
		return "a list, [a, b] or one - per line"
	case shapeKeys:
		return "keys: " + strings.Join(s.names(), ", ")
	case shapeTable:
		return "keys with values"
	}
	wants := make([]string, len(s.choices))
	for i, c := range s.choices {
		wants[i] = c.wants()
	}
	return strings.Join(wants, "; or ")
}

// names lists the keys of a shapeKeys.
func (s *shape) names() []string {
	out := make([]string, len(s.keys))
	for i, k := range s.keys {
		out[i] = k.name
	}
	return out
}

func (s *shape) key(name string) (*shape, bool) {
	i := slices.IndexFunc(s.keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return nil, false
	}
	return s.keys[i].shape, true
}

// takes reports whether a shape can be given by a node of a kind.
func (s *shape) takes(k nodeKind) bool {
	switch s.kind {
	case shapeWord:
		return k == nodeText
	case shapeScalar:
		return k == nodeText || k == nodeNumber || k == nodeFlag
	case shapeNumber:
		return k == nodeNumber
	case shapeFlag:
		return k == nodeFlag
	case shapeList:
		return k == nodeList
	case shapeKeys, shapeTable:
		return k == nodeTable
	}
	return slices.ContainsFunc(s.choices, func(c *shape) bool { return c.takes(k) })
}

// check reports what in a node does not fit a shape. What was reported becomes a broken node, or a dropped key, so
// that later checks speak of the rest alone. where names the node in messages.
func (r *reader) check(n *node, s *shape, where string) {
	if n.kind == nodeBroken {
		return
	}
	if !s.takes(n.kind) {
		r.mismatch(n, s, where)
		n.kind = nodeBroken
		return
	}
	switch s.kind {
	case shapeWord:
		r.checkWord(n, s, where)
	case shapeNumber:
		if i, err := strconv.Atoi(n.text); err != nil || i < s.least || i > s.most || !wholeNumber.MatchString(n.text) {
			r.report(n.line, n.column, "%s is %s; write %s", where, quote(n.text), s.wants())
			n.kind = nodeBroken
		}
	case shapeList:
		r.checkList(n, s, where)
	case shapeTable:
		for _, e := range n.entries {
			r.check(e.key, s.name, s.name.noun)
			r.check(e.value, s.each, s.name.noun+" "+quote(e.key.text))
		}
	case shapeKeys:
		r.checkKeys(n, s, where)
	case shapeChoice:
		i := slices.IndexFunc(s.choices, func(c *shape) bool { return c.takes(n.kind) })
		r.check(n, s.choices[i], where)
	}
}

// mismatch reports a node of the wrong kind.
func (r *reader) mismatch(n *node, s *shape, where string) {
	switch {
	case n.kind == nodeEmpty:
		r.report(n.line, n.column, "%s is empty; write %s", where, s.wants())
	case s.takes(nodeText) && n.text != "":
		r.report(n.line, n.column, "%s is %s; write %s, in quotes if it is meant: %q", where, n.kind, s.wants(), n.text)
	default:
		r.report(n.line, n.column, "%s is %s; write %s", where, n.kind, s.wants())
	}
}

func (r *reader) checkWord(n *node, s *shape, where string) {
	wrong := ""
	switch {
	case len(s.words) > 0 && !slices.Contains(s.words, n.text):
		wrong = fmt.Sprintf("unknown %s %s; %s", s.noun, quote(n.text), instead(n.text, s.words))
	case s.pattern != nil && !s.pattern.MatchString(n.text):
		wrong = fmt.Sprintf("%s is %s; write %s", where, quote(n.text), s.wants())
	case strings.TrimSpace(n.text) == "":
		wrong = fmt.Sprintf("%s is blank; write %s", where, s.wants())
	}
	if wrong != "" {
		r.report(n.line, n.column, "%s", wrong)
		n.kind = nodeBroken
	}
}

func (r *reader) checkList(n *node, s *shape, where string) {
	if len(n.items) == 0 && !s.mayBeEmpty {
		r.report(n.line, n.column, "%s is an empty list; give at least one %s or leave the key out", where, s.each.noun)
		n.kind = nodeBroken
	}
	for _, item := range n.items {
		r.check(item, s.each, s.each.noun)
	}
}

// checkKeys reports unknown keys, missing keys and keys that exclude each other, then checks the values. A misspelt
// key is taken for what was meant, so that it is reported once.
func (r *reader) checkKeys(n *node, s *shape, where string) {
	var kept []entry
	for _, e := range n.entries {
		if _, ok := s.key(e.key.text); !ok && !r.misspelt(n, s, e.key, where) {
			continue
		}
		value, _ := s.key(e.key.text)
		r.check(e.value, value, e.key.text)
		kept = append(kept, e)
	}
	n.entries = kept
	for _, k := range s.keys {
		if k.required && !n.has(k.name) {
			r.report(n.line, n.column, "%s has no %s; add %s: %s", where, k.name, k.name, k.shape.wants())
		}
	}
	r.checkOne(n, s, where)
}

// misspelt reports an unknown key, and puts the nearest one that n does not give yet in its place. It is false if
// there is none.
func (r *reader) misspelt(n *node, s *shape, k *node, where string) bool {
	free := slices.DeleteFunc(s.names(), n.has)
	near, ok := nearest(k.text, free)
	right := free
	if !ok {
		right = s.names() // also what is given already, so that it shows what belongs here
	}
	r.report(k.line, k.column, "%s has no key %s; %s", where, quote(k.text), instead(k.text, right))
	if ok {
		k.text = near
	}
	return ok
}

// checkOne reports keys of which exactly one is asked for.
func (r *reader) checkOne(n *node, s *shape, where string) {
	if len(s.one) == 0 {
		return
	}
	var given []entry
	for _, e := range n.entries {
		if slices.Contains(s.one, e.key.text) {
			given = append(given, e)
		}
	}
	switch {
	case len(given) > 1:
		second := given[1].key
		r.report(second.line, second.column, "%s has both %s and %s; keep one", where, given[0].key.text, second.text)
		n.kind = nodeBroken
	case len(given) == 0:
		r.report(n.line, n.column, "%s has none of %s; give one", where, strings.Join(s.one, ", "))
		n.kind = nodeBroken
	}
}
