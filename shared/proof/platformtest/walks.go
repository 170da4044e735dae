package platformtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	// pagesMax bounds one walk.
	pagesMax = 1500
	// between is how long a caller takes from page to page.
	between = 300 * time.Millisecond
	// seedsMax is how many histories the rules over random ones run.
	seedsMax = 3
)

var polls = &Ability{"changes cannot be listed", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Polls }}

func walkRules() []Rule {
	return []Rule{
		{Name: "changes come in pages, whole, oldest first", Needs: polls, Unable: noPolls, Check: changesWhole,
			Why: "a change that no page holds is never synced"},
		{Name: "a walk goes on from any cursor after a crash", Needs: polls, Unable: noPolls, Check: changesResume,
			Why: "the process that reads a page dies before it keeps the next cursor, and another one asks again"},
		{Name: "equal stamps at the border of a page lose nothing", Needs: polls, Unable: noPolls, Check: changesTies,
			Why: "an import stamps a thousand records alike, and a page ends in the middle of them"},
		{Name: "the overlap covers the lag of the list", Needs: polls, Unable: noPolls, Check: changesLag,
			Why: "a list that trails its records shows a change after the poll has passed it"},
		{Name: "clocks that differ lose nothing", Needs: polls, Unable: noPolls, Check: changesSkew,
			Why: "a watermark made of our clock passes over what a slower clock stamps"},
		{Name: "polls end with the last of everything", Needs: polls, Unable: noPolls, Check: changesStir,
			Why: "records are made, edited and moved while a walk goes on"},
		{Name: "a platform at rest grows quiet", Needs: polls, Unable: noPolls, Check: changesRest,
			Why: "an overlap that is told for ever costs its calls at every poll"},
		{Name: "a listing walks every record, as a read has it", Check: listWhole,
			Why: "the first load knows only what the listing tells"},
		{Name: "a listing misses nothing while records go and change", Check: listStir,
			Why: "offsets shift when a record before them goes"},
		{Name: "a walk's cursor, limit and object are checked", Check: walksRefuse,
			Why: "a cursor of another version, read as a beginning, would list everything again"},
	}
}

// noPolls shows that nothing is told.
func noPolls(s *Stand) error {
	if _, err := s.made(1); err != nil {
		return err
	}
	_, err := s.Changes(s.ctx(), platform.Query{Object: s.Object.Name, Since: begins, Limit: 1})
	return wantKind("changes", err, fault.Rejected)
}

func changesWhole(s *Stand) error {
	var ids []record.ExternalID
	for i := range 12 {
		one, err := s.made(1 + i%2)
		if err != nil {
			return err
		}
		ids = append(ids, one...)
		s.Clock.Advance(700 * time.Millisecond)
	}
	for _, limit := range s.limits() {
		seen := newTold()
		_, err := s.walk(s.query(limit), func(_ platform.Query, p platform.Page) error {
			if !slices.IsSortedFunc(p.Snapshots, func(a, b record.Snapshot) int { return a.ModifiedAt.Compare(b.ModifiedAt) }) {
				return fmt.Errorf("pages of %d: one is not oldest change first", limit)
			}
			for _, one := range p.Snapshots {
				if one.Fields[s.Object.Text] == "" || one.ModifiedAt.IsZero() {
					return fmt.Errorf("pages of %d: %s without its stamp or the field asked for", limit, one.ID)
				}
			}
			seen.take(p)
			return nil
		})
		if err != nil {
			return fmt.Errorf("pages of %d: %w", limit, err)
		}
		if m := seen.missing(ids); len(m) > 0 {
			return fmt.Errorf("pages of %d: %d of %d records are in none", limit, len(m), len(ids))
		}
	}
	return nil
}

func changesResume(s *Stand) error {
	ids, err := s.made(9)
	if err != nil {
		return err
	}
	seen := newTold()
	cursor, err := s.walk(s.query(2), func(q platform.Query, p platform.Page) error {
		s.connect(s.Bench.BaseURL) // another process
		again, err := patient(s, func() (platform.Page, error) { return s.changes(q) })
		if err != nil {
			return fmt.Errorf("the page at %q, asked again: %w", q.Cursor, err)
		}
		seen.take(again) // and p was lost with the process
		return nil
	})
	if err != nil {
		return err
	}
	if m := seen.missing(ids); len(m) > 0 {
		return fmt.Errorf("%d of %d records are in none of the pages read again", len(m), len(ids))
	}
	s.connect(s.Bench.BaseURL)
	s.Clock.Advance(3 * s.lag())
	if err := s.edit(ids[4], 1); err != nil {
		return err
	}
	s.Clock.Advance(2 * s.lag())
	q := s.query(2)
	q.Cursor, q.Since = cursor, time.Time{}
	later := newTold()
	if _, err := s.walk(q, func(_ platform.Query, p platform.Page) error { later.take(p); return nil }); err != nil {
		return err
	}
	if later.last[ids[4]].Fields[s.Object.Text] != s.edited(1) {
		return fmt.Errorf("the next poll, from the kept cursor, does not tell an edit made since")
	}
	return nil
}

