package intake

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of a poll.
const (
	// pagesPerRun bounds one call; the next goes on where it ended.
	pagesPerRun = 200
	// messageBytes is the target size of a snapshot message, well under queue.BodyBytesMax.
	messageBytes = 192 << 10
	// loadMargin is how far before the first load changes begin to count, besides the platform's lag.
	loadMargin = 2 * time.Minute
)

// Poller reads places: the first load first, then what changed. It queues before it moves its position.
type Poller struct {
	Store      store.Store
	Queue      queue.Sender
	Connectors func(record.Connection) (platform.Connector, error)
	Rules      *ruleset.Rules
	// Ability gives the catalog's facts about a place.
	Ability func(record.Place) catalog.Ability
	Now     func() time.Time
	// Meter counts what is queued and lists the runs; nil for nobody.
	Meter *meter.Meter
}

// Poll is what one call did.
type Poll struct {
	Place    record.Place
	Phase    controltable.Phase // after it
	Records  int                // read and queued
	Absences int
	// First says that it was part of the first load.
	First bool `json:"-"`
	// Total counts the records of the first load so far.
	Total int
	// More says that another call at once would do more.
	More bool
	// Waits says that the first load waits for another place's.
	Waits bool
	// Rests says that it is outside the schedule's hours: nothing was called.
	Rests bool
	// Paused says that an operator has paused the connection: nothing was read.
	Paused bool
	// Wait is how long the platform asks to be left alone, where it refused a call for its rate; zero otherwise.
	Wait time.Duration
}

// Run polls one place. Two at once are harmless: one of them loses its position and its work is queued twice.
// Errors: fault.RateLimited, fault.Unauthorized, fault.Transient; the position stays where it was durably queued.
func (p *Poller) Run(ctx context.Context, place record.Place) (Poll, error) {
	result, err := p.run(ctx, place)
	kind := controltable.RunPoll
	if result.First {
		kind = controltable.RunFirstLoad
	}
	p.ran(kind, result, err)
	if err == nil {
		p.tellEnded(place.Connection)
	}
	return result, err
}

// ran lists a run for people. One that did not call the platform is none.
func (p *Poller) ran(kind controltable.RunKind, result Poll, err error) {
	if result.Waits || (result.Phase == "" && err == nil) {
		return
	}
	run := controltable.Ran{Kind: kind, Object: result.Place.Object, Found: result.Records + result.Absences}
	if err != nil {
		run.Failed = fault.KindOf(err).String()
	}
	p.Meter.Ran(result.Place.Connection, run)
}

func (p *Poller) run(ctx context.Context, place record.Place) (Poll, error) {
	result := Poll{Place: place}
	pause, paused, err := controltable.Paused(ctx, p.Store, place.Connection)
	if err != nil {
		return result, err
	}
	p.tellPause(place.Connection, pause, paused)
	if paused && pause.Reason == controltable.PausedByOperator {
		result.Paused = true
		return result, nil
	}
	now, err := controltable.ProgressAt(ctx, p.Store, place)
	if err != nil {
		return result, err
	}
	var progress map[record.Place]controltable.Progress
	if now.Phase == "" { // whose turn it is depends on the others
		if progress, err = controltable.LoadProgress(ctx, p.Store, p.Rules.Places()); err != nil {
			return result, err
		}
	}
	connector, err := p.Connectors(place.Connection)
	if err != nil {
		return result, err
	}
	if now.Phase == "" && !p.mayBegin(place, progress) {
		result.Waits = true
		return result, nil
	}
	result.First = now.Phase != controltable.PhaseDone
	switch now.Phase {
	case "":
		now = p.begin(place)
		fallthrough
	case controltable.PhaseListing:
		now, err = p.list(ctx, connector, place, now, &result)
	case controltable.PhaseDraining:
		now, err = p.drain(ctx, place, now)
	default:
		now, err = p.changes(ctx, connector, place, now, &result)
	}
	result.Phase, result.Total = now.Phase, now.Records
	if err == nil && paused {
		// It answered: whatever had ended its authorisation is mended.
		err = controltable.EndPause(ctx, p.Store, place.Connection, pause)
	}
	return result, err
}

// tellPause counts who stopped a connection: that its authorisation is over wakes somebody; that a person paused it wakes
// nobody, and is told while it lasts.
func (p *Poller) tellPause(c record.Connection, pause controltable.Pause, paused bool) {
	switch {
	case paused && pause.Reason == controltable.PausedByOperator:
		p.Meter.Set(config.MetricPaused, c, 1)
	case paused:
		p.Meter.Set(config.MetricUnauthorised, c, 1)
	}
}

