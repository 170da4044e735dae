// Package rules is a door: it holds no code of its own. Behind it lives everything that is computed and nothing that is
// done. A package here has no context, clock, randomness, environment, input, output or log: it gets values and gives
// values, so that the same input always has the same answer.
//
//	catalog     what is known of each platform without asking it: objects, fields, limits, abilities
//	lazyregexp  regular expressions that are compiled when they are first used
//	ruleset     the user's file: loaded, checked as a whole, and kept as data (`lint` prints what it finds)
//	mapping     between platform fields and hub fields: transforms, canonical forms, match keys
//	budget      arithmetic over a vendor's limits on calls
//	resolve     the decider: the one place where anything is decided
//
// It may import record and fault, and nothing else of ours. A test (run/boot/doors_test.go) holds it to that, and to the
// list of standard packages that would make it impure.
//
// Start with resolve/doc.go, which states the rules of one field and of one record by number.
package rules