func changesTies(s *Stand) error {
	ids, err := s.made(13) // all at one moment
	if err != nil {
		return err
	}
	s.Clock.Advance(1500 * time.Millisecond)
	more, err := s.made(4)
	if err != nil {
		return err
	}
	ids = append(ids, more...)
	for _, limit := range []int{1, 2, 3, 4, 6, 13, 14} {
		seen := newTold()
		if _, err := s.walk(s.query(limit), func(_ platform.Query, p platform.Page) error { seen.take(p); return nil }); err != nil {
			return fmt.Errorf("pages of %d: %w", limit, err)
		}
		if m := seen.missing(ids); len(m) > 0 {
			return fmt.Errorf("pages of %d: %d of %d records of equal stamps are passed over", limit, len(m), len(ids))
		}
	}
	return nil
}

func changesLag(s *Stand) error {
	s.Sim.SetFaults(platformsim.Faults{SearchLag: s.Ability.LagBound * 9 / 10})
	p := s.poller(3)
	var ids []record.ExternalID
	for i := range 30 {
		one, err := s.made(1)
		if err != nil {
			return err
		}
		if ids = append(ids, one...); i%3 == 2 {
			if err := s.edit(ids[i/2], i); err != nil {
				return err
			}
		}
		if _, err := p.page(); err != nil {
			return err
		}
		s.Clock.Advance(s.Ability.LagBound/7 + 400*time.Millisecond)
	}
	return p.settle(ids)
}

func changesSkew(s *Stand) error {
	for _, skew := range []time.Duration{20 * time.Minute, -20 * time.Minute} {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		fresh.Sim.SetFaults(platformsim.Faults{ClockSkew: skew, SearchLag: s.Ability.LagBound / 2})
		p := fresh.poller(4)
		p.q.Since = begins.Add(min(skew, 0))
		var ids []record.ExternalID
		for i := range 14 {
			one, err := fresh.made(2)
			if err != nil {
				return err
			}
			ids = append(ids, one...)
			if err := fresh.edit(ids[i], i); err != nil {
				return err
			}
			fresh.Clock.Advance(s.lag() / 3)
			if _, err := p.page(); err != nil {
				return err
			}
		}
		if err := p.settle(ids); err != nil {
			return fmt.Errorf("the platform's clock is off by %v: %w", skew, err)
		}
		if err := fresh.broken(); err != nil {
			return err
		}
	}
	return nil
}

// changesStir runs seeded histories: people make, edit and remove records between pages, in bursts and at rest.
func changesStir(s *Stand) error {
	for seed := range uint64(seedsMax) {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(seed, 7))
		fresh.Sim.SetFaults(platformsim.Faults{SearchLag: time.Duration(random.Int64N(int64(s.lag())))})
		p := fresh.poller(1 + random.IntN(6))
		ids, err := fresh.made(10)
		if err != nil {
			return err
		}
		for i := range 40 {
			for range random.IntN(4) {
				switch k := random.IntN(10); {
				case k < 3:
					one, err := fresh.made(1)
					if err != nil {
						return err
					}
					ids = append(ids, one...)
				case k < 9:
					// One that a person removed is not edited.
					_ = fresh.edit(ids[random.IntN(len(ids))], 100*int(seed)+i)
				default:
					_ = fresh.Sim.Delete(s.Object.Name, ids[random.IntN(len(ids))])
				}
			}
			if _, err := p.page(); err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			fresh.Clock.Advance(time.Duration(random.Int64N(int64(2 * time.Second))))
		}
		if err := p.settle(ids); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		if err := fresh.broken(); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// quietAfter is how long after the last change a poll may still tell it: overlaps, and what is trusted of a clock.
const quietAfter = 30 * time.Minute

func changesRest(s *Stand) error {
	ids, err := s.made(5)
	if err != nil {
		return err
	}
	p := s.poller(s.Ability.PageMax)
	if err := p.toEnd(); err != nil {
		return err
	}
	for passed := time.Duration(0); passed < quietAfter; passed += 5 * time.Minute {
		s.Clock.Advance(5 * time.Minute)
		if err := p.toEnd(); err != nil {
			return err
		}
	}
	p.seen = newTold()
	s.Clock.Advance(time.Minute)
	if err := p.toEnd(); err != nil {
		return err
	}
	if len(p.seen.times) > 0 {
		return fmt.Errorf("%v after the last change %d records are still told", quietAfter, len(p.seen.times))
	}
	if err := s.edit(ids[0], 1); err != nil {
		return err
	}
	return p.settle(ids[:1])
}

func walksRefuse(s *Stand) error {
	if _, err := s.made(2); err != nil {
		return err
	}
	for name, ask := range map[string]func(platform.Query) (platform.Page, error){"changes": s.changes, "list": s.list} {
		for _, cursor := range []platform.Cursor{"nonsense", `{"walk":7}`, `["x"]`, "\x00"} {
			q := s.query(1)
			q.Cursor = cursor
			_, err := ask(q)
			if err := wantKind(fmt.Sprintf("%s from a cursor %q", name, cursor), err, fault.Rejected); err != nil {
				return err
			}
		}
		s.wire.forget()
		for _, q := range []platform.Query{{Object: s.Object.Name, Limit: 0}, {Object: s.Object.Name, Limit: s.Ability.PageMax + 1},
			{Object: "unicorns", Limit: 1}} {
			_, err := ask(q)
			if err := wantKind(fmt.Sprintf("%s of %s by %d", name, q.Object, q.Limit), err, fault.Rejected); err != nil {
				return err
			}
		}
		if api, _ := s.wire.requests(); api > 0 {
			return fmt.Errorf("%s: a limit or object out of range was sent", name)
		}
	}
	return nil
}
