// Package lazyregexp holds what texts look like: regular expressions that are compiled when they are first asked, and not when a
// function starts. Those of all platforms and of the configuration took 1.6 ms of every start, and most functions ask few.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is a regular expression in package regexp's syntax, with the methods of the same names. Safe for concurrent use.
type Regexp struct {
	pattern  string
	compiled func() *regexp.Regexp
}

// New makes a form of a pattern. A wrong one panics when it is first asked; a test in package boot compiles every pattern
// that stands in our code.
func New(pattern string) *Regexp {
	return &Regexp{pattern: pattern, compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })}
}

// MatchString reports whether a text has the form.
func (f *Regexp) MatchString(text string) bool { return f.compiled().MatchString(text) }

// FindStringSubmatch gives the first match and its groups; nil for none.
func (f *Regexp) FindStringSubmatch(text string) []string {
	return f.compiled().FindStringSubmatch(text)
}

// FindStringSubmatchIndex gives where the first match and its groups begin and end; nil for none.
func (f *Regexp) FindStringSubmatchIndex(text string) []int {
	return f.compiled().FindStringSubmatchIndex(text)
}

// FindAllStringSubmatch gives up to n matches, all for a negative n, each with its groups.
func (f *Regexp) FindAllStringSubmatch(text string, n int) [][]string {
	return f.compiled().FindAllStringSubmatch(text, n)
}

// String gives the pattern.
func (f *Regexp) String() string { return f.pattern }
