package boot_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are the documents for maintainers whose paths must exist.
var pages = []string{"README.md", "shared/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md", "shared/decisions/*.md"}

var (
	// hop is a row of the walk: what happens, the file, the function.
	hop = regexp.MustCompile("^\\| \\d+ \\|.*\\| `([^`]+)` \\| `([^`]+)` \\|$")
	// quoted is what a page sets as code.
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// path is a file or folder of this repository, as pages write it: from its root, or from shared/.
	path = regexp.MustCompile(`^[a-z.]+(/[A-Za-z0-9._-]+)+/?$`)
)

// TestTheWalkOfAChangeIsTrue holds each hop of shared/README.md to the source: the file is there and has the function.
func TestTheWalkOfAChangeIsTrue(t *testing.T) {
	root := moduleRoot(t)
	text, err := os.ReadFile(filepath.Join(root, "shared/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	hops := 0
	for _, line := range strings.Split(string(text), "\n") {
		m := hop.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		hops++
		source, err := os.ReadFile(filepath.Join(root, m[1]))
		if err != nil {
			t.Errorf("shared/README.md names %s, which is not there: %v", m[1], err)
			continue
		}
		if !regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + regexp.QuoteMeta(m[2]) + `\(`).Match(source) {
			t.Errorf("shared/README.md says that %s has the function %s, which it has not", m[1], m[2])
		}
	}
	if hops < 15 {
		t.Errorf("shared/README.md has %d hops with a file and a function; the walk of a change has 15 or more", hops)
	}
}

// TestPagesNameWhatIsThere holds the paths that pages for maintainers name to the tree.
func TestPagesNameWhatIsThere(t *testing.T) {
	root := moduleRoot(t)
	for _, pattern := range pages {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("%s is not there: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
				if !path.MatchString(m[1]) || known(root, m[1]) {
					continue
				}
				t.Errorf("%s names %s, which is not in the tree", strings.TrimPrefix(file, root+"/"), m[1])
			}
		}
	}
}

// known reports whether a path is there, or begins with a word that is no folder of ours (a vendor's path, an owner/name).
func known(root, name string) bool {
	first, _, _ := strings.Cut(name, "/")
	ours := false
	for _, base := range []string{root, filepath.Join(root, "shared")} {
		if _, err := os.Stat(filepath.Join(base, first)); err == nil {
			ours = true
		}
		if _, err := os.Stat(filepath.Join(base, name)); err == nil {
			return true
		}
	}
	return !ours
}
