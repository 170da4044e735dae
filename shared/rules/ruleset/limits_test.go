package ruleset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestHostileFilesAreRefusedCheaply(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"nothing", "", "f:1:1: the file is empty; it needs version, connections and groups"},
		{"only a comment", "# later\n", "f:1:1: the file is empty; it needs version, connections and groups"},
		{"a word", "hello", "f:1:1: the file is text; write keys: version, connections, groups"},
		{"too large", strings.Repeat("#\n", 1<<20), "f:0:0: the file has 2097152 bytes; at most 262144 are read"},
		{"brackets without end", strings.Repeat("[", 100_000), "f:1:65: nested more than 64 deep; a configuration needs fewer than 12"},
		{"braces without end", strings.Repeat("{a: ", 10_000), "f:1:257: nested more than 64 deep; a configuration needs fewer than 12"},
		{"dashes without end", strings.Repeat("- ", 10_000), "f:1:129: nested more than 64 deep; a configuration needs fewer than 12"},
		{"question marks without end", strings.Repeat("? ", 10_000), "f:1:129: nested more than 64 deep; a configuration needs fewer than 12"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ruleset.Load("f", []byte(c.text), madeUp())
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAReportHasAnEnd(t *testing.T) {
	_, err := ruleset.Load("f", []byte(small+strings.Repeat("          - {hub: nosuch, spoke: nosuch}\n", 500)), madeUp())
	var ps ruleset.Problems
	if !errors.As(err, &ps) || len(ps) != 200 {
		t.Errorf("got %d problems, want the first 200", len(ps))
	}
}

// FuzzLoad feeds Load broken configurations: it reports or compiles, and never panics. What it compiles, it compiles
// the same way twice.
func FuzzLoad(f *testing.F) {
	f.Add(small)
	for _, c := range problems {
		f.Add(strings.Replace(small, c.old, c.new, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ruleset.Load("f", []byte(text), madeUp())
		if (rules == nil) == (err == nil) {
			t.Fatalf("got rules %v and error %v; want one of them", rules != nil, err)
		}
		var ps ruleset.Problems
		if err != nil && !errors.As(err, &ps) {
			t.Fatalf("error is %T, want Problems", err)
		}
		for _, p := range ps {
			if p.Message == "" || strings.ContainsAny(p.Message, "\n\r") {
				t.Errorf("a problem is one line: %q", p.Message)
			}
		}
		if err == nil {
			again, _ := ruleset.Load("f", []byte(text), madeUp())
			if again.Digest != rules.Digest {
				t.Error("two loads of one file differ")
			}
		}
	})
}
