// Package simtest runs the production handlers (resolver, writer, poller, sweeper, webhook intake; not copies) over a
// store, queues and platforms in memory, under one virtual clock and one seeded queue of events, injects faults at
// every I/O, lets simulated people act, and checks the invariants of the design after each step and at rest.
//
// A handler is a coroutine that yields at every I/O (sched.go). What happens at an I/O, how long it takes and who goes
// next is drawn from the history's seed and nothing else, so that a seed replays exactly. Package math/rand/v2 and the
// clock of the machine are read nowhere else.
//
// # How to read it
//
//   - history.go  what is drawn of a seed: the setup (platforms, rules, weaknesses), the people's actions, the faults
//   - sched.go    the clock, the events, the coroutines
//   - account.go, disk.go, mail.go  the platforms, the store and the queues as the handlers meet them: every I/O point
//   - world.go    the wiring, and a history from its beginning to rest
//   - people.go, children.go, trouble.go  what the people do: to persons, to deals and bills, and what is meant to hurt
//   - hooks.go    the platforms' webhooks
//   - truth.go    what really happened, kept apart from anything the system says
//   - oracle.go, spread.go, commits.go  the invariants at each write to a platform and to the store
//   - rest.go, fields.go, probe.go  the invariants at rest: of records, of fields, and of one change more
//   - rows.go     what the store holds, past all faults
//   - bugs.go and its siblings  ways to break the system that the invariants must notice
//   - shrink.go   a violation made small
//
// It decides nothing for the system under test and shares no code with package resolve's rules: the oracle says what
// must hold in terms of who edited what, knowing which value, and when.
package simtest
