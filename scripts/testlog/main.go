// Command testlog reads what `go test -json` writes and tells a person: a line for each package as it ends, whatever failed with
// its output, what was said aloud (skips, and the seeds to repeat), and every little while what is being tested, so that
// nobody has to guess whether it still works. At the end it names each skipped test with its reason; the last line is
// "N passed, N failed", and the status is 1 unless all passed.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// sayEvery is how often it is said what is being tested.
	sayEvery = 15 * time.Second
	// outputMax bounds what is kept of one test's output: the end of it counts.
	outputMax = 256 << 10
	// shownMax is how many running tests one line names.
	shownMax = 3
	// reasonMax bounds the reason that is shown for a skipped test, in bytes.
	reasonMax = 300
	// aloud marks what a test wants read although it passed.
	aloud = "ALOUD: "
)

func main() {
	tick := time.NewTicker(sayEvery)
	defer tick.Stop()
	passed, err := follow(os.Stdin, os.Stdout, tick.C)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

// event is a line of cmd/test2json (https://pkg.go.dev/cmd/test2json, read 2026-12-01).
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build
	Test       string
	Elapsed    float64
	Output     string
}

// key is a test, or a package where test is empty.
type key struct{ pack, test string }

// log is what has been read so far.
type log struct {
	out            io.Writer
	running        []key // packages and tests, in the order of their beginning
	output         map[key]string
	passed, failed int
	skipped        []string // "package test: reason"
	packages, bad  int
	built          map[string]string // what a build said
	failing        map[string]bool   // packages with a test that failed
}

// follow reads events to their end. It reports whether something was tested and nothing failed.
// Errors: a line that is no event, or a failing reader.
func follow(in io.Reader, out io.Writer, tick <-chan time.Time) (bool, error) {
	l := &log{out: out, output: map[key]string{}, built: map[string]string{}, failing: map[string]bool{}}
	lines, ended := make(chan []byte), make(chan error, 1)
	go func() {
		defer close(lines)
		reader := bufio.NewReader(in)
		for {
			line, err := reader.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				ended <- err
				return
			}
		}
	}()
	for {
		select {
		case <-tick:
			l.say()
		case line, more := <-lines:
			if !more {
				return l.end(), <-ended
			}
			l.take(line)
		}
	}
}

func (l *log) take(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		fmt.Fprintf(l.out, "%s\n", strings.TrimRight(string(line), "\n")) // the go command's own words
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		l.built[e.ImportPath] += e.Output
	case "build-fail":
		fmt.Fprint(l.out, l.built[e.ImportPath])
	case "start", "run":
		l.running = append(l.running, k)
	case "output":
		l.said(k, e.Output)
	case "pass", "fail", "skip":
		l.finish(k, e)
	}
}

// said keeps what a test wrote, and passes on what it said aloud.
func (l *log) said(k key, text string) {
	kept := l.output[k] + text
	if over := len(kept) - outputMax; over > 0 {
		kept = kept[over:]
	}
	l.output[k] = kept
	if strings.Contains(text, aloud) {
		fmt.Fprintf(l.out, "%s: %s\n", short(k), strings.TrimSpace(text))
	}
}

func (l *log) finish(k key, e event) {
	l.running = slices.DeleteFunc(l.running, func(r key) bool { return r == k })
	switch {
	case k.test != "" && e.Action == "pass":
		l.passed++
	case k.test != "" && e.Action == "skip":
		l.skipped = append(l.skipped, short(k)+": "+reason(l.output[k]))
	case k.test != "":
		l.failed++
		l.failing[k.pack] = true
		fmt.Fprintf(l.out, "--- FAIL: %s (%.1fs)\n%s", short(k), e.Elapsed, indent(l.output[k]))
	case e.Action == "fail":
		l.bad++
		if !l.failing[k.pack] || strings.Contains(l.output[k], "panic: ") { // else its tests have said why
			fmt.Fprint(l.out, indent(l.output[k]))
		}
		fmt.Fprintf(l.out, "FAIL\t%s\t%.1fs\n", k.pack, e.Elapsed)
	case e.Action == "pass":
		l.packages++
		fmt.Fprintf(l.out, "ok  \t%s\t%.1fs\n", k.pack, e.Elapsed)
	}
	delete(l.output, k)
}

// say tells what is being tested.
func (l *log) say() {
	var names []string
	packages := map[string]bool{}
	for _, k := range slices.Backward(l.running) { // the newest first: of a test with parts, its part
		if !packages[k.pack] {
			packages[k.pack] = true
			names = append(names, short(k))
		}
	}
	now := "compiling"
	if len(names) > 0 {
		slices.Sort(names)
		now = "testing " + strings.Join(names[:min(len(names), shownMax)], ", ")
		if more := len(names) - shownMax; more > 0 {
			now += fmt.Sprintf(" and %d more", more)
		}
	}
	fmt.Fprintf(l.out, "… %d packages tested, %d tests passed, %d failed; %s\n", l.packages, l.passed, l.failed, now)
}

// end shows what never came to an end, names what was skipped, and counts.
func (l *log) end() bool {
	for _, k := range l.running {
		l.bad++
		fmt.Fprintf(l.out, "--- NOT ENDED: %s\n%s", short(k), indent(l.output[k]))
	}
	failed := max(l.failed, l.bad) // a package that does not build fails no test
	if len(l.skipped) > 0 {
		slices.Sort(l.skipped)
		fmt.Fprintf(l.out, "%d skipped:\n%s", len(l.skipped), indent(strings.Join(l.skipped, "\n")))
	}
	fmt.Fprintf(l.out, "%d passed, %d failed\n", l.passed, failed)
	return failed == 0 && l.passed > 0
}

// logged is the first line of what a test logs: "    a_test.go:9: text".
var logged = regexp.MustCompile(`(?m)^ +[^ :]+\.go:\d+: `)

// reason gives the words of the call that skipped a test, on one line: it is the last that the test logged.
func reason(output string) string {
	places := logged.FindAllStringIndex(output, -1)
	if len(places) == 0 {
		return "no reason given"
	}
	text, _, _ := strings.Cut(output[places[len(places)-1][1]:], "--- SKIP: ")
	text = strings.TrimPrefix(strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "SKIPPED "), aloud)
	text = strings.TrimPrefix(text, "SKIPPED: ")
	if text == "" {
		return "no reason given"
	}
	if len(text) > reasonMax {
		text = strings.ToValidUTF8(text[:reasonMax], "") + "…"
	}
	return text
}

// short names a test without the module's path.
func short(k key) string {
	const module = "github.com/fluxcascade/fluxcascade/"
	name := strings.TrimPrefix(k.pack, module)
	if k.test != "" {
		name += " " + k.test
	}
	return name
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}
