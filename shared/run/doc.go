// Package run is a door: it holds no code of its own. Behind it lives assembly: how the parts become programs.
//
//	boot      connectors, intake and poller from rules, a store, a queue and credentials; boot/deciding adds the resolver,
//	          writer and sweeper; boot/onaws opens all of it on AWS
//	lambdaio  the border between AWS's event JSON and our calls
//	wiring    reads how a synthesised template connects queues, functions and schedules, so that local runs match it
//
// It may import record, fault, rules, contract and engine. It holds no logic but how things fit together.
//
// Start with any functions/*/main.go and follow its imports. The tests that hold the whole house together (imports, doors,
// line length) stand in boot.
package run
