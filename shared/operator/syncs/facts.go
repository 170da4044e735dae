// Package syncs says how a system stands, in words for a person: which platform answers, what waits and why, what to do
// next. Load reads the facts, Build turns them into a Page and is pure, and Render, Text and Digest show the same Page as
// HTML, as lines of a terminal, and as a day's message: so that they never disagree. It holds no value of any record,
// changes nothing, and scans no table: what waits for a person is in the summary that each sweep leaves.
package syncs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Facts is what a Page is made from.
type Facts struct {
	Now time.Time
	// Zone is the reader's; nil for UTC.
	Zone *time.Location
	// Target names the system: "FluxCascade-production", "this machine". Flags are what an operator's command takes to
	// reach it: "--stack FluxCascade-production"; "" where there is no way.
	Target, Flags string
	// Rules are the ones that run; Active says that they were activated. While none are, they are the candidate's, or nil.
	Rules  *ruleset.Rules
	Active bool
	// Group keeps the page to one group; "" shows all of them.
	Group record.Group
	// Simulated says that there are no real accounts behind it: no links lead to them.
	Simulated bool
	// Next gives when a run comes next; nil for the timetable's own times.
	Next func(ruleset.Run) time.Time

	Progress  map[record.Place]controltable.Progress
	Pauses    map[record.Connection]controltable.Pause
	Health    map[record.Connection]controltable.Health
	Summaries map[record.Connection]controltable.Summary
	// Depths counts messages; a queue that could not be counted is missing.
	Depths map[queue.Name]int
	// Kept counts the changes that wait in the state, up to controltable.KeptCountMax.
	Kept    map[record.Connection]int
	Stopped []Stopped
	// Scheduled is what waits by itself on each connection.
	Scheduled map[record.Connection]Scheduled
}

// Scheduled is what waits by itself: for the next run of a mapping that does not write in real time, or for a record that it names.
type Scheduled struct {
	Count int
	// Next is when the first of those runs is expected.
	Next time.Time
	// Children wait for a record that they name.
	Children int
}

// Stopped is a kind of writes that reached its limit of spread.
type Stopped struct {
	Group      record.Group
	Connection record.Connection
	Kind       string
	// Limit is an hour's, reached at Since.
	Limit int
	Since time.Time
}

// spreadRow is what is read of package resolve's Spread; a test holds the two together.
type spreadRow struct {
	Tripped map[string]struct {
		Since time.Time `json:"since"`
		Limit int       `json:"limit"`
	} `json:"tripped"`
}

// Counter counts a queue's messages: part of queue.Queue. Safe for concurrent use.
type Counter interface {
	Depth(ctx context.Context, name queue.Name) (queue.Depth, error)
}

// Load reads the facts about the connections of f.Rules into f: some ten reads for each. counter may be nil: then no queue
// is counted. Errors: fault.Transient.
func Load(ctx context.Context, s store.Store, counter Counter, f Facts) (Facts, error) {
	f.Pauses, f.Health, f.Summaries = map[record.Connection]controltable.Pause{}, map[record.Connection]controltable.Health{},
		map[record.Connection]controltable.Summary{}
	f.Depths, f.Scheduled, f.Kept = map[queue.Name]int{}, map[record.Connection]Scheduled{}, map[record.Connection]int{}
	if f.Rules == nil {
		return f, nil
	}
	var err error
	if f.Progress, err = controltable.LoadProgress(ctx, s, f.Rules.Places()); err != nil {
		return f, err
	}
	// One connection takes ten reads, one after the other; their connections side by side, so that many take no longer.
	all := f.connections()
	parts := make([]part, len(all))
	var group sync.WaitGroup
	for i, c := range all {
		group.Go(func() { parts[i] = loadPart(ctx, s, counter, c.Name) })
	}
	group.Wait()
	for i, c := range all {
		p := parts[i]
		if p.err != nil {
			return f, p.err
		}
		if p.paused {
			f.Pauses[c.Name] = p.pause
		}
		f.Health[c.Name], f.Summaries[c.Name], f.Kept[c.Name] = p.health, p.summary, p.kept
		// As the last sweep found it.
		f.Scheduled[c.Name] = Scheduled{Count: p.summary.Scheduled, Next: p.summary.NextRun, Children: p.summary.Children}
		maps.Copy(f.Depths, p.depths)
	}
	f.Stopped, err = loadStopped(ctx, s, f.Rules)
	return f, err
}

