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

// downAfter is how many calls in a row must get no answer for a platform to count as not answering: one may be the
// network's.
const downAfter = 3

// quietHour is how long ago a rate limit still explains what waits.
const quietHour = time.Hour

// finding is one thing to say of a connection. brief is its headline, where it is all that there is; "" for the state's.
type finding struct {
	state           State
	brief, sentence string
	next, command   string
}

// connection says how one connection stands: the worst of what is the case, and the rest of it after that.
func (b *builder) connection(c *ruleset.Connection) Connection {
	out := Connection{Name: c.Name, Platform: b.label(c), Role: "spoke", State: StateWell, Facts: b.facts(c), Trend: b.trend(c.Name)}
	if hubs := hubOf(b.Rules, c.Name); len(hubs) > 0 {
		var names []string
		for _, g := range hubs {
			names = append(names, string(g))
		}
		out.Role = "hub of " + list(names)
	}
	findings := b.findings(c, out.Platform)
	worst := findings[0]
	for _, f := range findings {
		if f.state.rank() > worst.state.rank() {
			worst = f
		}
	}
	out.State, out.Brief, out.Sentence, out.Next, out.Command = worst.state, worst.brief, worst.sentence, worst.next, worst.command
	for _, f := range findings {
		if f != worst && f.state == StateAsks {
			out.Asks = append(out.Asks, Ask{Sentence: f.sentence, Next: f.next, Command: f.command})
		}
	}
	return out
}

// findings lists all that is the case; the first is that all is well.
func (b *builder) findings(c *ruleset.Connection, label string) []finding {
	waiting, _ := b.onTheWay(c.Name)
	kept := "Nothing is lost."
	if waiting > 0 {
		kept = fmt.Sprintf("%s %s; nothing is lost.", plural(waiting, "change"), verb(waiting, "wait"))
	}
	out := []finding{{state: StateWell, sentence: "Everything that we know of is where it belongs."}}
	h := b.Health[c.Name]
	if pause, paused := b.Pauses[c.Name]; paused {
		out = append(out, b.paused(c, label, pause, waiting))
	}
	if down(h) {
		out = append(out, b.down(label, h, kept))
	}
	loading, never, records := b.loading(c.Name)
	switch {
	case never && h.AnsweredAt.IsZero() && len(b.Pauses) == 0 && !b.Simulated:
		out = append(out, finding{state: StateWaiting, sentence: label + " has not been read yet.", next: "Connect it, if you have not",
			command: b.command("connect", string(c.Name))})
	case never:
		out = append(out, finding{state: StateLoading, sentence: label + " is read as soon as it is its turn: the hub first, then the others."})
	case loading:
		sentence := fmt.Sprintf("%s is being read for the first time", label)
		if records > 0 {
			sentence += ": " + plural(records, "record") + " so far"
		}
		if n := b.unread(c.Name); n > 0 {
			sentence += fmt.Sprintf(", of which %s %s to be matched", verbs(n, "the last batch", "the last "+number(n)+" batches"), verb(n, "wait"))
		}
		out = append(out, finding{state: StateLoading, sentence: sentence + "."})
	case waiting > 0:
		out = append(out, b.busy(c, label, waiting))
	case b.Scheduled[c.Name].Count > 0:
		s := b.Scheduled[c.Name]
		brief := fmt.Sprintf("%s %s for %s.", plural(s.Count, "change"), verb(s.Count, "wait"), b.clock(s.Next))
		out = append(out, finding{state: StateBusy, brief: brief,
			sentence: fmt.Sprintf("%s %s for %s, when the next run to %s comes by its schedule.", plural(s.Count, "change"), verb(s.Count, "wait"),
				b.clock(s.Next), label)})
	case b.Scheduled[c.Name].Children > 0:
		n := b.Scheduled[c.Name].Children
		out = append(out, finding{state: StateBusy, brief: fmt.Sprintf("%s %s for another one.", plural(n, "record"), verb(n, "wait")),
			sentence: fmt.Sprintf("%s %s for one that %s, and %s made on %s once that is there.", plural(n, "record"), verb(n, "wait"),
				verbs(n, "it names", "they name"), verbs(n, "is", "are"), label)})
	case b.unread(c.Name) > 0:
		n := b.unread(c.Name)
		out = append(out, finding{state: StateBusy, brief: "A full compare is under way.",
			sentence: fmt.Sprintf("%s is being read whole, to find what nothing told of: %s of records %s %s turn behind live changes.",
				label, plural(n, "batch"), verb(n, "wait"), verbs(n, "its", "their"))})
	}
	return append(out, b.asks(c, label)...)
}

