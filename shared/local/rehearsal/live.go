package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// Limits of a live run.
const (
	// passesMax bounds one wait for rest; with restFor between passes it is some twenty minutes.
	passesMax = 40
	// quietPasses is how many passes in a row must move nothing: a change may show in a vendor's index only later.
	quietPasses = 2
	// restFor is waited for between passes. HubSpot's search trails by moments, Jobber's lists by an unknown time.
	restFor = 30 * time.Second
	// pagesMax bounds the walk over what changed in an account since a trial began.
	pagesMax = 50
	// margin covers clocks that differ from ours.
	margin = 2 * time.Minute
	// triesMax and retryFor bound how often a person's own call is made again when a platform is busy.
	triesMax = 5
	retryFor = 10 * time.Second
)

// LiveOptions say how to test in real accounts.
type LiveOptions struct {
	System *boot.System
	Queue  queue.Queue
	Clock  *runner.Clock
	// Mark begins every value that the run makes up, and tells its records from all others: letters, digits and hyphens.
	Mark string
	// Production allows accounts that do not say that they are for tests.
	Production bool
	// Tell is told of progress, a line at a time.
	Tell func(string)
	// Rest waits; nil waits in real time.
	Rest func(context.Context, time.Duration)
}

// RunLive runs the tests of every group in real accounts, with records that carry the mark, and removes them. left names
// the records that a platform's API cannot remove, for a person to do. The error refuses accounts that are not for
// tests, before anything is made.
func RunLive(ctx context.Context, o LiveOptions) (results []Result, left []record.Ref, err error) {
	if o.Rest == nil {
		o.Rest = func(ctx context.Context, d time.Duration) { _ = platform.Wait(ctx, d) }
	}
	if err := o.allowed(ctx); err != nil {
		return nil, nil, err
	}
	b := &live{o: o, began: o.Clock.Now().Add(-margin), mark: o.Mark}
	b.runner = &runner.Runner{Rules: o.System.Rules, Queue: o.Queue, Clock: o.Clock, RealQueues: true, Handlers: runner.Assemble(o.System, b.observe), Tell: b.note}
	defer func() { left = b.remove(context.WithoutCancel(ctx)) }()
	o.Tell("First loads: every record is read and matched before anything is written")
	if !b.settle(ctx) {
		return nil, nil, errors.New("the system does not come to rest with what the accounts hold; nothing was tested")
	}
	for i := range o.System.Rules.Groups {
		g := &o.System.Rules.Groups[i]
		for _, subject := range subjects(g) {
			for n, test := range tests {
				if ctx.Err() != nil {
					return results, nil, ctx.Err()
				}
				began := time.Now()
				b.mark = fmt.Sprintf("%s-%d-%s-%d", o.Mark, i, strings.ToLower(string(subject)), n)
				o.Tell(fmt.Sprintf("%s: %s: %s", g.Name, subject, test.name))
				t := newTrial(b, o.System.Rules, g.Name, subject)
				test.run(ctx, t)
				results = append(results, t.result(ctx, fmt.Sprintf("%s: %s", subject, test.name), began))
			}
		}
	}
	return results, nil, nil
}

// allowed refuses accounts that do not say that they are for tests.
func (o LiveOptions) allowed(ctx context.Context) error {
	var production []string
	for _, c := range o.System.Rules.Connections {
		connector, err := o.System.Connector(c.Name)
		if err != nil {
			return err
		}
		who, ok := connector.(platform.Connecting)
		if !ok {
			production = append(production, string(c.Name))
			continue
		}
		accounts, err := who.Identify(ctx)
		if err != nil {
			return fmt.Errorf("who is connected as %s: %w", c.Name, err)
		}
		for _, a := range accounts {
			if c.Account != "" && a.Account != c.Account && len(accounts) > 1 {
				continue
			}
			o.Tell(fmt.Sprintf("%s is %s (%s)", c.Name, a.Name, a.Account))
			if !a.Sandbox {
				production = append(production, fmt.Sprintf("%s (%s)", c.Name, a.Name))
			}
		}
	}
	if len(production) > 0 && !o.Production {
		return fmt.Errorf("%s: no account that says it is for tests; connect a sandbox, or give --production to make and remove marked records there", strings.Join(production, ", "))
	}
	return nil
}

