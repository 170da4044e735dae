// Package operate is what a person does to a running system: pause, resume, look, activate, redrive, load again. Each
// operation is written once, over a Target, and says what happens next. It decides nothing about records (what a person
// decides of them goes to the decider, through pipeline.Operator), prints nothing, and asks nobody: the command line does.
package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// Target is a system that a person operates: a deployed stack (package deployed), or the data folder of `serve`, whether
// it runs or not (package embedded). Safe for concurrent use.
type Target interface {
	// Name says which it is, for people: "stack FluxCascade-prod", "folder ./data".
	Name() string
	// Flags are those that name it on the command line: "--stack FluxCascade-prod".
	Flags() string
	Store() store.Store
	// Now is the time by which the system runs: where platforms are simulated, it is ahead of this machine's.
	Now() time.Time
	// Queue gives the queues, dead-letter queues included.
	Queue() queue.Queue
	// Start calls a function as its schedule would, and does not wait for its end. It is false if nothing runs there at the
	// moment: the schedule does the same once something does.
	Start(ctx context.Context, f config.Function, in lambdaio.Scheduled) (bool, error)
	// Candidate gives the configuration that is deployed, which need not be the active one. Errors: fault.Gone for none.
	Candidate(ctx context.Context) (activation.Text, error)
	// App gives the app of a connection; SaveApp replaces it, and what runs uses the new one within minutes. A stack keeps
	// one app for each platform, so that the connections of one platform share it; a folder keeps one for each connection.
	App(ctx context.Context, c *ruleset.Connection) (platform.App, error)
	SaveApp(ctx context.Context, c *ruleset.Connection, app platform.App) error
	// MatchSecret keys the hashes of match keys.
	MatchSecret(ctx context.Context) ([]byte, error)
	// PublicURL is where platforms call, without a trailing slash; "" where it is not known.
	PublicURL() string
	Close() error
}

// Done is what an operation did, and what happens next, in sentences.
type Done struct {
	Did  string `json:"did"`
	Next string `json:"next"`
}

// Rules is the configurations of a target.
type Rules struct {
	// Version is the active one's, with Number 0 for none; Active is nil then.
	Version activation.Version
	Active  *ruleset.Rules
	// Text is the candidate's text; Candidate is nil if there is none, or if Problem says why it does not load.
	Text      activation.Text
	Candidate *ruleset.Rules
	Problem   string
}

// Running gives the rules that say which connections there are: the active ones, else the candidate's.
func (r *Rules) Running() *ruleset.Rules {
	if r.Active != nil {
		return r.Active
	}
	return r.Candidate
}

// Differs reports whether the candidate means something else than the active configuration. Both are read by this very
// program, so that an upgrade alone makes no difference.
func (r *Rules) Differs() bool {
	return r.Candidate != nil && (r.Active == nil || r.Active.Digest != r.Candidate.Digest)
}

// Propose makes a text the candidate for this activation: an earlier version's, or a file's for a folder. Errors: it does not
// load; it has connections that were not deployed, so that there are no queues for them.
func (r *Rules) Propose(ctx context.Context, t Target, text activation.Text) error {
	rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
	if err != nil {
		return err
	}
	for _, c := range connections(rules) {
		if _, err := t.Queue().Depth(ctx, record.QueueOf(record.QueueChanges, c.Name)); err != nil {
			return fmt.Errorf("%s has connection %s, for which %s has no queues; deploy it: %w", text.Name, c.Name, t.Name(), err)
		}
	}
	r.Text, r.Candidate, r.Problem = text, rules, ""
	return nil
}

// LoadRules reads the active configuration and the candidate. Errors: fault.Transient; an active text that no longer loads.
func LoadRules(ctx context.Context, t Target) (*Rules, error) {
	r := &Rules{}
	var err error
	if r.Version, r.Active, err = LoadActive(ctx, t.Store()); err != nil {
		return nil, err
	}
	if r.Text, err = t.Candidate(ctx); err != nil {
		r.Problem = err.Error()
		return r, nil
	}
	if r.Candidate, err = ruleset.Load(r.Text.Name, r.Text.Body, catalog.All()); err != nil {
		r.Problem = err.Error()
	}
	return r, nil
}

