package boot_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// formsLeast is how many forms there were in 2026-11, about: a test that finds fewer looks in the wrong place.
const formsLeast = 40

// linked gives the parsed files of our packages that the deployed functions link.
func linked(t *testing.T) map[string]*ast.File {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", `{{$d := .Dir}}{{range .GoFiles}}{{$.ImportPath}} {{$d}}/{{.}}{{"\n"}}{{end}}`,
		module+"/functions/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]*ast.File{}
	for line := range strings.Lines(string(out)) {
		pkg, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(pkg, module) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(strings.TrimPrefix(pkg, module+"/"), filepath.Base(path))] = file
	}
	return files
}

// called gives "package.Name" of a call of another package's function; "" for others.
func called(n ast.Node) (string, *ast.CallExpr) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", nil
	}
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		if pkg, ok := selector.X.(*ast.Ident); ok {
			return pkg.Name + "." + selector.Sel.Name, call
		}
	}
	return "", nil
}

// TestEveryFormCompiles: a wrong pattern panics here, and not in a function.
func TestEveryFormCompiles(t *testing.T) {
	found := 0
	for path, file := range linked(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			name, call := called(n)
			if name != "lazyregexp.New" {
				return true
			}
			found++
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the pattern of a form is no literal, and this test cannot compile it", path)
				return true
			}
			pattern, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := regexp.Compile(pattern); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			return true
		})
	}
	if found < formsLeast {
		t.Errorf("found %d forms, want at least %d", found, formsLeast)
	}
}

// TestNoFunctionCompilesARegularExpressionAtItsStart: package lazyregexp compiles them when they are first asked.
func TestNoFunctionCompilesARegularExpressionAtItsStart(t *testing.T) {
	for path, file := range linked(t) {
		for _, declaration := range file.Decls {
			ast.Inspect(declaration, func(n ast.Node) bool {
				switch n.(type) {
				case *ast.FuncLit, *ast.FuncDecl:
					return false // it runs when it is called
				}
				if name, _ := called(n); slices.Contains([]string{"regexp.MustCompile", "regexp.Compile"}, name) {
					t.Errorf("%s compiles a regular expression at every start: use form.New", path)
				}
				return true
			})
		}
	}
}
