package syncs

import (
	"fmt"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

const (
	// TriedFor is how long a change waits for a platform that does not answer before it is set aside; a test holds it to
	// package pipeline. A connection without authorisation, or paused, has no such end: its changes are kept until it goes on.
	TriedFor = 14 * 24 * time.Hour
	// lastDays is when the end is told in the sentence: time enough to ask the vendor.
	lastDays = 3 * 24 * time.Hour
)

// down reports whether a platform does not answer: one call without an answer may be the network's.
func down(h controltable.Health) bool {
	return h.Failures >= downAfter && h.FailedAt.After(h.AnsweredAt)
}

func (b *builder) down(label string, h controltable.Health, kept string) finding {
	sentence := fmt.Sprintf("%s has not answered since %s; %s", label, b.clock(h.AnsweredAt), lower(kept))
	if h.AnsweredAt.IsZero() {
		sentence = fmt.Sprintf("%s has not answered yet. %s", label, kept)
	}
	sentence = strings.TrimSuffix(sentence, ".") + "; it resumes by itself."
	if end := h.AnsweredAt.Add(TriedFor); !h.AnsweredAt.IsZero() && b.Now.Add(lastDays).After(end) {
		sentence += fmt.Sprintf(" A change is tried for %s: what waits since then is set aside from %s on, for you to send again.",
			span(TriedFor),
			b.clock(end))
	}
	return finding{state: StateDown, sentence: sentence}
}

// onTheWay counts the changes and writes that move by themselves, those that wait in the state included; known is false if no
// queue could be counted.
func (b *builder) onTheWay(c record.Connection) (n int, known bool) {
	for _, kind := range []record.QueueKind{record.QueueChanges, record.QueueDue} {
		if depth, ok := b.Depths[record.QueueOf(kind, c)]; ok {
			n, known = n+depth, true
		}
	}
	return n + b.Kept[c], known
}

// unread counts the batches of records that a first load or a full compare has read and that wait to be looked at.
func (b *builder) unread(c record.Connection) int {
	return b.Depths[record.QueueOf(record.QueueBackfill, c)]
}

// dead counts what was given up on.
func (b *builder) dead(c record.Connection) int {
	n := 0
	for _, kind := range record.QueueKinds() {
		n += b.Depths[record.QueueOf(kind, c).Dead()]
	}
	return n
}

// setAside tells of the messages that failed again and again: what they are, and which function's log says why.
func (b *builder) setAside(c *ruleset.Connection, label string) []finding {
	var what, logs []string
	for _, kind := range record.QueueKinds() {
		n := b.Depths[record.QueueOf(kind, c.Name).Dead()]
		if n == 0 {
			continue
		}
		log := "the resolver"
		if kind == record.QueueDue {
			log = "the writer"
		}
		if what = append(what, Messages(kind, n)); len(logs) == 0 || logs[0] != log {
			logs = append(logs, log)
		}
	}
	n := b.dead(c.Name)
	if n == 0 {
		return nil
	}
	return []finding{{state: StateAsks, brief: fmt.Sprintf("%s of %s %s set aside.", plural(n, "message"), label, verbs(n, "is", "are")),
		sentence: fmt.Sprintf("%s of %s failed again and again and %s set aside.", list(what), label, verbs(n, "is", "are")),
		next:     fmt.Sprintf("See in the log of %s why, mend that, then send %s again", list(logs), verbs(n, "it", "them")),
		command:  b.command("redrive", string(c.Name))}}
}

// Messages says how many messages of a kind of queue there are, and what they are: "3 changes", "2 writes".
func Messages(kind record.QueueKind, n int) string {
	switch kind {
	case record.QueueBackfill:
		return plural(n, "batch") + " of records"
	case record.QueueDue:
		return plural(n, "write")
	}
	return plural(n, "change")
}

// silent tells whether a platform that used to call us has stopped, since when, and how many writes of ours it did not report
// back since. It is the alarm's judgement, over the hours since its last call rather than over each of them.
func (b *builder) silent(c record.Connection) (since time.Time, writes int64, ok bool) {
	h := b.Health[c]
	if since = h.WebhookAt; since.IsZero() || b.Now.Sub(since) < config.SilentHours*time.Hour {
		return since, 0, false
	}
	for _, hour := range h.Hours {
		// An hour that is not over may still be reported.
		if hour.At.After(since) && !hour.At.Add(time.Hour).After(b.Now) {
			writes += hour.Counts[config.MetricWrites]
		}
	}
	return since, writes, writes >= config.SilentHours*config.WritesTold
}