// tellEnded says that a poll ended well, or rested because a person wants it so: what lacked an authorisation has it again.
// A poll that failed says nothing, so that an alarm hears the silence of a connection whose every poll fails.
func (p *Poller) tellEnded(c record.Connection) { p.Meter.Set(config.MetricUnauthorised, c, 0) }

// Reconcile reads every record of a place again, on the backfill lane, so that live changes come first: it finds what
// moved no stamp and whose webhook was lost. What it listed is kept, so that the next sweep can tell what is gone
// without a word. It does nothing before the first load is over.
func (p *Poller) Reconcile(ctx context.Context, place record.Place) (Poll, error) {
	result, err := p.reconcile(ctx, place)
	p.ran(controltable.RunReconcile, result, err)
	return result, err
}

func (p *Poller) reconcile(ctx context.Context, place record.Place) (Poll, error) {
	result := Poll{Place: place}
	pause, paused, err := controltable.Paused(ctx, p.Store, place.Connection)
	if err != nil {
		return result, err
	}
	if paused && pause.Reason == controltable.PausedByOperator {
		result.Paused = true
		return result, nil
	}
	at, err := controltable.ProgressAt(ctx, p.Store, place)
	if err != nil || at.Phase != controltable.PhaseDone {
		return result, err
	}
	result.Phase, result.Total = at.Phase, at.Records
	connector, err := p.Connectors(place.Connection)
	if err != nil {
		return result, err
	}
	if at.Reconcile == "" {
		at.ReconcileBegan, at.ReconcilePages = p.Now(), 0
		at.ReconcileRun = place.String() + "@" + at.ReconcileBegan.UTC().Format("20060102T150405.000")
	}
	loading := platform.For(ctx, budget.Load)
	for range pagesPerRun {
		page, err := connector.List(loading, platform.Query{Object: place.Object, Fields: p.Rules.FieldsAt(place),
			Cursor: platform.Cursor(at.Reconcile), Limit: max(p.Ability(place).PageMax, 1)})
		if err != nil {
			return result, err
		}
		changes := onLane(record.LaneBackfill, p.carry(place, page, record.SourceSweep))
		if err := p.send(ctx, queue.Name("backfill-"+string(place.Connection)), changes); err != nil {
			return result, err
		}
		next := at
		if err := controltable.KeepSeen(ctx, p.Store, at.ReconcileRun, at.ReconcilePages, idsOf(page), p.Now()); err != nil {
			return result, err
		}
		next.ReconcilePages++
		next.Reconcile = string(page.Next)
		if !page.More {
			next.Reconcile, next.ReconciledAt = "", p.Now()
		}
		if at, err = p.saveReconcile(ctx, place, next); err != nil {
			if fault.Is(err, fault.Stale) {
				return result, nil // another reconcile goes on from here
			}
			return result, err
		}
		result.Records += len(page.Snapshots)
		if !page.More {
			return result, nil
		}
	}
	result.More = true
	return result, nil
}

// saveTries is how often a reconcile's position is written against polls of the same place.
const saveTries = 8

// saveReconcile writes a reconcile's position. Polls move the same row; theirs is kept.
// Errors: fault.Stale if another reconcile runs, fault.Transient.
func (p *Poller) saveReconcile(ctx context.Context, place record.Place, next controltable.Progress) (controltable.Progress, error) {
	for try := 0; ; try++ {
		saved, err := controltable.SaveProgress(ctx, p.Store, place, next)
		if !fault.Is(err, fault.Stale) || try == saveTries {
			return saved, err
		}
		now, err := controltable.ProgressAt(ctx, p.Store, place)
		if err != nil {
			return next, err
		}
		if now.ReconcileBegan.After(next.ReconcileBegan) || now.ReconcileRun == next.ReconcileRun && now.ReconcilePages >= next.ReconcilePages {
			return next, fault.Newf(fault.Stale, "reconcile "+place.String(), "another one runs")
		}
		now.Reconcile, now.ReconciledAt, now.ReconcileRun = next.Reconcile, next.ReconciledAt, next.ReconcileRun
		now.ReconcilePages, now.ReconcileBegan = next.ReconcilePages, next.ReconcileBegan
		next = now
	}
}

func idsOf(page platform.Page) []record.ExternalID {
	ids := make([]record.ExternalID, len(page.Snapshots))
	for i := range page.Snapshots {
		ids[i] = page.Snapshots[i].ID
	}
	return ids
}

