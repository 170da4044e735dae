// Package engine is a door: it holds no code of its own. Behind it lives what runs in production between an event and a
// write: load, decide, commit, publish. It decides nothing itself; package rules/resolve does.
//
//	intake        how changes come in: webhooks are verified and queued, polls and first loads are read and queued
//	pipeline      resolver, writer, sweeper, verifier: the shell around the decider
//	controltable  what is remembered between calls that is neither an entity nor a key: positions, pauses, health
//	activation    which numbered configuration is in force
//	credential    each connection's OAuth tokens, refreshed under a lease
//	meter         what a function counted during one call: metrics, and the health rows behind the Syncs page
//
// It may import record, fault, rules and contract. It starts no goroutine, never sleeps, and keeps nothing between calls
// but what is in the store. The clock comes in as a value.
//
// Start with pipeline/resolver.go (Resolver.Handle) and pipeline/writer.go (Writer.Handle).
package engine
