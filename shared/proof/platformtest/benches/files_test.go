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
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

const theList = "platformtest.Files, which `fluxcascade guide add-a-platform` walks"

// TestConnectorsHaveTheSameFiles: each connector has the files of the list, no other, and none that the list says it does
// without.
func TestConnectorsHaveTheSameFiles(t *testing.T) {
	for _, v := range boot.Vendors() {
		name := v.Catalog.Name
		there := sources(t, string(name))
		for _, f := range platformtest.Files() {
			why, without := f.Absent[name]
			i := slices.Index(there, f.Of(name))
			switch {
			case i < 0 && !without:
				t.Errorf("%s lacks %s (%s): write it, or say in %s why it does without", name, f.Of(name), f.Holds, theList)
			case i >= 0 && without:
				t.Errorf("%s has %s, though %s says that it does without: %s", name, f.Of(name), theList, why)
			}
			if i >= 0 {
				there = slices.Delete(there, i, i+1)
			}
		}
		for _, other := range there {
			t.Errorf("%s has %s, which is not in %s: move what it holds to the file where its siblings have it", name, other, theList)
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
			t.Errorf("%s has an exported method %s, in %s, of which %s knows nothing", name, method, file, theList)
		}
	}
}

// TestTheListOfFilesIsTrue: every platform that the list excuses is one of ours, and a file that nobody has is not listed.
func TestTheListOfFilesIsTrue(t *testing.T) {
	var names []string
	for _, v := range boot.Vendors() {
		names = append(names, string(v.Catalog.Name))
	}
	for _, f := range platformtest.Files() {
		if f.Holds == "" || len(f.Absent) == len(names) {
			t.Errorf("%s: nobody has it, or nothing says what it holds", f.Name)
		}
		for p, why := range f.Absent {
			if !slices.Contains(names, string(p)) || why == "" {
				t.Errorf("%s: %s is no platform of ours, or no reason is given", f.Name, p)
			}
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
