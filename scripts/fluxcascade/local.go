package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/local/awslocal"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/socket"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// localFlags are the flags of local.
type localFlags struct {
	config, data, endpoints string
	template                string
	drafted                 draftFlags
	loads                   []string
	once, json, wire, quiet bool
	faults                  bool
	seed                    uint64
}

func localCommand() *cobra.Command {
	var f localFlags
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the whole system on this machine, with simulated platforms",
		Long: `Starts the store, the queues, the simulated platforms and every handler, loads a small set of customers, deals and
jobs, plays some edits, and shows what moves where and why. It needs nothing but Go and no account anywhere.

--platforms all runs every platform's simulator in one group, --hub NAME with that one as the hub.

While it runs, change a record from another terminal as a person would:
  fluxcascade records jobber
  fluxcascade edit jobber ID phone=312-555-0199

With --data DIR it can be operated too, while it runs and after: fluxcascade status --data DIR, and so pause, resume,
answer, release, redrive and backfill.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLocal(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "configuration file (default "+exampleConfig+")")
	f.drafted.add(flags)
	flags.BoolVar(&f.once, "once", false, "run until everything agrees, then exit: 0 if it does, 1 if not")
	flags.BoolVar(&f.json, "json", false, "print one JSON object with the figures instead of the story")
	flags.StringVar(&f.data, "data", "", "keep state in this directory between runs")
	flags.StringVar(&f.endpoints, "endpoints", "", "write the simulators' addresses and credentials to this file, as JSON")
	flags.StringArrayVar(&f.loads, "load", nil, "start a simulator with your own records: CONNECTION=FILE.csv[?COLUMN=VALUE] (repeatable)")
	flags.BoolVar(&f.wire, "wire", false, "run over DynamoDB Local and an SQS server, wired as the synthesised template says")
	flags.StringVar(&f.template, "template", "", "with --wire: the template (default the one in "+assemblyDir+", else it is synthesised)")
	flags.BoolVar(&f.faults, "faults", false, "let the platforms have a bad day: refusals, lost answers, late and lost webhooks")
	flags.Uint64Var(&f.seed, "seed", 1, "what the simulators draw from")
	flags.BoolVar(&f.quiet, "quiet", false, "print only the summary")
	return cmd
}

// session is one run of local: a world, and what to close after it.
type session struct {
	*runner.World
	rules   *ruleset.Rules
	fresh   bool // nothing kept from an earlier run
	loads   []runner.Loaded
	rested  bool // everything came to rest, the last time it was let
	closers []io.Closer
	// endOperating ends the answers to operators' commands; nil where there are none.
	endOperating func()
}

func (s *session) close() {
	if s.endOperating != nil {
		s.endOperating()
		s.endOperating = nil
	}
	s.World.Close()
	for i := len(s.closers) - 1; i >= 0; i-- {
		_ = s.closers[i].Close()
	}
}

// openSession opens the store and the queues that the flags ask for, and a world over them.
func openSession(ctx context.Context, f localFlags, text activation.Text, rules *ruleset.Rules, story *story) (*session, error) {
	s := &session{rules: rules, fresh: true}
	if f.data != "" {
		if err := os.MkdirAll(f.data, 0o700); err != nil {
			return nil, err
		}
		_, err := os.Stat(filepath.Join(f.data, "seeded"))
		s.fresh = errors.Is(err, os.ErrNotExist)
		if s.fresh { // a run that was killed while it seeded left a part: begin again
			parts, err := filepath.Glob(filepath.Join(f.data, "*"))
			if err != nil {
				return nil, err
			}
			for _, part := range parts {
				if strings.HasPrefix(filepath.Base(part), "simulator-") || strings.HasSuffix(part, ".db") {
					if err := os.Remove(part); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	secret, err := embedded.MatchSecret(f.data)
	if err != nil {
		return nil, err
	}
	rules.MatchSecret = secret
	clock := &runner.Clock{}
	var wired *wiring.Wiring
	if f.wire {
		if err := awslocal.Check(); err != nil {
			return nil, wireNeeds(err)
		}
		say := func(string) {}
		if story != nil {
			say = story.say
		}
		if wired, err = readWiring(ctx, f.template, text.Body, rules, say); err != nil {
			return nil, err
		}
	}
	st, q, closers, err := openState(ctx, f, wired, clock)
	if err != nil {
		return nil, err
	}
	s.closers = closers
	if err := operate.ActivateAlone(ctx, st, text, rules, clock.Now()); err != nil {
		return nil, err
	}
	if f.operable() { // status and activate compare what runs with it
		if err := activation.SetCandidate(ctx, st, text); err != nil {
			return nil, err
		}
	}
	options := runner.Options{Rules: rules, Store: st, Queue: q, Clock: clock, RealQueues: f.wire, Wiring: wired, Dir: f.data, Seed: f.seed}
	if f.operable() {
		options.Flags = embedded.Flags(f.data)
	}
	if f.faults {
		options.Faults = platformsim.Usual()
	}
	if story != nil {
		options.Observe, options.Tell = story.event, story.note
	}
	if s.World, err = runner.Open(ctx, options); err != nil {
		return nil, err
	}
	return s, nil
}

// operable reports whether operators' commands reach the run by its folder: over the wire the state is not in it.
func (f localFlags) operable() bool { return f.data != "" && !f.wire }

// operate answers operators' commands until the session is closed. A run goes on without: its folder may have too long a
// path for a socket.
func (s *session) operate(f localFlags, story *story) {
	if !f.operable() {
		return
	}
	listener, err := socket.Listen(embedded.SocketPath(f.data))
	if err != nil {
		story.say("status and the like do not reach this run: " + err.Error() + "\n")
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- socket.Serve(ctx, listener, socket.Served{Store: s.System.Store, Queue: s.Queue, Invoke: s.Invoke, Now: s.Clock.Now})
	}()
	s.endOperating = func() {
		stop()
		<-ended
	}
}

// openState opens the store and the queues, the latter under the world's clock where they can be.
func openState(
	ctx context.Context, f localFlags, wired *wiring.Wiring, clock *runner.Clock,
) (store.Store, queue.Queue, []io.Closer, error) {
	switch {
	case f.wire:
		return openWire(ctx, wired)
	case f.data != "":
		return openEmbedded(f.data, clock)
	}
	return openMemory(clock)
}

func runLocal(cmd *cobra.Command, f localFlags) error {
	ctx := cmd.Context()
	text, rules, err := f.drafted.read(f.config)
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), err)
		return exitError(2)
	}
	out := cmd.OutOrStdout()
	story := newStory(out, f.json || f.quiet)
	began := time.Now()
	s, err := openSession(ctx, f, text, rules, story)
	if err != nil {
		return err
	}
	defer s.close()
	story.names(s)
	if f.endpoints != "" {
		if err := s.WriteEndpoints(f.endpoints); err != nil {
			return err
		}
	}
	forget, err := announce(s.World)
	if err != nil {
		return err
	}
	defer forget()
	s.operate(f, story)
	story.say("How it stands: " + s.FrontURL + "/\n")
	for _, u := range s.Unmade {
		story.say(u.String() + "\n")
	}
	if len(s.Chosen) > 0 {
		story.say("About money the file leaves to you; for the simulated accounts this run takes:\n")
		for _, c := range s.Chosen {
			story.say("  " + c.String() + "\n")
		}
	}
	stop := func() {}
	if !f.quiet {
		stop = beat(cmd.ErrOrStderr(), s.progress)
	}
	err = play(ctx, s, f, story)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if !f.once && ctx.Err() == nil {
		if page, err := s.Syncs(ctx); err == nil {
			story.say("\n" + page.Headline)
		}
		story.say(" Change a record from another terminal (fluxcascade records, fluxcascade edit); Ctrl-C ends.\n")
		if s.endOperating != nil {
			story.say("Operate it: fluxcascade status --data " + f.data + ", and so pause, resume, answer.\n")
		}
		follow(ctx, s)
	}
	summary, err := summarise(context.WithoutCancel(ctx), s, story, began)
	if err != nil {
		return err
	}
	succeeded := summary.Converged && summary.NotLoaded == 0
	stopped := ctx.Err() != nil && !f.once && !succeeded
	if err := summary.print(out, f.json, stopped); err != nil {
		return err
	}
	if !succeeded && !stopped {
		return exitError(1)
	}
	return nil
}

// progress says how much has been done.
func (s *session) progress() string {
	changes, writes, _, _, _, _ := s.Counts.Snapshot()
	return fmt.Sprintf("%d changes taken, %d writes made", changes, writes)
}

// play loads the first records, lets the first load end, and makes the demonstration's edits.
func play(ctx context.Context, s *session, f localFlags, story *story) error {
	if s.fresh {
		if err := seed(s, f, story); err != nil {
			return err
		}
		if f.data != "" {
			if err := os.WriteFile(filepath.Join(f.data, "seeded"), nil, 0o600); err != nil {
				return err
			}
		}
	}
	var pace func()
	if !f.once && !f.json {
		pace = pacer(ctx)
	}
	story.heading("First load")
	s.rested = s.Settle(ctx, pace)
	story.loaded()
	if !s.fresh || len(f.loads) > 0 {
		return nil
	}
	for _, scene := range s.Scenes() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		story.heading(scene.Title)
		if err := scene.Play(); err != nil {
			return fmt.Errorf("%s: %w", scene.Title, err)
		}
		if err := s.Save(); err != nil {
			return err
		}
		s.rested = s.Settle(ctx, pace)
	}
	return nil
}

func seed(s *session, f localFlags, story *story) error {
	if len(f.loads) == 0 {
		if err := s.SeedExample(); err != nil {
			return err
		}
		return s.Save()
	}
	for _, spec := range f.loads {
		load, err := runner.ParseLoad(spec)
		if err != nil {
			return err
		}
		report, err := s.LoadCSV(load)
		if err != nil {
			return fmt.Errorf("--load %s: %w", spec, err)
		}
		s.loads = append(s.loads, report)
		story.say(report.String() + "\n")
	}
	return s.Save()
}

// pacer waits a little between steps, so that a person can follow.
func pacer(ctx context.Context) func() {
	return func() {
		select {
		case <-time.After(40 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// follow keeps everything moving until ctx ends.
func follow(ctx context.Context, s *session) {
	ticker := time.NewTicker(150 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if s.Stirred(ctx) {
				s.rested = s.Settle(ctx, nil)
			}
		}
	}
}

// summary is what local prints at its end, and with --json instead of the story.
type summary struct {
	Changes      int                          `json:"changes"`
	Writes       int                          `json:"writes"`
	Noops        int                          `json:"noops"`
	Parked       int                          `json:"parked"`
	DeadLettered int                          `json:"dead_lettered"`
	Retries      int                          `json:"retries"`
	Duplicates   int                          `json:"duplicates"`
	Converged    bool                         `json:"converged"`
	Seconds      float64                      `json:"seconds"`
	Connections  map[string]connectionFigures `json:"connections"`
	Verification pipeline.Verification        `json:"verification"`
	// Health is the Syncs page's word on it.
	Health string `json:"health"`
	// Loads are what --load made of each file. NotLoaded counts the rows that are in no platform: with any, the run is no success.
	Loads     []loadFigures `json:"loads,omitempty"`
	NotLoaded int           `json:"not_loaded"`
}

// loadFigures is one file's load.
type loadFigures struct {
	Connection record.Connection `json:"connection"`
	File       string            `json:"file"`
	Records    int               `json:"records"`
	Blank      int               `json:"blank"`
	Refused    int               `json:"refused"`
	Why        string            `json:"why,omitempty"`
	Columns    map[string]string `json:"columns"`
	Unused     map[string]string `json:"unused,omitempty"`
	Encoding   string            `json:"encoding"`
	Guessed    bool              `json:"encoding_guessed,omitempty"`
	Separator  string            `json:"separator"`
}

func loadFiguresOf(l runner.Loaded) loadFigures {
	out := loadFigures{Connection: l.Connection, File: l.Path, Records: l.Records, Blank: l.Blank, Refused: l.Refused, Why: l.Why,
		Columns: l.Columns,
		Unused:  map[string]string{}, Encoding: l.Encoding, Guessed: l.Guessed, Separator: l.Separator}
	for _, u := range l.Unused {
		out.Unused[u.Header] = u.Why
	}
	return out
}

type connectionFigures struct {
	Records  int `json:"records"`
	Requests int `json:"requests"`
}

func summarise(ctx context.Context, s *session, story *story, began time.Time) (summary, error) {
	verification, err := s.Verify(ctx)
	if err != nil {
		return summary{}, err
	}
	var out summary
	out.Changes, out.Writes, out.Noops, _, out.DeadLettered, out.Retries = s.Counts.Snapshot()
	out.Parked = verification.Parked + verification.Held + verification.Quarantined
	out.Duplicates = s.Duplicates()
	// What waits for a person, was refused or is not there yet is not in step, however long nothing has moved.
	waits := out.Parked + verification.Rejected + verification.Due
	out.Converged = len(verification.Differences) == 0 && waits == 0 && out.Duplicates == 0 && s.rested && s.AtRest(ctx)
	out.Seconds = time.Since(began).Round(10 * time.Millisecond).Seconds()
	out.Verification = verification
	page, err := s.Syncs(ctx)
	if err != nil {
		return summary{}, err
	}
	out.Health = syncs.Line(page)
	for _, l := range s.loads {
		out.Loads = append(out.Loads, loadFiguresOf(l))
		out.NotLoaded += l.Refused
	}
	out.Connections = map[string]connectionFigures{}
	for c, sim := range s.Sims {
		out.Connections[string(c)] = connectionFigures{Records: s.Records(c), Requests: sim.Requests()}
	}
	return out, nil
}

// print tells the figures. stopped says that a person ended the run before it was done.
func (s summary) print(out io.Writer, asJSON, stopped bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(s)
	}
	fmt.Fprintf(out, "\n%d changes seen: %d writes, %d no-ops; %d parked, %d dead-lettered, %d put off and tried again; %d duplicates; "+
		"%.1f s\n",
		s.Changes, s.Writes, s.Noops, s.Parked, s.DeadLettered, s.Retries, s.Duplicates, s.Seconds)
	for _, name := range sortedKeys(s.Connections) {
		fmt.Fprintf(out, "  %-12s %5d records %6d requests\n", name, s.Connections[name].Records, s.Connections[name].Requests)
	}
	for _, d := range s.Verification.Differences {
		fmt.Fprintf(out, "  differs: %s of %s: %s %v\n", d.Ref, d.Entity, d.Reason, d.Fields)
	}
	fmt.Fprintln(out, s.Health)
	if s.NotLoaded > 0 {
		fmt.Fprintf(out, "%d rows of the loaded files are in no platform; what is said of each file above tells why.\n", s.NotLoaded)
	}
	switch {
	case s.Converged:
		fmt.Fprintln(out, "Everything agrees.")
	case stopped:
		fmt.Fprintln(out, "Stopped before everything had moved. With --data nothing is lost: the next run goes on from here.")
	default:
		fmt.Fprintln(out, "NOT everything agrees.")
	}
	return nil
}
