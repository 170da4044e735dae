package platformtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// told is what a walk told of each record: how often, and its last state.
type told struct {
	times map[record.ExternalID]int
	last  map[record.ExternalID]record.Snapshot
	gone  map[record.ExternalID]record.Absence
}

func newTold() *told {
	return &told{times: map[record.ExternalID]int{}, last: map[record.ExternalID]record.Snapshot{},
		gone: map[record.ExternalID]record.Absence{}}
}

func (t *told) take(p platform.Page) {
	for _, s := range p.Snapshots {
		t.times[s.ID]++
		t.last[s.ID] = s
		delete(t.gone, s.ID)
	}
	for _, a := range p.Absences {
		t.gone[a.ID] = a
	}
}

func (t *told) missing(ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return t.times[id] > 0 })
}

// walk follows Changes from a query to where it is caught up, and answers the cursor to resume.
func (s *Stand) walk(q platform.Query, each func(platform.Query, platform.Page) error) (platform.Cursor, error) {
	return s.follow(q, s.changes, each)
}

// changes is Changes with the check's context.
func (s *Stand) changes(q platform.Query) (platform.Page, error) { return s.Changes(s.ctx(), q) }

// list is List with the check's context.
func (s *Stand) list(q platform.Query) (platform.Page, error) { return s.List(s.ctx(), q) }

func (s *Stand) follow(
	q platform.Query, ask func(platform.Query) (platform.Page, error), each func(platform.Query, platform.Page) error,
) (platform.Cursor, error) {
	for range pagesMax {
		page, err := patient(s, func() (platform.Page, error) { return ask(q) })
		if err != nil {
			return "", fmt.Errorf("the page at %q: %w", q.Cursor, err)
		}
		if err := each(q, page); err != nil {
			return "", err
		}
		s.Clock.Advance(between)
		if q.Cursor = page.Next; !page.More {
			return q.Cursor, nil
		}
	}
	return "", fmt.Errorf("no end after %d pages of %d", pagesMax, q.Limit)
}

func (s *Stand) query(limit int) platform.Query {
	return platform.Query{Object: s.Object.Name, Fields: []record.PlatformField{s.Object.Text}, Since: begins,
		Limit: min(limit, s.Ability.PageMax)}
}

// limits are the sizes of pages that are tried.
func (s *Stand) limits() []int { return []int{1, 2, 7, s.Ability.PageMax} }

// poller polls as the system does: a walk at a time, the cursor kept.
type poller struct {
	*Stand
	seen *told
	q    platform.Query
}

func (s *Stand) poller(limit int) *poller {
	return &poller{Stand: s, seen: newTold(), q: s.query(limit)}
}

// page reads one page. Where a snapshot tells what the record no longer holds, it must say that it may.
func (p *poller) page() (more bool, err error) {
	page, err := patient(p.Stand, func() (platform.Page, error) { return p.changes(p.q) })
	if err != nil {
		return false, err
	}
	for _, one := range page.Snapshots {
		fields, archived, ok := p.Sim.Record(p.Object.Name, one.ID)
		if ok && !archived && !one.Lagging && !one.Archived && one.Fields[p.Object.Text] != fields[p.Object.Text] {
			return false, fmt.Errorf("%s is told with an old value and not marked as Lagging", one.ID)
		}
	}
	p.seen.take(page)
	p.q.Cursor = page.Next
	return page.More, nil
}

func (p *poller) toEnd() error {
	for range pagesMax {
		more, err := p.page()
		if err != nil || !more {
			return err
		}
		p.Clock.Advance(between)
	}
	return fmt.Errorf("no end after %d pages", pagesMax)
}

// settle polls until all that trails must have shown, and compares what was told last with the truth.
func (p *poller) settle(ids []record.ExternalID) error {
	for range 3 {
		p.Clock.Advance(p.lag() + 2*time.Second)
		if err := p.toEnd(); err != nil {
			return err
		}
	}
	wrong := 0
	for _, id := range ids {
		fields, archived, ok := p.Sim.Record(p.Object.Name, id)
		if ok && !archived && (p.seen.times[id] == 0 || p.seen.last[id].Fields[p.Object.Text] != fields[p.Object.Text]) {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("of %d records, %d were not told or not with what they hold", len(ids), wrong)
	}
	return nil
}
