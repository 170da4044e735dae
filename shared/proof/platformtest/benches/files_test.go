package benches_test

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// theList is named by each failure: the rule, and where a person reads of it.
const theList = "platformtest.Files (`fluxcascade guide add-a-platform`)"

// TestConnectorsHaveTheSameFiles: each connector has the files of the list, no other, and does without an optional one only for
// a reason that its bench gives.
func TestConnectorsHaveTheSameFiles(t *testing.T) {
	for _, b := range benches.All() {
		name := b.Catalog.Name
		there := sources(t, string(name))
		excused := 0
		for _, f := range platformtest.Files() {
			why, without := b.Without[f.Name]
			i := slices.Index(there, f.Of(name))
			if without {
				excused++
			}
			switch {
			case without && (why == "" || !f.Optional):
				t.Errorf("%s: its bench does without %s, for no reason, or though every connector has it by %s", name, f.Name, theList)
			case i < 0 && !without && f.Optional:
				t.Errorf("%s lacks %s (%s): write it, or say in its bench's Without why it needs none: %s", name, f.Of(name), f.Holds, theList)
			case i < 0 && !without:
				t.Errorf("%s lacks %s (%s), which every connector has: %s", name, f.Of(name), f.Holds, theList)
			case i >= 0 && without:
				t.Errorf("%s has %s, though its bench says that it does without: %s", name, f.Of(name), why)
			}
			if i >= 0 {
				there = slices.Delete(there, i, i+1)
			}
		}
		for _, other := range there {
			t.Errorf("%s has %s: move what it holds to where its siblings have it, by %s", name, other, theList)
		}
		if excused != len(b.Without) {
			t.Errorf("%s: its bench does without a file that is not in %s: %v", name, theList, b.Without)
		}
	}
}

// TestEachMethodStandsInItsFile holds what every connector is called by to the file that its siblings have it in.
func TestEachMethodStandsInItsFile(t *testing.T) {
	for _, v := range boot.Vendors() {
		name := v.Catalog.Name
		at := map[string]string{"Receive": fileOf(reflect.ValueOf(v.Receive))}
		if v.ByHand != nil {
			at["ByHand"] = fileOf(reflect.ValueOf(v.ByHand))
		}
		methods := reflect.TypeOf(v.Connect(platform.Settings{}))
		for i := range methods.NumMethod() {
			at[methods.Method(i).Name] = fileOf(methods.Method(i).Func)
		}
		for _, f := range platformtest.Files() {
			for _, method := range f.Methods {
				if file, has := at[method]; has && file != f.Of(name) {
					t.Errorf("%s has %s in %s: by %s it stands in %s", name, method, file, theList, f.Of(name))
				}
				delete(at, method)
			}
		}
		for method, file := range at {
			t.Errorf("%s has an exported method %s, in %s, which %s does not know", name, method, file, theList)
		}
	}
}

// sources lists a connector's files, tests apart.
func sources(t *testing.T, name string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "..", "contract", "platform", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			out = append(out, e.Name())
		}
	}
	return out
}

// fileOf names the file that a function is written in.
func fileOf(f reflect.Value) string {
	file, _ := runtime.FuncForPC(f.Pointer()).FileLine(f.Pointer())
	return filepath.Base(file)
}