// busy tells of what is on its way, and of a rate limit that explains it.
func (b *builder) busy(c *ruleset.Connection, label string, waiting int) finding {
	limited := int64(0)
	for _, hour := range b.Health[c.Name].Hours {
		if b.Now.Sub(hour.At) < quietHour+time.Hour {
			limited += hour.Counts[config.MetricRateLimited]
		}
	}
	if limited > 0 {
		return finding{state: StateBusy, sentence: fmt.Sprintf("%s limits how often we may call it; %s %s its turn. It goes on by itself.", label,
			plural(waiting, "change"), verb(waiting, "wait"))}
	}
	return finding{state: StateBusy, sentence: fmt.Sprintf("%s %s on the way.", plural(waiting, "change"), verbs(waiting, "is", "are"))}
}

// asks lists what a person has to do.
func (b *builder) asks(c *ruleset.Connection, label string) []finding {
	var out []finding
	for _, s := range b.Stopped {
		if s.Connection != c.Name || (b.Group != "" && s.Group != b.Group) {
			continue
		}
		kind := strings.ReplaceAll(strings.TrimPrefix(s.Kind, "field:"), "_", " ")
		if strings.HasPrefix(s.Kind, "field:") {
			kind = "writes of " + kind
		}
		out = append(out, finding{state: StateAsks, brief: fmt.Sprintf("Writes to %s are held.", label),
			sentence: fmt.Sprintf("More than %s in an hour would go to %s, so they are held since %s: it may be a mistake that spreads.",
				number(s.Limit)+" "+kind, label, b.clock(s.Since)),
			next: "Look at what changed. Undo it at its source, or let it pass", command: b.command("release", string(c.Name))})
	}
	out = append(out, b.setAside(c, label)...)
	if since, writes, silent := b.silent(c.Name); silent {
		out = append(out, finding{state: StateAsks, brief: label + " does not call us any more.",
			sentence: fmt.Sprintf("The webhooks of %s have told nothing since %s, not even of the %s that we made there; polls find what "+
				"changes, only later.", label, b.clock(since), plural(writes, "write")),
			next: "See whether its webhooks are on, and go to the right address", command: b.command("check")})
	}
	if n := b.waiting(c.Name); n > 0 {
		out = append(out, finding{state: StateAsks, sentence: fmt.Sprintf("%s of work %s for you; everything else goes on.", plural(n, "piece"),
			verb(n, "wait")),
			next: "See below what waits, and why"})
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// loading tells whether a connection's first load goes on, or never began, and how much it has read.
func (b *builder) loading(c record.Connection) (loading, never bool, records int) {
	never = true
	for _, place := range b.Rules.Places() {
		if place.Connection != c {
			continue
		}
		p := b.Progress[place]
		never = never && p.Phase == ""
		loading = loading || p.Phase != controltable.PhaseDone
		records += p.Records
	}
	return loading, never, records
}

// lag sums the delays of a day's writes in milliseconds, and gives the longest.
func (b *builder) lag(c record.Connection) (sum, n, longest int64) {
	for _, hour := range b.Health[c].Hours {
		if b.Now.Sub(hour.At) <= trendHours*time.Hour {
			sum, n = sum+hour.Counts[controltable.LagSum], n+hour.Counts[controltable.LagCount]
			longest = max(longest, hour.Counts[controltable.LagMax])
		}
	}
	return sum, n, longest
}

// facts are a connection's numbers and times.
func (b *builder) facts(c *ruleset.Connection) []Figure {
	h := b.Health[c.Name]
	ago := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return age(b.Now, t) + " ago"
	}
	out := []Figure{{Label: "Last answer", Value: b.clock(h.AnsweredAt), Note: ago(h.AnsweredAt)}}
	if n, known := b.onTheWay(c.Name); known {
		out = append(out, Figure{Label: "On the way", Value: number(n)})
	}
	if n := b.unread(c.Name); n > 0 {
		out = append(out, Figure{Label: "Read, to be looked at", Value: number(n), Note: verbs(n, "batch", "batches")})
	}
	if n := b.dead(c.Name); n > 0 {
		out = append(out, Figure{Label: "Set aside", Value: number(n), Note: "failed again and again"})
	}
	if down(h) && !h.AnsweredAt.IsZero() {
		out = append(out, Figure{Label: "Tried until", Value: b.clock(h.AnsweredAt.Add(TriedFor)), Note: "then set aside"})
	}
	if sum, n, longest := b.lag(c.Name); n > 0 {
		out = append(out, Figure{Label: "Typical delay", Value: brief(time.Duration(sum/n) * time.Millisecond), Note: "longest " +
			brief(time.Duration(longest)*time.Millisecond)})
	}
	if !h.WebhookAt.IsZero() {
		out = append(out, Figure{Label: "Last webhook", Value: b.clock(h.WebhookAt), Note: ago(h.WebhookAt)})
	}
	if !h.TokenAt.IsZero() {
		out = append(out, Figure{Label: "Authorisation", Value: b.clock(h.TokenAt), Note: ago(h.TokenAt)})
	}
	if run, at, ok := b.nextRun(c.Name); ok {
		what := "poll of " + b.objects(c.Name, run.Place.Object)
		switch {
		case run.Sweep():
			what = "sweep"
		case run.Reconcile:
			what = "full compare of " + b.objects(c.Name, run.Place.Object)
		}
		out = append(out, Figure{Label: "Next run", Value: b.clock(at), Note: what})
	}
	return out
}

// nextRun gives the connection's scheduled run that comes first.
func (b *builder) nextRun(c record.Connection) (first ruleset.Run, at time.Time, ok bool) {
	for _, run := range b.Rules.Timetable() {
		if run.Place.Connection != c {
			continue
		}
		t := time.Time{}
		if b.Next != nil {
			t = b.Next(run)
		}
		if t.IsZero() {
			t = nextOf(run, b.Now)
		}
		if !ok || t.Before(at) {
			first, at, ok = run, t, true
		}
	}
	return first, at, ok
}

// nextOf gives when a run comes next by the timetable: its period since midnight UTC, its offset later, within its hours.
func nextOf(run ruleset.Run, now time.Time) time.Time {
	begin := now.UTC().Truncate(24 * time.Hour).Add(run.Offset)
	if run.Every <= 0 {
		return begin
	}
	for begin.After(now) {
		begin = begin.Add(-run.Every)
	}
	return run.Next(begin.Add((now.Sub(begin)/run.Every + 1) * run.Every))
}

// trend draws the last day, hour by hour.
func (b *builder) trend(c record.Connection) Trend {
	var t Trend
	end := b.Now.UTC().Truncate(time.Hour)
	hours := map[time.Time]map[string]int64{}
	for _, hour := range b.Health[c].Hours {
		hours[hour.At.UTC()] = hour.Counts
	}
	sums := map[string]int64{}
	for i := trendHours - 1; i >= 0; i-- {
		at := end.Add(-time.Duration(i) * time.Hour)
		counts := hours[at]
		for name, n := range counts {
			sums[name] += n
		}
		hour := TrendHour{At: at, Changes: counts[config.MetricApplied] + counts[config.MetricParked] + counts[config.MetricWrites],
			Trouble: trouble(counts)}
		t.Changes, t.Trouble = t.Changes+hour.Changes, t.Trouble+hour.Trouble
		t.Hours = append(t.Hours, hour)
	}
	words := []string{plural(sums[config.MetricApplied]+sums[config.MetricParked], "change") + " in", plural(sums[config.MetricWrites],
		"write") + " out"}
	for _, kind := range []struct{ metric, one string }{{config.MetricUnanswered, "call without an answer"},
		{config.MetricRefused, "write refused"}, {config.MetricRetries, "message tried again"},
		{config.MetricDeadLettered, "change refused for good"}, {config.MetricMalformed, "message that is not ours"}} {
		if n := sums[kind.metric]; n > 0 {
			words = append(words, counted(n, kind.one))
		}
	}
	if t.Changes+t.Trouble > 0 {
		t.Words = strings.Join(words, ", ")
	}
	return t
}

// counted counts things whose noun comes first: "2 calls without an answer".
func counted(n int64, what string) string {
	noun, rest, _ := strings.Cut(what, " ")
	return plural(n, noun) + " " + rest
}

func trouble(counts map[string]int64) int64 {
	return counts[config.MetricUnanswered] + counts[config.MetricRefused] + counts[config.MetricRetries] + counts[config.MetricDeadLettered] +
		counts[config.MetricMalformed]
}
