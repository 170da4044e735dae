// Package model says what a configuration means: given the records that were there, and what people did one after the other,
// what every platform must show once all has come to rest. It is the second interpreter of a configuration, written from
// its meaning and not from package resolve. It shares with the system the parsed configuration (package ruleset) and the
// transforms (package mapping), and nothing else: it knows no link, no attempt, no queue and no row of ours, and it does
// not know that anything can fail.
//
// # How to read it
//
//   - model.go     what people do, and the model's state: things, their records, their values
//   - identity.go  which records are one thing, and which must wait for a person because that cannot be told
//   - values.go    what a value means that was there before, and what an edit means
//   - flow.go      what must then be made, written and removed where
//   - judge.go     what the platforms show, held against it
//
// # Where the order is free
//
// Some outcomes depend on an order that nobody promised: which of two records of one person is listed first, which spoke's
// value fills a blank that the owner left. There the model permits every outcome, and goes on from the one that it is shown.
package model