// live is a bench of real accounts. Only records that carry the mark are made, edited, judged and removed.
type live struct {
	o      LiveOptions
	runner *runner.Runner
	began  time.Time
	mark   string
	calls  int

	mu    sync.Mutex // connections are worked on side by side
	moved bool
	errs  []string
}

var _ bench = (*live)(nil)

func (b *live) observe(e pipeline.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Kind == pipeline.EventWrite, e.Kind == pipeline.EventPostponed:
		b.moved = true
	case e.Kind == pipeline.EventDecision:
		b.moved = b.moved || e.Outcome == resolve.Applied
	case e.Kind == pipeline.EventPaused:
		b.errs = append(b.errs, fmt.Sprintf("%s is paused: %v", e.Ref.Connection, e.Err))
	}
	if e.Err != nil && e.Kind == pipeline.EventWrite {
		b.errs = append(b.errs, fmt.Sprintf("write to %s: %v", e.Ref.Place, e.Err))
	}
}

// note takes a run that could not read all that it was to read for one that moved something: silence is no rest then.
func (b *live) note(n runner.Note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := n.Poll
	unread := p != nil && !p.Paused && (p.Phase != controltable.PhaseDone || p.More || p.Wait > 0 || p.Waits || p.Rests)
	b.moved = b.moved || n.Err != nil || unread || n.Sweep != nil && n.Sweep.Kept > 0
}

// settle reads and moves until nothing moves any more.
func (b *live) settle(ctx context.Context) bool {
	quiet := 0
	for range passesMax {
		b.takeMoved()
		waiting := b.runner.Pass(ctx)
		if ctx.Err() != nil {
			return false
		}
		quiet++
		if b.takeMoved() || waiting > 0 {
			quiet = 0
		}
		if quiet == quietPasses {
			return true
		}
		b.o.Rest(ctx, restFor)
	}
	return false
}

// takeMoved reports whether anything moved since it was last asked.
func (b *live) takeMoved() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	moved := b.moved
	b.moved = false
	return moved
}

func (b *live) create(ctx context.Context, place record.Place, fields record.Fields) error {
	b.calls++
	_, err := b.apply(ctx, record.Intent{Key: fmt.Sprintf("%s-%d", b.o.Mark, b.calls), Operation: record.OperationCreate, Ref: record.Ref{Place: place}, Fields: fields})
	return err
}

func (b *live) edit(ctx context.Context, place record.Place, id record.ExternalID, fields record.Fields) error {
	b.calls++
	return b.change(ctx, record.Ref{Place: place, ID: id}, record.OperationUpdate, fields)
}

// change reads a record and changes it.
func (b *live) change(ctx context.Context, ref record.Ref, op record.Operation, fields record.Fields) error {
	connector, err := b.o.System.Connector(ref.Connection)
	if err != nil {
		return err
	}
	var reads []platform.Read
	err = b.again(ctx, func() error {
		reads, err = connector.Fetch(ctx, ref.Object, b.fieldsAt(ref.Place), []record.ExternalID{ref.ID})
		return err
	})
	switch {
	case err != nil:
		return err
	case len(reads) != 1 || reads[0].Snapshot == nil:
		return fmt.Errorf("%s is not there", ref)
	}
	_, err = b.apply(ctx, record.Intent{Key: fmt.Sprintf("%s-%d", b.o.Mark, b.calls), Operation: op, Ref: ref, Fields: fields, Current: reads[0].Snapshot})
	return err
}

// apply makes one write as a person would.
func (b *live) apply(ctx context.Context, intent record.Intent) (id record.ExternalID, err error) {
	connector, err := b.o.System.Connector(intent.Ref.Connection)
	if err != nil {
		return "", err
	}
	err = b.again(ctx, func() error {
		receipts, err := connector.Apply(ctx, []record.Intent{intent})
		if err != nil || len(receipts) != 1 {
			return err
		}
		id = receipts[0].ID
		return receipts[0].Err
	})
	return id, err
}

