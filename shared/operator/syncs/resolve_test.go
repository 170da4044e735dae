package syncs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// TestTheReasonsAreTheDecidersOwn holds the reasons that the page has words for to those that work can wait for.
func TestTheReasonsAreTheDecidersOwn(t *testing.T) {
	own := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), "../../rules/resolve/reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		if text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err == nil {
			own[text] = true
		}
		return true
	})
	told := map[string]bool{}
	file, err = parser.ParseFile(token.NewFileSet(), "words.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Name.Name != "why" {
			return true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, value := range c.List {
					if text, err := strconv.Unquote(value.(*ast.BasicLit).Value); err == nil {
						told[text] = true
					}
				}
			}
			return true
		})
		return false
	})
	for reason := range told {
		if !own[reason] {
			t.Errorf("%s is no reason of the decider's", reason)
		}
	}
	for _, reason := range []resolve.Reason{resolve.ReasonManual, resolve.ReasonInvalidValue, resolve.ReasonUnmappedValue,
		resolve.ReasonKeyHeld, resolve.ReasonAmbiguous, resolve.ReasonSlotTaken,
		resolve.ReasonFormerKey, resolve.ReasonMergedAway, resolve.ReasonRejected, resolve.ReasonMissingRequired, resolve.ReasonAttemptsFull,
		resolve.ReasonContested, resolve.ReasonSpreadLimit,
		resolve.ReasonLoop, resolve.ReasonCannotRestore, resolve.ReasonUnreadable, resolve.ReasonNothingLeft, resolve.ReasonBrokenRule,
		resolve.ReasonOldValueKept, resolve.ReasonOwnForm, resolve.ReasonFieldGone} {
		if !told[string(reason)] {
			t.Errorf("work can wait for %s, and the page has no words for it", reason)
		}
	}
	if len(own) < 40 || len(told) < 15 {
		t.Errorf("%d reasons, %d told: the sources were not read as they should be", len(own), len(told))
	}
}

// TestALimitOfSpreadIsReadAsTheDeciderWritesIt reads a budget's row as package resolve marshals it.
func TestALimitOfSpreadIsReadAsTheDeciderWritesIt(t *testing.T) {
	body, err := json.Marshal(resolve.Spread{Hour: now, Counts: map[string]int{"creates": 50},
		Tripped: map[string]resolve.Trip{"creates": {Since: now.Add(-time.Hour), Limit: 50}}})
	if err != nil {
		t.Fatal(err)
	}
	s := memstore.New()
	if err := s.Commit(t.Context(), []store.Write{{Key: store.Key{Table: store.Control, Partition: "spread#customer#jobber", Sort: "spread"},
		Body: body}}); err != nil {
		t.Fatal(err)
	}
	f, err := syncs.Load(t.Context(), s, nil, syncs.Facts{Now: now, Rules: example(t), Active: true})
	if err != nil || len(f.Stopped) != 1 {
		t.Fatalf("got %+v, %v", f.Stopped, err)
	}
	if got := f.Stopped[0]; got.Kind != "creates" || got.Limit != 50 || !got.Since.Equal(now.Add(-time.Hour)) || got.Connection != "jobber" ||
		got.Group != "customer" {
		t.Errorf("got %+v", got)
	}
}
