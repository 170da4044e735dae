package platformtest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func listWhole(s *Stand) error {
	ids, err := s.made(11)
	if err != nil {
		return err
	}
	if err := s.Sim.Delete(s.Object.Name, ids[3]); err != nil {
		return fmt.Errorf("a person deletes %s: %w", ids[3], err)
	}
	fields, err := s.full(800)
	if err != nil {
		return err
	}
	whole, err := s.Sim.Create(s.Object.Name, fields)
	if err != nil {
		return fmt.Errorf("a person makes one with every field: %w", err)
	}
	ids = append(ids, whole)
	live := slices.Delete(slices.Clone(ids), 3, 4)
	for _, limit := range s.limits() {
		seen := newTold()
		q := s.query(limit)
		q.Fields = s.all()
		end, err := s.follow(q, s.list, func(_ platform.Query, p platform.Page) error { seen.take(p); return nil })
		if err != nil {
			return fmt.Errorf("pages of %d: %w", limit, err)
		}
		if m := seen.missing(live); len(m) > 0 {
			return fmt.Errorf("pages of %d: %d of %d live records are in none", limit, len(m), len(live))
		}
		for id, n := range seen.times {
			if n != 1 {
				return fmt.Errorf("pages of %d: %s is told %d times, at rest", limit, id, n)
			}
			if s := seen.last[id]; id == ids[3] && !s.Archived {
				return fmt.Errorf("pages of %d: a removed record is told as live", limit)
			}
		}
		q.Cursor = end
		after, err := patient(s, func() (platform.Page, error) { return s.list(q) })
		if err != nil || after.More {
			return fmt.Errorf("pages of %d: after the end: more %v, %v", limit, after.More, err)
		}
		for _, i := range []int{0, 5, len(live) - 1} {
			read, err := s.read(live[i])
			if err != nil {
				return err
			}
			if diff := s.differ(read.Fields, seen.last[live[i]].Fields, s.all()); diff != "" {
				return fmt.Errorf("a listing and a read of %s differ: %s", live[i], diff)
			}
		}
	}
	return nil
}

func listStir(s *Stand) error {
	for seed := range uint64(seedsMax) {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(seed, 11))
		ids, err := fresh.made(30)
		if err != nil {
			return err
		}
		gone := map[record.ExternalID]bool{}
		seen := newTold()
		_, err = fresh.follow(fresh.query(4), fresh.list, func(_ platform.Query, p platform.Page) error {
			seen.take(p)
			if id := ids[random.IntN(len(ids))]; !gone[id] && len(gone) < 8 {
				gone[id] = true
				if err := fresh.Sim.Delete(s.Object.Name, id); err != nil {
					return err
				}
			}
			if id := ids[random.IntN(len(ids))]; !gone[id] {
				return fresh.edit(id, random.IntN(100))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		if m := slices.DeleteFunc(seen.missing(ids), func(id record.ExternalID) bool { return gone[id] }); len(m) > 0 {
			return fmt.Errorf("seed %d: %d of %d records that stayed are in no page", seed, len(m), len(ids)-len(gone))
		}
		if err := fresh.broken(); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}