// LoadActive reads the active configuration; nil if none was ever activated. MatchSecret is not set.
func LoadActive(ctx context.Context, s store.Store) (activation.Version, *ruleset.Rules, error) {
	version, err := activation.Active(ctx, s)
	if err != nil || version.Number == 0 {
		return version, nil, err
	}
	text, err := activation.TextOf(ctx, s, version.Number)
	if err != nil {
		return version, nil, err
	}
	rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
	if err != nil {
		return version, nil, fmt.Errorf("configuration version %d does not load any more: %w", version.Number, err)
	}
	rules.Version = version.Number
	return version, rules, nil
}

// Connection finds a connection that a person named, and says which there are where it is none.
func (r *Rules) Connection(name string) (*ruleset.Connection, error) {
	running := r.Running()
	if running == nil {
		return nil, fmt.Errorf("there is no configuration yet: %s", r.Problem)
	}
	if c, ok := running.Connection(record.Connection(name)); ok {
		return c, nil
	}
	if r.Candidate != nil {
		if c, ok := r.Candidate.Connection(record.Connection(name)); ok {
			return c, nil
		}
	}
	var names []string
	for _, c := range running.Connections {
		names = append(names, string(c.Name))
	}
	return nil, fmt.Errorf("there is no connection %q; there are: %s", name, strings.Join(names, ", "))
}

// Pause stops a connection: nothing is written to it and nothing read from it until a person resumes it. by is that person,
// and note why, in their words, for the people who look at the status; "" for none. Nobody is woken: the page and the daily digest
// say it for as long as it lasts.
func Pause(ctx context.Context, t Target, c record.Connection, by, note string, now time.Time) (Done, error) {
	if err := controltable.SetPause(ctx, t.Store(), c, controltable.Pause{Reason: controltable.PausedByOperator, Since: now.UTC(), By: by,
		Note: note}); err != nil {
		return Done{}, err
	}
	return Done{Did: fmt.Sprintf("%s is paused.", c),
		Next: fmt.Sprintf("Calls that are under way end. Its webhooks are kept, what is due there stays due, and the other connections go on. "+
			"No alarm tells of it; the Syncs page and the daily digest do. To go on: fluxcascade resume %s %s", c, t.Flags())}, nil
}

// Resume ends a connection's pause, and starts at once what its schedules would do later: its polls, and a sweep of what
// became due meanwhile.
func Resume(ctx context.Context, t Target, rules *Rules, c record.Connection) (Done, error) {
	pause, paused, err := controltable.Paused(ctx, t.Store(), c)
	if err != nil {
		return Done{}, err
	}
	if !paused {
		return Done{Did: fmt.Sprintf("%s is not paused.", c), Next: "Nothing changes."}, nil
	}
	if err := controltable.Resume(ctx, t.Store(), c); err != nil {
		return Done{}, err
	}
	done := Done{Did: fmt.Sprintf("%s goes on; it was paused since %s.", c, pause.Since.Format(time.RFC3339)),
		Next: "Webhooks that were kept are read within 15 minutes, and what changed meanwhile at the next poll and sweep."}
	if pause.Reason == controltable.PausedUnauthorized {
		done.Next = fmt.Sprintf("It had lost its authorisation. If that has not been given again, it pauses at the first call: fluxcascade "+
			"connect %s --again %s", c, t.Flags())
	}
	started, err := startAll(ctx, t, rules.Running(), c)
	if err != nil {
		return done, fmt.Errorf("%s goes on, but its polls were not started; its schedules do that: %w", c, err)
	}
	if started {
		done.Next = "Its polls and a sweep have been started; webhooks that were kept are read within 15 minutes. Watch: fluxcascade status " +
			t.Flags()
	}
	return done, nil
}

// startAll starts every poll of a connection and a sweep of what is due there.
func startAll(ctx context.Context, t Target, rules *ruleset.Rules, c record.Connection) (bool, error) {
	started := false
	if rules == nil {
		return false, nil
	}
	for _, run := range rules.Timetable() {
		if run.Place.Connection != c || run.Reconcile {
			continue
		}
		f := config.Poller
		if run.Sweep() {
			f = config.Sweeper
		}
		ok, err := t.Start(ctx, f, lambdaio.Scheduled{Connection: c, Object: run.Place.Object, Active: run.Active})
		if err != nil {
			return started, err
		}
		started = started || ok
	}
	return started, nil
}

// connections lists those that take part in a group, in the file's order.
func connections(rules *ruleset.Rules) []*ruleset.Connection {
	var out []*ruleset.Connection
	places := rules.Places()
	for i := range rules.Connections {
		c := &rules.Connections[i]
		if slices.ContainsFunc(places, func(p record.Place) bool { return p.Connection == c.Name }) {
			out = append(out, c)
		}
	}
	return out
}
