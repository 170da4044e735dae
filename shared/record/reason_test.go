package record_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestEveryReasonIsToldToAPerson: a code as rows hold it, words, and a next step wherever work waits for a person.
func TestEveryReasonIsToldToAPerson(t *testing.T) {
	code, seen := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`), map[record.Reason]bool{}
	for _, m := range record.Reasons() {
		switch {
		case m.Reason == "":
			t.Errorf("a row without a reason: %+v", m)
		case !code.MatchString(string(m.Reason)):
			t.Errorf("%q is no code: lower case words with _ between them", m.Reason)
		case seen[m.Reason]:
			t.Errorf("%s has two rows, so another reason has none", m.Reason)
		case m.Words == "" || strings.HasSuffix(m.Words, "."):
			t.Errorf("%s: its words are %q; say why, as the end of a sentence, without its dot", m.Reason, m.Words)
		case m.Holds && m.Do == "":
			t.Errorf("%s: work waits for a person by it; say in Do what to do", m.Reason)
		}
		if m != m.Reason.Meaning() {
			t.Errorf("%s means %+v, want %+v", m.Reason, m.Reason.Meaning(), m)
		}
		seen[m.Reason] = true
	}
}

func TestAReasonOfAnotherVersionIsToldByItsCode(t *testing.T) {
	for reason, want := range map[record.Reason]record.Meaning{
		"":              {},
		"moon_is_full":  {Reason: "moon_is_full", Words: "moon is full"},
		"written_twice": {Reason: "written_twice", Words: "written twice"},
	} {
		if got := reason.Meaning(); got != want || reason.Holds() {
			t.Errorf("%q: got %+v, holds %v; want %+v", reason, got, reason.Holds(), want)
		}
	}
}