// part is what is read of one connection.
type part struct {
	pause   controltable.Pause
	paused  bool
	health  controltable.Health
	summary controltable.Summary
	kept    int
	depths  map[queue.Name]int
	err     error
}

func loadPart(ctx context.Context, s store.Store, counter Counter, c record.Connection) (p part) {
	if p.pause, p.paused, p.err = controltable.Paused(ctx, s, c); p.err != nil {
		return p
	}
	var seen []controltable.Health
	if seen, p.err = controltable.LoadHealth(ctx, s, c); p.err != nil {
		return p
	}
	p.health = controltable.Merge(seen)
	if p.kept, p.err = controltable.CountKept(ctx, s, c); p.err != nil {
		return p
	}
	if p.summary, p.err = controltable.LoadSummary(ctx, s, c); p.err != nil || counter == nil {
		return p
	}
	p.depths, p.err = count(ctx, counter, c)
	return p
}

// count counts a connection's queues and their dead-letter queues. One that is not there is not counted.
func count(ctx context.Context, counter Counter, c record.Connection) (map[queue.Name]int, error) {
	depths := map[queue.Name]int{}
	for _, kind := range record.QueueKinds() {
		name := record.QueueOf(kind, c)
		for _, name := range []queue.Name{name, name.Dead()} {
			depth, err := counter.Depth(ctx, name)
			switch {
			case fault.Is(err, fault.Rejected):
			case err != nil:
				return nil, err
			default:
				depths[name] = depth.Total()
			}
		}
	}
	return depths, nil
}

// connections lists the connections that take part in a group, the hubs first, then in the file's order.
func (f *Facts) connections() []*ruleset.Connection {
	var out []*ruleset.Connection
	places := f.Rules.Places()
	for i := range f.Rules.Connections {
		c := &f.Rules.Connections[i]
		if slices.ContainsFunc(places, func(p record.Place) bool { return p.Connection == c.Name && f.shows(p) }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *ruleset.Connection) int {
		return len(hubOf(f.Rules, b.Name)) - len(hubOf(f.Rules, a.Name))
	})
	return out
}

// shows reports whether the page's group takes part at a place.
func (f *Facts) shows(place record.Place) bool {
	return f.Group == "" || slices.ContainsFunc(f.Rules.GroupsAt(place), func(g *ruleset.Group) bool { return g.Name == f.Group })
}

// hubOf lists the groups that a connection is the hub of.
func hubOf(rules *ruleset.Rules, c record.Connection) []record.Group {
	var out []record.Group
	for i := range rules.Groups {
		if rules.Groups[i].Hub == c {
			out = append(out, rules.Groups[i].Name)
		}
	}
	return out
}

// loadStopped reads the limits of spread that were reached.
func loadStopped(ctx context.Context, s store.Store, rules *ruleset.Rules) ([]Stopped, error) {
	var keys []store.Key
	var of []Stopped
	for i := range rules.Groups {
		g := &rules.Groups[i]
		for _, c := range rules.Connections {
			keys = append(keys, store.Key{Table: store.Control, Partition: "spread#" + string(g.Name) + "#" + string(c.Name), Sort: "spread"})
			of = append(of, Stopped{Group: g.Name, Connection: c.Name})
		}
	}
	rows, err := s.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []Stopped
	for i, key := range keys {
		row, ok := rows[key]
		if !ok {
			continue
		}
		var budget spreadRow
		if err := json.Unmarshal(row.Body, &budget); err != nil {
			return nil, fault.Newf(fault.Unclassified, "read limits of "+string(of[i].Connection), "not the JSON they should be (%T)", err)
		}
		for kind, trip := range budget.Tripped {
			one := of[i]
			one.Kind, one.Limit, one.Since = kind, trip.Limit, trip.Since
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b Stopped) int {
		return strings.Compare(string(a.Connection)+"\x00"+string(a.Group)+"\x00"+a.Kind, string(b.Connection)+"\x00"+string(b.Group)+"\x00"+
			b.Kind)
	})
	return out, nil
}