// mayBegin reports whether a place's first load may begin: the hub's before the spokes', parents' before children's.
func (p *Poller) mayBegin(place record.Place, progress map[record.Place]controltable.Progress) bool {
	for _, g := range p.Rules.GroupsAt(place) {
		t, _ := g.TypeAt(place)
		if hub := g.HubPlace(t); hub != place && progress[hub].Phase != controltable.PhaseDone {
			return false
		}
		for _, pair := range g.PairsAt(place) {
			if pair.Reference == nil {
				continue
			}
			parent := record.Place{Connection: place.Connection, Object: pair.Reference.Object}
			if _, known := g.TypeAt(parent); known && parent != place && progress[parent].Phase != controltable.PhaseDone {
				return false
			}
		}
	}
	return true
}

func (p *Poller) begin(place record.Place) controltable.Progress {
	now := p.Now()
	return controltable.Progress{Phase: controltable.PhaseListing, Run: place.String() + "@" + now.UTC().Format("20060102T150405.000"),
		Since: now.Add(-loadMargin - p.Ability(place).LagBound)}
}

// list queues the pages of a first load. A page's mark is written before it is queued, and the position moves after:
// a crash repeats a page and loses none.
func (p *Poller) list(
	ctx context.Context, connector platform.Connector, place record.Place, at controltable.Progress, result *Poll,
) (controltable.Progress, error) {
	ability, loading := p.Ability(place), platform.For(ctx, budget.Load)
	for range pagesPerRun {
		page, err := connector.List(loading, platform.Query{Object: place.Object, Fields: p.Rules.FieldsAt(place),
			Cursor: platform.Cursor(at.List), Limit: max(ability.PageMax, 1)})
		if err != nil {
			return at, err
		}
		next := at
		changes := onLane(record.LaneBackfill, p.carry(place, page, record.SourceBackfill))
		if err := p.queuePages(ctx, place, &next, changes); err != nil {
			return at, err
		}
		next.Records += len(page.Snapshots)
		next.List = string(page.Next)
		if !page.More {
			next.Phase, next.List, next.DrainingSince = controltable.PhaseDraining, "", p.Now()
		}
		if at, err = controltable.SaveProgress(ctx, p.Store, place, next); err != nil {
			return at, err
		}
		result.Records += len(page.Snapshots)
		if at.Phase == controltable.PhaseDraining {
			return p.drain(ctx, place, at)
		}
	}
	result.More = true
	return at, nil
}

// queuePages marks and sends a page of a first load, split by size.
func (p *Poller) queuePages(ctx context.Context, place record.Place, at *controltable.Progress, changes []record.Change) error {
	for _, part := range paged(changes, len(changes)) {
		at.Pages++
		mark := record.Mark{Run: at.Run, Page: at.Pages}
		if err := controltable.SetMark(ctx, p.Store, mark, time.Time{}); err != nil {
			return err
		}
		body, err := record.Page{Marks: []record.Mark{mark}, Changes: part}.Encode()
		if err != nil {
			return err
		}
		if err := p.Queue.Send(ctx, record.QueueOf(record.QueueBackfill, place.Connection), []queue.Message{{Body: body}}); err != nil {
			return err
		}
		p.Meter.Add(config.MetricAccepted, place.Connection, len(part))
	}
	return nil
}

func sizeOf(c record.Change) int {
	size := 300
	if c.Snapshot != nil {
		for name, value := range c.Snapshot.Fields {
			size += len(name) + len(value) + 8
		}
	}
	return size
}

// drainPatience is how long one page may wait to be absorbed before it counts as lost: longer than a message can be
// received and fail until it is dead-lettered. loadsMax is how often a first load is begun for that; then it counts as
// over, for one poisonous page must not keep a whole place waiting: the dead letter is alarmed, and the daily reconcile
// reads every record again. putOffPatience is how long it waits for records that are put off and not lost, because their
// platform does not let them be read: until then nothing is made at the place, for one of them may be what a create doubles.
// marksMax is how many marks are looked at for a lost one.
const (
	drainPatience  = 90 * time.Minute
	loadsMax       = 3
	putOffPatience = 24 * time.Hour
	marksMax       = 1000
)

