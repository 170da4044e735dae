package ruleset

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file, so that a hostile one costs little. The largest believable configuration is far below them.
const (
	fileBytesMax = 256 << 10
	// depthMax bounds nesting; the parser recurses.
	depthMax = 64
)

// nodeKind is what a node is, as a message names it.
type nodeKind string

const (
	nodeEmpty  nodeKind = "empty"
	nodeText   nodeKind = "text"
	nodeNumber nodeKind = "a number"
	nodeFlag   nodeKind = "true or false"
	nodeList   nodeKind = "a list"
	nodeTable  nodeKind = "keys with values"
	// nodeBroken stands for what was reported already; nothing more is said about it.
	nodeBroken nodeKind = "broken"
)

// node is a value of the file and where it stands. A nil node is one that the file does not give.
type node struct {
	kind         nodeKind
	line, column int
	text         string // of a scalar, as the file spells it
	items        []*node
	entries      []entry
}

// entry is one key of a table.
type entry struct {
	key   *node
	value *node
}

// get gives the value of a key; nil if n is no table or lacks the key.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for _, e := range n.entries {
		if e.key.text == key {
			return e.value
		}
	}
	return nil
}

// has reports whether a key is given, were it broken.
func (n *node) has(key string) bool { return n.get(key) != nil }

// given reports whether a node is there and was not reported.
func (n *node) given() bool { return n != nil && n.kind != nodeBroken }

// word gives a scalar's text; ok is false if it is not given.
func (n *node) word() (text string, ok bool) {
	if !n.given() {
		return "", false
	}
	return n.text, true
}

// list gives the items of a list, or the node itself where one item may stand without brackets.
func (n *node) list() []*node {
	if !n.given() {
		return nil
	}
	if n.kind == nodeList {
		return n.items
	}
	return []*node{n}
}

// table gives the keys and values of a table.
func (n *node) table() []entry {
	if !n.given() {
		return nil
	}
	return n.entries
}

// reader turns a file's text into nodes.
type reader struct {
	file     string
	problems Problems
}

// report notes a problem at a place of the file, on one line whatever the file holds.
func (r *reader) report(line, column int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, line, column, oneLine(fmt.Sprintf(format, args...))})
}

// read gives the file's one document; nil if it has none, with a problem that says why.
func (r *reader) read(text []byte) *node {
	if len(text) > fileBytesMax {
		r.report(0, 0, "the file has %d bytes; at most %d are read", len(text), fileBytesMax)
		return nil
	}
	file, ok := r.parse(string(text))
	if !ok {
		return nil
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.report(1, 1, "the file is empty; it needs version, connections and groups")
		return nil
	case 1:
		return r.node(bodies[0])
	}
	at := position(bodies[1])
	r.report(at.Line, at.Column, "a second document; a configuration is one document, without ---")
	return nil
}

// parse runs the YAML parser. A fault of the parser itself is reported like an error of the file.
func (r *reader) parse(text string) (file *ast.File, ok bool) {
	defer func() {
		if recover() != nil {
			r.report(1, 1, "the file cannot be read as YAML; check brackets, quotes and indentation")
			file, ok = nil, false
		}
	}()
	tokens := lexer.Tokenize(text)
	if t := tooDeep(tokens); t != nil {
		r.report(t.Position.Line, t.Position.Column, "nested more than %d deep; a configuration needs fewer than 12", depthMax)
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, true
	}
	var located interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &located) && located.GetToken() != nil && located.GetToken().Position != nil {
		at := located.GetToken().Position
		r.report(at.Line, at.Column, "not YAML: %s; check brackets, quotes and indentation here and on the line above", located.GetMessage())
		return nil, false
	}
	r.report(1, 1, "not YAML: %s; check brackets, quotes and indentation", err.Error())
	return nil, false
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// tooDeep finds the token at which nesting passes depthMax: by brackets, or by dashes and question marks on one line.
// Nesting by indentation alone is bounded by the file's size.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, marks, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position != nil && t.Position.Line != line {
			marks, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			marks++
		}
		if (brackets > depthMax || marks > depthMax) && t.Position != nil {
			return t
		}
	}
	return nil
}

// position gives where a node begins.
func position(n ast.Node) token.Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		n = v.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return *t.Position
	}
	return token.Position{Line: 1, Column: 1}
}

// node converts one YAML node and all below it.
func (r *reader) node(n ast.Node) *node {
	if n == nil {
		return &node{kind: nodeEmpty, line: 1, column: 1}
	}
	at := position(n)
	out := &node{line: at.Line, column: at.Column}
	switch v := n.(type) {
	case *ast.MappingNode:
		out.kind = nodeTable
		r.entries(out, v.Values)
	case *ast.MappingValueNode:
		out.kind = nodeTable
		r.entries(out, []*ast.MappingValueNode{v})
	case *ast.SequenceNode:
		out.kind = nodeList
		for _, item := range v.Values {
			out.items = append(out.items, r.node(item))
		}
	case *ast.NullNode:
		out.kind = nodeEmpty
	case *ast.StringNode:
		out.kind, out.text = nodeText, v.Value
	case *ast.LiteralNode:
		out.kind, out.text = nodeText, v.Value.Value
	case *ast.BoolNode:
		out.kind, out.text = nodeFlag, strings.ToLower(v.Token.Value)
	case *ast.IntegerNode:
		out.kind, out.text = nodeNumber, v.Token.Value
	case *ast.FloatNode:
		out.kind, out.text = nodeNumber, v.Token.Value
		if math.IsInf(v.Value, 0) {
			out.kind = nodeText
		}
	case *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = nodeText, n.GetToken().Value
	default:
		out.kind = nodeBroken
		r.report(at.Line, at.Column, "anchors, aliases, merges and tags are not read here; write the value out")
	}
	return out
}

// entries converts the keys of a table. A repeated key is reported, and its first value holds.
func (r *reader) entries(out *node, values []*ast.MappingValueNode) {
	seen := make(map[string]*node, len(values))
	for _, v := range values {
		key := r.key(v.Key)
		if key == nil {
			continue
		}
		if first := seen[key.text]; first != nil {
			r.report(key.line, key.column, "key %s is given twice; the first is on line %d: keep one", quote(key.text), first.line)
			continue
		}
		seen[key.text] = key
		value := r.node(v.Value)
		if value.kind == nodeEmpty {
			value.line, value.column = key.line, key.column
		}
		out.entries = append(out.entries, entry{key, value})
	}
}

// key converts a key; nil, with a problem, where it is no plain word.
func (r *reader) key(k ast.MapKeyNode) *node {
	at := position(k)
	switch k.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		r.report(at.Line, at.Column, "a key must be a plain word; anchors, aliases, merges and tags are not read here")
		return nil
	}
	key := r.node(k)
	if key.kind == nodeBroken {
		return nil
	}
	if key.kind == nodeEmpty {
		r.report(at.Line, at.Column, "a key is missing before the colon; write one")
		return nil
	}
	return key
}