// again makes a call, and makes it again while the platform is busy.
func (b *live) again(ctx context.Context, call func() error) error {
	var err error
	for range triesMax {
		if err = call(); !fault.Is(err, fault.RateLimited) && !fault.Is(err, fault.Transient) {
			return err
		}
		b.o.Rest(ctx, retryFor)
	}
	return err
}

// fieldsAt lists the fields that are read of a record.
func (b *live) fieldsAt(place record.Place) []record.PlatformField {
	return b.o.System.Rules.FieldsAt(place)
}

// mine finds the live records of the trial among all that changed since the run began.
func (b *live) mine(ctx context.Context, place record.Place) ([]record.Snapshot, error) {
	return b.marked(ctx, place, b.mark)
}

func (b *live) marked(ctx context.Context, place record.Place, mark string) ([]record.Snapshot, error) {
	connector, err := b.o.System.Connector(place.Connection)
	if err != nil {
		return nil, err
	}
	var ids []record.ExternalID
	query := platform.Query{Object: place.Object, Fields: b.fieldsAt(place), Since: b.began, Limit: b.ability(place).PageMax}
	for page := range pagesMax {
		var answer platform.Page
		if err := b.again(ctx, func() error { answer, err = connector.Changes(ctx, query); return err }); err != nil {
			return nil, err
		}
		for _, s := range answer.Snapshots {
			if carries(s.Fields, mark) && !slices.Contains(ids, s.ID) {
				ids = append(ids, s.ID)
			}
		}
		if query.Cursor = answer.Next; !answer.More {
			break
		}
		if page == pagesMax-1 {
			return nil, fmt.Errorf("over %d pages changed in %s since the run began: too busy an account to test in", pagesMax, place)
		}
	}
	var out []record.Snapshot
	for chunk := range slices.Chunk(ids, max(b.ability(place).ReadMax, 1)) {
		var reads []platform.Read
		if err := b.again(ctx, func() error { reads, err = connector.Fetch(ctx, place.Object, b.fieldsAt(place), chunk); return err }); err != nil {
			return nil, err
		}
		for _, r := range reads {
			if r.Snapshot != nil && !r.Snapshot.Archived && carries(r.Snapshot.Fields, mark) {
				out = append(out, *r.Snapshot)
			}
		}
	}
	return out, nil
}

// carries reports whether a value of a record holds the mark, in any case: platforms respell emails and names.
func carries(fields record.Fields, mark string) bool {
	for _, value := range fields {
		if strings.Contains(strings.ToLower(value), strings.ToLower(mark)) {
			return true
		}
	}
	return false
}

func (b *live) ability(place record.Place) catalog.Ability { return b.o.System.Ability(place) }

func (b *live) complaints(context.Context) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.Compact(b.errs)
	b.errs = nil
	return out
}

func (b *live) sample(f *ruleset.Field, n int) string { return sample(f, n, b.mark) }

// remove takes away every record that the run made, children first, and gives those that it cannot.
func (b *live) remove(ctx context.Context) []record.Ref {
	var left []record.Ref
	places := b.o.System.Rules.Places()
	slices.Reverse(places)
	for _, place := range places {
		records, err := b.marked(ctx, place, b.o.Mark)
		if err != nil {
			b.o.Tell(fmt.Sprintf("look for what to remove at %s: %v", place, err))
			continue
		}
		for _, s := range records {
			b.calls++
			ability, op := b.ability(place), record.OperationArchive
			if ability.Delete {
				op = record.OperationDelete
			}
			if !ability.Delete && !ability.Archive {
				left = append(left, s.Ref)
				continue
			}
			if err := b.change(ctx, s.Ref, op, nil); err != nil {
				b.o.Tell(fmt.Sprintf("remove %s: %v", s.Ref, err))
				left = append(left, s.Ref)
			}
		}
	}
	return left
}
