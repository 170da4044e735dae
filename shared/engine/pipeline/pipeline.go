// Package pipeline is the shell around the decider: it loads state, reads platforms, asks package resolve, commits,
// and publishes. Resolver, Writer and Sweeper are here; the poller and the webhook intake, which decide nothing, are in
// package intake. It takes no decision of its own, starts no goroutine, never sleeps, and keeps no state between calls
// but what is in the store.
package pipeline

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of the pipeline.
const (
	// needRoundsMax bounds load-and-decide-again: the longest chain is record, key, entity, parent, alias.
	needRoundsMax = 16
	// staleTriesMax is how often a lost compare-and-swap is decided again in one call; then the message comes again.
	staleTriesMax = 4
	// deferralsMax is how often a decision puts one change off before its message fails and, in the end, is dead-lettered.
	deferralsMax = 200
	// OutageMax is how long a change is put off for a platform that does not answer, or limits us, before its message fails:
	// people are told. It is two weeks, and an hour for the sweeps that find it answering again. Waits double up to
	// unavailableLast.
	OutageMax = 14*24*time.Hour + time.Hour
	// promptMax is how often a change comes back as soon as its platform's limits allow. One that finds the limits used up by
	// others again and again comes at longer waits from then on, like one whose platform does not answer.
	promptMax = 4
	// noticeDeferralsMax is how often a due notice is put off: with waits that double, half an hour in all.
	noticeDeferralsMax = 9
	// unavailableFirst and unavailableLast bound how long a change waits for a platform that does not answer.
	unavailableFirst = 5 * time.Second
	unavailableLast  = queue.DelayMax
	// leaseLife must exceed applyMax by what it takes to lease a batch before the call and to record it after.
	leaseLife = 90 * time.Second
	// applyMax ends one batch of writes: a connector that writes one record a call sends ten in it, and each may take half
	// a minute. What was not answered by then is in doubt, and is looked at before it is written again.
	applyMax = 75 * time.Second
	// waitersMax is how many waiting children one wake-up publishes; the sweep finds the rest.
	waitersMax = 1000
)

// Connectors gives the connector of a connection.
type Connectors func(record.Connection) (platform.Connector, error)

// Shell is what Resolver, Writer and Sweeper share.
type Shell struct {
	Store      store.Store
	Queue      queue.Sender
	Connectors Connectors
	Rules      *ruleset.Rules
	Now        func() time.Time
	// Observe is told of everything that happened, for metrics, logs and the terminal; nil for nobody.
	Observe func(Event)
	// Ability gives a connector's abilities at a place.
	Ability func(record.Place) Ability
	// Decide is resolve.Decide, and nil for it, everywhere but in tests that break it on purpose.
	Decide func(*resolve.View, resolve.Observation, *ruleset.Rules) resolve.Decision
	// Memory is kept between calls by one process; nil keeps nothing.
	Memory *Memory
}

// Ability is what the pipeline needs to know of a place.
type Ability struct {
	ReadMax, FindMax, WriteMax int
	StampCovers                bool
	Find                       []record.PlatformField
}

// Event is one thing that happened. It may hold field values: code that logs it leaves them out.
type Event struct {
	At      time.Time
	Kind    EventKind
	Group   record.Group
	Entity  record.EntityID
	Ref     record.Ref
	Source  record.Source
	Change  string
	Outcome resolve.Outcome
	Reason  record.Reason
	Changes []resolve.FieldChange
	// Operation and Fields tell of a write.
	Operation record.Operation
	Fields    []record.PlatformField
	// Lag is from when the change was first seen to now, for writes and decisions that know it.
	Lag time.Duration
	// Count is how many change records or messages, for EventAccepted, EventEnded and EventFailed.
	Count int
	// Summary is what a sweep found, for EventSwept; Count then is how many notices it sent.
	Summary *controltable.Summary
	Err     error
}

// EventKind says what kind of thing happened.
type EventKind string

// The kinds of events.
const (
	EventDecision   EventKind = "decision"
	EventWrite      EventKind = "write"
	EventPostponed  EventKind = "postponed"
	EventDeadLetter EventKind = "dead_letter"
	EventPaused     EventKind = "paused"
	EventMalformed  EventKind = "malformed"
	EventHeld       EventKind = "held"     // a limit of spread was reached: a person must release it
	EventAccepted   EventKind = "accepted" // we queued change records of our own: they end like any other
	EventEnded      EventKind = "ended"    // change records ended, Count of them: the first as Outcome says, the others superseded by its read
	EventFailed     EventKind = "failed"   // messages come again, Count of them
	EventSwept      EventKind = "swept"    // a sweep ended
)

func (s *Shell) tell(e Event) {
	if s.Observe != nil {
		e.At = s.Now()
		s.Observe(e)
	}
}
