package jobber

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// object is a value of a GraphQL object type: fields hold a JSON scalar, nil, an object, a list of objects, or a
// resolver of arguments that gives one of these.
type object struct {
	typename string
	fields   map[string]any
}

// resolver computes a field from its arguments.
type resolver func(arguments map[string]any) (any, *problem)

// problem is a top-level error. Code is its extensions.code; path is set where it is met.
type problem struct {
	message string
	code    string
	path    []any
}

func (p *problem) render() map[string]any {
	out := map[string]any{"message": p.message}
	if p.code != "" {
		out["extensions"] = map[string]any{"code": p.code}
	}
	if p.path != nil {
		out["path"] = p.path
	}
	return out
}

// execution answers one operation.
type execution struct {
	schema    *ast.Schema
	document  *ast.QueryDocument
	variables map[string]any
	problems  []*problem
	// spent is the actual cost: every field answered, but for edges, nodes and node.
	spent int
}

// free are the fields that cost nothing (developer.getjobber.com api_rate_limits).
var free = []string{"edges", "nodes", "node"}

// answer selects from an object what a selection asks for.
func (x *execution) answer(set ast.SelectionSet, from *object, path []any) map[string]any {
	out := map[string]any{}
	keys, grouped := x.collect(set, from.typename)
	for _, key := range keys {
		fields := grouped[key]
		field := fields[0]
		if !slices.Contains(free, field.Name) {
			x.spent++
		}
		at := append(slices.Clone(path), key)
		if field.Name == "__typename" {
			out[key] = from.typename
			continue
		}
		value, problem := x.resolve(from.fields[field.Name], field)
		if problem != nil {
			problem.path = at
			x.problems = append(x.problems, problem)
		}
		var below ast.SelectionSet
		for _, f := range fields {
			below = append(below, f.SelectionSet...)
		}
		out[key] = x.complete(value, below, at)
	}
	return out
}

func (x *execution) resolve(value any, field *ast.Field) (any, *problem) {
	if r, ok := value.(resolver); ok {
		return r(field.ArgumentMap(x.variables))
	}
	return value, nil
}

func (x *execution) complete(value any, below ast.SelectionSet, path []any) any {
	switch v := value.(type) {
	case *object:
		if v == nil {
			return nil
		}
		return x.answer(below, v, path)
	case []*object:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = x.answer(below, item, append(slices.Clone(path), i))
		}
		return out
	}
	return value
}

// collect gathers the fields that apply to a type, by response key, in order.
func (x *execution) collect(set ast.SelectionSet, typename string) (keys []string, grouped map[string][]*ast.Field) {
	grouped = map[string][]*ast.Field{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if !x.included(s.Directives) {
					continue
				}
				if grouped[s.Alias] == nil {
					keys = append(keys, s.Alias)
				}
				grouped[s.Alias] = append(grouped[s.Alias], s)
			case *ast.InlineFragment:
				if x.included(s.Directives) && x.applies(s.TypeCondition, typename) {
					walk(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if x.included(s.Directives) && x.applies(s.Definition.TypeCondition, typename) {
					walk(s.Definition.SelectionSet)
				}
			}
		}
	}
	walk(set)
	return keys, grouped
}

func (x *execution) applies(condition, typename string) bool {
	if condition == "" || condition == typename {
		return true
	}
	return slices.ContainsFunc(x.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == typename })
}

func (x *execution) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if condition, ok := d.ArgumentMap(x.variables)["if"].(bool); ok && condition == (d.Name == "skip") {
			return false
		}
	}
	return true
}
