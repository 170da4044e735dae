package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// graphQL is a schema that requests and answers are held against.
type graphQL struct {
	schema *ast.Schema
	token  *url.URL
}

func newGraphQL(file, tokenURL string) (*graphQL, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	token, err := url.Parse(tokenURL)
	if err != nil {
		return nil, err
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: filepath.Base(file), Input: string(raw)})
	if err != nil {
		return nil, err
	}
	return &graphQL{schema: schema, token: token}, nil
}

// Check implements Validator: the query and its variables fit the schema, and the data answers every field that was asked
// for, in its type. Answers from before GraphQL (limits, log-ins) are none of the schema's.
func (v *graphQL) Check(r *http.Request, body []byte, status int, _ http.Header, answer []byte) error {
	if r.URL.Path == v.token.Path {
		return nil
	}
	var request struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&request); err != nil {
		return fmt.Errorf("the request is no GraphQL: %w", err)
	}
	document, errs := gqlparser.LoadQueryWithRules(v.schema, request.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		return fmt.Errorf("the query: %w", errs)
	}
	operation := document.Operations[0]
	if _, err := validator.VariableValues(v.schema, operation, request.Variables); err != nil {
		return fmt.Errorf("the variables: %w", err)
	}
	if status != http.StatusOK {
		return nil
	}
	var told struct {
		Data   map[string]any `json:"data"`
		Errors []any          `json:"errors"`
	}
	d = json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber()
	if err := d.Decode(&told); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if told.Data == nil {
		if len(told.Errors) == 0 {
			return fmt.Errorf("the answer has neither data nor errors")
		}
		return nil
	}
	if len(told.Errors) > 0 {
		return nil // a field that failed is null, and takes what is above it along
	}
	return v.object("data", operation.SelectionSet, told.Data)
}

// object holds an answered object against what was selected of it.
func (v *graphQL) object(at string, selected ast.SelectionSet, value map[string]any) error {
	for _, one := range selected {
		switch s := one.(type) {
		case *ast.Field:
			answered, told := value[s.Alias]
			if !told {
				return fmt.Errorf("%s.%s was asked for and is not answered", at, s.Alias)
			}
			if err := v.value(at+"."+s.Alias, s.Definition.Type, s.SelectionSet, answered); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if err := v.part(at, s.Definition.TypeCondition, s.Definition.SelectionSet, value); err != nil {
				return err
			}
		case *ast.InlineFragment:
			if err := v.part(at, s.TypeCondition, s.SelectionSet, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// part holds an object against a fragment, if it is of the fragment's type. Where the type is not told, an object that
// lacks a field of the fragment is of another one.
func (v *graphQL) part(at, condition string, selected ast.SelectionSet, value map[string]any) error {
	if name, told := value["__typename"].(string); told && name != condition && v.schema.Types[condition].Kind == ast.Object {
		return nil
	}
	if v.partial(condition) {
		for _, one := range selected {
			if f, ok := one.(*ast.Field); ok {
				if _, answered := value[f.Alias]; !answered {
					return nil
				}
			}
		}
	}
	return v.object(at, selected, value)
}

// partial says that a type is one of several that may stand in its place.
func (v *graphQL) partial(name string) bool {
	for _, t := range v.schema.Types {
		if t.Kind == ast.Union && slices.Contains(t.Types, name) {
			return true
		}
	}
	return len(v.schema.Types[name].Interfaces) > 0
}

func (v *graphQL) value(at string, t *ast.Type, selected ast.SelectionSet, value any) error {
	if value == nil {
		if t.NonNull {
			return fmt.Errorf("%s is null and may not be", at)
		}
		return nil
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%s is %T and not a list", at, value)
		}
		for i, one := range list {
			if err := v.value(fmt.Sprintf("%s[%d]", at, i), t.Elem, selected, one); err != nil {
				return err
			}
		}
		return nil
	}
	if len(selected) > 0 {
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %T and not an object", at, value)
		}
		return v.object(at, selected, object)
	}
	return v.scalar(at, v.schema.Types[t.NamedType], value)
}

func (v *graphQL) scalar(at string, t *ast.Definition, value any) error {
	_, text := value.(string)
	number, isNumber := value.(json.Number)
	_, flag := value.(bool)
	ok := true
	switch {
	case t.Kind == ast.Enum:
		ok = text && t.EnumValues.ForName(value.(string)) != nil
	case t.Name == "Int":
		_, err := number.Int64()
		ok = isNumber && err == nil
	case t.Name == "Float":
		ok = isNumber
	case t.Name == "Boolean":
		ok = flag
	case t.Name == "String", t.Name == "ID", t.Name == "EncodedId", t.Name == "ISO8601DateTime":
		ok = text
	}
	if !ok {
		return fmt.Errorf("%s is %v, which is no %s", at, value, t.Name)
	}
	return nil
}