// drain ends the first load once everything it listed is absorbed, or begins it again if a page was lost.
func (p *Poller) drain(ctx context.Context, place record.Place, at controltable.Progress) (controltable.Progress, error) {
	marks, err := controltable.OpenMarks(ctx, p.Store, at.Run, marksMax)
	if err != nil {
		return at, err
	}
	suspect, pages, err := p.suspect(ctx, place, marks)
	if err != nil {
		return at, err
	}
	next := at
	lost := suspect != "" && suspect == at.Suspect && p.Now().Sub(at.SuspectSince) >= drainPatience
	switch {
	case len(marks) == 0, lost && at.Loads+1 >= loadsMax, !pages && p.Now().Sub(at.DrainingSince) >= putOffPatience:
		next.Phase = controltable.PhaseDone
	case lost:
		next = p.begin(place)
		next.Since, next.Loads, next.Rev = at.Since, at.Loads+1, at.Rev
	case suspect != at.Suspect:
		next.Suspect, next.SuspectSince = suspect, p.Now()
	default:
		return at, nil
	}
	return controltable.SaveProgress(ctx, p.Store, place, next)
}

// suspect gives the first mark whose message may be lost, "" for none: a page's, whose turn may not have come, or that of a
// record put off whose time has passed and that is not kept. pages says that there are pages among the marks.
func (p *Poller) suspect(ctx context.Context, place record.Place, marks []controltable.OpenMark) (first string, pages bool, err error) {
	pages = len(marks) == marksMax // more may follow
	for _, m := range marks {
		pages = pages || m.Record == ""
		if first != "" || m.Record != "" && m.Until.After(p.Now()) {
			continue
		}
		kept := false
		if m.Record != "" {
			if kept, err = controltable.IsKept(ctx, p.Store, record.Ref{Place: place, ID: m.Record}); err != nil {
				return "", pages, err
			}
		}
		if !kept {
			first = m.String()
		}
	}
	return first, pages, nil
}

// changes queues what changed since the last poll.
func (p *Poller) changes(
	ctx context.Context, connector platform.Connector, place record.Place, at controltable.Progress, result *Poll,
) (controltable.Progress, error) {
	ability := p.Ability(place)
	if !ability.Polls {
		return at, nil
	}
	for range pagesPerRun {
		page, err := connector.Changes(ctx, platform.Query{Object: place.Object, Fields: p.Rules.FieldsAt(place),
			Cursor: platform.Cursor(at.Changes), Since: at.Since, Limit: max(ability.PageMax, 1)})
		if err != nil {
			return at, err
		}
		changes := append(p.carry(place, page, record.SourcePoll), p.gone(place, page)...)
		if err := p.send(ctx, record.QueueOf(record.QueueChanges, place.Connection), changes); err != nil {
			return at, err
		}
		next := at
		next.Changes, next.PolledAt = string(page.Next), p.Now()
		if at, err = controltable.SaveProgress(ctx, p.Store, place, next); err != nil {
			if fault.Is(err, fault.Stale) {
				return at, nil // another poller moved on; what we queued is queued twice
			}
			return at, err
		}
		result.Records += len(page.Snapshots)
		result.Absences += len(page.Absences)
		if !page.More {
			return at, nil
		}
	}
	result.More = true
	return at, nil
}

// carry makes change records of a page's snapshots. Those read from a trailing index go without their values.
func (p *Poller) carry(place record.Place, page platform.Page, source record.Source) []record.Change {
	changes := make([]record.Change, 0, len(page.Snapshots))
	for i := range page.Snapshots {
		s := &page.Snapshots[i]
		c := record.Change{Ref: s.Ref, Source: source, Kind: record.KindChanged, OccurredAt: s.ModifiedAt, SeenAt: p.Now()}
		if !s.Lagging {
			c.Snapshot = s
		}
		c.ID = changeID(c)
		changes = append(changes, c)
	}
	return changes
}

// onLane puts changes on a lane.
func onLane(lane record.Lane, changes []record.Change) []record.Change {
	for i := range changes {
		changes[i].Lane = lane
	}
	return changes
}

func (p *Poller) gone(place record.Place, page platform.Page) []record.Change {
	changes := make([]record.Change, 0, len(page.Absences))
	for _, a := range page.Absences {
		c := record.Change{Ref: a.Ref, Source: record.SourcePoll, Kind: record.KindDeleted, Into: a.Into, SeenAt: p.Now()}
		c.ID = changeID(c)
		changes = append(changes, c)
	}
	return changes
}

// send queues changes in messages of a size that spreads over resolver batches.
func (p *Poller) send(ctx context.Context, name queue.Name, changes []record.Change) error {
	if len(changes) == 0 {
		return nil
	}
	if err := SendChanges(ctx, p.Queue, name, changes); err != nil {
		return err
	}
	p.Meter.Add(config.MetricAccepted, changes[0].Connection, len(changes))
	return nil
}
