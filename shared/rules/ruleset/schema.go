package ruleset

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// schemaID names the published schema. It is an identifier: nothing is fetched from it.
const schemaID = "https://fluxcascade.dev/schema/sync-1.json"

// Schema gives the JSON Schema (draft 2020-12) of a configuration, for editors: the shapes that Load checks, with
// their documents. It cannot say what needs two places of the file or a catalog; Load does. infra/sync.schema.json
// holds it.
func Schema() []byte {
	w := schemaWriter{definitions: map[string]any{}}
	root := w.node(fileShape())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = schemaID
	root["title"] = "FluxCascade configuration"
	root["$defs"] = w.definitions
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(fmt.Sprintf("ruleset: the schema has no JSON: %v", err)) // it holds maps, lists and texts alone
	}
	return out.Bytes()
}

// schemaWriter publishes shapes; a shape with a definition is written once and referred to.
type schemaWriter struct {
	definitions map[string]any
}

func (w schemaWriter) node(s *shape) map[string]any {
	if s.definition == "" {
		return w.inline(s)
	}
	if _, ok := w.definitions[s.definition]; !ok {
		plain := *s
		plain.definition, plain.doc = "", ""
		w.definitions[s.definition] = w.inline(&plain)
	}
	return described(map[string]any{"$ref": "#/$defs/" + s.definition}, s.doc)
}

func described(node map[string]any, doc string) map[string]any {
	if doc != "" {
		node["description"] = doc
	}
	return node
}

// scalarTypes are the JSON types of a value that is taken as it is spelled.
var scalarTypes = []string{"string", "number", "boolean"}

func (w schemaWriter) inline(s *shape) map[string]any {
	node := described(map[string]any{}, s.doc)
	switch s.kind {
	case shapeWord:
		w.word(node, s)
	case shapeScalar:
		node["type"] = scalarTypes
	case shapeNumber:
		node["type"], node["minimum"], node["maximum"] = "integer", s.least, s.most
	case shapeFlag:
		node["type"] = "boolean"
	case shapeList:
		node["type"], node["items"] = "array", w.node(s.each)
		if !s.mayBeEmpty {
			node["minItems"] = 1
		}
	case shapeTable:
		node["type"], node["additionalProperties"] = "object", w.node(s.each)
		if s.name.pattern != nil {
			node["propertyNames"] = map[string]any{"pattern": s.name.pattern.String()}
		}
	case shapeKeys:
		w.keys(node, s)
	case shapeChoice:
		var choices []any
		for _, c := range s.choices {
			choices = append(choices, w.node(c))
		}
		node["anyOf"] = choices
	}
	return node
}

func (w schemaWriter) word(node map[string]any, s *shape) {
	node["type"] = "string"
	switch {
	case len(s.words) > 0:
		node["enum"] = s.words
	case s.pattern != nil:
		node["pattern"] = s.pattern.String()
	default:
		node["pattern"] = notBlank.String()
	}
}

// notBlank is the pattern of text that is neither empty nor spaces.
var notBlank = lazyregexp.New(`\S`)

func (w schemaWriter) keys(node map[string]any, s *shape) {
	properties, required := map[string]any{}, []string{}
	for _, k := range s.keys {
		properties[k.name] = w.node(k.shape)
		if k.required {
			required = append(required, k.name)
		}
	}
	node["type"], node["properties"], node["additionalProperties"] = "object", properties, false
	if len(required) > 0 {
		node["required"] = required
	}
	var one []any
	for _, name := range s.one {
		one = append(one, map[string]any{"required": []string{name}})
	}
	if one != nil {
		node["oneOf"] = one
	}
}
