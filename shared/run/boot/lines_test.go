package boot_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// fileMax is the longest file, in lines: one that is longer usually holds two subjects.
const fileMax = 500

// lineMax is the longest line that a person can read beside another window, in characters.
const lineMax = 140

// toBeWrapped are folders whose lines are not wrapped yet. A folder leaves this list, and none joins it.
var toBeWrapped = []string{
	"shared/contract/platform", "shared/engine/pipeline", "shared/local/rehearsal", "shared/local/runner", "shared/proof/simtest",
	"shared/rules", "shared/operator/guide/topics",
}

// address is a URL: it cannot be broken, so a line is measured without it.
var address = regexp.MustCompile(`https?://\S+`)

// TestLinesFit holds every line of source and prose to lineMax, and every file of source to fileMax. Rows of a
// Markdown table are one line by their grammar, and drawings are generated.
func TestLinesFit(t *testing.T) {
	root := moduleRoot(t)
	out, err := exec.Command("git", "-C", root, "ls-files", "*.go", "*.md").Output()
	if err != nil {
		t.Skipf("SKIPPED ALOUD: not a git checkout: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		waits := isWithin(name, toBeWrapped)
		text, err := os.ReadFile(root + "/" + name)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > fileMax && strings.HasSuffix(name, ".go") {
			t.Errorf("%s has %d lines; a file has at most %d: split it by subject", name, n, fileMax)
		}
		prose, drawing := strings.HasSuffix(name, ".md"), false
		for i, line := range strings.Split(string(text), "\n") {
			if prose && strings.HasPrefix(line, "```") {
				drawing = line == "```mermaid"
			}
			exempt := waits || prose && (drawing || strings.HasPrefix(line, "|"))
			if n := utf8.RuneCountInString(line); n > lineMax && !exempt && utf8.RuneCountInString(address.ReplaceAllString(line, "")) > lineMax {
				t.Errorf("%s:%d has %d characters; a line has at most %d", name, i+1, n, lineMax)
			}
		}
	}
}

// moduleRoot is the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.TrimSpace(string(out))
}
