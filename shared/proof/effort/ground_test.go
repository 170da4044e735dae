package effort_test

import (
	"maps"
	"os"
	"testing"
	"testing/fstest"

	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
)

// tree gives a small one that has every source, with changes to it.
func tree(changes map[string]string) fstest.MapFS {
	files := map[string]string{"go.mod": "module x", "go.sum": "", "events/a.json": "{}",
		"functions/a/main.go": "package main", "infra/main.go": "package main", "scripts/test": "#!", "shared/record/doc.go": "package record"}
	maps.Copy(files, changes)
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func ground(t *testing.T, files fstest.MapFS) uint64 {
	t.Helper()
	got, err := effort.Ground(files)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEachChangeDrawsNewGround(t *testing.T) {
	plain := ground(t, tree(nil))
	if again := ground(t, tree(nil)); again != plain {
		t.Errorf("the same tree draws %d, then %d", plain, again)
	}
	for what, changes := range map[string]map[string]string{
		"a changed line":     {"shared/record/doc.go": "package  record"},
		"a new file":         {"shared/record/new.go": ""},
		"bytes moved across": {"go.mod": "module ", "go.sum": "x"},
		"a dependency":       {"go.sum": "a/b v1"},
	} {
		if got := ground(t, tree(changes)); got == plain {
			t.Errorf("%s draws the same seeds", what)
		}
	}
	for what, changes := range map[string]map[string]string{
		"what npm installed":         {"scripts/tools/node_modules/a/index.js": "x"},
		"a folder with a dot":        {"shared/.cache/a": "x"},
		"what is not source":         {"dist/webhook/bootstrap": "x", "cdk.out/tree.json": "x", "README.md": "x"},
		"version control's own file": {".git/index": "x"},
	} {
		if got := ground(t, tree(changes)); got != plain {
			t.Errorf("%s draws other seeds", what)
		}
	}
}

func TestATreeWithoutItsSourcesDrawsNothing(t *testing.T) {
	if got, err := effort.Ground(fstest.MapFS{}); err == nil {
		t.Errorf("got %d", got)
	}
}

// TestThisTreeDraws: the folders that are named are there.
func TestThisTreeDraws(t *testing.T) {
	got, err := effort.Ground(os.DirFS("../../.."))
	if err != nil || got%1_000_000 != 0 {
		t.Errorf("got %d, %v", got, err)
	}
}
