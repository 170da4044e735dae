package lazyregexp_test

import (
	"fmt"
	"regexp"
	"sync"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

func TestAFormAnswersAsItsRegularExpression(t *testing.T) {
	const pattern = `(\d)([a-z])?`
	f, plain := lazyregexp.New(pattern), regexp.MustCompile(pattern)
	for _, text := range []string{"", "x", "1a 2 3c", "né 7"} {
		same(t, text, f.MatchString(text), plain.MatchString(text))
		same(t, text, f.FindStringSubmatch(text), plain.FindStringSubmatch(text))
		same(t, text, f.FindStringSubmatchIndex(text), plain.FindStringSubmatchIndex(text))
		same(t, text, f.FindAllStringSubmatch(text, -1), plain.FindAllStringSubmatch(text, -1))
		same(t, text, f.FindAllStringSubmatch(text, 2), plain.FindAllStringSubmatch(text, 2))
	}
	if f.String() != pattern {
		t.Errorf("got %q, want the pattern", f)
	}
}

func same(t *testing.T, text string, got, want any) {
	t.Helper()
	if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Errorf("%q: got %#v, want %#v", text, got, want)
	}
}

// TestAFormIsAskedByManyAtOnce is for the race detector.
func TestAFormIsAskedByManyAtOnce(t *testing.T) {
	f := lazyregexp.New(`^a+$`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !f.MatchString("aaa") {
				t.Error("aaa does not match")
			}
		})
	}
	wg.Wait()
}

func TestAWrongPatternPanicsWhenAskedAndNotBefore(t *testing.T) {
	f := lazyregexp.New(`(`)
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	f.MatchString("")
}
