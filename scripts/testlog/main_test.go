package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const pack = `"Package":"github.com/fluxcascade/fluxcascade/shared/a"`

const events = `{"Action":"start",` + pack + `}
{"Action":"run",` + pack + `,"Test":"TestOne"}
{"Action":"output",` + pack + `,"Test":"TestOne","Output":"    a_test.go:7: a quiet word\n"}
{"Action":"output",` + pack + `,"Test":"TestOne","Output":"    a_test.go:8: ALOUD: from seed 7\n"}
{"Action":"pass",` + pack + `,"Test":"TestOne","Elapsed":0.1}
{"Action":"run",` + pack + `,"Test":"TestTwo"}
{"Action":"output",` + pack + `,"Test":"TestTwo","Output":"    a_test.go:9: SKIPPED ALOUD: no Node\n"}
{"Action":"skip",` + pack + `,"Test":"TestTwo","Elapsed":0}
{"Action":"pass",` + pack + `,"Elapsed":1.25}
`

const failing = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestOne"}
{"Action":"output","Package":"p","Test":"TestOne","Output":"    p_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestOne","Elapsed":0.1}
{"Action":"fail","Package":"p","Elapsed":0.2}
`

func tell(t *testing.T, in string) (string, bool) {
	t.Helper()
	var out strings.Builder
	passed, err := follow(strings.NewReader(in), &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), passed
}

func TestWhatPassesIsShortAndWhatIsAloudIsRead(t *testing.T) {
	got, passed := tell(t, events)
	want := `shared/a TestOne: a_test.go:8: ALOUD: from seed 7
shared/a TestTwo: a_test.go:9: SKIPPED ALOUD: no Node
ok  	github.com/fluxcascade/fluxcascade/shared/a	1.2s
1 skipped:
    shared/a TestTwo: no Node
1 passed, 0 failed
`
	if got != want || !passed {
		t.Errorf("passed %v, got:\n%s\nwant:\n%s", passed, got, want)
	}
}

func TestWhatFailsIsShownAndCounted(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"a test": {failing, []string{"--- FAIL: p TestOne (0.1s)\n        p_test.go:3: got 1, want 2\nFAIL\tp\t0.2s\n",
			"0 passed, 1 failed\n"}},
		"a build": {`{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}
`, []string{"p.go:1: syntax error\n", "FAIL\tp\t0.0s\n", "0 passed, 1 failed\n"}},
		"a process that dies": {`{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestOne"}
{"Action":"output","Package":"p","Test":"TestOne","Output":"panic: oh\n"}
`, []string{"--- NOT ENDED: p TestOne\n    panic: oh\n", "0 passed, 2 failed\n"}},
		"one of many":      {events + failing, []string{"1 skipped:\n    shared/a TestTwo: no Node\n1 passed, 1 failed\n"}},
		"nothing":          {"", []string{"0 passed, 0 failed\n"}},
		"what is no event": {"go: cannot find main module\n", []string{"go: cannot find main module\n0 passed, 0 failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, passed := tell(t, c.in)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got:\n%s\nwant in it:\n%s", got, want)
				}
			}
			if passed {
				t.Error("it counts as passed")
			}
		})
	}
}

func TestEachSkippedTestIsNamedWithItsReason(t *testing.T) {
	for output, want := range map[string]string{
		"": "no reason given",
		"=== RUN   TestTwo\n--- SKIP: TestTwo (0.00s)\n":                                                     "no reason given",
		"    a_test.go:9: \n--- SKIP: TestTwo (0.00s)\n":                                                     "no reason given",
		"=== RUN   TestTwo\n    a_test.go:9: it takes half a minute\n--- SKIP: TestTwo (0.00s)\n":            "it takes half a minute",
		"    a_test.go:8: a word\n    a_test.go:9: SKIPPED: no browser\n":                                    "no browser",
		"    a_test.go:9: SKIPPED ALOUD: npm failed:\n        a_test says nothing\n--- SKIP: TestTwo (0s)\n": "npm failed: a_test says nothing",
		"    a_test.go:9: " + strings.Repeat("é", 200) + "\n":                                                strings.Repeat("é", 150) + "…",
	} {
		if got := reason(output); got != want {
			t.Errorf("%q: got %q, want %q", output, got, want)
		}
	}
}

// TestItSaysWhatIsBeingTested holds the reader back while the clock ticks.
func TestItSaysWhatIsBeingTested(t *testing.T) {
	in, feed := io.Pipe()
	tick := make(chan time.Time)
	var out strings.Builder
	ended := make(chan error, 1)
	go func() {
		_, err := follow(in, &out, tick)
		ended <- err
	}()
	tick <- time.Time{}
	for _, line := range strings.SplitAfter(events, "\n")[:2] {
		if _, err := io.WriteString(feed, line); err != nil {
			t.Fatal(err)
		}
	}
	tick <- time.Time{} // both lines have been handed over; the second may be taken after this tick
	tick <- time.Time{}
	_ = feed.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"… 0 packages tested, 0 tests passed, 0 failed; compiling\n", "testing shared/a"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got:\n%s\nwant in it: %s", out.String(), want)
		}
	}
}

func TestAReaderThatFailsIsAnError(t *testing.T) {
	broken := errors.New("broken")
	if passed, err := follow(iotest.ErrReader(broken), io.Discard, nil); !errors.Is(err, broken) || passed {
		t.Errorf("passed %v, %v", passed, err)
	}
}
