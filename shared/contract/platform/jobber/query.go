package jobber

import (
	"strings"
)

// question is one call in the making: aliased root fields and their variables.
type question struct {
	operation   string // "query" or "mutation"
	definitions []string
	roots       []string
	fragment    string // "" for none
	variables   map[string]any
}

// add defines a variable and gives its spelling in the text.
func (q *question) add(name, kind string, value any) string {
	if q.variables == nil {
		q.variables = map[string]any{}
	}
	q.definitions = append(q.definitions, "$"+name+": "+kind)
	q.variables[name] = value
	return "$" + name
}

// root adds an aliased root field.
func (q *question) root(alias, text string) { q.roots = append(q.roots, alias+": "+text) }

func (q *question) body() request {
	text := q.operation
	if len(q.definitions) > 0 {
		text += "(" + strings.Join(q.definitions, ", ") + ")"
	}
	text += " {\n" + strings.Join(q.roots, "\n") + "\n}\n" + q.fragment
	return request{Query: text, Variables: q.variables}
}
